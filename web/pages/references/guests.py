"""What people without an account see and do, by the link that they were sent.

The secret in the address is all that they have and all that is asked of them: no cookie, no
script, and nothing is shown but the one thing that the link is about.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response
from sqlmodel import Session, col, select

from references.desk import advocates, calendar, codes, consent, guest_links, rules, workflow
from references.desk.advocates import Activity, Advocate, CodeNeeded
from references.desk.consent import ConsentState, Standing
from references.desk.guest_links import GuestLink, Purpose
from references.desk.guest_zones import short_list, zone_of
from references.desk.request import (
    FEWEST_SLOTS,
    MEETINGS,
    MOST_SLOTS,
    Guest,
    Party,
    ReferenceRequest,
    RequestStep,
    State,
)
from references.desk.slots import DayOfSlots, business_days
from references.desk.transitions import email_context_of
from web.forms import Form
from web.pages.references.advocates import send_code, terms_of
from web.policies import Policy, open_to
from web.rendering import render
from web.routes import Request, get, post
from web.visits import Visit
from web.workspace import Workspace
from workspace.accounts.accounts import Account
from workspace.clock import today, zones
from workspace.company import Company, company
from workspace.deals.tables import Deal
from workspace.errors import Conflict, DealkinError, Invalid, NotFound
from workspace.people.people import edit_person
from workspace.people.tables import Person

MOST_CHOSEN = 50
TIMES = tuple(f"time{number}" for number in range(1, MOST_SLOTS + 1))
_HEADERS = {"X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store"}
# Feedback is asked of both.
_PARTIES = {
    Purpose.ANSWER: Party.ADVOCATE,
    Purpose.PICK: Party.PROSPECT,
}


@dataclass(frozen=True)
class Asked:
    """What a guest is told of a request: nothing of the deal behind it."""

    activity: str
    asker: str
    asker_email: str
    # Whom the guest would meet.
    other: str
    # What is written for this guest: a text for the advocate alone, and one for both.
    messages: list[str]
    minutes: int
    meeting: bool
    starts_at: datetime | None


@dataclass(frozen=True)
class GuestPage:
    """A link's page: what is asked, and what was typed so far."""

    here: str
    name: str
    purpose: str
    asked: Asked | None
    zone: str
    # The times to choose from: each as it is sent, and as it is read.
    slots: list[tuple[str, str]]
    # Days and hours that an advocate can offer, and those that were sent.
    days: list[DayOfSlots]
    offered: list[str]
    values: dict[str, str]
    wrong: dict[str, str]
    chosen: list[str]
    standing: Standing | None
    zones: list[tuple[str, str]]
    # Whether the guest's time zone is known or chosen; else the browser's is offered.
    zone_known: bool
    sender: Company
    times: tuple[str, ...] = TIMES
    fewest: int = FEWEST_SLOTS
    activities: tuple[str, ...] = tuple(Activity)

    @property
    def typed(self) -> bool:
        """Whether times were typed in besides those to choose from."""
        return any(self.values.get(name) for name in self.times)


@dataclass(frozen=True)
class GuestWords:
    """A page that only says something."""

    title: str
    message: str
    # The address of a calendar file, once there is an appointment.
    calendar: str = ""
    sender: Company | None = None


def refused(request: Request, error: DealkinError) -> Response[str]:
    """A refusal as guests are shown one, without a way into the application."""
    status = 404 if isinstance(error, NotFound) else 409
    return _words(request, GuestWords("That did not work", str(error)), status)


