"""Applies files of advocates, their consent, and past references."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any, TypeVar

from sqlmodel import col, select

from references.desk import advocates as record_of_advocates
from references.desk.addresses import confirm_address
from references.desk.advocates import Activity, Advocate
from references.desk.consent import Consent, ConsentState, LegalBasis, consents_of, record_consent
from references.desk.request import DESK_ROLES, OUTCOMES, ReferenceRequest, RequestStep, State
from references.desk.rules import require_not_asking
from workspace.audit import audit
from workspace.clock import today
from workspace.deals.tables import Deal
from workspace.errors import Invalid
from workspace.imports.activity import add_past_event
from workspace.imports.cells import brief, read_choice, read_list, read_whole
from workspace.imports.context import DealRows, ImportContext
from workspace.imports.dates import read_day, read_first_day, read_last_day
from workspace.imports.messages import Notice, in_column, tell
from workspace.imports.rows import Result, Row, apply_each, without_empty
from workspace.keys import plain, random_key
from workspace.people.tables import Person

Word = TypeVar("Word", ConsentState, LegalBasis)

# What a reference of the past came to that did not happen.
MISSED = State.MISSED.value


def apply_advocates(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by the person; a consent by its state and the day on which it was captured."""
    context.require_role(*DESK_ROLES)

    def apply(row: Row) -> Result:
        person_id = row.need("person", context.person_id)
        terms: dict[str, Any] = without_empty(
            {
                "activities": row.read(
                    "activities", lambda text: [*map(_activity, read_list(text))]
                ),
                "calls_a_quarter": row.read("calls_a_quarter", read_whole),
                "events_in_two_quarters": row.read("events_in_two_quarters", read_whole),
                "paused_until": row.read("paused_until", read_day),
            }
        )
        note = row.read_prose(Advocate, "note")["note"]
        consent = _consent(row)
        row.check()
        session = context.session
        advocate = session.exec(select(Advocate).where(Advocate.person_id == person_id)).first()
        result = Result.UNCHANGED
        if advocate is None:
            person = context.get(Person, person_id)
            advocate = record_of_advocates.nominate(session, person, context.by)
            if person.email:
                # Nothing was sent to them yet, so no links have to be sent again.
                confirm_address(session, advocate, person.email, context.by, origin="")
            result = Result.CREATED
        if terms or consent:
            require_not_asking(session, context.by, advocate)
        changed = _set_terms(context, advocate, terms)
        if note is not None and note != advocate.note:
            advocate.note = note
            session.add(advocate)
            changed = True
        if consent and not _is_recorded(context, advocate, consent):
            record_consent(session, advocate, by=context.by, **consent)
            changed = True
        return Result.UPDATED if changed and result == Result.UNCHANGED else result

    apply_each(rows, apply)


def apply_references(context: ImportContext, rows: Sequence[Row]) -> None:
    """Past requests. Matched by deal, advocate, activity and date."""
    context.require_role(*DESK_ROLES)
    ids = {
        person_id: advocate_id
        for advocate_id, person_id in context.session.exec(select(Advocate.id, Advocate.person_id))
    }
    for batch in context.deal_batches(rows):
        past = select(ReferenceRequest).where(col(ReferenceRequest.deal_id).in_(batch.deal_ids))
        requests = {_place(request): request for request in context.session.exec(past)}
        apply_each(batch.rows, partial(_reference, context, ids, batch, requests))


def _activity(text: str) -> Activity:
    """An activity by its name, or by the one word by which the command line knows it, too."""
    named = [activity for activity in Activity if plain(text) in plain(activity).split()]
    return named[0] if len(named) == 1 else Activity(read_choice(text, map(str, Activity)))


def _consent(row: Row) -> dict[str, Any] | None:
    """What a row says of consent, as `record_consent` takes it; None where it says nothing."""
    state = row.read("consent", _one_of(ConsentState))
    basis = row.read("legal_basis", _one_of(LegalBasis))
    captured_on = row.read("captured_on", read_day)
    facts = without_empty(
        {
            "state": state,
            "legal_basis": basis,
            "captured_on": captured_on,
            "start": row.read("start", read_first_day),
            "end": row.read("end", read_last_day),
            **row.read_lines(Consent, "source"),
        }
    )
    if not facts:
        return None
    for column in ("consent", "captured_on"):
        if column not in row:
            row.add_problem(in_column(column, tell(Notice.MISSING)))
    if state == ConsentState.EXPIRED:
        # That it has ended follows from its end.
        facts["state"] = ConsentState.GIVEN
        if "end" not in facts and "end" not in row:
            row.add_problem(in_column("end", tell(Notice.CONSENT_ENDED)))
    return facts


