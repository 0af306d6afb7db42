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

from references.desk.advocates import Advocate
from references.desk.calendar import Attendee, Meeting, cancellation, invitation, shown
from references.desk.edited_emails import email_as_edited
from references.desk.email_texts import text_of
from references.desk.emails import (
    ConsentEmail,
    EmailKind,
    Mark,
    Placeholder,
    RequestFacts,
    filled,
    written,
)
from references.desk.guest_zones import zone_of
from references.desk.policy import current_policy
from workspace.audit import audit
from workspace.clock import now
from workspace.database import SECRET
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
    token_hash: str = Field(unique=True, max_length=64, sa_column_kwargs={"info": {SECRET: True}})
    purpose: str = Field(max_length=20)
    person_id: int = Field(foreign_key="person.id", index=True)
    request_id: int | None = Field(
        default=None, foreign_key="referencerequest.id", index=True, ondelete="CASCADE"
    )
    advocate_id: int | None = Field(
        default=None, foreign_key="advocate.id", index=True, ondelete="CASCADE"
    )
    # The address to which it was sent.
    sent_to: str = Field(max_length=254)
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
    # The advocate's address as the desk confirmed it.
    address: str | None
    customer: str
    prospect: Person | None
    buyer: str
    asker: Person | None
    organizer: Person | None


@dataclass(frozen=True)
class Recipient:
    """A guest and the address to which an email goes."""

    person: Person
    address: str


