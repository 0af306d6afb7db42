"""Accounts and people that were made for a confidential deal: as hidden as the deal.

`_known_accounts` and `_known_people` are the only statements of the rule. A session that reads for
a viewer (`read_for`) gets no others by any query on accounts and people. What does not ask the
tables, such as a search for names, asks `hidden_from`.
"""

from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlmodel import Session, col

from workspace.accounts.accounts import Account
from workspace.deals.access import Predicate, confidential_seen, visible_deals
from workspace.deals.tables import Deal, Stakeholder
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.reading import found_once, is_unfiltered, note_left_out, unfiltered

_HIDDEN = "hidden rows"


@dataclass(frozen=True)
class Hidden:
    """The ids of the accounts and people that a viewer may not know of: short lists."""

    accounts: tuple[int, ...] = ()
    people: tuple[int, ...] = ()


def _known_accounts(viewer: Viewer) -> Predicate:
    """The rule: everybody knows of a listed account, and of another who sees a deal with it."""
    on_deal = sa.exists().where(col(Deal.account_id) == col(Account.id), visible_deals(viewer))
    # Looked up for each unlisted row, of which there are few; a list of all deals would be long.
    return sa.or_(col(Account.listed).is_(True), on_deal.correlate(Account))


def _known_people(viewer: Viewer) -> Predicate:
    """The rule: everybody knows of a listed person.

    Another is known to viewers who see a deal with them, or who know of their account if that is
    not listed.
    """
    on_deal = (
        sa.exists()
        .where(col(Stakeholder.person_id) == col(Person.id))
        .where(col(Deal.id) == col(Stakeholder.deal_id), visible_deals(viewer))
    )
    at_account = sa.exists().where(
        col(Account.id) == col(Person.account_id),
        col(Account.listed).is_(False),
        _known_accounts(viewer),
    )
    return sa.or_(
        col(Person.listed).is_(True), on_deal.correlate(Person), at_account.correlate(Person)
    )


@lru_cache(maxsize=1000)
def _hidden(viewer: Viewer) -> Any:
    """The query for what a viewer may not know of: kinds and ids."""
    accounts = sa.select(sa.literal("account"), col(Account.id)).where(
        col(Account.listed).is_(False), sa.not_(_known_accounts(viewer))
    )
    people = sa.select(sa.literal("person"), col(Person.id)).where(
        col(Person.listed).is_(False), sa.not_(_known_people(viewer))
    )
    return accounts.union_all(people)


def hidden_from(session: Session, viewer: Viewer) -> Hidden:
    """The accounts and people that a viewer may not know of."""
    with unfiltered(session):
        key = (Hidden, confidential_seen(session, viewer))
        return found_once(session, key, lambda: _hidden_from(session, viewer))


def _hidden_from(session: Session, viewer: Viewer) -> Hidden:
    rows = session.execute(_hidden(viewer)).all()
    return Hidden(
        tuple(sorted(row_id for kind, row_id in rows if kind == "account")),
        tuple(sorted(row_id for kind, row_id in rows if kind == "person")),
    )


def left_out(session: Session) -> Hidden:
    """The ids that the queries of a session leave out, for reading rows without the ORM."""
    found: Hidden = session.info.get(_HIDDEN, Hidden())
    return Hidden() if is_unfiltered(session) else found


def rows_of_driver(session: Session, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
    """The rows of a query for numbers and texts, as the driver reads them; also accounts and people
    of whom the session's reader may not know, whom the caller leaves out.

    To make hundreds of thousands of them into rows of SQLAlchemy takes longer than to find them.
    """
    with closing(session.connection().execute(query)) as result:
        return list(result.cursor.fetchall())


def knows_of(session: Session, member_id: int, person: Person) -> bool:
    """Whether a member may know of a person."""
    return person.listed or person.id not in hidden_from(session, Viewer(member_id, "")).people


def read_for(session: Session, viewer: Viewer) -> None:
    """Keep from all queries of a session the accounts and people that a viewer may not know of.

    What a transaction does on its way to the commit (documents, names, ties) still meets all rows.
    """
    hidden = hidden_from(session, viewer)
    session.info[_HIDDEN] = hidden
    if hidden != Hidden():
        note_left_out(session, hidden)
        event.listen(session, "do_orm_execute", _leave_out)


def _leave_out(state: ORMExecuteState) -> None:
    if not state.is_select or state.is_column_load or is_unfiltered(state.session):  # type: ignore[arg-type]
        return
    hidden: Hidden = state.session.info[_HIDDEN]
    accounts, people = hidden.accounts, hidden.people
    criteria = []
    if accounts:
        criteria.append(
            with_loader_criteria(Account, lambda cls: cls.id.not_in(accounts), include_aliases=True)
        )
    if people:
        criteria.append(
            with_loader_criteria(Person, lambda cls: cls.id.not_in(people), include_aliases=True)
        )
    state.statement = state.statement.options(*criteria)
