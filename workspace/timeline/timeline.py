"""The timeline: what happened on a deal, and when. Every change is on the audit log too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import JSON, Text
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.accounts.accounts import Account
from workspace.audit import AuditEntry, audit
from workspace.clock import now
from workspace.people.tables import Member, Person
from workspace.timeline.mentions import mentions
from workspace.timeline.notifications import FOLLOWED_KINDS, followers
from workspace.timeline.notifications import tell as notify


class TimelineEntry(SQLModel, table=True):
    """One thing that happened on a deal.

    `kind` is what members write (note, call, meeting, email) or what the record saw: logged,
    stage, edited, seat, task, stakeholder, reference, use, invited, uninvited, imported.
    """

    id: int = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    at: datetime = Field(default_factory=now)
    by_id: int | None = Field(default=None, foreign_key="person.id")
    kind: str = Field(max_length=20)
    text: str = Field(default="", sa_type=Text)
    detail: dict[str, object] = Field(default_factory=dict, sa_type=JSON)


WRITTEN_KINDS = ("note", "call", "meeting", "email")


def record(
    session: Session,
    deal_id: int,
    by: int | None,
    kind: str,
    text: str = "",
    *,
    detail: dict[str, object] | None = None,
    at: datetime | None = None,
    tell: Mapping[int, str] | None = None,
    quiet: bool = False,
) -> TimelineEntry:
    """Put an event on a deal's timeline, on the audit log, and into inboxes.

    `tell` says who is told of it and why, beside those who follow the deal; nobody is told of
    what they do themselves, and `quiet` tells nobody.
    """
    entry = TimelineEntry(
        deal_id=deal_id, at=at or now(), by_id=by, kind=kind, text=text, detail=detail or {}
    )
    session.add(entry)
    audit(session, by, f"deal {kind}", f"deal {deal_id}", detail)
    if quiet:
        return entry
    told = dict.fromkeys(followers(session, deal_id), "follow") if kind in FOLLOWED_KINDS else {}
    told |= tell or {}
    told.pop(by or 0, None)
    if told:
        session.flush()
        notify(session, entry.id, entry.at, told)
    return entry


def record_all(
    session: Session, deal_ids: Sequence[int], by: int | None, kind: str, text: str
) -> None:
    """Put one event on the timelines of many deals, in two statements."""
    at = now()
    about: dict[str, object] = {"at": at, "by_id": by, "detail": {}}
    if deal_ids:
        session.execute(
            sa.insert(TimelineEntry),
            [{**about, "deal_id": each, "kind": kind, "text": text} for each in deal_ids],
        )
        session.execute(
            sa.insert(AuditEntry),
            [{**about, "action": f"deal {kind}", "subject": f"deal {each}"} for each in deal_ids],
        )


@dataclass(frozen=True)
class Event:
    """A timeline entry as people read it; ids in its detail are already names."""

    id: int
    deal_key: str
    deal_name: str
    at: datetime
    by: str | None
    kind: str
    text: str
    detail: dict[str, object]
    # The names of those whose keys stand after an @ in the text.
    mentions: dict[str, str]
    # Its writer may still change it.
    mine: bool


def timeline(
    session: Session,
    deals: Sequence[tuple[int, str, str]],
    *,
    kinds: Sequence[str] = (),
    before: int | None = None,
    limit: int = 50,
    reader: int | None = None,
) -> list[Event]:
    """What happened on these deals, (id, key, name) each, the newest first, for a reader.

    The caller has made sure that the reader may see every one of them.
    """
    known = {deal_id: (key, name) for deal_id, key, name in deals}
    query: Any = select(TimelineEntry).where(col(TimelineEntry.deal_id).in_(known))
    if kinds:
        query = query.where(col(TimelineEntry.kind).in_(kinds))
    if before is not None:
        last = select(TimelineEntry.at, TimelineEntry.id).where(TimelineEntry.id == before)
        place = session.exec(last.where(col(TimelineEntry.deal_id).in_(known))).first()
        if place:
            here = sa.tuple_(col(TimelineEntry.at), col(TimelineEntry.id))
            query = query.where(here < sa.tuple_(*map(sa.literal, place)))
    query = query.order_by(sa.desc(col(TimelineEntry.at)), sa.desc(col(TimelineEntry.id)))
    rows = session.exec(query.limit(limit)).all()
    return events_of(session, [(row, *known[row.deal_id]) for row in rows], reader)


def events_of(
    session: Session, rows: Sequence[tuple[TimelineEntry, str, str]], reader: int | None = None
) -> list[Event]:
    """Entries, each with its deal's key and name, as a reader sees them."""
    entries = [entry for entry, _, _ in rows]
    names = _names(
        session, [*(row.detail for row in entries), {"person_id": [row.by_id for row in entries]}]
    )
    written = [row.text for row in entries if row.kind in WRITTEN_KINDS]
    members = mentioned_names(session, written)
    return [
        Event(
            id=entry.id,
            deal_key=key,
            deal_name=name,
            at=entry.at,
            by=names.get(("person", entry.by_id)) if entry.by_id else None,
            kind=entry.kind,
            text=entry.text,
            detail={name: _said(name, value, names) for name, value in entry.detail.items()},
            mentions=members,
            mine=reader is not None and entry.by_id == reader and entry.kind in WRITTEN_KINDS,
        )
        for entry, key, name in rows
    ]


