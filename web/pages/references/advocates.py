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
        key = visit.form.text("person", 80, required=True)
        visit.form.done()
        require_writer(visit.viewer)
        with visit.write() as session:
            person = row_of_key(session, Person, key)
            advocate = advocates.nominate(session, person, visit.viewer.person_id)
            if person.email and visit.viewer.roles & set(DESK_ROLES):
                addresses.confirm_address(
                    session,
                    advocate,
                    person.email,
                    visit.viewer.person_id,
                    visit.workspace.origin,
                )
        notice = f"{person.name} is nominated. Nobody may ask them before they consent."
        return visit.go(at("references", "advocates", key), notice)

    @get("/{key:str}")
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        page = visit.page(advocate_page, visit.workspace, key, Form(), "")
        return visit.show("references/advocates/show.html", page)

    @post("/{key:str}/terms")
    def terms(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        chosen = visit.form.choices("activity", tuple(Activity))
        calls = visit.form.integer("calls", 0, 20)
        events = visit.form.integer("events", 0, 20)
        paused = visit.form.day("paused_until")
        code = visit.form.text("code", 20)
        with visit.saving() as session:
            visit.form.done()
            require_role(visit.viewer, *DESK_ROLES)
            advocate, _ = advocates.advocate_of(session, key)
            require_not_asking(session, visit.viewer.person_id, advocate)
            confirmed = codes.use_code(session, advocate, code)
            advocates.set_terms(
                session,
                advocate,
                visit.viewer.person_id,
                activities=[Activity(activity) for activity in chosen],
                calls_a_quarter=calls,
                events_in_two_quarters=events,
                paused_until=paused,
                confirmed=confirmed,
            )
        if visit.form.refusal:
            return self._again(visit, key, "terms")
        return visit.go(at("references", "advocates", key), "Saved.")

    @post("/{key:str}/consent")
    def consent(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        state = visit.form.choice("state", SAID, required=True)
        basis = visit.form.choice("legal_basis", tuple(LegalBasis)) or LegalBasis.CONSENT
        captured_on = visit.form.day("captured_on") or today()
        source = visit.form.text("source", 200, required=True)
        start, end = visit.form.day("start"), visit.form.day("end")
        told_by = visit.form.text("told_by", 80)
        code = visit.form.text("code", 20)
        with visit.saving() as session:
            visit.form.done()
            require_role(visit.viewer, *DESK_ROLES)
            advocate, person = advocates.advocate_of(session, key)
            teller = member_of(session, told_by).id if told_by else None
            if state == ConsentState.GIVEN:
                require_not_asking(session, visit.viewer.person_id, advocate)
                confirmed = codes.use_code(session, advocate, code)
                record_consent(
                    session,
                    advocate,
                    ConsentState.GIVEN,
                    visit.viewer.person_id,
                    captured_on=captured_on,
                    legal_basis=LegalBasis(basis),
                    source=source,
                    start=start,
                    end=end,
                    told_by=teller,
                    confirmed=confirmed,
                )
            else:
                workflow.withdraw(
                    session,
                    advocate,
                    ConsentState(state or ""),
                    visit.viewer.person_id,
                    name=person.name,
                    source=source,
                    captured_on=captured_on,
                    told_by=teller,
                )
        if visit.form.refusal:
            return self._again(visit, key, "consent")
        return visit.go(at("references", "advocates", key), "Recorded.")

    @post("/{key:str}/asking")
    def ask(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        visit.form.done()
        require_role(visit.viewer, *DESK_ROLES)
        with visit.write() as session:
            advocate, person = advocates.advocate_of(session, key)
            said = consents_of(session, [advocate.id])[advocate.id]
            renewal = consent_on(said, today()).state == ConsentState.GIVEN
            record_consent(
                session, advocate, ConsentState.REQUESTED, visit.viewer.person_id, source="a letter"
            )
            guest_links.email_consent_request(
                session,
                advocate,
                person,
                session.get_one(Person, visit.viewer.person_id),
                visit.workspace.origin,
                renewal=renewal,
            )
        return visit.go(at("references", "advocates", key), f"{person.name} is asked.")

    @post("/{key:str}/messages/{message:int}")
    def sent(
        self, visit: NamedDependency[Visit], key: FromPath[str], message: FromPath[int]
    ) -> Response[Any]:
        visit.form.done()
        require_role(visit.viewer, *DESK_ROLES)
        with visit.write() as session:
            advocate, _ = advocates.advocate_of(session, key)
            letters = letters_of_advocate(session, visit.viewer, advocate)
            mark_sent(session, visit.viewer, letters, message)
        return visit.go(at("references", "advocates", key), "Noted: it is sent.")

    @post("/{key:str}/address")
    def confirm(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        address = visit.form.text("address", 254, required=True)
        visit.form.done()
        require_role(visit.viewer, *DESK_ROLES)
        with visit.write() as session:
            advocate, person = advocates.advocate_of(session, key)
            addresses.confirm_address(
                session, advocate, address, visit.viewer.person_id, visit.workspace.origin
            )
        notice = f"Emails to {person.name} now go to {address}."
        return visit.go(at("references", "advocates", key), notice)

    @post("/{key:str}/employer")
    def confirm_employer(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        visit.form.done()
        require_role(visit.viewer, *DESK_ROLES)
        with visit.write() as session:
            advocate, person = advocates.advocate_of(session, key)
            job_changes.confirm_employer(session, advocate, visit.viewer.person_id)
        notice = f"{person.name}’s consent is confirmed for the new employer."
        return visit.go(at("references", "advocates", key), notice)

    def _again(self, visit: Visit, key: str, name: str) -> Response[str]:
        if isinstance(visit.form.refusal, CodeNeeded):
            send_code(visit, lambda session: advocates.advocate_of(session, key)[0])
        page = visit.page(advocate_page, visit.workspace, key, visit.form, name)
        return visit.show("references/advocates/show.html", page)


def _former_customer(session: Session, advocate: Advocate, person: Person) -> str:
    if not advocates.is_in_review(advocate, person.account_id):
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
