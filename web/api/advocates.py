"""Advocates over the API: who vouches for us, on which terms, and what they said."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import UNSET, UnsetType
from sqlmodel import Session

from references.desk.queue import AdvocateRow, RequestRow
from web.api.calls import Call, Saved
from web.api.fields import Body, Day, Found, Key, Label, Required, Short
from web.api.operations import act, create, for_programs, read
from web.api.shown import Named
from web.forms import Form, uncounted_id
from web.pages.references import advocates
from web.policies import Policy
from workspace.people.viewer import Viewer

Whole = int


@dataclass(frozen=True)
class Said:
    """What an advocate said about being asked, and how we know."""

    state: str
    legal_basis: str
    captured_on: date
    source: str
    start: date | None
    end: date | None
    recorded_by: str | None
    told_by: str | None
    at: datetime


@dataclass(frozen=True)
class AdvocateShown:
    """An advocate as the caller may know them."""

    key: str
    advocate: AdvocateRow
    note: str
    nominated_by: Named | None
    kept_by: Named | None
    calls_a_quarter: int | None
    events_in_two_quarters: int | None
    paused_until: date | None
    # For members who may read consents.
    consents: list[Said]
    # Days on which their customer was, or will be, asked; for members who may read limits.
    used: list[date]
    requests: list[RequestRow]


class AdvocateQuery(Found, kw_only=True):
    """What the list is narrowed down to: an activity, and consents that end soon."""

    activity: Label = ""
    renew: Literal["", "yes"] = ""


class Nominated(Body):
    """The contact who is nominated."""

    example: ClassVar[dict[str, Any]] = {"person": "jonas-havelka"}
    person: Key


class Terms(Body):
    """All terms of an advocate."""

    example: ClassVar[dict[str, Any]] = {"activity": ["reference call"], "calls": 1}
    activity: list[Label] | UnsetType = UNSET
    calls: Whole | UnsetType | None = UNSET
    events: Whole | UnsetType | None = UNSET
    paused_until: Day | UnsetType | None = UNSET
    # From the email to the advocate, where the policy asks for one.
    code: Label | UnsetType = UNSET


class NewConsent(Body):
    """What an advocate said, and how it is known."""

    example: ClassVar[dict[str, Any]] = {"state": "given", "source": "On the telephone"}
    state: Label
    source: Required
    legal_basis: Label | UnsetType = UNSET
    captured_on: Day | UnsetType | None = UNSET
    start: Day | UnsetType | None = UNSET
    end: Day | UnsetType | None = UNSET
    told_by: Short | UnsetType = UNSET
    code: Label | UnsetType = UNSET


class Address(Body):
    """The address that emails to an advocate go to."""

    example: ClassVar[dict[str, Any]] = {"address": "ines@brannoc.example"}
    address: Required


class AdvocatesController(Controller):
    """/api/v1/advocates."""

    path = "/api/v1/advocates"
    opt = for_programs("References", reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @read(summary="List advocates", answers=AdvocateRow, paged=True, query=AdvocateQuery)
    def list(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            rows, _ = advocates.chosen_advocates(session, call.viewer, call.form, call.size + 1)
            return call.page(rows)

    @create(summary="Nominate an advocate", answers=AdvocateShown, body=Nominated)
    def nominate(self, call: NamedDependency[Call]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            origin = call.workspace.origin
            person = advocates.nominate(session, call.viewer, call.form, origin)
            return _shown(call, session, person.key)

        return call.save(save)

    @read("/{key:str}", summary="Get an advocate", answers=AdvocateShown)
    def get(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        with call.read() as session:
            return call.answer(_shown(call, session, key).value)

    @act("/{key:str}/terms", summary="Set the terms", answers=AdvocateShown, body=Terms)
    def terms(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return _after(
            call,
            key,
            lambda session, viewer: advocates.set_terms(session, viewer, key, call.form),
        )

    @act("/{key:str}/consent", summary="Record consent", answers=AdvocateShown, body=NewConsent)
    def consent(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return _after(
            call,
            key,
            lambda session, viewer: advocates.record_said(session, viewer, key, call.form),
        )

    @act("/{key:str}/asking", summary="Email the question for consent", answers=AdvocateShown)
    def ask(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        origin = call.workspace.origin
        return _after(
            call,
            key,
            lambda session, viewer: advocates.ask_for_consent(session, viewer, key, origin),
        )

    @act(
        "/{key:str}/letters/{message:int}/sent",
        summary="Mark an email to an advocate as sent by hand",
        answers=AdvocateShown,
    )
    def sent(
        self, call: NamedDependency[Call], key: FromPath[str], message: FromPath[int]
    ) -> Response[bytes]:
        return _after(
            call,
            key,
            lambda session, viewer: advocates.mark_email_sent(
                session, viewer, key, uncounted_id(message)
            ),
        )

    @act("/{key:str}/address", summary="Confirm the address", answers=AdvocateShown, body=Address)
    def confirm(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        origin = call.workspace.origin
        return _after(
            call,
            key,
            lambda session, viewer: advocates.confirm_address(
                session, viewer, key, call.form, origin
            ),
        )

    @act("/{key:str}/employer", summary="Confirm the new employer", answers=AdvocateShown)
    def confirm_employer(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return _after(
            call, key, lambda session, viewer: advocates.confirm_employer(session, viewer, key)
        )


def _after(call: Call, key: str, change: Callable[[Session, Viewer], object]) -> Response[bytes]:
    """Change an advocate, and answer with them."""

    def save(session: Session) -> Saved:
        change(session, call.viewer)
        return _shown(call, session, key)

    return call.save(save)


def _shown(call: Call, session: Session, key: str) -> Saved:
    session.flush()
    page = advocates.advocate_page(session, call.viewer, call.workspace, key, Form(), "")
    advocate, reads = page.advocate, page.reads_limits
    shown = AdvocateShown(
        key=page.person.key,
        advocate=page.row,
        note=advocate.note,
        nominated_by=_named(page.nominated_by),
        kept_by=_named(page.kept_by),
        calls_a_quarter=advocate.calls_a_quarter if reads else None,
        events_in_two_quarters=advocate.events_in_two_quarters if reads else None,
        paused_until=advocate.paused_until if reads else None,
        consents=[
            Said(
                state=row.consent.state,
                legal_basis=row.consent.legal_basis,
                captured_on=row.consent.captured_on,
                source=row.consent.source,
                start=row.consent.start,
                end=row.consent.end,
                recorded_by=row.recorded_by,
                told_by=row.told_by,
                at=row.consent.at,
            )
            for row in page.consents
        ],
        used=page.used,
        requests=page.requests,
    )
    return Saved(shown, location=f"/api/v1/advocates/{page.person.key}")


def _named(person: Any) -> Named | None:
    return Named(person.key, person.name) if person else None
