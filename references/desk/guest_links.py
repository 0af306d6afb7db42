"""Links by which people without an account act, and the emails that carry them."""

import hashlib
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from references.desk.calendar import Attendee, Meeting, cancellation, invitation, shown
from references.desk.edited_emails import email_as_edited
from references.desk.emails import (
    TO_PROSPECT,
    EmailKind,
    Mark,
    RequestFacts,
    consent_request,
    filled,
)
from references.desk.policy import current_policy
from workspace.clock import now, zone_or_utc
from workspace.delivery import outbox
from workspace.errors import Conflict, NotFound
from workspace.people.tables import Person


class Purpose(StrEnum):
    """What a link is for; it is good for nothing else."""

    ANSWER = "answer"
    PICK = "pick a time"
    FEEDBACK = "feedback"
    CONSENT = "consent"


# An advocate can change their consent any number of times; the other links work once.
SINGLE_USE = (Purpose.ANSWER, Purpose.PICK, Purpose.FEEDBACK)


class GuestLink(SQLModel, table=True):
    """A link that a person was sent. Only the hash of its secret is stored."""

    id: int = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True, max_length=64)
    purpose: str = Field(max_length=20)
    person_id: int = Field(foreign_key="person.id", index=True)
    request_id: int | None = Field(
        default=None, foreign_key="referencerequest.id", index=True, ondelete="CASCADE"
    )
    advocate_id: int | None = Field(
        default=None, foreign_key="advocate.id", index=True, ondelete="CASCADE"
    )
    created_at: datetime = Field(default_factory=now)
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class EmailContext:
    """What emails about a request need of it and of the people around it."""

    request_id: int
    outbox_subject: str
    activity: str
    # For the advocate alone.
    message: str
    shared_message: str
    minutes: int
    starts_at: datetime | None
    # The SEQUENCE of its calendar invitation, and a name that is unique in all workspaces.
    sequence: int
    calendar_name: str
    advocate_id: int
    advocate: Person
    customer: str
    prospect: Person | None
    buyer: str
    asker: Person | None
    organizer: Person | None


def create_link(
    session: Session,
    purpose: Purpose,
    person_id: int,
    origin: str,
    *,
    request_id: int | None = None,
    advocate_id: int | None = None,
) -> str:
    """Create a link for a person; `origin` is the application's own address.

    The secret, 256 random bits, is in the returned address and nowhere in the database.
    """
    token = secrets.token_urlsafe(32)
    session.add(
        GuestLink(
            token_hash=_hash(token),
            purpose=purpose,
            person_id=person_id,
            request_id=request_id,
            advocate_id=advocate_id,
            expires_at=now() + timedelta(days=current_policy(session).link_days),
        )
    )
    session.flush()
    return f"{origin.rstrip('/')}/g/{token}"


def find_link(session: Session, token: str) -> GuestLink:
    """The link with that secret, whether or not it still works, or NotFound."""
    link = session.exec(select(GuestLink).where(GuestLink.token_hash == _hash(token))).first()
    if link is None:
        raise NotFound("There is no such link. Was the whole address copied?")
    return link


def use_link(session: Session, link: GuestLink, purpose: Purpose) -> None:
    """Use a link for a purpose; Conflict where it does not work, or is for another purpose.

    The caller has locked the request that the link is for.
    """
    session.refresh(link)
    reason = why_unusable(link)
    if reason or link.purpose != purpose:
        raise Conflict(reason or "This link is for something else.")
    if purpose in SINGLE_USE:
        link.used_at = now()
        session.add(link)


def why_unusable(link: GuestLink) -> str:
    """Why a link no longer works, in words for its owner; empty where it works."""
    if link.used_at:
        return "This link has done its work."
    if link.revoked_at:
        return "This is no longer asked of you. There is nothing left for you to do."
    if link.expires_at <= now():
        return "This link is too old. Ask whoever sent it for a new one."
    return ""


def revoke_links(session: Session, request_id: int) -> None:
    """Revoke every link of a request."""
    links = sa.update(GuestLink).where(
        col(GuestLink.request_id) == request_id, col(GuestLink.revoked_at).is_(None)
    )
    session.execute(
        links.values(revoked_at=now()), execution_options={"synchronize_session": "fetch"}
    )


def email_invitation(session: Session, context: EmailContext, origin: str) -> None:
    """Ask the advocate by email for an answer."""
    values = {
        Mark.ANSWER: _link(session, context, Purpose.ANSWER, context.advocate, origin),
        Mark.TERMS: create_terms_link(session, context.advocate_id, context.advocate, origin),
    }
    _queue_email(session, context, EmailKind.INVITATION, values, question=True)


def email_other_times(session: Session, context: EmailContext, origin: str) -> None:
    """Ask the advocate by email for other times."""
    answer = _link(session, context, Purpose.ANSWER, context.advocate, origin)
    _queue_email(session, context, EmailKind.OTHER_TIMES, {Mark.ANSWER: answer})


def email_time_choice(session: Session, context: EmailContext, origin: str) -> None:
    """Ask the prospect's contact by email to pick a time, if they have an address."""
    if context.prospect and context.prospect.email:
        link = _link(session, context, Purpose.PICK, context.prospect, origin)
        _queue_email(session, context, EmailKind.TIME_CHOICE, {Mark.CHOICE: link})