def _is_recorded(context: ImportContext, advocate: Advocate, consent: dict[str, Any]) -> bool:
    said = consents_of(context.session, [advocate.id])[advocate.id]
    return any(
        all(getattr(stored, name) == value for name, value in consent.items()) for stored in said
    )


def _set_terms(context: ImportContext, advocate: Advocate, terms: dict[str, Any]) -> bool:
    """Change the terms that a row states; whether any differed."""
    there: dict[str, Any] = {
        "activities": record_of_advocates.activities_of(advocate),
        "calls_a_quarter": advocate.calls_a_quarter,
        "events_in_two_quarters": advocate.events_in_two_quarters,
        "paused_until": advocate.paused_until,
    }
    new_terms = {**there, **terms}
    if {**new_terms, "activities": set(new_terms["activities"])} == {
        **there,
        "activities": set(there["activities"]),
    }:
        return False
    record_of_advocates.set_terms(context.session, advocate, context.by, **new_terms)
    return True


def _reference(
    context: ImportContext,
    advocates_of: dict[int, int],
    batch: DealRows,
    requests: dict[tuple[object, ...], ReferenceRequest],
    row: Row,
) -> Result:
    person_id = row.need("advocate", context.person_id)
    activity = row.read("activity", _activity) or Activity.CALL
    prospect_id = row.read("prospect", context.person_id)
    by_id = row.read("by", context.member_id)
    day = row.need("date", read_day)
    outcome = row.read("outcome", lambda text: read_choice(text, (*OUTCOMES, MISSED)))
    note = row.read_prose(ReferenceRequest, "outcome_note")["outcome_note"]
    row.check()
    deal = context.readable_deal(row, batch)
    if person_id not in advocates_of:
        raise Invalid(tell(Notice.NO_ADVOCATE, name=brief(row.cells["advocate"])))
    if day > today():
        raise Invalid(in_column("date", tell(Notice.REQUEST_AHEAD)))
    facts: dict[str, Any] = without_empty(
        {
            "prospect_id": prospect_id,
            "requested_by_id": by_id,
            "outcome_note": note,
        }
    )
    if outcome is not None:
        facts["state"] = State.MISSED if outcome == MISSED else State.COMPLETED
        facts["outcome"] = "" if outcome == MISSED else outcome
    place = (deal.id, advocates_of[person_id], activity.value, day)
    request = requests.get(place)
    if request is None:
        requests[place] = _past(context, deal, person_id, place, facts)
        return Result.CREATED
    changed = {name: value for name, value in facts.items() if getattr(request, name) != value}
    if not changed:
        return Result.UNCHANGED
    if request.state not in (State.COMPLETED, State.MISSED):
        raise Invalid(tell(Notice.REQUEST_AT_DESK, state=request.state))
    for name, value in changed.items():
        setattr(request, name, value)
    request.version += 1
    context.session.add(request)
    audit(
        context.session,
        context.by,
        "reference edited",
        f"deal {deal.id}",
        {"request": request.key, "changed": sorted(changed)},
    )
    return Result.UPDATED


def _past(
    context: ImportContext,
    deal: Deal,
    person_id: int,
    place: tuple[int, int, str, date],
    facts: dict[str, Any],
) -> ReferenceRequest:
    """A request whose life is over, with one step that says so."""
    _, advocate_id, activity, day = place
    # Nobody knows the hour.
    at = datetime.combine(day, time(12), UTC)
    request = ReferenceRequest(
        key=random_key(context.session, ReferenceRequest, "R-"),
        deal_id=deal.id,
        activity=activity,
        advocate_id=advocate_id,
        approved_at=at,
        starts_at=at,
        created_at=at,
        changed_at=at,
        **{"state": State.COMPLETED, **facts},
    )
    context.session.add(request)
    context.session.flush()
    context.session.add(
        RequestStep(request_id=request.id, at=at, action="imported", after=request.state)
    )
    detail: dict[str, object] = {
        "request": request.key,
        "step": "imported",
        "activity": activity,
        "person_id": person_id,
        "state": request.state,
    }
    by_id = request.requested_by_id
    add_past_event(
        context, deal, "reference", request.outcome_note, by_id=by_id, at=at, detail=detail
    )
    return request


def _place(request: ReferenceRequest) -> tuple[object, ...]:
    day = request.starts_at and request.starts_at.date()
    return (request.deal_id, request.advocate_id, request.activity, day)


def _one_of(words: type[Word]) -> Callable[[str], Word]:
    return lambda text: words(read_choice(text, map(str, words)))
