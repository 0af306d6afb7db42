"""Advocates: the list, nominating one, and what they agreed to."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.desk import advocates, budgets, guest_links, queue, workflow
from references.desk.advocates import Activity, Advocate
from references.desk.consent import (
    Consent,
    ConsentState,
    LegalBasis,
    consent_on,
    consents_of,
    record_consent,
)
from references.desk.queue import AdvocateRow, RequestRow
from references.desk.request import DESK_ROLES
from web.forms import Form
from web.lists import answer_list, filled, first_page
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from web.workspace import Workspace
from workspace.clock import today
from workspace.delivery import outbox
from workspace.delivery.outbox import OutboxMessage
from workspace.keys import row_of_key
from workspace.people.people import PersonRow, person_rows
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_role, require_writer

PAGE = 50
# What a member may write down that somebody said.
SAID = (ConsentState.GIVEN, ConsentState.REFUSED, ConsentState.WITHDRAWN)


@dataclass(frozen=True)
class Advocates:
    """The advocates that were chosen, and whether they may be asked for an activity."""

    rows: list[AdvocateRow]
    more: str | None
    params: dict[str, str]
    activity: str
    activities: tuple[str, ...] = tuple(Activity)


@dataclass(frozen=True)
class Nomination:
    """Contacts to choose one from."""

    text: str
    people: list[PersonRow]
    nominated: set[str]


@dataclass(frozen=True)
class AdvocatePage:
    """An advocate: consent, terms, and what they were asked for."""

    row: AdvocateRow
    advocate: Advocate
    person: Person
    nominated_by: Person | None
    # The member who keeps in touch with them.
    kept_by: Person | None
    consents: list[tuple[Consent, str | None]]
    requests: list[RequestRow]
    # When their customer was, or will be, taken out of their day: for whichever deal.
    used: list[date]
    messages: list[OutboxMessage]
    mail_is_sent: bool
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
            advocates.nominate(session, person, visit.viewer.person_id)
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
        with visit.saving() as session:
            visit.form.done()
            require_role(visit.viewer, *DESK_ROLES)
            advocate, _ = advocates.advocate_of(session, key)
            advocates.set_terms(
                session,
                advocate,
                visit.viewer.person_id,
                activities=[Activity(activity) for activity in chosen],
                calls_a_quarter=calls,
                events_in_two_quarters=events,
                paused_until=paused,
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
        with visit.saving() as session:
            visit.form.done()
            require_role(visit.viewer, *DESK_ROLES)
            advocate, person = advocates.advocate_of(session, key)
            if state == ConsentState.GIVEN:
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
                advocate.id,
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
            outbox.sent_by_hand(session, guest_links.advocate_outbox_subject(advocate.id), message)
        return visit.go(at("references", "advocates", key), "Noted: it is sent.")

    def _again(self, visit: Visit, key: str, name: str) -> Response[str]:
        page = visit.page(advocate_page, visit.workspace, key, visit.form, name)
        return visit.show("references/advocates/show.html", page)


def advocate_list(session: Session, visit: Visit) -> Advocates:
    """The page that an address asks for."""
    asked = visit.form
    text = asked.maybe("q", 200)
    activity = asked.choice("activity", tuple(Activity)) or Activity.CALL
    renew = asked.choice("renew", ("yes",))
    after = asked.maybe("after", 80)
    asked.check()
    rows = queue.advocate_rows(
        session,
        Activity(activity),
        text=text,
        renewals=bool(renew),
        after=after,
        limit=PAGE + 1,
    )
    shown, last = first_page(rows, PAGE)
    other_than_usual = activity if activity != Activity.CALL else None
    return Advocates(
        rows=shown,
        more=last.key if last else None,
        params=filled(q=text, activity=other_than_usual, renew=renew),
        activity=activity,
    )


def advocate_page(
    session: Session, viewer: Viewer, workspace: Workspace, key: str, form: Form, name: str
) -> AdvocatePage:
    """An advocate as this viewer may know them, with what was typed into one of the forms."""
    advocate, person = advocates.advocate_of(session, key)
    activities = advocates.activities_of(advocate)
    [row] = queue.advocate_rows(
        session, activities[0] if activities else Activity.CALL, advocate_id=advocate.id
    )
    is_desk = bool(viewer.roles & set(DESK_ROLES))
    said = consents_of(session, [advocate.id])[advocate.id]
    about = guest_links.advocate_outbox_subject(advocate.id)
    by = {
        person_id: session.get(Person, person_id)
        for person_id in (
            *(consent.recorded_by_id for consent in said),
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
        consents=[(consent, names.get(consent.recorded_by_id or 0)) for consent in reversed(said)],
        requests=queue.requests_of_advocate(session, viewer, advocate.id),
        used=budgets.days_of_customer(session, person.account_id),
        messages=outbox.messages_about(session, about) if is_desk else [],
        mail_is_sent=workspace.sends_mail,
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
