"""Likely duplicates of the record's accounts and people: found by a job, listed, and set aside."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from workspace.accounts.accounts import Account
from workspace.audit import audit
from workspace.clock import now
from workspace.database import fetch, select_row
from workspace.duplicates.matching import Pair, Record, likely_duplicates
from workspace.duplicates.tables import DuplicatePair, FormerAccount, FormerPerson
from workspace.errors import NotFound
from workspace.jobs.running import Task
from workspace.people.addresses import is_company_domain, work_address
from workspace.people.tables import Member, Person

FIND = "find duplicates"
ACCOUNT, PERSON = "account", "person"


@dataclass(frozen=True)
class PairRow:
    """Two accounts, or two people, that may be one, as a page shows them."""

    one_id: int
    one_key: str
    one_name: str
    one_about: str
    other_id: int
    other_key: str
    other_name: str
    other_about: str
    probability: float
    reasons: list[str]


def find_duplicates(task: Task, session: Session) -> dict[str, Any]:
    """Find likely duplicates as a job, and store them; what members set aside stays so."""
    found = {
        ACCOUNT: likely_duplicates(list(account_records(session))),
        PERSON: likely_duplicates(list(contact_records(session))),
    }
    with task.part() as writing:
        for kind, pairs in found.items():
            _store(writing, kind, pairs)
    return {kind: len(pairs) for kind, pairs in found.items()}


def account_records(session: Session) -> Iterator[Record]:
    """The accounts as they are compared, with the names of those merged into them."""
    names: dict[int, list[str]] = {}
    for former_of, name in session.exec(select(FormerAccount.account_id, FormerAccount.name)):
        names.setdefault(former_of, []).append(name)
    domains: dict[int, set[str]] = {}
    at_work = select(Person.account_id, Person.email).where(
        col(Person.email).is_not(None), col(Person.account_id).is_not(None)
    )
    for account_id, email in session.exec(at_work):
        if address := work_address(email):
            domains.setdefault(account_id or 0, set()).add(address.rpartition("@")[2])
    accounts = select(Account.id, Account.name, Account.domain, Account.country)
    for row_id, name, domain, country in session.exec(accounts.order_by(col(Account.id))):
        own = {domain} if domain and is_company_domain(domain) else domains.get(row_id, set())
        yield Record(
            str(row_id),
            (name, *names.get(row_id, [])),
            domains=frozenset(own),
            country=country or "",
        )


def contact_records(session: Session) -> Iterator[Record]:
    """The contacts as they are compared, with the names of those merged into them."""
    names: dict[int, list[tuple[str, str | None, str | None]]] = {}
    former = select(
        FormerPerson.person_id, FormerPerson.name, FormerPerson.email, FormerPerson.profile
    )
    for person_id, name, email, profile in session.exec(former):
        names.setdefault(person_id, []).append((name, email, profile))
    query = (
        select(Person, Account.name)
        .outerjoin(Account, col(Account.id) == col(Person.account_id))
        .outerjoin(Member, col(Member.person_id) == col(Person.id))
        .where(col(Member.person_id).is_(None))
        .order_by(col(Person.id))
    )
    for person, employer in session.exec(query):
        others = names.get(person.id, [])
        emails = {person.email, *(email for _, email, _ in others)}
        profiles = {person.profile, *(profile for _, _, profile in others)}
        yield Record(
            str(person.id),
            (person.name, *(name for name, _, _ in others)),
            person=True,
            emails=frozenset(filter(None, emails)),
            profiles=frozenset(filter(None, profiles)),
            town=person.city,
            country=person.country or "",
            employer=employer or "",
        )


def _store(session: Session, kind: str, pairs: list[Pair]) -> None:
    known = {
        (row.one_id, row.other_id): row
        for row in session.exec(select(DuplicatePair).where(DuplicatePair.kind == kind))
    }
    stale = set(known)
    for pair in pairs:
        one, other = sorted((int(pair.one), int(pair.other)))
        row = known.get((one, other)) or DuplicatePair(
            kind=kind, one_id=one, other_id=other, probability=pair.probability
        )
        row.probability, row.reasons = pair.probability, [str(reason) for reason in pair.reasons]
        session.add(row)
        stale.discard((one, other))
    for ids in stale:
        if known[ids].distinct_at is None:
            session.delete(known[ids])


def pair_rows(session: Session, kind: str, limit: int = 100) -> list[PairRow]:
    """The likeliest pairs that nobody set aside, of what the session's viewer may know of."""
    table: Any = Account if kind == ACCOUNT else Person
    one, other = aliased(table), aliased(table)
    query = (
        select_row(
            PairRow,
            DuplicatePair,
            one_key=one.key,
            one_name=one.name,
            one_about=_about(kind, one),
            other_key=other.key,
            other_name=other.name,
            other_about=_about(kind, other),
        )
        .join(one, one.id == col(DuplicatePair.one_id))
        .join(other, other.id == col(DuplicatePair.other_id))
        .where(
            col(DuplicatePair.kind) == kind,
            col(DuplicatePair.distinct_at).is_(None),
            one.listed == other.listed,
        )
        .order_by(col(DuplicatePair.probability).desc(), one.name, one.id, other.id)
    )
    return fetch(session, PairRow, query.limit(limit))


def _about(kind: str, table: Any) -> Any:
    if kind == ACCOUNT:
        return sa.func.coalesce(table.domain, "")
    at = sa.select(col(Account.name)).where(col(Account.id) == table.account_id).scalar_subquery()
    return sa.func.coalesce(at, table.title)


def set_aside(session: Session, kind: str, one_id: int, other_id: int, by: int | None) -> None:
    """Note that two records are two, so that they are no longer listed."""
    pair = session.get(DuplicatePair, (kind, *sorted((one_id, other_id))))
    if pair is None:
        raise NotFound("These two are not listed as likely duplicates.")
    pair.distinct_at, pair.distinct_by_id = now(), by
    session.add(pair)
    audit(session, by, "not duplicates", f"{kind} {one_id}", {"other": other_id})
