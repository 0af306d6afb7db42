"""Events for webhooks: what a transaction has done, read from its entries in the audit log.

Before the commit they become messages in the same transaction. They carry keys and links, and
nothing that members or guests wrote.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote

from sqlalchemy import event
from sqlmodel import Session, col, select

from workspace.audit import AuditEntry
from workspace.clock import now
from workspace.database import Database
from workspace.deals.tables import Deal
from workspace.people.field_rights import FieldGroup
from workspace.people.tables import Person
from workspace.reading import unfiltered
from workspace.webhooks.messages import Event, publish

# The type of an event on a deal by the action in the audit log.
_DEALS = {
    "deal logged": "deal.logged",
    "deal imported": "deal.logged",
    "deal edited": "deal.edited",
    "deal parked": "deal.parked",
    "deal woken": "deal.woken",
    "deal stage": "stage.changed",
}
# The type of an event on a seat by the field that only its entries have.
_SEATS = {
    "asked_id": "seat.asked",
    "declined_id": "seat.declined",
    "unasked_id": "seat.ask_cancelled",
    "left_id": "seat.left",
}
# The type of an event by the step of a reference request.
_STEPS = {
    "submit": "reference.requested",
    "approve": "reference.approved",
    "decline": "reference.declined",
    "assign": "reference.assigned",
    "swap": "reference.swapped",
    "invite": "reference.invited",
    "accept": "reference.accepted",
    "refuse": "reference.refused",
    "other times": "reference.times_asked",
    "schedule": "reference.scheduled",
    "reschedule": "reference.rescheduled",
    "complete": "reference.completed",
    "miss": "reference.missed",
    "record outcome": "reference.outcome_recorded",
    "tell": "reference.feedback_given",
    "cancel": "reference.cancelled",
}
# The type of an event on an advocate by the action, and the fields that one has to be able to read.
_ADVOCATES: dict[str, tuple[str, FieldGroup | None]] = {
    "advocate nominated": ("advocate.nominated", None),
    "advocate handed over": ("advocate.handed_over", None),
    "advocate terms set": ("advocate.terms_changed", FieldGroup.LIMITS),
    "consent requested": ("advocate.consent_requested", FieldGroup.CONSENTS),
    "consent given": ("advocate.consent_given", FieldGroup.CONSENTS),
    "consent refused": ("advocate.consent_refused", FieldGroup.CONSENTS),
    "consent withdrawn": ("advocate.consent_withdrawn", FieldGroup.CONSENTS),
    "consent confirmed for new employer": ("advocate.consent_confirmed", FieldGroup.CONSENTS),
}
TYPES = sorted(
    {
        *_DEALS.values(),
        "deal.deleted",
        "deal.restored",
        *_SEATS.values(),
        "seat.opened",
        "seat.filled",
        "seat.removed",
        *_STEPS.values(),
        *(kind for kind, _ in _ADVOCATES.values()),
    }
)


@dataclass
class _Acts:
    """What a session has flushed that may be events."""

    entries: list[AuditEntry] = field(default_factory=list)
    added: list[Deal] = field(default_factory=list)
    deleted: list[Deal] = field(default_factory=list)

    def clear(self) -> None:
        for rows in (self.entries, self.added, self.deleted):
            rows.clear()


def attach(database: Database, origin: str) -> None:
    """Have every write of a database tell webhooks of its events, with links to an origin."""
    database.watch(partial(_watch, origin))


def _watch(origin: str, session: Session) -> None:
    acts = _Acts()
    event.listen(session, "after_flush", partial(_note, acts))
    event.listen(session, "before_commit", partial(_publish, acts, origin))


def _note(acts: _Acts, session: Session, _context: object) -> None:
    for row in session.new:
        if isinstance(row, AuditEntry):
            acts.entries.append(row)
        elif isinstance(row, Deal):
            acts.added.append(row)
    acts.deleted += [row for row in session.deleted if isinstance(row, Deal)]


def _publish(acts: _Acts, origin: str, session: Session) -> None:
    session.flush()
    if not (acts.entries or acts.added or acts.deleted):
        return
    with unfiltered(session):
        publish(session, partial(_events, session, acts, origin))
    acts.clear()
    session.flush()


def _events(session: Session, acts: _Acts, origin: str) -> list[Event]:
    """The events of a transaction, in the order of its acts."""
    on_deals = [each for each in acts.entries if each.subject.startswith("deal ")]
    on_people = [each for each in acts.entries if each.action in _ADVOCATES]
    ids = {_id_of(entry) for entry in on_deals}
    keys = dict(session.exec(select(Deal.id, Deal.key).where(col(Deal.id).in_(ids))).all())
    people = {_id_of(entry) for entry in on_people}
    for entry in on_deals:
        told = [value for name, value in entry.detail.items() if name.endswith("_id")]
        people |= {value for value in told if isinstance(value, int)}
    names = select(Person.id, Person.key).where(col(Person.id).in_(people))
    person_keys = dict(session.exec(names).all())
    link = partial(_link, origin)

    events = [
        Event(
            "deal.deleted",
            now(),
            {"deal": {"key": deal.key}},
            deal.id,
            is_gone=True,
            confidential=deal.confidential,
            owner_id=deal.owner_id,
        )
        for deal in acts.deleted
    ]
    logged = {_id_of(each) for each in on_deals if _DEALS.get(each.action) == "deal.logged"}
    events += [
        Event("deal.restored", now(), {"deal": link("deals", deal.key)}, deal.id)
        for deal in acts.added
        if deal.id not in logged and deal not in acts.deleted
    ]
    for entry in on_deals:
        if key := keys.get(_id_of(entry)):
            events += _on_deal(entry, key, person_keys, link)
    for entry in on_people:
        if key := person_keys.get(_id_of(entry)):
            kind, needs = _ADVOCATES[entry.action]
            advocate = link("references/advocates", key)
            events.append(Event(kind, entry.at, {"advocate": advocate}, needs=needs))
    return events


def _on_deal(
    entry: AuditEntry,
    key: str,
    person_keys: Mapping[int, str],
    link: Callable[[str, str], dict[str, str]],
) -> Iterable[Event]:
    """The event of an entry about a deal, if it is one."""
    detail = entry.detail
    data: dict[str, object] = {"deal": link("deals", key)}
    kind: str | None
    match entry.action:
        case "deal edited":
            kind = "deal.edited"
            data["changed"] = sorted(name for name in detail if name in Deal.model_fields)
        case "deal stage":
            kind = "stage.changed"
            moved: Any = detail.get("stage", ["", ""])
            data["stage"] = {"from": moved[0], "to": moved[1]}
        case "deal seat":
            kind, person = _seat(detail)
            data["role"] = detail.get("role", "")
            if person in person_keys:
                data["member"] = link("people", person_keys[person])
        case "deal reference":
            kind = _STEPS.get(str(detail.get("step")))
            data["request"] = link("references", str(detail.get("request")))
            data["activity"], data["state"] = detail.get("activity"), detail.get("state")
        case _:
            kind = _DEALS.get(entry.action)
    if kind is not None:
        yield Event(kind, entry.at, data, _id_of(entry))


def _seat(detail: Mapping[str, Any]) -> tuple[str, int]:
    """The type of an event on a seat, and the member whom it is about, or 0."""
    for name, kind in _SEATS.items():
        if name in detail:
            return kind, detail[name] or 0
    if detail.get("removed"):
        return "seat.removed", 0
    person = detail.get("person_id")
    return ("seat.filled", person) if person else ("seat.opened", 0)


def _link(origin: str, folder: str, key: str) -> dict[str, str]:
    return {"key": key, "url": f"{origin}/{folder}/{quote(key)}"}


def _id_of(entry: AuditEntry) -> int:
    """The id in the subject of an entry, or 0."""
    number = entry.subject.rpartition(" ")[2]
    return int(number) if number.isdigit() else 0
