"""Advocates: the list, nominating one, and what they agreed to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.desk import (
    addresses,
    advocates,
    budgets,
    codes,
    guest_links,
    job_changes,
    queue,
    workflow,
)
from references.desk.advocates import Activity, Advocate, CodeNeeded
from references.desk.consent import (
    Consent,
    ConsentState,
    LegalBasis,
    consent_on,
    consents_of,
    record_consent,
)
from references.desk.guest_links import GuestLink
from references.desk.letters import Letters, letters_of_advocate, mark_sent
from references.desk.queue import AdvocateRow, RequestRow
from references.desk.request import DESK_ROLES
from references.desk.rules import require_not_asking
from web.forms import Form
from web.lists import answer_list, filled, first_page
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from web.workspace import Workspace
from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.errors import Conflict, TooMany
from workspace.keys import row_of_key
from workspace.people.field_rights import FieldGroup, readable_fields
from workspace.people.people import PersonRow, active_members, member_of, person_rows
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_role, require_writer

PAGE = 50
# The answers that a member can record for an advocate.
SAID = (ConsentState.GIVEN, ConsentState.REFUSED, ConsentState.WITHDRAWN)


@dataclass(frozen=True)
class Advocates:
    """The advocates that were chosen, and whether they may be asked for an activity."""

    rows: list[AdvocateRow]
    more: str | None
    params: dict[str, str]
    activity: str
    reads_consents: bool
    activities: tuple[str, ...] = tuple(Activity)


@dataclass(frozen=True)
class Nomination:
    """Contacts to choose one from."""

    text: str
    people: list[PersonRow]
    nominated: set[str]


@dataclass(frozen=True)
class ConsentRow:
    """What an advocate said, and how we know."""

    consent: Consent
    recorded_by: str | None
    told_by: str | None
    # The link by which they said it.
    link: GuestLink | None


@dataclass(frozen=True)
class AdvocatePage:
    """An advocate: consent, terms, and what they were asked for."""

    row: AdvocateRow
    advocate: Advocate
    person: Person
    nominated_by: Person | None
    # The member who keeps in touch with them.
    kept_by: Person | None
    consents: list[ConsentRow]
    # The address in the record, if the desk has not confirmed it.
    proposed_address: str | None
    # The former customer, if they consented there and their consent is in review.
    former_customer: str
    requests: list[RequestRow]
    # When their customer was, or will be, taken out of their day: for whichever deal.
    used: list[date]
    reads_consents: bool
    reads_limits: bool
    letters: Letters
    mail_is_sent: bool
    members: list[tuple[str, str]]
    is_desk: bool
    values: dict[str, str]
    chosen: list[str]
    wrong: dict[str, str]
    # The form that was sent: terms, consent or none.
    form: str
    activities: tuple[str, ...] = tuple(Activity)
    said: tuple[str, ...] = SAID
    bases: tuple[str, ...] = tuple(LegalBasis)


class AdvocateController(Controller):
    """/references/advocates."""

    path = "/references/advocates"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def list(self, visit: NamedDependency[Visit]) -> Response[str]:
        return answer_list(visit, "references/advocates", advocate_list)

    @get("/new")
    def new(self, visit: NamedDependency[Visit]) -> Response[str]:
        require_writer(visit.viewer)
        text = visit.form.text("q", 200)
        visit.form.check()
        with visit.read() as session:
            people = person_rows(session, text=text, members=False, limit=20) if text else []
            known = advocates.nominated(session, [row.id for row in people])
        nominated = {row.key for row in people if row.id in known}
        return visit.show("references/advocates/new.html", Nomination(text, people, nominated))

    @post()
    def nominate(self, visit: NamedDependency[Visit]) -> Response[Any]:
        with visit.write() as session:
            person = nominate(session, visit.viewer, visit.form, visit.workspace.origin)
        notice = f"{person.name} is nominated. Nobody may ask them before they consent."
        return visit.go(at("references", "advocates", person.key), notice)

    @get("/{key:str}")
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        page = visit.page(advocate_page, visit.workspace, key, Form(), "")
        return visit.show("references/advocates/show.html", page)

    @post("/{key:str}/terms")
    def terms(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.saving() as session:
            set_terms(session, visit.viewer, key, visit.form)
        if visit.form.refusal:
            return self._again(visit, key, "terms")
        return visit.go(at("references", "advocates", key), "Saved.")

    @post("/{key:str}/consent")
    def consent(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.saving() as session:
            record_said(session, visit.viewer, key, visit.form)
        if visit.form.refusal:
            return self._again(visit, key, "consent")
        return visit.go(at("references", "advocates", key), "Recorded.")

    @post("/{key:str}/asking")
    def ask(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            person = ask_for_consent(session, visit.viewer, key, visit.workspace.origin)
        return visit.go(at("references", "advocates", key), f"{person.name} is asked.")

    @post("/{key:str}/messages/{message:int}")
    def sent(
        self, visit: NamedDependency[Visit], key: FromPath[str], message: FromPath[int]
    ) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            mark_email_sent(session, visit.viewer, key, message)
        return visit.go(at("references", "advocates", key), "Noted: it is sent.")

    @post("/{key:str}/address")
    def confirm(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.write() as session:
            person, address = confirm_address(
                session, visit.viewer, key, visit.form, visit.workspace.origin
            )
        notice = f"Emails to {person.name} now go to {address}."
        return visit.go(at("references", "advocates", key), notice)

    @post("/{key:str}/employer")
    def confirm_employer(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            person = confirm_employer(session, visit.viewer, key)
        notice = f"{person.name}’s consent is confirmed for the new employer."
        return visit.go(at("references", "advocates", key), notice)

    def _again(self, visit: Visit, key: str, name: str) -> Response[str]:
        if isinstance(visit.form.refusal, CodeNeeded):
            send_code(visit, lambda session: advocates.advocate_of(session, key)[0])
        page = visit.page(advocate_page, visit.workspace, key, visit.form, name)
        return visit.show("references/advocates/show.html", page)


def nominate(session: Session, viewer: Viewer, form: Form, origin: str) -> Person:
    """Nominate the contact of a form as an advocate."""
    key = form.text("person", 80, required=True)
    form.done()
    require_writer(viewer)
    person = row_of_key(session, Person, key)
    advocate = advocates.nominate(session, person, viewer.person_id)
    if person.email and viewer.roles & set(DESK_ROLES):
        addresses.confirm_address(session, advocate, person.email, viewer.person_id, origin)
    return person


def set_terms(session: Session, viewer: Viewer, key: str, form: Form) -> None:
    """Give an advocate the terms of a form."""
    chosen = form.choices("activity", tuple(Activity))
    calls = form.integer("calls", 0, 20)
    events = form.integer("events", 0, 20)
    paused = form.day("paused_until")
    code = form.text("code", 20)
    form.done()
    require_role(viewer, *DESK_ROLES)
    advocate, _ = advocates.advocate_of(session, key)
    require_not_asking(session, viewer.person_id, advocate)
    confirmed = codes.use_code(session, advocate, code)
    advocates.set_terms(
        session,
        advocate,
        viewer.person_id,
        activities=[Activity(activity) for activity in chosen],
        calls_a_quarter=calls,
        events_in_two_quarters=events,
        paused_until=paused,
        confirmed=confirmed,
    )


def record_said(session: Session, viewer: Viewer, key: str, form: Form) -> None:
    """Record what an advocate said about being asked, as a form has it."""
    state = form.choice("state", SAID, required=True)
    basis = form.choice("legal_basis", tuple(LegalBasis)) or LegalBasis.CONSENT
    captured_on = form.day("captured_on") or today()
    source = form.text("source", 200, required=True)
    start, end = form.day("start"), form.day("end")
    told_by = form.text("told_by", 80)
    code = form.text("code", 20)
    form.done()
    require_role(viewer, *DESK_ROLES)
    advocate, person = advocates.advocate_of(session, key)
    teller = member_of(session, told_by).id if told_by else None
    if state != ConsentState.GIVEN:
        workflow.withdraw(
            session,
            advocate,
            ConsentState(state or ""),
            viewer.person_id,
            name=person.name,
            source=source,
            captured_on=captured_on,
            told_by=teller,
        )
        return
    require_not_asking(session, viewer.person_id, advocate)
    confirmed = codes.use_code(session, advocate, code)
    record_consent(
        session,
        advocate,
        ConsentState.GIVEN,
        viewer.person_id,
        captured_on=captured_on,
        legal_basis=LegalBasis(basis),
        source=source,
        start=start,
        end=end,
        told_by=teller,
        confirmed=confirmed,
    )


def ask_for_consent(session: Session, viewer: Viewer, key: str, origin: str) -> Person:
    """Email an advocate the question whether they may be asked."""
    require_role(viewer, *DESK_ROLES)
    advocate, person = advocates.advocate_of(session, key)
    said = consents_of(session, [advocate.id])[advocate.id]
    renewal = consent_on(said, today()).state == ConsentState.GIVEN
    record_consent(session, advocate, ConsentState.REQUESTED, viewer.person_id, source="a letter")
    asker = session.get_one(Person, viewer.person_id)
    guest_links.email_consent_request(session, advocate, person, asker, origin, renewal=renewal)
    return person


def mark_email_sent(session: Session, viewer: Viewer, key: str, message: int) -> None:
    """Note that the desk has sent an email to an advocate by hand."""
    require_role(viewer, *DESK_ROLES)
    advocate, _ = advocates.advocate_of(session, key)
    mark_sent(session, viewer, letters_of_advocate(session, viewer, advocate), message)


def confirm_address(
    session: Session, viewer: Viewer, key: str, form: Form, origin: str
) -> tuple[Person, str]:
    """Have emails to an advocate go to the address of a form."""
    address = form.text("address", 254, required=True)
    form.done()
    require_role(viewer, *DESK_ROLES)
    advocate, person = advocates.advocate_of(session, key)
    addresses.confirm_address(session, advocate, address, viewer.person_id, origin)
    return person, address


def confirm_employer(session: Session, viewer: Viewer, key: str) -> Person:
    """Confirm that an advocate's consent holds at their new employer."""
    require_role(viewer, *DESK_ROLES)
    advocate, person = advocates.advocate_of(session, key)
    job_changes.confirm_employer(session, advocate, viewer.person_id)
    return person