class GuestController(Controller):
    """/g."""

    path = "/g/{token:str}"
    opt = open_to(reads=Policy.LINK, writes=Policy.LINK)
    exception_handlers = {DealkinError: refused}  # noqa: RUF012

    @get()
    def show(self, visit: NamedDependency[Visit], token: FromPath[str]) -> Response[str]:
        zone = visit.form.choice("zone", zones())
        with visit.read() as session:
            link = guest_links.find_link(session, token)
            if ended := _ended(visit.request, session, link):
                return ended
            page = guest_page(session, link, token, Form(), zone)
        return _page(visit, page)

    @get("/invitation.ics")
    def calendar_file(self, visit: NamedDependency[Visit], token: FromPath[str]) -> Response[str]:
        with visit.read() as session:
            link = guest_links.find_link(session, token)
            row = _request_of(session, link)
            if not _has_appointment(row, link):
                raise NotFound("There is no appointment.")
            entry = guest_links.calendar_entry(email_context_of(session, row))
        headers = {**_HEADERS, "Content-Disposition": 'attachment; filename="invitation.ics"'}
        return Response(entry, media_type="text/calendar", headers=headers)

    @post("/answer")
    def answer(self, visit: NamedDependency[Visit], token: FromPath[str]) -> Response[Any]:
        says = visit.form.choice("says", ("yes", "no"), required=True)
        zone = visit.form.choice("zone", zones()) or "UTC"
        times = read_times(visit.form, zone)
        reason = visit.form.lines("reason", 500)

        def act(session: Session, guest: Guest, asked: ReferenceRequest) -> None:
            if says == "no":
                workflow.refuse(session, guest, asked, reason)
                return
            visit.form.done()
            workflow.accept(session, guest, asked, times, visit.workspace.origin)
            _learn_zone(session, guest, zone)

        return self._act(visit, token, Purpose.ANSWER, act)

    @post("/pick")
    def pick(self, visit: NamedDependency[Visit], token: FromPath[str]) -> Response[Any]:
        slot = visit.form.text("slot", 40, required=True)
        zone = visit.form.choice("zone", zones()) or "UTC"

        def act(session: Session, guest: Guest, asked: ReferenceRequest) -> None:
            visit.form.done()
            if slot == "none":
                workflow.ask_other_times(session, guest, asked, visit.workspace.origin)
                return
            offered = {
                slot_at.isoformat(): slot_at for slot_at in rules.slots_of(session, asked.id)
            }
            if slot not in offered:
                raise Invalid("Choose from the list.", {"slot": "This time is no longer offered."})
            _learn_zone(session, guest, zone)
            workflow.schedule(session, guest, asked, offered[slot], visit.workspace.origin)

        return self._act(visit, token, Purpose.PICK, act)

    @post("/feedback")
    def feedback(self, visit: NamedDependency[Visit], token: FromPath[str]) -> Response[Any]:
        text = visit.form.lines("text", 5_000, required=True)

        def act(session: Session, guest: Guest, asked: ReferenceRequest) -> None:
            visit.form.done()
            workflow.tell(session, guest, asked, text)

        return self._act(visit, token, Purpose.FEEDBACK, act)

    @post("/terms")
    def terms(self, visit: NamedDependency[Visit], token: FromPath[str]) -> Response[Any]:
        says = visit.form.choice("says", ("yes", "no"), required=True)
        chosen = visit.form.choices("activity", tuple(Activity))
        calls = visit.form.integer("calls", 0, 20)
        events = visit.form.integer("events", 0, 20)
        paused = visit.form.day("paused_until")
        code = visit.form.text("code", 20)
        if says == "yes" and not chosen:
            visit.form.refuse("activity", "Choose at least one, or decline.")
        with visit.saving() as session:
            link = guest_links.find_link(session, token)
            advocate, person = _advocate_of(session, link)
            visit.form.done()
            guest_links.use_link(session, link, Purpose.CONSENT)
            if says == "no":
                say_no(session, advocate, person, link)
            else:
                confirmed = codes.use_code(session, advocate, code)
                say_yes(session, advocate, link, confirmed=confirmed)
                advocates.set_terms(
                    session,
                    advocate,
                    None,
                    activities=[Activity(activity) for activity in chosen],
                    calls_a_quarter=calls,
                    events_in_two_quarters=events,
                    paused_until=paused,
                    own=True,
                    confirmed=confirmed,
                )
        if isinstance(visit.form.refusal, CodeNeeded):
            send_code(
                visit,
                lambda session: _advocate_of(session, guest_links.find_link(session, token))[0],
            )
        if visit.form.refusal:
            return self._again(visit, token)
        words = (
            "We will not ask you again, and open requests are cancelled."
            if says == "no"
            else "Your preferences are saved. You can change them with the same link."
        )
        return _words(visit.request, GuestWords("Thank you", words), 200)

    def _act(
        self,
        visit: Visit,
        token: str,
        purpose: Purpose,
        act: Callable[[Session, Guest, ReferenceRequest], None],
    ) -> Response[Any]:
        """Use a link for what it is for; a form that is wrong comes back."""
        with visit.saving() as session:
            link = guest_links.find_link(session, token)
            asked = _request_of(session, link)
            rules.lock_request(session, asked)
            guest_links.use_link(session, link, purpose)
            act(session, _guest(session, link, asked), asked)
        if visit.form.refusal:
            return self._again(visit, token)
        return Redirect(f"/g/{token}", status_code=303)

    def _again(self, visit: Visit, token: str) -> Response[str]:
        if not visit.form.wrong:
            visit.form.wrong["form"] = str(visit.form.refusal)
        with visit.read() as session:
            link = guest_links.find_link(session, token)
            # What a form gets wrong opens no link again that has ended.
            if ended := _ended(visit.request, session, link):
                return ended
            page = guest_page(session, link, token, visit.form, visit.form.values.get("zone"))
        return _page(visit, page)


