"""The outbox: mail that is to leave, written in the transaction that causes it.

A message is stored before it is sent, so neither a crash nor an unreachable mail server loses it.
"""

import asyncio
import logging
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum
from secrets import token_hex
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import aiosmtplib
import sqlalchemy as sa
from sqlalchemy import Text
from sqlmodel import Field, Session, col, select

from workspace.clock import now, spoken
from workspace.database import FOLLOWS, Database
from workspace.delivery.attempts import Queued, attempt_next, unsent
from workspace.delivery.html_part import html_part
from workspace.errors import Conflict, DealkinError, Invalid, NotFound, TooMany
from workspace.ids import uncounted_id
from workspace.told import Told, in_words, said_by

logger = logging.getLogger("dealkin.outbox")

SEND_SECONDS = 60
# How long a failed message waits; the delay doubles with each attempt.
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(days=1)
# How long nobody asks a person by mail again.
QUESTIONS_APART = timedelta(days=7)
# How long the worker waits when no message is due.
PAUSE_SECONDS = 2.0

_ADDRESS = re.compile(r"[^@\s,;:<>()\[\]\"\\]+@[^@\s,;:<>()\[\]\"\\]+")
# The secret in the address of a guest link, of an invitation, or of a new e-mail address.
_SECRET = re.compile(r"(?:(?<=/g/)|(?<=/join/)|(?<=/confirm/)|(?<=/own-data/))[\w-]{20,}")


class Returned(StrEnum):
    """Why something came back for a mail."""

    # It was not delivered.
    BOUNCED = "bounced"
    # Its receiver is away, as an automatic answer says.
    AWAY = "away"


class OutboxMessage(Queued, table=True):
    """A mail that is to be sent, or was sent."""

    __table_args__: ClassVar[dict[str, Any]] = {"info": {FOLLOWS: True}}

    id: int = uncounted_id()
    # The first part of its Message-ID, which stays the same for all attempts.
    message_id: str = Field(unique=True, max_length=200)
    # The subject that caused it, such as 'reference request 12', by which it is found again.
    about: str = Field(default="", index=True, max_length=60)
    recipient: str = Field(max_length=254, index=True)
    # Whether it asks its receiver for something, which may happen rarely.
    question: bool = False
    # The member who asks for something in it: they never read the links in it.
    asked_by_id: int | None = Field(default=None, foreign_key="person.id")
    reply_to: str = Field(default="", max_length=254)
    subject: str = Field(max_length=300)
    body: str = Field(sa_type=Text)
    # An iCalendar object and its METHOD, where the mail is an invitation.
    calendar: str | None = Field(default=None, sa_type=Text)
    method: str = Field(default="", max_length=20)
    # What came back for it after it was sent: a `Returned`, when, and in whose words.
    returned: str = Field(default="", max_length=10)
    returned_at: datetime | None = None
    returned_why: str = Field(default="", max_length=300)


