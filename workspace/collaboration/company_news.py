"""News of contacts' employers from imports: what changed of an account, and new deals with it."""

from collections.abc import Callable, Collection, Iterator, Mapping
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
    recent = sa.select(col(Revision.id), col(Revision.at)).where(
        col(Revision.kind) == RevisionKind.IMPORT,
        col(Revision.undone_at).is_(None),
        col(Revision.at) >= now() - RECENT,
    )
    days = {revision_id: at.date() for revision_id, at in session.execute(recent)}
    news: dict[int, list[News]] = {}
    if not days or not account_ids:
        return news
    for account_id, each in (
        *_changes(session, account_ids, days),
        *_new_deals(session, viewer, account_ids, days),
    ):
        news.setdefault(account_id, []).append(each)
    for of_account in news.values():
        of_account.sort(key=lambda each: each.day, reverse=True)
    return news


def _changed(table: Any, days: Mapping[int, date]) -> Any:
    """A query for rows of a table with their changes by these imports."""
    row_key = sa.literal("[") + sa.cast(table.id, sa.String) + sa.literal("]")
    change = sa.and_(
        col(RevisionChange.revision_id).in_(days),
        col(RevisionChange.table_name) == table.__tablename__,
        col(RevisionChange.row_key) == row_key,
    )
    return (
        sa.select(table, RevisionChange)
        .join(RevisionChange, change)
        .order_by(table.id, col(RevisionChange.revision_id))
    )


def _changes(
    session: Session, account_ids: Collection[int], days: Mapping[int, date]
) -> Iterator[tuple[int, News]]:
    query = _changed(Account, days).where(
        col(Account.id).in_(account_ids),
        col(RevisionChange.before).is_not(None),
        col(RevisionChange.after).is_not(None),
    )
    for account, change in session.execute(query):
        before, after = change.before, change.after
        told = [
            f"{label} {write(before[name])} → {write(after[name])}"
            for name, (label, write) in _TOLD.items()
            if before.get(name) and after.get(name)
        ]
        if told:
            has_grown = (before.get("headcount") or 0) < (after.get("headcount") or 0)
            opening = f"I see that {account.name} is growing." if has_grown else ""
            text = f"{account.name}: {', '.join(told)}"
            yield account.id, News(days[change.revision_id], text, opening)


def _new_deals(
    session: Session, viewer: Viewer, account_ids: Collection[int], days: Mapping[int, date]
) -> Iterator[tuple[int, News]]:
    account = sa.select(col(Account.name)).where(col(Account.id) == col(Deal.account_id))
    query = _changed(Deal, days).add_columns(account.scalar_subquery())
    query = query.where(
        access.visible_deals(viewer),
        col(Deal.account_id).in_(account_ids),
        col(RevisionChange.before).is_(None),
        col(RevisionChange.after).is_(None),
    )
    for deal, change, employer in session.execute(query):
        text = f"New deal with {employer}: {deal.name}"
        opening = f"I see that there is something new between {employer} and us."
        yield deal.account_id, News(days[change.revision_id], text, opening, deal.confidential)
