"""What people without an account are sent: links that do one thing, and letters with them."""

import hashlib
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from references.desk import emails
from references.desk.advocates import policy
from references.desk.calendar import Attendee, Meeting, cancellation, invitation, shown
from references.desk.emails import Ask, Letter
from workspace.clock import now, zone_or_utc
from workspace.delivery import outbox
from workspace.errors import Conflict, NotFound
from workspace.people.tables import Person


class Purpose(StrEnum):
    """The one thing that a link is for."""

    ANSWER = "answer"
    PICK = "pick a time"
    FEEDBACK = "feedback"
    CONSENT = "consent"


# A consent is changed as often as its giver likes; the others are used once.
USED_ONCE = (Purpose.ANSWER, Purpose.PICK, Purpose.FEEDBACK)


class GuestLink(SQLModel, table=True):
    """A link that was given to somebody. Only the hash of its secret is kept."""

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
class About:
    """A request as its letters need it, with the people about it."""

    request_id: int
    # What the outbox calls it.
    subject: str
    activity: str
    message: str
    minutes: int
    starts_at: datetime | None
    sequence: int
    name: str
    advocate_id: int
    advocate: Person
    customer: str
    prospect: Person | None
    buyer: str
    asker: Person | None
    organizer: Person | None


# Links


def give_link(
    session: Session,
    purpose: Purpose,
    person_id: int,
    origin: str,
    *,
    request_id: int | None = None,
    advocate_id: int | None = None,
) -> str:
    """A new link for a person, at the address that the application is reached at.

    Its secret, 256 random bits, is in this answer and nowhere in the record.
    """
    token = secrets.token_urlsafe(32)
    session.add(
        GuestLink(
            token_hash=_hash(token),
            purpose=purpose,
            person_id=person_id,
            request_id=request_id,
            advocate_id=advocate_id,
            expires_at=now() + timedelta(days=policy(session).link_days),
        )
    )
    session.flush()
    return f"{origin.rstrip('/')}/g/{token}"


def open_link(session: Session, token: str) -> GuestLink:
    """The link of that secret, dead or alive, or NotFound."""
    link = session.exec(select(GuestLink).where(GuestLink.token_hash == _hash(token))).first()
    if link is None:
        raise NotFound("There is no such link. Was the whole address copied?")
    return link


def use_link(session: Session, link: GuestLink, purpose: Purpose) -> None:
    """Have a link do its work: once, where it is for one use.

    The caller holds the request that it is about.
    """
    session.refresh(link)
    why = why_dead(link)
    if why or link.purpose != purpose:
        raise Conflict(why or "This link is for something else.")
    if purpose in USED_ONCE:
        link.used_at = now()
        session.add(link)


def why_dead(link: GuestLink) -> str:
    """What to tell whoever holds a link that no longer works; empty where it does."""
    if link.used_at:
        return "This link has done its work."
    if link.revoked_at:
        return "This is no longer asked of you. There is nothing left for you to do."
    if link.expires_at <= now():
        return "This link is too old. Ask whoever sent it for a new one."
    return ""


def revoke_links(session: Session, request_id: int) -> None:
    """No link about this request works any more."""
    alive = sa.update(GuestLink).where(
        col(GuestLink.request_id) == request_id, col(GuestLink.revoked_at).is_(None)
    )
    session.execute(
        alive.values(revoked_at=now()), execution_options={"synchronize_session": "fetch"}
    )


# Letters


def write_invitation(session: Session, about: About, origin: str) -> None:
    """Ask the advocate."""
    answer = _link(session, about, Purpose.ANSWER, about.advocate, origin)
    terms = terms_link(session, about.advocate_id, about.advocate, origin)
    _write(session, about, about.advocate, emails.invitation(_ask(about), answer, terms))


def write_other_times(session: Session, about: About, origin: str) -> None:
    """Ask the advocate for other times."""
    answer = _link(session, about, Purpose.ANSWER, about.advocate, origin)
    _write(session, about, about.advocate, emails.other_times(_ask(about), answer))


def write_choice(session: Session, about: About, origin: str) -> None:
    """Ask the prospect's person for a time, where they can be written to."""
    if about.prospect and about.prospect.email:
        link = _link(session, about, Purpose.PICK, about.prospect, origin)
        _write(session, about, about.prospect, emails.choice(_ask(about), link))


