"""The outbox: what has to leave the system, written in the transaction that causes it.

A message is a row before it is a mail, so it is lost neither by a crash nor by a mail server
that is away. One worker has it at a time, for as long as its lease; whoever dies between the
server's yes and writing that down has it sent once more, under the same Message-ID.
"""

import asyncio
import logging
import re
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from secrets import token_hex
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib
import sqlalchemy as sa
from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.clock import now
from workspace.database import Database
from workspace.errors import Conflict, DealkinError, Invalid, NotFound

logger = logging.getLogger("dealkin.outbox")

# Longer than a mail server may take, so that nobody else takes a message that is being sent.
LEASE = timedelta(minutes=5)
SEND_SECONDS = 60
# How long a failed message waits: twice as long each time.
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(days=1)
# How often the worker looks.
PAUSE_SECONDS = 2.0

_ADDRESS = re.compile(r"[^@\s,;:<>()\[\]\"\\]+@[^@\s,;:<>()\[\]\"\\]+")
# The secret in the address of a guest's link.
_SECRET = re.compile(r"(?<=/g/)[\w-]{20,}")


class OutboxMessage(SQLModel, table=True):
    """A mail that is to be sent, or was."""

    id: int = Field(default=None, primary_key=True)
    # What its Message-ID begins with, the same at every try.
    message_id: str = Field(unique=True, max_length=200)
    # What it is about, such as 'reference request 12': whoever caused it finds it again.
    about: str = Field(default="", index=True, max_length=60)
    recipient: str = Field(max_length=254)
    reply_to: str = Field(default="", max_length=254)
    subject: str = Field(max_length=300)
    body: str = Field(sa_type=Text)
    # An iCalendar object and its METHOD, where the mail is an invitation.
    calendar: str | None = Field(default=None, sa_type=Text)
    method: str = Field(default="", max_length=20)
    created_at: datetime = Field(default_factory=now)
    due_at: datetime = Field(default_factory=now, index=True)
    attempts: int = 0
    # Who is sending it just now has it until then; a worker that died gives it back so.
    leased_until: datetime | None = None
    sent_at: datetime | None = None
    # It was overtaken by events before it was sent.
    dropped_at: datetime | None = None
    # What the mail server said at the last try.
    problem: str = Field(default="", max_length=500)


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over, and who it is from."""

    host: str
    port: int
    sender: str
    tls: bool
    # None takes STARTTLS where it is offered.
    start_tls: bool | None
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def mail_server(url: str | None, sender: str | None) -> MailServer | None:
    """The server that DEALKIN_SMTP_URL names, or None where mail is not sent from here.

    With a password the connection is encrypted or not used at all.
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
) -> OutboxMessage:
    """Put a mail into the outbox; it leaves after this transaction has committed, if it does."""
    for address in filter(None, (recipient, reply_to)):
        if not is_address(address):
            raise Invalid("Mail cannot be sent there.", {"email": "Not an e-mail address."})
    if not recipient:
        raise Invalid("Mail needs somebody to go to.", {"email": "Needed."})
    if any(letter < " " or letter == "\x7f" for letter in subject):
        raise Invalid("A subject is one line.", {"subject": "Control characters."})
    message = OutboxMessage(
        message_id=token_hex(16),
        about=about,
        recipient=recipient,
        reply_to=reply_to,
        subject=subject[:300],
        body=body,
        calendar=calendar,
        method=method,
    )
    session.add(message)
    return message


def is_address(text: str) -> bool:
    """Whether this is one e-mail address and nothing more."""
    return len(text) <= 254 and text.isprintable() and bool(_ADDRESS.fullmatch(text))


def without_secrets(text: str) -> str:
    """A text in which no guest's link works any more."""
    return _SECRET.sub("…", text)


def messages_about(session: Session, about: str) -> list[OutboxMessage]:
    """The messages about a thing that were sent or still will be, the newest first."""
    query = select(OutboxMessage).where(
        OutboxMessage.about == about, col(OutboxMessage.dropped_at).is_(None)
    )
    return list(session.exec(query.order_by(col(OutboxMessage.id).desc())))


