"""The emails of a reference request: read and edited before they are sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.desk import workflow
from references.desk.edited_emails import (
    current_edits,
    discard_edits,
    edit_email,
    email_as_edited,
    emails_ahead,
    may_edit_email,
)
from references.desk.emails import (
    TO_PROSPECT,
    ConsentEmail,
    EmailKind,
    RequestFacts,
    TextKind,
    marks_of,
)
from references.desk.guest_links import facts_of
from references.desk.letters import may_read_emails
from references.desk.request import Party, ReferenceRequest, State
from references.desk.rules import parties_of, request_of
from references.desk.transitions import email_context_of
from web.edit_conflicts import EditForm, edit_form, lock_unchanged
from web.forms import Form
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.errors import Forbidden, NotFound
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_writer

SUBJECT, BODY = 200, 10_000
LABELS: dict[TextKind, str] = {
    EmailKind.INVITATION: "Invitation",
    EmailKind.OTHER_TIMES: "Request for other times",
    EmailKind.TIME_CHOICE: "Choice of a time",
    EmailKind.ADVOCATE_APPOINTMENT: "Appointment",
    EmailKind.PROSPECT_APPOINTMENT: "Appointment",
    EmailKind.ADVOCATE_FEEDBACK: "Thanks, and a request for feedback",
    EmailKind.PROSPECT_FEEDBACK: "Thanks, and a request for feedback",
    EmailKind.ADVOCATE_MISSED: "Feedback on a missed appointment",
    EmailKind.PROSPECT_MISSED: "Feedback on a missed appointment",
    EmailKind.ADVOCATE_CANCELLATION: "Cancellation",
    EmailKind.PROSPECT_CANCELLATION: "Cancellation",
    ConsentEmail.REQUEST: "Request for consent",
    ConsentEmail.RENEWAL: "Renewal of consent",
}


@dataclass(frozen=True)
class EmailRow:
    """An email that may still be sent, and its last edit."""

    kind: str
    label: str
    to: str
    may_edit: bool
    edited_by: str
    edited_at: datetime | None


@dataclass(frozen=True)
class EmailPage:
    """The form over an email."""

    key: str
    email: EmailRow
    marks: tuple[str, ...]
    form: EditForm
    # Whether the request can be sent to the advocate at once, and its version for that step.
    may_send: bool
    version: int


class EmailController(Controller):
    """/references/{key}/emails/{email}."""

    path = "/references/{key:str}/emails/{email:str}"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def show(
        self, visit: NamedDependency[Visit], key: FromPath[str], email: FromPath[str]
    ) -> Response[str]:
        page = visit.page(email_page, key, email, Form())
        return visit.show("references/desk/email.html", page)

    @post()
    def change(
        self, visit: NamedDependency[Visit], key: FromPath[str], email: FromPath[str]
    ) -> Response[Any]:
        require_writer(visit.viewer)
        send = visit.form.flag("send")
        version = visit.form.integer("version")
        with visit.saving() as session:
            kind = change_email(session, visit.viewer, key, email, visit.form)
        if visit.form.refusal:
            page = visit.page(email_page, key, email, visit.form)
            return visit.show("references/desk/email.html", page)
        if send and kind is EmailKind.INVITATION:
            # Apart from the edit, which stays even if the request cannot be sent now.
            with visit.write() as session:
                request = request_of(session, visit.viewer, key)
                origin = visit.workspace.origin
                workflow.invite(session, visit.viewer, request, origin, version=version)
        notice = "The email is saved and sent." if send else "The email is saved."
        return visit.go(at("references", key), notice)

    @post("/standard")
    def restore(
        self, visit: NamedDependency[Visit], key: FromPath[str], email: FromPath[str]
    ) -> Response[Any]:
        require_writer(visit.viewer)
        visit.form.done()
        with visit.write() as session:
            restore_email(session, visit.viewer, key, email)
        return visit.go(at("references", key, "emails", email), "The standard text is back.")


def change_email(session: Session, viewer: Viewer, key: str, name: str, form: Form) -> EmailKind:
    """Give an email the words of a form that was opened over it; its kind."""
    subject = form.text("subject", SUBJECT, required=True)
    body = form.lines("body", BODY, required=True)
    request, kind, facts = asked_email(session, viewer, key, name)
    lock_unchanged(session, request, form, lambda session, _: saved(session, request, kind))
    form.done()
    parties = parties_of(session, viewer, request)
    edit_email(session, viewer, request, parties, kind, facts, subject, body)
    return kind


def restore_email(session: Session, viewer: Viewer, key: str, name: str) -> None:
    """Give an email its standard words again."""
    request, kind, _ = asked_email(session, viewer, key, name)
    if not may_edit_email(parties_of(session, viewer, request), kind):
        raise Forbidden("Only customer marketing edits this email.")
    discard_edits(session, request.id, kind)


def asked_email(
    session: Session, viewer: Viewer, key: str, name: str
) -> tuple[ReferenceRequest, EmailKind, RequestFacts]:
    """The request and the kind of email that an address names, and what the email says.

    NotFound if the viewer may not read its emails, or if this one is not sent any more.
    """
    request = request_of(session, viewer, key)
    if not may_read_emails(viewer, request):
        raise NotFound("There is no such email.")
    if name not in kinds_ahead(session, request):
        raise NotFound("This email was sent already, or is not sent any more.")
    return request, EmailKind(name), facts_of(email_context_of(session, request))


def kinds_ahead(session: Session, request: ReferenceRequest) -> list[EmailKind]:
    """The emails about a request that may still be sent; none without an advocate."""
    if request.advocate_id is None:
        return []
    prospect = session.get(Person, request.prospect_id) if request.prospect_id else None
    return emails_ahead(request, prospect_has_address=bool(prospect and prospect.email))


def email_rows(session: Session, viewer: Viewer, request: ReferenceRequest) -> list[EmailRow]:
    """The emails about a request that may still be sent, for a viewer who may read them."""
    kinds = kinds_ahead(session, request)
    if not kinds:
        return []
    parties = parties_of(session, viewer, request)
    facts = facts_of(email_context_of(session, request))
    edits = current_edits(session, request.id)
    rows = []
    for kind in kinds:
        edit = edits.get(kind)
        by = session.get(Person, edit.by_id) if edit and edit.by_id else None
        rows.append(
            EmailRow(
                kind=kind,
                label=LABELS[kind],
                to=facts.prospect_name if kind in TO_PROSPECT else facts.advocate,
                may_edit=may_edit_email(parties, kind),
                edited_by=by.name if by else "",
                edited_at=edit.at if edit else None,
            )
        )
    return rows


def email_page(session: Session, viewer: Viewer, key: str, name: str, form: Form) -> EmailPage:
    """The form over an email as it is saved, with what was sent over it."""
    request, kind, _ = asked_email(session, viewer, key, name)
    rows = {row.kind: row for row in email_rows(session, viewer, request)}
    return EmailPage(
        key=request.key,
        email=rows[kind],
        marks=tuple(marks_of(kind)),
        form=edit_form(form, saved(session, request, kind)),
        may_send=kind is EmailKind.INVITATION
        and request.state == State.APPROVED
        and Party.DESK in parties_of(session, viewer, request),
        version=request.version,
    )


def saved(session: Session, request: ReferenceRequest, kind: EmailKind) -> dict[str, str]:
    """An email as its form shows it."""
    facts = facts_of(email_context_of(session, request))
    email = email_as_edited(session, request.id, kind, facts)
    return {"subject": email.subject, "body": email.body}