def state_of(session: Session, deal_id: int) -> str:
    """What stands on a deal's timeline, as a word that differs once something is added, written
    anew or taken back.

    Transactions may commit in another order than they took their numbers, and the number of an
    entry that was taken back may be given out again, so no one of its parts would tell of all.
    """
    rewrites = sa.type_coerce(col(TimelineEntry.detail), JSON)["rewrites"].as_integer()
    newest, last, number, written = session.execute(
        sa.select(
            sa.func.max(TimelineEntry.id),
            sa.func.max(TimelineEntry.at),
            sa.func.count(),
            sa.func.sum(rewrites),
        ).where(col(TimelineEntry.deal_id) == deal_id)
    ).one()
    return f"{newest or 0}-{last.timestamp() if last else 0:.6f}-{number}-{written or 0}"


def mentioned_names(session: Session, texts: Sequence[str]) -> dict[str, str]:
    """The names of the members whose keys stand after an @ in these texts."""
    keys = {key for text in texts for key in mentions(text)}
    if not keys:
        return {}
    query = select(Person.key, Person.name).join(Member, col(Member.person_id) == col(Person.id))
    return dict(session.exec(query.where(col(Person.key).in_(keys))).all())


_PEOPLE = (
    *("person_id", "left_id", "owner_id"),
    *("asked_id", "declined_id", "unasked_id"),
)


def _names(session: Session, details: Sequence[dict[str, object]]) -> dict[tuple[str, int], str]:
    """The names behind the ids in these details, in two queries at most."""
    wanted: dict[str, set[int]] = {"person": set(), "account": set()}
    for detail in details:
        for name, value in detail.items():
            kind = "person" if name in _PEOPLE else "account" if name == "account_id" else None
            if kind:
                values = value if isinstance(value, list) else [value]
                wanted[kind].update(each for each in values if isinstance(each, int))
    found: dict[tuple[str, int], str] = {}
    for kind, table in (("person", Person), ("account", Account)):
        if wanted[kind]:
            rows = session.exec(select(table.id, table.name).where(col(table.id).in_(wanted[kind])))
            found.update({(kind, row_id): name for row_id, name in rows})
    return found


def _said(name: str, value: object, names: dict[tuple[str, int], str]) -> object:
    kind = "person" if name in _PEOPLE else "account" if name == "account_id" else None
    if kind is None:
        return value
    if isinstance(value, list):
        return [_said(name, each, names) for each in value]
    return names.get((kind, value), "somebody") if isinstance(value, int) else value
