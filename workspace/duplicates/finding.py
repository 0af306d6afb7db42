"""Likely duplicates of the record's accounts and people: found by a job, listed, and set aside."""

import json
from collections.abc import Collection, Iterator
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
from workspace.jobs import queue
from workspace.jobs.running import Task
from workspace.people.addresses import is_company_domain, work_address
from workspace.people.tables import Member, Person
from workspace.revisions.tables import RevisionChange

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
    """Find likely duplicates as a job, and store them; what members set aside stays so.

    With a revision among its parameters, as after an import, those of the rows that it changed.
    """
    revision_id = task.parameters.get("revision")
    found = {}
    for kind, records in ((ACCOUNT, account_records), (PERSON, contact_records)):
        new = None if revision_id is None else _changed_by(session, kind, revision_id)
        found[kind] = (
            likely_duplicates(list(records(session)), new=new) if new != set() else [],
            new,
        )
    with task.part() as writing:
        for kind, (pairs, new) in found.items():
            _store(writing, kind, pairs, new)
    return {kind: len(pairs) for kind, (pairs, _) in found.items()}


def find_after(session: Session, revision_id: int, by: int | None) -> None:
    """Have the accounts and people that a revision changed compared with all others, as a job."""
    if any(_changed_by(session, kind, revision_id) for kind in (ACCOUNT, PERSON)):
        queue.enqueue(session, FIND, by, {"revision": revision_id})


def _changed_by(session: Session, kind: str, revision_id: int) -> set[str]:
    """The ids of the accounts, or people, that a revision added or changed."""
    keys = select(RevisionChange.row_key).where(
        RevisionChange.revision_id == revision_id, RevisionChange.table_name == kind
    )
    return {str(json.loads(key)[0]) for key in session.exec(keys)}


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
    columns = ("id", "name", "domain", "phone", "street", "city", "postcode", "country")
    query = sa.select(*(getattr(Account, column) for column in columns))
    for account in session.execute(query.order_by(col(Account.id))):
        domain = account.domain
        own = {domain} if domain and is_company_domain(domain) else domains.get(account.id, set())
        yield Record(
            str(account.id),
            (account.name, *names.get(account.id, [])),
            domains=frozenset(own),
            phone=account.phone,
            street=account.street,
            town=account.city,
            postcode=account.postcode,
            country=account.country or "",
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
            phone=person.phone,
            street=person.street,
            town=person.city,
            postcode=person.postcode,
            country=person.country or "",
            employer=employer or "",
        )


def _store(session: Session, kind: str, pairs: list[Pair], new: Collection[str] | None) -> None:
    """Store what was found of all rows, or of these; what was not found again goes."""
    known = {
        (row.one_id, row.other_id): row
        for row in session.exec(select(DuplicatePair).where(DuplicatePair.kind == kind))
    }
    stale = {ids for ids in known if new is None or any(str(each) in new for each in ids)}
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
    query = _open(
        kind,
        one,
        other,
        select_row(
            PairRow,
            DuplicatePair,
            one_key=one.key,
            one_name=one.name,
            one_about=_about(kind, one),
            other_key=other.key,
            other_name=other.name,
            other_about=_about(kind, other),
        ),
    ).order_by(col(DuplicatePair.probability).desc(), one.name, one.id, other.id)
    return fetch(session, PairRow, query.limit(limit))


def pair_counts(session: Session, revision_id: int | None = None) -> dict[str, int]:
    """How many pairs of accounts and of people are listed, as `pair_rows` lists them.

    With a revision, those with a row that it added or changed.
    """
    counts = {}
    for kind in (ACCOUNT, PERSON):
        table: Any = Account if kind == ACCOUNT else Person
        one, other = aliased(table), aliased(table)
        query = _open(kind, one, other, sa.select(sa.func.count()).select_from(DuplicatePair))
        if revision_id is not None:
            row_key = col(RevisionChange.row_key)
            changed = sa.exists().where(
                col(RevisionChange.revision_id) == revision_id,
                col(RevisionChange.table_name) == kind,
                row_key.in_([_row_key(one.id), _row_key(other.id)]),
            )
            query = query.where(changed.correlate(one, other))
        counts[kind] = session.execute(query).scalar_one()
    return counts


def _row_key(row_id: Any) -> Any:
    """An id as the changes of a revision have it."""
    return sa.literal("[") + sa.cast(row_id, sa.String) + sa.literal("]")


def _open(kind: str, one: Any, other: Any, query: Any) -> Any:
    """A query on pairs of a kind with their two rows, without those that were set aside."""
    return (
        query.join(one, one.id == col(DuplicatePair.one_id))
        .join(other, other.id == col(DuplicatePair.other_id))
        .where(
            col(DuplicatePair.kind) == kind,
            col(DuplicatePair.distinct_at).is_(None),
            one.listed == other.listed,
        )
    )


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