def guest_page(
    session: Session, link: GuestLink, token: str, form: Form, zone: str | None
) -> GuestPage:
    """What a link shows, with what was typed into its form."""
    person = session.get_one(Person, link.person_id)
    zone = zone if zone in zones() else zone_of(session, person)
    asked, standing = None, None
    slots: list[tuple[str, str]] = []
    days: list[DayOfSlots] = []
    values, chosen = form.values, form.sent.get("activity", [])
    if link.request_id is not None:
        row = _request_of(session, link)
        _require_now(row, link)
        asked = _asked(session, row, link)
        if link.purpose == Purpose.PICK:
            times = rules.slots_of(session, row.id)
            slots = [(time.isoformat(), calendar.shown(time, zone)) for time in times]
        elif link.purpose == Purpose.ANSWER and asked.meeting:
            days = business_days(session, row, zone)
    else:
        advocate, _ = _advocate_of(session, link)
        said = consent.consents_of(session, [advocate.id])[advocate.id]
        standing = consent.consent_on(said, today())
        if not form.sent:
            values, chosen = terms_of(advocate), list(advocates.activities_of(advocate))
    return GuestPage(
        here=f"/g/{token}",
        name=person.name,
        purpose=link.purpose,
        asked=asked,
        zone=zone,
        slots=slots,
        days=days,
        offered=form.sent.get("slot", []),
        values=values,
        wrong=form.wrong,
        chosen=chosen,
        standing=standing,
        zones=short_list(zone),
        zone_known=bool(person.timezone or form.values.get("zone")),
        sender=company(session),
    )


def read_times(form: Form, zone: str) -> list[datetime]:
    """The moments that a form offers; what is wrong with each is noted at its field."""
    written = [(name, form.text(name, 16)) for name in TIMES]
    chosen = form.choices("slot", form.sent.get("slot", [])[:MOST_CHOSEN])
    times = []
    for name, text in [*written, *(("slot", slot) for slot in chosen)]:
        if text:
            try:
                times.append(calendar.moment(text, zone))
            except Invalid as why:
                form.refuse(name, str(why))
    return times


def say_yes(
    session: Session, advocate: Advocate, link: GuestLink, *, confirmed: bool = False
) -> None:
    """Record a consent where there is none yet, or where it ends soon."""
    said = consent.consents_of(session, [advocate.id])[advocate.id]
    standing = consent.consent_on(said, today())
    asked_anew = bool(said) and said[-1].state == ConsentState.REQUESTED
    if standing.state != ConsentState.GIVEN or asked_anew:
        consent.record_consent(
            session,
            advocate,
            ConsentState.GIVEN,
            None,
            source="their own link",
            purpose="being asked for references",
            link_id=link.id,
            confirmed=confirmed,
        )


def say_no(session: Session, advocate: Advocate, person: Person, link: GuestLink) -> None:
    """Record that they no longer, or do not, want to be asked."""
    said = consent.consents_of(session, [advocate.id])[advocate.id]
    given = consent.consent_on(said, today()).state == ConsentState.GIVEN
    state = ConsentState.WITHDRAWN if given else ConsentState.REFUSED
    workflow.withdraw(
        session,
        advocate,
        state,
        None,
        name=person.name,
        source="their own link",
        link_id=link.id,
    )


def _request_of(session: Session, link: GuestLink) -> ReferenceRequest:
    if link.request_id is None:
        raise Conflict("This link is for something else.")
    return session.get_one(ReferenceRequest, link.request_id)


def _advocate_of(session: Session, link: GuestLink) -> tuple[Advocate, Person]:
    if link.advocate_id is None:
        raise Conflict("This link is for something else.")
    advocate = session.get_one(Advocate, link.advocate_id)
    return advocate, session.get_one(Person, advocate.person_id)


def _guest(session: Session, link: GuestLink, asked: ReferenceRequest) -> Guest:
    person = session.get_one(Person, link.person_id)
    is_prospect = link.person_id == asked.prospect_id
    party = _PARTIES.get(Purpose(link.purpose), Party.PROSPECT if is_prospect else Party.ADVOCATE)
    return Guest(person.id, person.name, asked.id, party, link.id)


def _require_now(asked: ReferenceRequest, link: GuestLink) -> None:
    """Refuse what cannot be answered any more, before anybody fills a form in."""
    when = {
        Purpose.ANSWER: (State.INVITED,),
        Purpose.PICK: (State.ACCEPTED,),
        Purpose.FEEDBACK: (State.COMPLETED, State.MISSED),
    }
    if asked.state not in when[Purpose(link.purpose)]:
        raise Conflict("This request has ended. There is nothing left for you to do.")