def _former_customer(session: Session, advocate: Advocate, person: Person) -> str:
    if not advocates.is_in_review(advocate.account_id, person.account_id):
        return ""
    account = session.get(Account, advocate.account_id) if advocate.account_id else None
    return account.name if account else "another customer"


def send_code(visit: Visit, find: Callable[[Session], Advocate]) -> None:
    """Email the code without which a form was refused, and say so at its field."""
    try:
        with visit.write() as session:
            address = codes.send_code(
                session, find(session), mail_is_sent=visit.workspace.sends_mail
            )
    except (Conflict, TooMany) as why:
        visit.form.wrong["code"] = str(why)
    else:
        visit.form.wrong["code"] = f"Enter the code that we have sent to {address}."


def advocate_list(session: Session, visit: Visit) -> Advocates:
    """The page that an address asks for."""
    rows, params = chosen_advocates(session, visit.viewer, visit.form, PAGE + 1)
    shown, last = first_page(rows, PAGE)
    return Advocates(
        rows=shown,
        more=last.key if last else None,
        params=params,
        activity=params.get("activity", Activity.CALL),
        reads_consents=FieldGroup.CONSENTS in readable_fields(session, visit.viewer),
    )


def chosen_advocates(
    session: Session, viewer: Viewer, asked: Form, limit: int
) -> tuple[list[AdvocateRow], dict[str, str]]:
    """The advocates that an address asks for, and its filters."""
    text = asked.maybe("q", 200)
    activity = asked.choice("activity", tuple(Activity)) or Activity.CALL
    # To members who may not read consents, a filter on them is an unknown field.
    fields = readable_fields(session, viewer)
    renew = asked.choice("renew", ("yes",)) if FieldGroup.CONSENTS in fields else None
    after = asked.maybe("after", 80)
    asked.check()
    rows = queue.advocate_rows(
        session,
        viewer,
        Activity(activity),
        text=text,
        renewals=bool(renew),
        after=after,
        limit=limit,
    )
    other_than_usual = activity if activity != Activity.CALL else None
    params = filled(q=text, activity=other_than_usual, renew=renew)
    return queue.rows_for_reader(session, viewer, rows), params


