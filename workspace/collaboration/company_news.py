"""News of contacts' employers from imports: what changed of an account, and new deals with it."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from workspace.accounts.accounts import Account
from workspace.accounts.geography import country_name
from workspace.clock import now
from workspace.deals import access
from workspace.deals.tables import Deal
from workspace.people.viewer import Viewer
from workspace.revisions.tables import Revision, RevisionChange, RevisionKind

# For how long what an import brought is news.
RECENT = timedelta(days=30)
# What is told of an account, and how its values are written.
_TOLD: dict[str, tuple[str, Callable[[Any], str]]] = {
    "name": ("name", str),
    "relationship": ("relationship", str),
    "headcount": ("employees", "{:,}".format),
    "city": ("city", str),
    "country": ("country", country_name),
}


@dataclass(frozen=True)
class News:
    """What an import brought of an account."""

    day: date
    text: str
    # What it gives to say to people there, as a line of a message; empty where it gives nothing.
    opening: str = ""
    # Of a deal that not everybody sees.
    confidential: bool = False


def company_news(
    session: Session, viewer: Viewer, account_ids: Collection[int]
) -> dict[int, list[News]]:
    """News of these accounts that the viewer may know, by account, the newest first."""
    news: dict[int, list[News]] = {}
    for account_id, each in (
        *_changes(session, account_ids),
        *_new_deals(session, viewer, account_ids),
    ):
        news.setdefault(account_id, []).append(each)
    for of_account in news.values():
        of_account.sort(key=lambda each: each.day, reverse=True)
    return news


def _imported(table: Any) -> Any:
    """A query for rows of a table with their changes by recent imports that were not undone."""
    row_key = sa.literal("[") + sa.cast(table.id, sa.String) + sa.literal("]")
    change = sa.and_(
        col(RevisionChange.table_name) == table.__tablename__,
        col(RevisionChange.row_key) == row_key,
    )
    return (
        sa.select(table, col(Revision.at))
        .join(RevisionChange, change)
        .join(Revision, col(Revision.id) == col(RevisionChange.revision_id))
        .where(
            col(Revision.kind) == RevisionKind.IMPORT,
            col(Revision.undone_at).is_(None),
            col(Revision.at) >= now() - RECENT,
        )
        .order_by(col(Revision.at), col(Revision.id), table.id)
    )


def _changes(session: Session, account_ids: Collection[int]) -> Iterator[tuple[int, News]]:
    query = _imported(Account).add_columns(col(RevisionChange.before), col(RevisionChange.after))
    query = query.where(
        col(Account.id).in_(account_ids),
        col(RevisionChange.before).is_not(None),
        col(RevisionChange.after).is_not(None),
    )
    for account, at, before, after in session.execute(query):
        told = [
            f"{label} {write(before[name])} → {write(after[name])}"
            for name, (label, write) in _TOLD.items()
            if before.get(name) and after.get(name)
        ]
        if told:
            has_grown = (before.get("headcount") or 0) < (after.get("headcount") or 0)
            opening = f"I see that {account.name} is growing." if has_grown else ""
            yield account.id, News(at.date(), f"{account.name}: {', '.join(told)}", opening)


def _new_deals(
    session: Session, viewer: Viewer, account_ids: Collection[int]
) -> Iterator[tuple[int, News]]:
    account = sa.select(col(Account.name)).where(col(Account.id) == col(Deal.account_id))
    query = _imported(Deal).add_columns(account.scalar_subquery())
    query = query.where(
        access.visible_deals(viewer),
        col(Deal.account_id).in_(account_ids),
        col(RevisionChange.before).is_(None),
        col(RevisionChange.after).is_(None),
    )
    for deal, at, employer in session.execute(query):
        opening = f"I see that there is something new between {employer} and us."
        news = News(at.date(), f"New deal with {employer}: {deal.name}", opening, deal.confidential)
        yield deal.account_id, news