def email_appointment(session: Session, context: EmailContext, origin: str) -> None:
    """Email the calendar invitation to both guests."""
    _address(context.advocate)
    meeting = _meeting(context)
    entry = invitation(meeting)
    for person in _reachable(context):
        kind, values = EmailKind.PROSPECT_APPOINTMENT, {}
        if person is context.advocate:
            kind = EmailKind.ADVOCATE_APPOINTMENT
            values[Mark.TERMS] = create_terms_link(session, context.advocate_id, person, origin)
        values[Mark.TIME] = shown(meeting.starts_at, zone_or_utc(person.timezone))
        _queue_email(session, context, kind, values, calendar=entry, method="REQUEST")


def email_cancellation(
    session: Session,
    context: EmailContext,
    *,
    to_advocate: bool,
    to_prospect: bool,
    in_calendar: bool,
) -> None:
    """Email the cancellation, for calendars too where they have the invitation."""
    for person in _reachable(context):
        is_advocate = person is context.advocate
        if to_advocate if is_advocate else to_prospect:
            kind = (
                EmailKind.ADVOCATE_CANCELLATION if is_advocate else EmailKind.PROSPECT_CANCELLATION
            )
            entry = cancellation(_meeting(context)) if in_calendar else None
            method = "CANCEL" if in_calendar else ""
            _queue_email(session, context, kind, {}, calendar=entry, method=method)


def email_feedback_request(
    session: Session, context: EmailContext, origin: str, *, missed: bool, of_prospect: bool
) -> None:
    """Ask the advocate for feedback by email, and with `of_prospect` the prospect's contact."""
    for person in _reachable(context):
        if person is context.advocate:
            kind = EmailKind.ADVOCATE_MISSED if missed else EmailKind.ADVOCATE_FEEDBACK
        elif of_prospect:
            kind = EmailKind.PROSPECT_MISSED if missed else EmailKind.PROSPECT_FEEDBACK
        else:
            continue
        link = _link(session, context, Purpose.FEEDBACK, person, origin)
        _queue_email(session, context, kind, {Mark.FEEDBACK: link})


def email_consent_request(
    session: Session, advocate_id: int, to: Person, asker: Person, origin: str, *, renewal: bool
) -> None:
    """Ask an advocate by email for their consent, or to renew it."""
    link = create_terms_link(session, advocate_id, to, origin)
    email = consent_request(to.name, asker.name, asker.email or "", link, renewal=renewal)
    outbox.queue(
        session,
        _address(to),
        email.subject,
        email.body,
        about=advocate_outbox_subject(advocate_id),
        reply_to=asker.email or "",
        question=True,
    )


def advocate_outbox_subject(advocate_id: int) -> str:
    """The name of an advocate in the outbox."""
    return f"advocate {advocate_id}"


def create_terms_link(session: Session, advocate_id: int, person: Person, origin: str) -> str:
    """Create a link by which an advocate gives, limits or withdraws their consent."""
    return create_link(session, Purpose.CONSENT, person.id, origin, advocate_id=advocate_id)


def facts_of(context: EmailContext) -> RequestFacts:
    """What emails say about a request."""
    prospect, asker = context.prospect, context.asker
    title = f", {prospect.title}" if prospect and prospect.title else ""
    return RequestFacts(
        activity=context.activity,
        asker=asker.name if asker else "",
        asker_email=(asker.email if asker else None) or "",
        advocate=context.advocate.name,
        customer=context.customer,
        prospect=f"{prospect.name}{title} at {context.buyer}" if prospect else context.buyer,
        prospect_name=prospect.name if prospect else "",
        message=context.message,
        shared_message=context.shared_message,
        minutes=context.minutes,
    )


def _meeting(context: EmailContext) -> Meeting:
    if context.starts_at is None:
        raise Conflict("It has no time yet.")
    people = list(_reachable(context))
    host = context.organizer if context.organizer and context.organizer.email else people[0]
    return Meeting(
        uid=f"{uuid.uuid5(uuid.NAMESPACE_URL, context.calendar_name)}@dealkin",
        sequence=context.sequence,
        title=f"{context.activity.capitalize()}: {' and '.join(person.name for person in people)}",
        # Both have this entry in their calendars.
        about=context.shared_message,
        starts_at=context.starts_at,
        minutes=context.minutes,
        organizer=Attendee(host.name, _address(host)),
        attendees=[Attendee(person.name, _address(person)) for person in people],
    )


def _reachable(context: EmailContext) -> Iterator[Person]:
    """The guests with an email address."""
    if context.advocate.email:
        yield context.advocate
    if context.prospect and context.prospect.email:
        yield context.prospect


def _link(
    session: Session, context: EmailContext, purpose: Purpose, to: Person, origin: str
) -> str:
    return create_link(session, purpose, to.id, origin, request_id=context.request_id)


def _queue_email(
    session: Session,
    context: EmailContext,
    kind: EmailKind,
    values: dict[Mark, str],
    *,
    calendar: str | None = None,
    method: str = "",
    question: bool = False,
) -> None:
    """Queue an email as it was edited, or in the usual wording, with these values."""
    to = context.prospect if kind in TO_PROSPECT and context.prospect else context.advocate
    email = filled(email_as_edited(session, context.request_id, kind, facts_of(context)), values)
    organizer = context.organizer
    outbox.queue(
        session,
        _address(to),
        email.subject,
        email.body,
        about=context.outbox_subject,
        reply_to=(organizer.email if organizer else None) or "",
        calendar=calendar,
        method=method,
        question=question,
    )


def _address(person: Person) -> str:
    if not person.email:
        raise Conflict(f"{person.name} has no e-mail address in the record; add it on their page.")
    return person.email


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
