"""Retention: how long mail, files of imports, and contacts without a part in anything are kept."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, delete, select

from workspace.audit import audit
from workspace.clock import now
from workspace.database import FOLLOWS
from workspace.delivery.outbox import OutboxMessage
from workspace.errors import Invalid
from workspace.imports.ledger import ImportFile, ImportPart, ImportRun
from workspace.jobs.running import Task
from workspace.people.tables import Member, Person
from workspace.privacy.erasure import erase
from workspace.privacy.register import columns_of
from workspace.privacy.tables import LegalHold
from workspace.reading import unfiltered

RETENTION = "retention"
LEAST_DAYS = 30
MOST_DAYS = 3650
# Contacts that are erased in one run: the next run, a day later, goes on.
CONTACTS_AT_ONCE = 100
# What is known of a contact by itself; any other reference is a part in something.
_OF_THEMSELVES = frozenset(
    {
        "education",
        "employment",
        "formerperson",
        "importanswer",
        "jobchange",
        "membership",
        "privacylink",
    }
)


class Kept(StrEnum):
    """What a rule is about."""

    MAIL = "mail"
    IMPORTS = "imports"
    CONTACTS = "contacts"


class RetentionRule(SQLModel, table=True):
    """How many days something is kept; without a rule it stays."""

    kind: str = Field(primary_key=True, max_length=20)
    days: int


def rules_of(session: Session) -> dict[Kept, int]:
    """The rules that an administrator has set, in days."""
    return {Kept(row.kind): row.days for row in session.exec(select(RetentionRule))}


def set_rules(session: Session, rules: Mapping[Kept, int | None], *, by: int | None) -> None:
    """Set for each kind how many days it is kept; None keeps it."""
    wrong = {
        kind.value: f"From {LEAST_DAYS} to {MOST_DAYS:,} days."
        for kind, days in rules.items()
        if days is not None and not LEAST_DAYS <= days <= MOST_DAYS
    }
    if wrong:
        raise Invalid("Retention rules not saved.", wrong)
    session.exec(delete(RetentionRule))
    session.add_all(
        RetentionRule(kind=kind, days=days) for kind, days in rules.items() if days is not None
    )
    audit(
        session, by, "retention set", "settings", {str(kind): days for kind, days in rules.items()}
    )


def affected(session: Session, kind: Kept, days: int) -> int:
    """How much would go now if it were kept for so many days."""
    with unfiltered(session):
        count = sa.select(sa.func.count()).select_from(_old(kind, days).subquery())
        return int(session.execute(count).scalar_one())


def apply_rules(task: Task) -> dict[str, Any]:
    """The job: delete what is older than the rules say. Contacts go one by one, each in a part.

    An erasure reads all texts, and members who save wait for the part that is under way.
    """
    if "contacts" not in task.place:
        with task.part() as session, unfiltered(session):
            rules = rules_of(session)
            result = {
                str(kind): _empty(session, kind, rules[kind])
                for kind in (Kept.MAIL, Kept.IMPORTS)
                if kind in rules
            }
            ids = []
            if days := rules.get(Kept.CONTACTS):
                result[str(Kept.CONTACTS)] = 0
                ids = list(session.scalars(_old(Kept.CONTACTS, days).limit(CONTACTS_AT_ONCE)))
            task.place = {"contacts": ids, "result": result}
    while ids := task.place["contacts"]:
        with task.part() as session, unfiltered(session):
            # Since the list was made, the contact may have got a part in something.
            days = rules_of(session).get(Kept.CONTACTS)
            result = dict(task.place["result"])
            if days and _is_still_old(session, ids[0], days):
                erase(session, session.get_one(Person, ids[0]), by=task.by)
                result[str(Kept.CONTACTS)] += 1
            task.place = {"contacts": ids[1:], "result": result}
    result = dict(task.place["result"])
    if any(result.values()) and not task.place.get("noted"):
        with task.part() as session:
            audit(session, task.by, "retention applied", "settings", dict(result))
            task.place = {**task.place, "noted": True}
    return result


def _is_still_old(session: Session, person_id: int, days: int) -> bool:
    query = _old(Kept.CONTACTS, days).where(col(Person.id) == person_id)
    return session.scalars(query).first() is not None


def _empty(session: Session, kind: Kept, days: int) -> int:
    """Delete old mail, or the files of old imports; how many."""
    ids = list(session.scalars(_old(kind, days)))
    if kind is Kept.MAIL:
        session.exec(delete(OutboxMessage).where(col(OutboxMessage.id).in_(ids)))
    else:
        files, parts = sa.update(ImportFile), sa.update(ImportPart)
        session.exec(files.where(col(ImportFile.run_id).in_(ids)).values(raw=b""))
        session.exec(parts.where(col(ImportPart.run_id).in_(ids)).values(wrong=[]))
    return len(ids)


def _old(kind: Kept, days: int) -> sa.Select[Any]:
    """The ids of what is older than so many days."""
    before = now() - timedelta(days=days)
    match kind:
        case Kept.MAIL:
            ended = sa.func.coalesce(col(OutboxMessage.sent_at), col(OutboxMessage.dropped_at))
            return sa.select(col(OutboxMessage.id)).where(ended < before)
        case Kept.IMPORTS:
            kept = sa.exists().where(
                col(ImportFile.run_id) == col(ImportRun.id), col(ImportFile.raw) != b""
            ) | sa.exists().where(
                col(ImportPart.run_id) == col(ImportRun.id),
                sa.cast(col(ImportPart.wrong), sa.Text) != "[]",
            )
            return sa.select(col(ImportRun.id)).where(col(ImportRun.at) < before, kept)
        case Kept.CONTACTS:
            return _idle_contacts(before)


def _idle_contacts(before: datetime) -> sa.Select[Any]:
    """Contacts of before a moment to whom nothing refers but what is known of themselves."""
    part_in_something = [
        sa.exists().where(column == col(Person.id))
        for table in SQLModel.metadata.sorted_tables
        if table.name not in _OF_THEMSELVES and table.info.get(FOLLOWS) is not True
        for column in columns_of(table)
        if any(key.column.table.name == "person" for key in column.foreign_keys)
        and table.name != "tie"
    ]
    tie = SQLModel.metadata.tables["tie"]
    entered = sa.exists().where(
        tie.c[tie.info[FOLLOWS]] == "",
        sa.or_(tie.c.one_id == col(Person.id), tie.c.other_id == col(Person.id)),
    )
    member = sa.exists().where(col(Member.person_id) == col(Person.id))
    held = sa.exists().where(col(LegalHold.person_id) == col(Person.id))
    return (
        sa.select(col(Person.id))
        .where(col(Person.created_at) < before, ~member, ~held, ~entered)
        .where(*(~each for each in part_in_something))
        .order_by(col(Person.id))
    )
