"""Files of ties, address books, calendars, advocates and references, as rows for the import."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlmodel import col, select

from references.desk import advocates as record_of_advocates
from references.desk.addresses import confirm_address
from references.desk.advocates import Activity, Advocate
from references.desk.consent import Consent, ConsentState, LegalBasis, consents_of, record_consent
from references.desk.request import DESK_ROLES, OUTCOMES, ReferenceRequest, RequestStep, State
from references.desk.rules import require_not_asking
from references.network import address_books, calendars, vcards
from references.network.address_book_formats import GOOGLE_FORMAT, LINKEDIN_FORMAT
from references.network.address_books import Connection, Suggestion
from references.network.ties import Tie, TieKind, Visibility, assert_tie, pair
from references.network.wrong_ties import wrong_ties
from workspace.audit import audit
from workspace.clock import today
from workspace.collaboration.job_changes import learn_employer
from workspace.deals.tables import Deal
from workspace.errors import Forbidden, Invalid
from workspace.imports.activity import add_past_event
from workspace.imports.cells import quoted, read_choice, read_email, read_list, read_whole
from workspace.imports.context import DealRows, ImportContext
from workspace.imports.dates import read_day, read_first_day, read_last_day
from workspace.imports.formats import Format, columns, needs
from workspace.imports.rows import Result, Row, apply_each, without_empty
from workspace.imports.run import ImportExtension, same_name
from workspace.keys import plain, random_key
from workspace.people import people
from workspace.people.addresses import is_shared
from workspace.people.tables import Person, Role
from workspace.people.viewer import PLAIN_VIEW

Word = TypeVar("Word", ConsentState, LegalBasis)

# The demo's ties, advocates and past references.
DEMO = Path(__file__).parent / "demo"

LINKEDIN = "LinkedIn"
ADDRESS_BOOK = "Address book"
CALENDAR = "Calendar"
# What a reference of the past came to that did not happen.
MISSED = State.MISSED.value
# Kinds of files that are each member's own business.
PERSONAL = frozenset({"connections", "cards", "meetings"})
_CARDS = "name,email,company,position,related"
# How two people know each other whom an address book relates.
_RELATED = dict.fromkeys(
    ("colleague", "co-worker", "coworker", "manager", "assistant"), TieKind.COLLEAGUES
)


def apply_ties(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by the two people, kind, source and owner."""

    def apply(row: Row) -> Result:
        one_id = row.need("one", context.person_id)
        other_id = row.need("other", context.person_id)
        kind = row.read("kind", lambda text: read_choice(text, map(str, TieKind)))
        visibility = row.read("visibility", lambda text: read_choice(text, map(str, Visibility)))
        owner_id = row.read("owner", context.member_id)
        facts: dict[str, Any] = without_empty(
            {
                **row.read_lines(Tie, "evidence"),
                "start": row.read("start", read_first_day),
                "end": row.read("end", read_last_day),
                "visibility": visibility,
            }
        )
        source = row.read_lines(Tie, "source")["source"] or "imported"
        row.check()
        owner_id = _owner(context, owner_id)
        kind = kind or TieKind.KNOWS
        if (*pair(one_id, other_id), kind) in wrong_ties(context.session, [one_id]):
            context.warn("A tie that a colleague called wrong was left out.")
            return Result.LEFT_OUT
        tie = _tie(context, one_id, other_id, kind, source, owner_id)
        if tie:
            if all(getattr(tie, name) == value for name, value in facts.items()):
                return Result.UNCHANGED
            there = {name: getattr(tie, name) for name in ("evidence", "start", "end")}
            facts = {**there, "visibility": tie.visibility, **facts}
        assert_tie(
            context.session,
            one_id,
            other_id,
            kind,
            source=source,
            asserted_by_id=owner_id,
            imported_by=context.viewer or PLAIN_VIEW,
            **{"visibility": Visibility.PRIVATE, **facts},
        )
        return Result.UPDATED if tie else Result.CREATED

    apply_each(rows, apply)