def write_appointment(session: Session, about: About, origin: str) -> None:
    """Send both the invitation for their calendars."""
    _address(about.advocate)
    meeting = _meeting(about)
    entry = invitation(meeting)
    for person, other in _both(about):
        when = shown(meeting.starts_at, zone_or_utc(person.timezone))
        terms = ""
        if person is about.advocate:
            terms = terms_link(session, about.advocate_id, person, origin)
        letter = emails.appointment(_ask(about), person.name, other, when, terms)
        _write(session, about, person, letter, calendar=entry, method="REQUEST")


def write_called_off(
    session: Session, about: About, *, to_advocate: bool, to_prospect: bool, in_calendar: bool
) -> None:
    """Tell them that it is off, and their calendars where it is in them."""
    for person, other in _both(about):
        if to_advocate if person is about.advocate else to_prospect:
            letter = emails.called_off(_ask(about), person.name, other)
            entry = cancellation(_meeting(about)) if in_calendar else None
            method = "CANCEL" if in_calendar else ""
            _write(session, about, person, letter, calendar=entry, method=method)


def ask_how_it_was(
    session: Session, about: About, origin: str, *, missed: bool, of_prospect: bool
) -> None:
    """Ask the advocate, and the prospect's person where they met."""
    for person, other in _both(about):
        if person is about.advocate or of_prospect:
            link = _link(session, about, Purpose.FEEDBACK, person, origin)
            letter = emails.how_was_it(_ask(about), person.name, other, link, missed=missed)
            _write(session, about, person, letter)


def write_for_consent(
    session: Session, advocate_id: int, to: Person, asker: Person, origin: str, *, renewal: bool
) -> None:
    """Ask somebody for their consent, or to renew it."""
    link = terms_link(session, advocate_id, to, origin)
    subject, body = emails.consent(to.name, asker.name, asker.email or "", link, renewal=renewal)
    outbox.queue(
        session,
        _address(to),
        subject,
        body,
        about=about_advocate(advocate_id),
        reply_to=asker.email or "",
    )


def about_advocate(advocate_id: int) -> str:
    """What the outbox calls an advocate."""
    return f"advocate {advocate_id}"


def terms_link(session: Session, advocate_id: int, person: Person, origin: str) -> str:
    """A link by which an advocate gives, limits or withdraws their consent."""
    return give_link(session, Purpose.CONSENT, person.id, origin, advocate_id=advocate_id)


def _ask(about: About) -> Ask:
    prospect, asker = about.prospect, about.asker
    title = f", {prospect.title}" if prospect and prospect.title else ""
    return Ask(
        activity=about.activity,
        asker=asker.name if asker else "",
        asker_email=(asker.email if asker else None) or "",
        advocate=about.advocate.name,
        customer=about.customer,
        prospect=f"{prospect.name}{title} at {about.buyer}" if prospect else about.buyer,
        prospect_name=prospect.name if prospect else "",
        message=about.message,
        minutes=about.minutes,
    )


def _meeting(about: About) -> Meeting:
    if about.starts_at is None:
        raise Conflict("It has no time yet.")
    people = [person for person, _ in _both(about)]
    host = about.organizer if about.organizer and about.organizer.email else people[0]
    return Meeting(
        uid=f"{uuid.uuid5(uuid.NAMESPACE_URL, about.name)}@dealkin",
        sequence=about.sequence,
        title=f"{about.activity.capitalize()}: {' and '.join(each.name for each in people)}",
        about=about.message,
        starts_at=about.starts_at,
        minutes=about.minutes,
        organizer=Attendee(host.name, _address(host)),
        attendees=[Attendee(person.name, _address(person)) for person in people],
    )


def _both(about: About) -> Iterator[tuple[Person, str]]:
    """Those who can be written to, each with what the other is called."""
    if about.advocate.email:
        yield about.advocate, about.prospect.name if about.prospect else about.buyer
    if about.prospect and about.prospect.email:
        yield about.prospect, f"{about.advocate.name} of {about.customer}"


def _link(session: Session, about: About, purpose: Purpose, to: Person, origin: str) -> str:
    return give_link(session, purpose, to.id, origin, request_id=about.request_id)


def _write(
    session: Session,
    about: About,
    to: Person,
    letter: Letter,
    *,
    calendar: str | None = None,
    method: str = "",
) -> None:
    organizer = about.organizer
    outbox.queue(
        session,
        _address(to),
        letter[0],
        letter[1],
        about=about.subject,
        reply_to=(organizer.email if organizer else None) or "",
        calendar=calendar,
        method=method,
    )


def _address(person: Person) -> str:
    if not person.email:
        raise Conflict(f"{person.name} has no e-mail address in the record; add it on their page.")
    return person.email


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