def drop(session: Session, about: str) -> None:
    """Keep what waits to be sent about a thing from leaving; what is being sent just now goes."""
    free = sa.or_(
        col(OutboxMessage.leased_until).is_(None), col(OutboxMessage.leased_until) < now()
    )
    waiting = sa.update(OutboxMessage).where(
        col(OutboxMessage.about) == about,
        col(OutboxMessage.sent_at).is_(None),
        col(OutboxMessage.dropped_at).is_(None),
        free,
    )
    session.execute(waiting.values(dropped_at=now()))


def sent_by_hand(session: Session, about: str, message_id: int) -> None:
    """Somebody copied a message and sent it themselves: it is not sent again."""
    query = select(OutboxMessage).where(
        OutboxMessage.id == message_id,
        OutboxMessage.about == about,
        col(OutboxMessage.dropped_at).is_(None),
    )
    message = session.exec(query.with_for_update()).first()
    if message is None:
        raise NotFound("There is no such message.")
    if message.sent_at or (message.leased_until and message.leased_until > now()):
        raise Conflict("This message is sent already, or is being sent.")
    _is_sent(message)
    session.add(message)


def start_worker(database: Database, server: MailServer) -> threading.Event:
    """Send what is due from now on, in a thread of its own, until the event is set."""
    stopped = threading.Event()

    def work() -> None:
        while not stopped.is_set():
            try:
                busy = send_next(database, server)
            except Exception:
                # The database may be away for a while; the messages are safe in it.
                logger.exception("The outbox could not be worked on")
                busy = False
            if not busy:
                stopped.wait(PAUSE_SECONDS)

    threading.Thread(target=work, name="outbox", daemon=True).start()
    return stopped


def send_next(database: Database, server: MailServer) -> bool:
    """Send the message that has waited longest; whether there was one."""
    with database.read() as session:
        if session.exec(_due().limit(1)).first() is None:
            return False
    with database.write() as session:
        message = session.exec(_due().limit(1).with_for_update(skip_locked=True)).first()
        if message is None:
            return False
        message.leased_until = now() + LEASE
        message.attempts += 1
        session.add(message)
    problem = _send(message, server)
    with database.write() as session:
        row = session.get_one(OutboxMessage, message.id, with_for_update=True)
        row.leased_until = None
        row.problem = problem[:500]
        if problem:
            row.due_at = now() + delay(row.attempts)
            logger.warning("Message %s was not taken: %s", row.message_id, problem)
        else:
            _is_sent(row)
        session.add(row)
    return True


def delay(attempts: int) -> timedelta:
    """How long to wait after so many failed tries."""
    times: int = 2 ** min(attempts - 1, 20)
    return min(FIRST_DELAY * times, LONGEST_DELAY)


def as_mail(message: OutboxMessage, sender: str) -> EmailMessage:
    """A message as it goes over the wire; an invitation as calendars understand it."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = message.recipient
    if message.reply_to:
        mail["Reply-To"] = message.reply_to
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = f"<{message.message_id}@{sender.rpartition('@')[2]}>"
    mail.set_content(message.body)
    if message.calendar:
        mail.add_alternative(
            message.calendar, subtype="calendar", params={"method": message.method}
        )
    return mail


def _due() -> Any:
    moment = now()
    return (
        select(OutboxMessage)
        .where(
            col(OutboxMessage.sent_at).is_(None),
            col(OutboxMessage.dropped_at).is_(None),
            col(OutboxMessage.due_at) <= moment,
            sa.or_(
                col(OutboxMessage.leased_until).is_(None),
                col(OutboxMessage.leased_until) < moment,
            ),
        )
        .order_by(col(OutboxMessage.due_at), col(OutboxMessage.id))
    )


def _send(message: OutboxMessage, server: MailServer) -> str:
    """Hand a message over: what went wrong, or nothing."""
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
        return str(error) or type(error).__name__
    return ""


def _is_sent(message: OutboxMessage) -> None:
    message.sent_at = now()
    # Whoever reads the record later must not be able to follow the links in it.
    message.body = without_secrets(message.body)
