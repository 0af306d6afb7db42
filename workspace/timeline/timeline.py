"""The timeline: what happened on a deal, and when. Every event is in the audit log, too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import JSON, Text
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.accounts.accounts import Account
from workspace.audit import audit, audit_all
from workspace.clock import now
from workspace.database import insert_rows, page_after
from workspace.ids import uncounted_id
from workspace.people.tables import Member, Person
from workspace.timeline.mentions import mentions
from workspace.timeline.notifications import FOLLOWED_KINDS, followers, notify


class TimelineEntry(SQLModel, table=True):
    """An event on a deal: its kind and parameters, which pages put into words.

    `text` is what people wrote: a note, a reason, the name of a task or an asset. `detail` has
    codes, ids, amounts, days and names of stages.

    `kind` is note, call, meeting or email for what members write. Dealkin writes logged, stage,
    parked, woken, edited, seat, task, stakeholder, reference, use, shared, opened, invited,
    uninvited and imported.
    """

    # What changed many deals since a day is found without reading their other entries.
    __table_args__ = (sa.Index("ix_timelineentry_kind_at", "kind", "at", "deal_id"),)

    id: int = uncounted_id()
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
    """Put an event on a deal's timeline, into the audit log, and into inboxes.

    `tell` has the members to notify besides the followers, each with the reason. Nobody is
    notified of their own act, and with `quiet` nobody at all.
    """
    entry = TimelineEntry(
        deal_id=deal_id, at=at or now(), by_id=by, kind=kind, text=text, detail=detail or {}
    )
    session.add(entry)
    audit(session, by, f"deal {kind}", f"deal {deal_id}", detail)
    if quiet:
        return entry
    reasons = dict.fromkeys(followers(session, deal_id), "follow") if kind in FOLLOWED_KINDS else {}
    reasons |= tell or {}
    reasons.pop(by or 0, None)
    if reasons:
        session.flush()
        notify(session, entry.id, entry.at, reasons)
    return entry


def record_all(
    session: Session,
    deal_ids: Sequence[int],
    by: int | None,
    kind: str,
    detail: dict[str, object],
) -> None:
    """Put the same event on the timelines of many deals, in two statements."""
    values: dict[str, object] = {"at": now(), "by_id": by, "kind": kind, "text": ""}
    insert_rows(
        session,
        TimelineEntry,
        [{**values, "deal_id": deal_id, "detail": detail} for deal_id in deal_ids],
    )
    audit_all(session, by, f"deal {kind}", [f"deal {deal_id}" for deal_id in deal_ids])


@dataclass(frozen=True)
class Event:
    """A timeline entry as pages show it, with names instead of ids in its detail."""

    id: int
    deal_key: str
    deal_name: str
    at: datetime
    by: str | None
    kind: str
    text: str
    detail: dict[str, object]
    # The names of mentioned members by key.
    mentions: dict[str, str]
    # Whether the reader wrote it and can change it.
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
    """The events of deals, given as (id, key, name), from before an entry, the newest first.

    The caller makes sure that the reader can see all of these deals.
    """
    deals_by_id = {deal_id: (key, name) for deal_id, key, name in deals}
    on_deals = col(TimelineEntry.deal_id).in_(deals_by_id)
    query = select(TimelineEntry).where(on_deals)
    if kinds:
        query = query.where(col(TimelineEntry.kind).in_(kinds))
    order = (col(TimelineEntry.at), col(TimelineEntry.id))
    last_entry = sa.select(*order).where(col(TimelineEntry.id) == before, on_deals)
    place = last_entry if before is not None else None
    page = page_after(session, query, order, place, descending=True).limit(limit)
    entries = session.exec(page).all()
    return events_of(session, [(entry, *deals_by_id[entry.deal_id]) for entry in entries], reader)


def events_of(
    session: Session, rows: Sequence[tuple[TimelineEntry, str, str]], reader: int | None = None
) -> list[Event]:
    """The events of entries, each given with its deal's key and name, for a reader."""
    entries = [entry for entry, _, _ in rows]
    authors: dict[str, object] = {"person_id": [entry.by_id for entry in entries]}
    names = _names(session, [*(entry.detail for entry in entries), authors])
    texts = [entry.text for entry in entries if entry.kind in WRITTEN_KINDS]
    members = mentioned_names(session, texts)
    return [
        Event(
            id=entry.id,
            deal_key=key,
            deal_name=name,
            at=entry.at,
            by=names.get(("person", entry.by_id)) if entry.by_id else None,
            kind=entry.kind,
            text=entry.text,
            detail={field: _named(field, value, names) for field, value in entry.detail.items()},
            mentions=members,
            mine=reader is not None and entry.by_id == reader and entry.kind in WRITTEN_KINDS,
        )
        for entry, key, name in rows
    ]


_REWRITES = sa.type_coerce(col(TimelineEntry.detail), JSON)["rewrites"].as_integer()
_STATE = sa.select(
    sa.func.max(TimelineEntry.id).label("newest_id"),
    sa.func.max(TimelineEntry.at).label("newest_at"),
    sa.func.count().label("entries"),
    sa.func.sum(_REWRITES).label("rewrites"),
).where(col(TimelineEntry.deal_id) == sa.bindparam("deal"))


def state_of(session: Session, deal_id: int) -> str:
    """The state of a deal's timeline: a text that changes with every entry that is added,
    rewritten or removed.

    No single part would show all changes: transactions may commit in another order than they
    take their ids, and the id of a removed entry may be used again.
    """
    state = session.execute(_STATE, {"deal": deal_id}).one()
    newest_at = state.newest_at.timestamp() if state.newest_at else 0
    return f"{state.newest_id or 0}-{newest_at:.6f}-{state.entries}-{state.rewrites or 0}"


def mentioned_names(session: Session, texts: Sequence[str]) -> dict[str, str]:
    """The names of the members who are mentioned in these texts, by key."""
    keys = {key for text in texts for key in mentions(text)}
    if not keys:
        return {}
    query = select(Person.key, Person.name).join(Member, col(Member.person_id) == col(Person.id))
    return dict(session.exec(query.where(col(Person.key).in_(keys))).all())


# The fields of a detail that hold ids, with the kind of thing that the ids belong to.
_ID_FIELDS = {
    **dict.fromkeys(("person_id", "left_id", "owner_id", "assigned_id"), "person"),
    **dict.fromkeys(("asked_id", "declined_id", "unasked_id"), "person"),
    "account_id": "account",
}


def _names(session: Session, details: Sequence[dict[str, object]]) -> dict[tuple[str, int], str]:
    """The names for the ids in these details, in at most two queries."""
    ids: dict[str, set[int]] = {"person": set(), "account": set()}
    for detail in details:
        for field, value in detail.items():
            if kind := _ID_FIELDS.get(field):
                values = value if isinstance(value, list) else [value]
                ids[kind].update(row_id for row_id in values if isinstance(row_id, int))
    names: dict[tuple[str, int], str] = {}
    for kind, table in (("person", Person), ("account", Account)):
        if ids[kind]:
            rows = session.exec(select(table.id, table.name).where(col(table.id).in_(ids[kind])))
            names.update({(kind, row_id): name for row_id, name in rows})
    return names


def _named(field: str, value: object, names: dict[tuple[str, int], str]) -> object:
    """A detail's value with names instead of ids."""
    kind = _ID_FIELDS.get(field)
    if kind is None:
        return value
    if isinstance(value, list):
        return [_named(field, item, names) for item in value]
    return names.get((kind, value), "a former colleague") if isinstance(value, int) else value