def create_link(
    session: Session,
    purpose: Purpose,
    person_id: int,
    sent_to: str,
    origin: str,
    *,
    request_id: int | None = None,
    advocate_id: int | None = None,
) -> str:
    """Create a link for a person's address; `origin` is the application's own address.

    The secret, 256 random bits, is in the returned address and nowhere in the database.
    """
    token = secrets.token_urlsafe(32)
    session.add(
        GuestLink(
            token_hash=_hash(token),
            purpose=purpose,
            person_id=person_id,
            sent_to=sent_to,
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
    # Who opened the link cannot be known, only where it was sent.
    detail: dict[str, object] = {
        "purpose": purpose,
        "sent_to": link.sent_to,
        "sent_at": link.created_at.isoformat(),
    }
    audit(session, None, "by link", f"person {link.person_id}", detail)


def why_unusable(link: GuestLink) -> str:
    """Why a link no longer works, in words for its owner; empty where it works."""
    if link.used_at:
        return "This link has done its work."
    if link.revoked_at:
        return "This request has ended. There is nothing left for you to do."
    if link.expires_at <= now():
        return "This link has expired. Ask the sender for a new one."
    return ""


def revoke_links(session: Session, request_id: int) -> None:
    """Revoke every link of a request."""
    _revoke(session, col(GuestLink.request_id) == request_id)


def revoke_links_to(session: Session, address: str) -> None:
    """Revoke every link that was sent to an address."""
    _revoke(session, col(GuestLink.sent_to) == address)


def _revoke(session: Session, which: sa.ColumnElement[bool]) -> None:
    links = sa.update(GuestLink).where(which, col(GuestLink.revoked_at).is_(None))
    session.execute(
        links.values(revoked_at=now()), execution_options={"synchronize_session": "fetch"}
    )


def email_invitation(session: Session, context: EmailContext, origin: str) -> None:
    """Ask the advocate by email for an answer."""
    to = _advocate(context)
    values = {
        Mark.ANSWER: _link(session, context, Purpose.ANSWER, to, origin),
        Mark.TERMS: create_terms_link(session, context.advocate_id, to, origin),
    }
    _queue_email(session, context, to, EmailKind.INVITATION, values, question=True)


def email_other_times(session: Session, context: EmailContext, origin: str) -> None:
    """Ask the advocate by email for other times."""
    to = _advocate(context)
    answer = _link(session, context, Purpose.ANSWER, to, origin)
    _queue_email(session, context, to, EmailKind.OTHER_TIMES, {Mark.ANSWER: answer})


def email_time_choice(session: Session, context: EmailContext, origin: str) -> None:
    """Ask the prospect's contact by email to pick a time, if they have an address."""
    for to in _reachable(context):
        if to.person is context.prospect:
            link = _link(session, context, Purpose.PICK, to, origin)
            _queue_email(session, context, to, EmailKind.TIME_CHOICE, {Mark.CHOICE: link})


def email_appointment(session: Session, context: EmailContext, origin: str) -> None:
    """Email the calendar invitation to both guests."""
    _advocate(context)
    meeting = _meeting(context)
    entry = invitation(meeting)
    for to in _reachable(context):
        kind, values = EmailKind.PROSPECT_APPOINTMENT, {}
        if to.person is context.advocate:
            kind = EmailKind.ADVOCATE_APPOINTMENT
            values[Mark.TERMS] = create_terms_link(session, context.advocate_id, to, origin)
        values[Mark.TIME] = shown(meeting.starts_at, zone_of(session, to.person))
        _queue_email(session, context, to, kind, values, calendar=entry, method="REQUEST")


def calendar_entry(context: EmailContext) -> str:
    """The calendar invitation of an appointment, as both guests were sent it."""
    return invitation(_meeting(context))


def email_cancellation(
    session: Session,
    context: EmailContext,
    *,
    to_advocate: bool,
    to_prospect: bool,
    in_calendar: bool,
) -> None:
    """Email the cancellation, for calendars too where they have the invitation."""
    for to in _reachable(context):
        is_advocate = to.person is context.advocate
        if to_advocate if is_advocate else to_prospect:
            kind = (
                EmailKind.ADVOCATE_CANCELLATION if is_advocate else EmailKind.PROSPECT_CANCELLATION
            )
            entry = cancellation(_meeting(context)) if in_calendar else None
            method = "CANCEL" if in_calendar else ""
            _queue_email(session, context, to, kind, {}, calendar=entry, method=method)


def email_feedback_request(
    session: Session, context: EmailContext, origin: str, *, missed: bool, of_prospect: bool
) -> None:
    """Ask the advocate for feedback by email, and with `of_prospect` the prospect's contact."""
    for to in _reachable(context):
        if to.person is context.advocate:
            kind = EmailKind.ADVOCATE_MISSED if missed else EmailKind.ADVOCATE_FEEDBACK
        elif of_prospect:
            kind = EmailKind.PROSPECT_MISSED if missed else EmailKind.PROSPECT_FEEDBACK
        else:
            continue
        link = _link(session, context, Purpose.FEEDBACK, to, origin)
        _queue_email(session, context, to, kind, {Mark.FEEDBACK: link})


def email_consent_request(
    session: Session,
    advocate: Advocate,
    person: Person,
    asker: Person,
    origin: str,
    *,
    renewal: bool,
) -> None:
    """Ask an advocate by email for their consent, or to renew it."""
    to = Recipient(person, confirmed_address(person, advocate.address))
    link = create_terms_link(session, advocate.id, to, origin)
    values: dict[str, str] = {
        Placeholder.GUEST: person.name,
        Placeholder.ASKER: asker.name,
        Placeholder.ASKER_EMAIL: asker.email or "",
    }
    kind = ConsentEmail.RENEWAL if renewal else ConsentEmail.REQUEST
    email = filled(written(text_of(session, kind), values), {Mark.TERMS: link})
    outbox.queue(
        session,
        to.address,
        email.subject,
        email.body,
        about=advocate_outbox_subject(advocate.id),
        reply_to=asker.email or "",
        question=True,
        asked_by=asker.id,
    )


def advocate_outbox_subject(advocate_id: int) -> str:
    """The name of an advocate in the outbox."""
    return f"advocate {advocate_id}"


def create_terms_link(session: Session, advocate_id: int, to: Recipient, origin: str) -> str:
    """Create a link by which an advocate gives, limits or withdraws their consent."""
    return create_link(
        session, Purpose.CONSENT, to.person.id, to.address, origin, advocate_id=advocate_id
    )


def confirmed_address(person: Person, address: str | None) -> str:
    """An advocate's confirmed address; Conflict if the desk has not confirmed one yet."""
    if not address:
        raise Conflict(f"Confirm the email address of {person.name} on their advocate page first.")
    return address


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
        raise Conflict("This request has no time yet.")
    guests = list(_reachable(context))
    attendees = [Attendee(guest.person.name, guest.address) for guest in guests]
    host = context.organizer
    return Meeting(
        uid=f"{uuid.uuid5(uuid.NAMESPACE_URL, context.calendar_name)}@dealkin",
        sequence=context.sequence,
        title=f"{context.activity.capitalize()}:"
        f" {' and '.join(guest.person.name for guest in guests)}",
        # Both have this entry in their calendars.
        about=context.shared_message,
        starts_at=context.starts_at,
        minutes=context.minutes,
        organizer=Attendee(host.name, host.email) if host and host.email else attendees[0],
        attendees=attendees,
    )


def _reachable(context: EmailContext) -> Iterator[Recipient]:
    """The guests with an email address."""
    if context.address:
        yield Recipient(context.advocate, context.address)
    if context.prospect and context.prospect.email:
        yield Recipient(context.prospect, context.prospect.email)


def _advocate(context: EmailContext) -> Recipient:
    """The advocate as a recipient; Conflict without a confirmed address."""
    return Recipient(context.advocate, confirmed_address(context.advocate, context.address))


def _link(
    session: Session, context: EmailContext, purpose: Purpose, to: Recipient, origin: str
) -> str:
    return create_link(
        session, purpose, to.person.id, to.address, origin, request_id=context.request_id
    )


def _queue_email(
    session: Session,
    context: EmailContext,
    to: Recipient,
    kind: EmailKind,
    values: dict[Mark, str],
    *,
    calendar: str | None = None,
    method: str = "",
    question: bool = False,
) -> None:
    """Queue an email as it was edited, or in the usual wording, with these values."""
    email = filled(email_as_edited(session, context.request_id, kind, facts_of(context)), values)
    organizer = context.organizer
    outbox.queue(
        session,
        to.address,
        email.subject,
        email.body,
        about=context.outbox_subject,
        reply_to=(organizer.email if organizer else None) or "",
        calendar=calendar,
        method=method,
        question=question,
        asked_by=context.asker.id if context.asker else None,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