def advocate_page(
    session: Session, viewer: Viewer, workspace: Workspace, key: str, form: Form, name: str
) -> AdvocatePage:
    """An advocate as this viewer may know them, with what was typed into one of the forms."""
    advocate, person = advocates.advocate_of(session, key)
    activities = advocates.activities_of(advocate)
    rows = queue.advocate_rows(
        session, viewer, activities[0] if activities else Activity.CALL, advocate_id=advocate.id
    )
    [row] = queue.rows_for_reader(session, viewer, rows)
    fields = readable_fields(session, viewer)
    reads_limits = FieldGroup.LIMITS in fields
    is_desk = bool(viewer.roles & set(DESK_ROLES))
    reads_consents = FieldGroup.CONSENTS in fields
    said = consents_of(session, [advocate.id])[advocate.id] if reads_consents else []
    by = {
        person_id: session.get(Person, person_id)
        for person_id in (
            *(consent.recorded_by_id for consent in said),
            *(consent.told_by_id for consent in said),
            advocate.nominated_by_id,
            advocate.kept_by_id,
        )
        if person_id
    }
    names = {row_id: member.name for row_id, member in by.items() if member}
    return AdvocatePage(
        row=row,
        advocate=advocate,
        person=person,
        nominated_by=by.get(advocate.nominated_by_id or 0),
        kept_by=by.get(advocate.kept_by_id or 0),
        consents=[
            ConsentRow(
                consent,
                names.get(consent.recorded_by_id or 0),
                names.get(consent.told_by_id or 0),
                session.get(GuestLink, consent.link_id) if is_desk and consent.link_id else None,
            )
            for consent in reversed(said)
        ],
        proposed_address=addresses.proposed_address(advocate, person),
        former_customer=_former_customer(session, advocate, person),
        requests=queue.requests_of_advocate(session, viewer, advocate.id),
        used=budgets.days_of_customer(session, person.account_id) if reads_limits else [],
        reads_consents=reads_consents,
        reads_limits=reads_limits,
        letters=letters_of_advocate(session, viewer, advocate),
        mail_is_sent=workspace.sends_mail,
        members=active_members(session) if is_desk else [],
        is_desk=is_desk,
        values=form.values if name else terms_of(advocate),
        chosen=form.sent.get("activity", []) if name == "terms" else [*activities],
        wrong=form.wrong,
        form=name,
    )


def terms_of(advocate: Advocate) -> dict[str, str]:
    """An advocate's limits as the form shows them."""
    limits = {
        "calls": advocate.calls_a_quarter,
        "events": advocate.events_in_two_quarters,
        "paused_until": advocate.paused_until,
    }
    return {name: str(value) for name, value in limits.items() if value is not None}