@dataclass(frozen=True)
class MailServer:
    """The mail server, and the sender's address."""

    host: str
    port: int
    sender: str
    tls: bool
    # None uses STARTTLS if the server offers it.
    start_tls: bool | None
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def mail_server(url: str | None, sender: str | None) -> MailServer | None:
    """The server of DEALKIN_SMTP_URL; None if the setting is empty.

    A password is sent over encrypted connections only.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise DealkinError("DEALKIN_SMTP_URL must be like smtp://user:password@host:587.")
    if not sender or not _ADDRESS.fullmatch(sender):
        raise DealkinError("DEALKIN_MAIL_FROM must be the e-mail address that mail comes from.")
    tls = parts.scheme == "smtps"
    return MailServer(
        host=parts.hostname,
        port=port or (465 if tls else 587),
        sender=sender,
        tls=tls,
        start_tls=False if tls else True if parts.password else None,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def queue(
    session: Session,
    recipient: str,
    subject: str,
    body: str,
    *,
    about: str = "",
    reply_to: str = "",
    calendar: str | None = None,
    method: str = "",
    question: bool = False,
    asked_by: int | None = None,
) -> OutboxMessage:
    """Put a mail into the outbox; it leaves once this transaction has committed.

    A `question` asks its receiver for something, for the member `asked_by`.
    `TooMany` if its receiver was asked within a week.
    """
    for address in filter(None, (recipient, reply_to)):
        if not is_address(address):
            raise Invalid(
                "Email cannot be sent to this address.",
                {"email": "Enter an email address, for example ines@example.com."},
            )
    if not recipient:
        raise Invalid("Enter an email address.", {"email": "Required."})
    if any(letter < " " or letter == "\x7f" for letter in subject):
        raise Invalid("A subject is one line.", {"subject": "Control characters."})
    if question:
        _require_not_asked_lately(session, recipient)
    message = OutboxMessage(
        message_id=token_hex(16),
        about=about,
        recipient=recipient,
        reply_to=reply_to,
        subject=subject[:300],
        body=body,
        calendar=calendar,
        method=method,
        question=question,
        asked_by_id=asked_by,
    )
    session.add(message)
    return message


def _require_not_asked_lately(session: Session, recipient: str) -> None:
    """Refuse a second question to a person within QUESTIONS_APART, from any member."""
    asked = select(OutboxMessage.created_at).where(
        col(OutboxMessage.recipient) == recipient,
        col(OutboxMessage.question).is_(True),
        col(OutboxMessage.dropped_at).is_(None),
        # A mail that was not delivered asked nobody.
        col(OutboxMessage.returned) != Returned.BOUNCED,
        col(OutboxMessage.created_at) > now() - QUESTIONS_APART,
    )
    last = session.exec(asked.order_by(col(OutboxMessage.created_at).desc())).first()
    if last is not None:
        # Neither the address, which the asker may not be allowed to read, nor who asked before.
        raise TooMany(
            "This person cannot be asked by email yet."
            f" Possible from {spoken((last + QUESTIONS_APART).date())}."
        )


def is_address(text: str) -> bool:
    """Whether a text is exactly one e-mail address."""
    return len(text) <= 254 and text.isprintable() and bool(_ADDRESS.fullmatch(text))


def without_secrets(text: str) -> str:
    """The text with the secrets of links removed."""
    return _SECRET.sub("…", text)


def messages_about(session: Session, about: str) -> list[OutboxMessage]:
    """The messages about a subject, except dropped ones, the newest first."""
    query = select(OutboxMessage).where(
        OutboxMessage.about == about, col(OutboxMessage.dropped_at).is_(None)
    )
    return list(session.exec(query.order_by(col(OutboxMessage.id).desc())))


def drop_to(session: Session, recipient: str) -> None:
    """Drop the messages to an address that wait."""
    waiting = sa.update(OutboxMessage).where(
        col(OutboxMessage.recipient) == recipient, *unsent(OutboxMessage, now())
    )
    session.execute(waiting.values(dropped_at=now()))


def drop(session: Session, about: str) -> None:
    """Drop the messages about a subject that wait; a message that is being sent still leaves."""
    waiting = sa.update(OutboxMessage).where(
        col(OutboxMessage.about) == about, *unsent(OutboxMessage, now())
    )
    session.execute(waiting.values(dropped_at=now()))


def sent_by_hand(session: Session, message_id: int) -> None:
    """Mark a message as sent that a member has sent by hand."""
    query = select(OutboxMessage).where(
        OutboxMessage.id == message_id, col(OutboxMessage.dropped_at).is_(None)
    )
    message = session.exec(query.with_for_update()).first()
    if message is None:
        raise NotFound("There is no such message.")
    if message.sent_at or (message.leased_until and message.leased_until > now()):
        raise Conflict("This message is sent already, or is being sent.")
    _set_sent(message)
    session.add(message)


def send_due(database: Database, server: MailServer) -> float:
    """Send the message that is due first; returns the seconds until the next look."""
    try:
        return 0.0 if send_next(database, server) else PAUSE_SECONDS
    except Exception:
        # The database may be unreachable for a while; the messages stay in it.
        logger.exception("The outbox could not be worked on")
        return PAUSE_SECONDS


def send_next(database: Database, server: MailServer) -> bool:
    """Send the message that is due first; whether there was one."""

    def settle(_session: Session, row: OutboxMessage, problem: Told) -> None:
        row.problem = problem
        if problem:
            row.due_at = now() + delay(row.attempts)
            logger.warning("Message %s was not taken: %s", row.message_id, in_words(problem))
        else:
            _set_sent(row)

    return attempt_next(
        database, OutboxMessage, _due, lambda message: _send(message, server), settle
    )


def delay(attempts: int) -> timedelta:
    """How long a message waits after a number of failed attempts."""
    times: int = 2 ** min(attempts - 1, 20)
    return min(FIRST_DELAY * times, LONGEST_DELAY)


def as_mail(message: OutboxMessage, sender: str) -> EmailMessage:
    """The message as a mail, with an invitation in the form that calendars understand."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = message.recipient
    if message.reply_to:
        mail["Reply-To"] = message.reply_to
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = f"<{message.message_id}@{sender.rpartition('@')[2]}>"
    mail.set_content(message.body)
    mail.add_alternative(html_part(message.body), subtype="html")
    if message.calendar:
        mail.add_alternative(
            message.calendar, subtype="calendar", params={"method": message.method}
        )
    return mail


def _due() -> Any:
    moment = now()
    return (
        select(OutboxMessage)
        .where(*unsent(OutboxMessage, moment), col(OutboxMessage.due_at) <= moment)
        .order_by(col(OutboxMessage.due_at), col(OutboxMessage.id))
    )


def _send(message: OutboxMessage, server: MailServer) -> Told:
    """Hand a message to the mail server; returns the problem, empty if there was none."""
    try:
        asyncio.run(
            aiosmtplib.send(
                as_mail(message, server.sender),
                sender=server.sender,
                recipients=[message.recipient],
                hostname=server.host,
                port=server.port,
                username=server.user,
                password=server.password,
                use_tls=server.tls,
                start_tls=server.start_tls,
                timeout=SEND_SECONDS,
            )
        )
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return said_by(error)
    return {}


def _set_sent(message: OutboxMessage) -> None:
    message.sent_at = now()
    # Later readers of the record must not be able to use the links in it.
    message.body = without_secrets(message.body)