def _asked(session: Session, row: ReferenceRequest, link: GuestLink) -> Asked:
    asker = session.get(Person, row.requested_by_id) if row.requested_by_id else None
    person: Person | None
    company: str | None
    if link.person_id == row.prospect_id:
        person, company = session.exec(
            select(Person, Account.name)
            .join(Advocate, col(Advocate.person_id) == col(Person.id))
            .outerjoin(Account, col(Account.id) == col(Person.account_id))
            .where(Advocate.id == row.advocate_id)
        ).one()
    else:
        person = session.get(Person, row.prospect_id) if row.prospect_id else None
        buyer = select(Account.name).join(Deal, col(Deal.account_id) == col(Account.id))
        company = session.exec(buyer.where(Deal.id == row.deal_id)).first()
    who = ", ".join(filter(None, [person.name, person.title])) if person else ""
    # The prospect's person never reads what is written for the advocate alone.
    private = "" if link.person_id == row.prospect_id else row.message
    return Asked(
        activity=row.activity,
        asker=asker.name if asker else "",
        asker_email=(asker.email if asker else None) or "",
        other=" at ".join(filter(None, [who, company])) or "a company that considers us",
        messages=[text for text in (private, row.shared_message) if text],
        minutes=row.minutes,
        meeting=row.activity in MEETINGS,
        starts_at=row.starts_at,
    )


def _learn_zone(session: Session, guest: Guest, zone: str) -> None:
    """Keep the time zone that a guest chose, if none is known."""
    person = session.get_one(Person, guest.person_id)
    if not person.timezone:
        edit_person(session, person, person.id, {"timezone": zone})


def _done(session: Session, link: GuestLink) -> GuestWords | None:
    """What came of a link that was used."""
    if link.request_id is None or link.used_at is None:
        return None
    query = select(RequestStep.action).where(
        RequestStep.request_id == link.request_id,
        RequestStep.by_id == link.person_id,
        col(RequestStep.at) >= link.created_at,
    )
    action = session.exec(query.order_by(col(RequestStep.id)).limit(1)).first()
    row = session.get_one(ReferenceRequest, link.request_id)
    zone = zone_of(session, session.get_one(Person, link.person_id))
    words = {
        "accept": "We have your answer. As soon as a time is chosen you get an invitation for"
        " your calendar."
        if row.activity in MEETINGS
        else "We have your answer, and will be in touch.",
        "refuse": "Thank you for telling us. You will not be asked for this again.",
        "other times": "We will ask for other times and email you.",
        "tell": "Thank you for your feedback.",
        "schedule": "An invitation for your calendar is on its way."
        + (f" It is on {calendar.shown(row.starts_at, zone)}." if row.starts_at else ""),
    }
    return GuestWords("Thank you", words[action]) if action in words else None


def _has_appointment(row: ReferenceRequest, link: GuestLink) -> bool:
    """Whether a link was used for an appointment that is still ahead."""
    is_guests = link.purpose in (Purpose.ANSWER, Purpose.PICK) and link.used_at is not None
    return is_guests and row.state == State.SCHEDULED and row.starts_at is not None


def _ended(request: Request, session: Session, link: GuestLink) -> Response[str] | None:
    """What a link shows that no longer works; None where it works."""
    why = guest_links.why_unusable(link)
    if not why:
        return None
    words = GuestWords("Thank you" if link.used_at else "Nothing left to do", why)
    words = _done(session, link) or words
    if link.request_id is not None and _has_appointment(_request_of(session, link), link):
        words = replace(words, calendar=f"{request.url.path}/invitation.ics")
    return _words(request, words, 200 if link.used_at else 410)


def _page(visit: Visit, page: GuestPage) -> Response[str]:
    template = {
        Purpose.ANSWER: "references/guests/answer.html",
        Purpose.PICK: "references/guests/pick.html",
        Purpose.FEEDBACK: "references/guests/feedback.html",
        Purpose.CONSENT: "references/guests/terms.html",
    }[Purpose(page.purpose)]
    return visit.show(template, page, headers=_HEADERS)


def _words(request: Request, words: GuestWords, status: int) -> Response[str]:
    workspace: Workspace = request.app.state.workspace
    with workspace.database.read() as session:
        words = replace(words, sender=company(session))
    return Response(
        render(request, "references/guests/words.html", words),
        status_code=status,
        media_type="text/html",
        headers=_HEADERS,
    )
