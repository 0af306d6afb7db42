"""The reference desk over the API: requests, their steps, and their emails."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import UNSET, UnsetType
from sqlmodel import Session

from references.desk.influence import Influence, measure_influence
from references.desk.letters import Letter
from references.desk.policy import current_policy
from references.desk.queue import RequestRow, StepRow
from references.suggestion_counts import Fate, SuggestionKind
from web.api.calls import Call, Saved
from web.api.fields import Body, Key, Label, Line, LongText, Query, Required, Short, Text
from web.api.operations import act, change, create, for_programs, read, remove
from web.edit_conflicts import fingerprint
from web.forms import Form, uncounted_id
from web.pages.deal_room.references import ask_for_reference, fit_of, read_reference
from web.pages.references import desk, emails
from web.pages.references.emails import EmailRow
from web.policies import Policy
from workspace.deals import access
from workspace.delivery.outbox import without_secrets
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class RequestShown:
    """A reference request, what may be done with it, and what happened to it."""

    key: str
    request: RequestRow
    # For the desk and the asker; empty for others.
    message: str
    shared_message: str
    # The times that the advocate offers.
    slots: list[datetime]
    history: list[StepRow]
    # Emails that may still be sent, and those that were written.
    emails: list[EmailRow]
    letters: list[Letter]
    # What guests said, for the desk and the asker.
    advocate_feedback: str
    prospect_feedback: str
    outcome_note: str


@dataclass(frozen=True)
class EmailShown:
    """An email about a request, as it will be sent."""

    kind: str
    to: str
    subject: str
    body: str
    may_edit: bool
    # What is filled in when it is sent.
    marks: list[str]


@dataclass(frozen=True)
class PolicyShown:
    """The rules of the desk."""

    calls_a_quarter: int
    events_in_two_quarters: int
    earliest_stage: int
    owner_approval: bool
    consent_months: int
    approval_days: int
    answer_days: int
    link_days: int


class QueueQuery(Query):
    """Which requests: those that wait for the caller, all that are open, their own, or closed."""

    view: Label = ""


class NewReference(Body):
    """A reference to ask for. `message` is for the advocate alone, `shared_message` for both.

    A draft is only written down; the step `submit` sends it to the desk.
    """

    example: ClassVar[dict[str, Any]] = {
        "advocate": "ines-moreira",
        "activity": "reference call",
        "message": "How was it for you?",
    }
    advocate: Key
    activity: Label
    prospect: Key | UnsetType = UNSET
    message: Text | UnsetType = UNSET
    shared_message: Text | UnsetType = UNSET
    draft: bool | UnsetType = UNSET


class Step(Body):
    """What a step needs: decline a reason, assign a member, swap an advocate, schedule a time."""

    example: ClassVar[dict[str, Any]] = {"reason": "The customer was asked last week."}
    reason: Line | UnsetType = UNSET
    member: Key | UnsetType = UNSET
    advocate: Key | UnsetType = UNSET
    time: Short | UnsetType = UNSET
    zone: Short | UnsetType = UNSET
    outcome: Label | UnsetType = UNSET
    note: Text | UnsetType = UNSET


class EmailChange(Body):
    """The words of an email."""

    example: ClassVar[dict[str, Any]] = {"subject": "A short call?", "body": "Hello {link}"}
    subject: Required
    body: LongText


class ReferenceRequestsController(Controller):
    """/api/v1/references."""

    path = "/api/v1/references"
    opt = for_programs("References", reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @read(summary="List reference requests", answers=RequestRow, paged=True, query=QueueQuery)
    def queue(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            rows, _ = desk.chosen_requests(session, call.viewer, call.form, call.size + 1)
            return call.page(rows)

    @read("/policy", summary="Get the rules of the desk", answers=PolicyShown)
    def policy(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            rules = current_policy(session)
            return call.answer(
                PolicyShown(
                    calls_a_quarter=rules.calls_a_quarter,
                    events_in_two_quarters=rules.events_in_two_quarters,
                    earliest_stage=rules.earliest_stage,
                    owner_approval=rules.owner_approval,
                    consent_months=rules.consent_months,
                    approval_days=rules.approval_days,
                    answer_days=rules.answer_days,
                    link_days=rules.link_days,
                )
            )

    @read("/{key:str}", summary="Get a reference request", answers=RequestShown, tagged=True)
    def get(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return call.show(_request(call), key)

    @act(
        "/{key:str}/steps/{step:str}",
        summary="Take a step with a request",
        answers=RequestShown,
        body=Step,
        tagged=True,
        matches=True,
    )
    def take(
        self, call: NamedDependency[Call], key: FromPath[str], step: FromPath[str]
    ) -> Response[bytes]:
        name = desk.step_of(step)

        def save(session: Session) -> Saved:
            call.send_version()
            desk.take_step(session, call.viewer, key, name, call.form, call.workspace)
            session.flush()
            return _request(call)(session, call.viewer, key)

        return call.save_over(save, lambda session: _request(call)(session, call.viewer, key))

    @act(
        "/{key:str}/letters/{message:int}/sent",
        summary="Mark an email as sent by hand",
        answers=RequestShown,
    )
    def sent(
        self, call: NamedDependency[Call], key: FromPath[str], message: FromPath[int]
    ) -> Response[bytes]:
        def save(session: Session) -> Saved:
            desk.mark_email_sent(session, call.viewer, key, uncounted_id(message))
            return _request(call)(session, call.viewer, key)

        return call.save(save)

    @read("/{key:str}/emails/{email:str}", summary="Get an email", answers=EmailShown, tagged=True)
    def email(
        self, call: NamedDependency[Call], key: FromPath[str], email: FromPath[str]
    ) -> Response[bytes]:
        return call.show(_email, key, email)

    @change(
        "/{key:str}/emails/{email:str}",
        summary="Change an email before it is sent",
        answers=EmailShown,
        body=EmailChange,
        tagged=True,
        matches=True,
    )
    def change_email(
        self, call: NamedDependency[Call], key: FromPath[str], email: FromPath[str]
    ) -> Response[bytes]:
        def save(session: Session) -> Saved:
            call.fill({})
            emails.change_email(session, call.viewer, key, email, call.form)
            return _email(session, call.viewer, key, email)

        return call.save_over(save, lambda session: _email(session, call.viewer, key, email))

    @remove("/{key:str}/emails/{email:str}", summary="Give an email its standard words again")
    def restore_email(
        self, call: NamedDependency[Call], key: FromPath[str], email: FromPath[str]
    ) -> Response[bytes]:
        return call.done(emails.restore_email, key, email)


class AskForReferenceController(Controller):
    """/api/v1/deals/{key}/references, where references are asked for."""

    path = "/api/v1/deals/{key:str}/references"
    opt = for_programs("References", reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @create(
        summary="Ask for a reference, or draft it",
        answers=RequestShown,
        body=NewReference,
        tagged=True,
    )
    def ask(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        as_draft = call.form.flag("draft")
        asked = read_reference(call.form)
        with call.read() as session:
            access.editable_deal(session, call.viewer, key)
            call.form.done()
            fit = fit_of(session, call.viewer, call.workspace, key, asked)

        def save(session: Session) -> Saved:
            made, _ = ask_for_reference(session, call.viewer, key, asked, fit, as_draft=as_draft)
            deal = access.readable_deal(session, call.viewer, key)
            call.count(SuggestionKind.REFERENCE, Fate.USED, deal, [asked.advocate])
            return _request(call)(session, call.viewer, made.key)

        return call.save(save)


class ReferenceInfluenceController(Controller):
    """/api/v1/influence."""

    path = "/api/v1/influence"
    opt = for_programs("References", reads=Policy.WRITERS)

    @read(summary="Get what references led to", answers=Influence)
    def get(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            return call.answer(measure_influence(session, call.viewer))


def _request(call: Call) -> Callable[[Session, Viewer, str], Saved]:
    """What reads a request for the caller."""

    def shown(session: Session, viewer: Viewer, key: str) -> Saved:
        session.flush()
        page = desk.request_page(session, viewer, call.workspace, key, Form())
        request = page.request
        value = RequestShown(
            key=request.key,
            request=page.row,
            message=request.message if page.may_read_message else "",
            shared_message=request.shared_message,
            slots=page.slots,
            history=page.steps,
            emails=page.emails,
            # Programs send no emails by hand, so they get no links of guests.
            letters=[replace(row, body=without_secrets(row.body)) for row in page.letters.rows],
            advocate_feedback=request.advocate_feedback if page.may_read_feedback else "",
            prospect_feedback=request.prospect_feedback if page.may_read_feedback else "",
            outcome_note=request.outcome_note if page.may_read_feedback else "",
        )
        return Saved(value, str(request.version), f"/api/v1/references/{request.key}")

    return shown


def _email(session: Session, viewer: Viewer, key: str, name: str) -> Saved:
    session.flush()
    page = emails.email_page(session, viewer, key, name, Form())
    values = page.form.values
    shown = EmailShown(
        kind=page.email.kind,
        to=page.email.to,
        subject=values["subject"],
        body=values["body"],
        may_edit=page.email.may_edit,
        marks=list(page.marks),
    )
    tag = fingerprint({"subject": values["subject"], "body": values["body"]})
    return Saved(shown, tag)
