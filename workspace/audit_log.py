"""The audit log as administrators read it: lists, exports, and whether the chain holds."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from workspace.audit import (
    HASHED,
    SECURITY,
    START,
    AuditEntry,
    AuditHead,
    AuditValues,
    canonical,
    digest_of,
    hash_of,
)
from workspace.people.tables import Person

# Rows that are read at a time.
STEP = 1000
LARGEST = 2**31 - 1
# Problems that are told one by one.
MOST_PROBLEMS = 10
# Facility 13 is the audit log, severity 5 a notice (RFC 5424).
_SYSLOG_PRIORITY = 13 * 8 + 5


@dataclass(frozen=True)
class AuditRow:
    """An entry as a line of a list."""

    number: int
    at: datetime
    by: str | None
    by_key: str | None
    action: str
    subject: str
    subject_name: str | None
    subject_key: str | None
    detail: dict[str, Any] | None


def entries(
    session: Session,
    *,
    about: str | None = None,
    text: str | None = None,
    since: date | None = None,
    until: date | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[AuditRow]:
    """Acts that concern security or privacy, the newest first, before the entry of a number.

    `text` is part of the name of the member who did it, or of the person whom it concerns.
    """
    subject: Any = aliased(Person)
    query: Any = (
        sa.select(
            col(AuditEntry.number),
            col(AuditEntry.at),
            col(Person.name).label("by"),
            col(Person.key).label("by_key"),
            col(AuditEntry.action),
            col(AuditEntry.subject),
            subject.name.label("subject_name"),
            subject.key.label("subject_key"),
            col(AuditValues.detail),
        )
        .select_from(AuditEntry)
        .outerjoin(AuditValues, col(AuditValues.entry_id) == col(AuditEntry.id))
        .outerjoin(Person, col(Person.id) == col(AuditEntry.by_id))
        .outerjoin(
            subject,
            col(AuditEntry.subject) == sa.literal("person ").concat(sa.cast(subject.id, sa.String)),
        )
        .where(col(AuditEntry.number).is_not(None), _concerns(about))
    )
    if text:
        named = (Person.name, subject.name)
        query = query.where(sa.or_(*(col(name).icontains(text, autoescape=True) for name in named)))
    if since:
        query = query.where(col(AuditEntry.at) >= _midnight(since))
    if until:
        query = query.where(col(AuditEntry.at) < _midnight(until + timedelta(days=1)))
    if before:
        query = query.where(col(AuditEntry.number) < before)
    rows = session.execute(query.order_by(col(AuditEntry.number).desc()).limit(limit))
    return [AuditRow(**values) for values in rows.mappings()]


def _concerns(about: str | None) -> sa.ColumnElement[bool]:
    groups = [SECURITY[about]] if about else SECURITY.values()
    action = col(AuditEntry.action)
    return sa.or_(*(action.startswith(start) for starts in groups for start in starts))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def exported(session: Session, style: str, after: int = 0) -> Iterator[str]:
    """The whole chain from the entry after a number as lines: `jsonl` or `syslog`."""
    for row in _chained(session, after):
        entry = {
            "number": row.number,
            "at": _utc(row.at).isoformat(timespec="microseconds"),
            "by": row.by_id,
            "action": row.action,
            "subject": row.subject,
            "detail": row.detail,
            "hash": row.hash,
        }
        if style == "jsonl":
            yield json.dumps(entry, sort_keys=True, default=str)
        else:
            # Control characters cannot begin another line: JSON escapes them.
            at = f"{_utc(row.at):%Y-%m-%dT%H:%M:%S.%fZ}"
            yield f"<{_SYSLOG_PRIORITY}>1 {at} - dealkin - audit - {canonical(entry)}"


def broken_links(session: Session) -> list[str]:
    """What does not hold in the chain: entries that were changed, deleted or inserted."""
    problems: list[str] = []
    before, expected = START, 1
    for row in _chained(session, 0):
        if row.number < expected:
            problems.append(f"Audit entry {row.number:,} is there twice.")
            continue
        if row.number != expected:
            problems.append(f"Audit entry {expected:,} was deleted.")
        elif hash_of(before, row.number, tuple(row)[: len(HASHED)]) != row.hash:
            problems.append(f"Audit entry {row.number:,} was changed, or put in another's place.")
        elif row.digest and row.salt is None:
            problems.append(f"The values of audit entry {row.number:,} were deleted.")
        elif row.digest and row.detail is not None:
            if digest_of(row.salt, row.detail) != row.digest:
                problems.append(f"The values of audit entry {row.number:,} were changed.")
        elif row.salt and not row.digest:
            problems.append(f"Audit entry {row.number:,} was given values later.")
        before, expected = row.hash, row.number + 1
        if len(problems) >= MOST_PROBLEMS:
            return [*problems, "There may be more."]
    head = session.get(AuditHead, 1) or AuditHead()
    if (head.number, head.hash) != (expected - 1, before):
        problems.append(
            f"The last entries of the audit log were deleted: {head.number:,} were written,"
            f" and {expected - 1:,} are there."
        )
    loose = sa.select(sa.func.count()).where(col(AuditEntry.number).is_(None))
    inserted = session.execute(loose).scalar_one()
    if inserted:
        problems.append(f"{inserted:,} audit entries were inserted beside the chain.")
    if missing := TRIGGERS - triggers_of(session):
        problems.append(f"Triggers that protect the audit log are missing: {_joined(missing)}.")
    return problems


# Made by the migration; each refuses a kind of change.
TRIGGERS = frozenset(
    {"auditentry_update", "auditentry_delete", "auditvalues_update", "auditvalues_delete"}
)


def triggers_of(session: Session) -> set[str]:
    """The names of the database's triggers."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    else:
        # A trigger that is switched off protects nothing.
        names = connection.exec_driver_sql(
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        )
    return set(names.scalars())


def _chained(session: Session, after: int) -> Iterator[sa.Row[Any]]:
    """The entries of the chain in its order, with their values."""
    query = (
        sa.select(
            *HASHED,
            col(AuditEntry.number),
            col(AuditEntry.hash),
            col(AuditValues.salt),
            col(AuditValues.detail),
        )
        .select_from(AuditEntry)
        .outerjoin(AuditValues, col(AuditValues.entry_id) == col(AuditEntry.id))
        .order_by(col(AuditEntry.number), col(AuditEntry.id))
        .limit(STEP)
    )
    place, last = sa.tuple_(col(AuditEntry.number), col(AuditEntry.id)), (after, LARGEST)
    while rows := session.execute(query.where(place > sa.tuple_(*map(sa.literal, last)))).all():
        yield from rows
        last = (rows[-1].number, rows[-1].id)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _joined(names: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(names))


def empty_values(session: Session, entry_ids: list[int]) -> None:
    """Erase the values of entries; the chain still holds."""
    session.execute(
        sa.update(AuditValues)
        .where(col(AuditValues.entry_id).in_(entry_ids))
        .values(detail=None, salt="")
    )


def entries_about(session: Session, person_id: int) -> list[int]:
    """The entries with values that a person did, or that are about them."""
    query = select(AuditEntry.id).where(
        sa.or_(
            col(AuditEntry.by_id) == person_id, col(AuditEntry.subject) == f"person {person_id}"
        ),
        col(AuditEntry.digest) != "",
    )
    return list(session.exec(query))