def apply_address_book(source: str, context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by the profile, otherwise by name and company, among the importer's connections."""
    if context.by is None:
        raise Invalid("An address book belongs to a member: --as EMAIL says to whom.")
    owner = context.get(Person, context.by)
    names = [row.cells.get("name", "") for row in rows]
    urls = [url for row in rows if (url := _profile(row.cells.get("url", "")))]
    book = address_books.AddressBook(context.session, owner.id, names, urls)
    changed: dict[int, Connection] = {}
    named: dict[int, Connection] = {}

    def apply(row: Row) -> Result:
        if "name" not in row:
            context.warn("A row names nobody, as those of withdrawn profiles do, and was left out.")
            return Result.LEFT_OUT
        name = row.need_name("name", Connection, "name")
        emails = _emails(row)
        facts = without_empty(
            {
                "email": _own_address(context, emails),
                "url": row.read_optional("url", people.profile_address),
                "connected_on": row.read_optional("connected_on", read_day),
                **row.read_lines(Connection, "company", "position"),
            }
        )
        row.check()
        if owner.email in emails:
            # Their own card.
            return Result.UNCHANGED
        connection, created, differs = book.put(name, source=source, **facts)
        named[id(row)] = connection
        if differs:
            changed[id(connection)] = connection
        return Result.CREATED if created else Result.UPDATED if differs else Result.UNCHANGED

    apply_each(rows, apply)
    address_books.match_connections(
        context.session, list(changed.values()), partial(_suggest, context)
    )
    if source == LINKEDIN:
        for entry in changed.values():
            _learn_employer(context, entry)
    for row in rows:
        connection = named.get(id(row))
        if connection and connection.person_id and _relate(context, row, connection.person_id):
            row.result = Result.UPDATED if row.result == Result.UNCHANGED else row.result


def _learn_employer(context: ImportContext, connection: Connection) -> None:
    """Take over the employer of a person whose own profile or address the connection has."""
    if connection.person_id is None or not connection.company:
        return
    person = context.session.get_one(Person, connection.person_id)
    own = connection.email and connection.email == person.email and not is_shared(person.email)
    if not own and not (connection.url and connection.url == person.profile):
        return
    try:
        account = context.find_account(connection.company)
    except Invalid:
        # It may be one of several.
        account = None
    learn_employer(
        context.session,
        person,
        connection.company,
        account,
        title=connection.position,
        source=LINKEDIN,
        by=context.by,
    )


def apply_calendar(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by name and address, among the importer's connections."""
    for row in rows:
        if "met_on" in row:
            row.cells["connected_on"] = row.cells.pop("met_on")
    apply_address_book(CALENDAR, context, rows)


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


def _emails(row: Row) -> list[str]:
    """The addresses of a card; one that cannot be read leaves the others alone."""
    emails = []
    for text in row.read_list("email"):
        try:
            emails.append(read_email(text))
        except Invalid as problem:
            row.leave_out("email", str(problem))
    return emails


def _profile(text: str) -> str | None:
    """The address of a profile as it is compared; None where it is none."""
    try:
        return people.profile_address(text)
    except Invalid:
        return None


def _own_address(context: ImportContext, emails: list[str]) -> str | None:
    """The address by which the record knows a person; otherwise the first of them."""
    own = [email for email in emails if email in context.emails and not is_shared(email)]
    return next(iter([*own, *emails]), None)


def _suggest(context: ImportContext, suggestion: Suggestion) -> None:
    """Tell of a connection that may be in the record; only their owner knows whether it is."""
    connection = suggestion.connection
    at = f" at {quoted(connection.company)}" if connection.company else ""
    context.warn(
        f"{quoted(connection.name)}{at} may be {' or '.join(map(quoted, suggestion.people))} in the"
        " record and was not matched:"
        " give both the same profile or e-mail address if so."
    )


def _owner(context: ImportContext, owner_id: int | None) -> int:
    """Whose tie a row is; others' are for administrators to bring in."""
    if owner_id is None:
        if context.by is None:
            raise Invalid("owner: It is missing: whose tie is it?")
        return context.by
    if context.viewer and owner_id != context.by and Role.ADMIN not in context.viewer.roles:
        raise Forbidden("Only administrators bring in the ties of others.")
    return owner_id


def _tie(
    context: ImportContext, one_id: int, other_id: int, kind: str, source: str, owner_id: int
) -> Tie | None:
    one, other = pair(one_id, other_id)
    query = select(Tie).where(
        Tie.one_id == one,
        Tie.other_id == other,
        Tie.kind == kind,
        Tie.source == source,
        Tie.asserted_by_id == owner_id,
        Tie.origin == "",
    )
    return context.session.exec(query).first()


def _relate(context: ImportContext, row: Row, person_id: int) -> bool:
    """Write down whom a card relates its person to, where the record has both; whether any."""
    made = False
    for part in row.read_list("related"):
        relation, _, who = part.partition(": ")
        try:
            other_id = context.person_id(who)
        except Invalid:
            continue
        kind = _RELATED.get(relation, TieKind.KNOWS)
        owner_id = context.by or 0
        if other_id in (person_id, owner_id):
            continue
        if _tie(context, person_id, other_id, kind, ADDRESS_BOOK, owner_id) is None:
            assert_tie(
                context.session,
                person_id,
                other_id,
                kind,
                evidence=f"Related in an address book: {relation}",
                source=ADDRESS_BOOK,
                asserted_by_id=owner_id,
                visibility=Visibility.PRIVATE,
            )
            made = True
    return made


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
            row.add_problem(f"{column}: It is missing.")
    if state == ConsentState.EXPIRED:
        # That it has ended follows from its end.
        facts["state"] = ConsentState.GIVEN
        if "end" not in facts and "end" not in row:
            row.add_problem("end: An expired consent has ended some day.")
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
        raise Invalid(f"{quoted(row.cells['advocate'])} is no advocate yet.")
    if day > today():
        raise Invalid("date: It is yet to come; what lies ahead is asked for on the deal's page.")
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
        raise Invalid(f"This request is {request.state}: it goes on at the reference desk.")
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


EXTENSION = ImportExtension(
    formats=(
        LINKEDIN_FORMAT,
        Format("cards", needs(_CARDS), columns(",".join(vcards.HEADER))),
        GOOGLE_FORMAT,
        Format("meetings", needs("name,email,met_on"), columns(",".join(calendars.HEADER))),
        Format(
            "advocates",
            needs("person,activities", "person,consent"),
            columns(
                "person,activities,calls_a_quarter,events_in_two_quarters,paused_until,consent,"
                "legal_basis,captured_on,source,start,end,note"
            ),
        ),
        Format(
            "references",
            needs("deal,advocate"),
            columns("deal,advocate,activity,prospect,date,by,outcome,note"),
        ),
        Format(
            "ties",
            needs("one,other"),
            columns("one,other,kind,evidence,start,end,source,visibility,owner"),
        ),
    ),
    functions={
        "connections": partial(apply_address_book, LINKEDIN),
        "cards": partial(apply_address_book, ADDRESS_BOOK),
        "meetings": apply_calendar,
        "advocates": apply_advocates,
        "references": apply_references,
        "ties": apply_ties,
    },
    groups={"connections": same_name, "cards": same_name, "meetings": same_name},
    removers={Connection: address_books.take_back},
    splitters={vcards.OPENING: vcards.split, calendars.OPENING: calendars.split},
)
