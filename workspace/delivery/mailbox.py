"""The mailbox to which answers to sent mail go, read over IMAP (RFC 3501).

What was read is known by the ids that the server gives to mails, and nothing is changed: a mailbox
that people read, too, is left as it is.
"""

import hashlib
import imaplib
import logging
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, Session, SQLModel

from workspace.database import FOLLOWS, Database
from workspace.delivery.egress import Networks, Unreachable, vetted_address
from workspace.delivery.outbox import OutboxMessage
from workspace.delivery.returned_mail import answer_in, note_answer
from workspace.errors import DealkinError
from workspace.told import Told, in_words, said_by

logger = logging.getLogger("dealkin.mailbox")

# Between two looks.
PAUSE_SECONDS = 60.0
TIMEOUT_SECONDS = 30.0
# Reports and automatic answers are small; of others this much is enough to see that they are not.
LARGEST_PART = 200_000
# So many mails are read at one look.
BATCH = 100


class MailboxPosition(SQLModel, table=True):
    """Up to where a mailbox was read, and the problem of the last look."""

    __table_args__ = {"info": {FOLLOWS: True}}

    # A digest of the server, the user and the folder.
    mailbox: str = Field(primary_key=True, max_length=64)
    # The ids of mails hold as long as the server says the same of this.
    validity: int = Field(default=0, sa_type=BigInteger)
    last_uid: int = Field(default=0, sa_type=BigInteger)
    problem: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


@dataclass(frozen=True)
class Mailbox:
    """A folder of an IMAP server, which is reached over TLS."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str
    # TLS is begun on an open connection, as on port 143.
    start_tls: bool
    allowed: Networks = ()

    @property
    def name(self) -> str:
        """What its position is kept under."""
        told = "\n".join((self.host, str(self.port), self.user, self.folder))
        return hashlib.sha256(told.encode()).hexdigest()


def mailbox_of(url: str | None, allowed: Networks = ()) -> Mailbox | None:
    """The mailbox of DEALKIN_MAILBOX_URL; None if the setting is empty."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("imap", "imaps") or not (
        parts.hostname and parts.username and parts.password
    ):
        raise DealkinError("DEALKIN_MAILBOX_URL must be like imaps://user:password@host/INBOX.")
    start_tls = parts.scheme == "imap"
    return Mailbox(
        host=parts.hostname,
        port=port or (143 if start_tls else 993),
        user=unquote(parts.username),
        password=unquote(parts.password),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        start_tls=start_tls,
        allowed=allowed,
    )


# Is called with each message for which something came back, in the transaction that keeps it.
Tell = Callable[[Session, OutboxMessage], None]


def read_due(database: Database, mailbox: Mailbox, tell: Tell) -> float:
    """Look for answers to sent mail; returns the seconds until the next look."""
    try:
        problem: Told = {}
        try:
            read(database, mailbox, tell)
        except (imaplib.IMAP4.error, OSError, Unreachable) as error:
            problem = said_by(error)
            logger.warning("The mailbox could not be read: %s", in_words(problem))
        with database.write() as session:
            position = _position(session, mailbox)
            if position.problem != problem:
                position.problem = problem
                session.add(position)
    except Exception:
        # The database may be unreachable for a while.
        logger.exception("What the mailbox holds could not be kept")
    return PAUSE_SECONDS


def read(database: Database, mailbox: Mailbox, tell: Tell) -> int:
    """Read what came since the last look; the number of messages for which something came back."""
    with database.read() as session:
        position = session.get(MailboxPosition, mailbox.name)
        validity, last_uid = (position.validity, position.last_uid) if position else (0, 0)
    noted = 0
    with _opened(mailbox) as client:
        now_valid = int(_said(client, "UIDVALIDITY") or 0)
        if now_valid != validity:
            last_uid = 0
        _, found = client.uid("SEARCH", f"UID {last_uid + 1}:*")
        # The server names the last mail even where it is older.
        uids = sorted(uid for uid in map(int, (found[0] or b"").split()) if uid > last_uid)
        for uid in uids[:BATCH]:
            answer = answer_in(_content(client, uid))
            with database.write() as session:
                for message in note_answer(session, answer) if answer else ():
                    tell(session, message)
                    noted += 1
                position = _position(session, mailbox)
                position.validity, position.last_uid = now_valid, uid
                session.add(position)
    return noted


@contextmanager
def _opened(mailbox: Mailbox) -> Iterator[imaplib.IMAP4]:
    """A session with the folder open for reading alone."""
    address = vetted_address(mailbox.host, mailbox.port, mailbox.allowed)
    client = _client(mailbox, address)
    try:
        client.login(mailbox.user, mailbox.password)
        quoted = mailbox.folder.replace("\\", "\\\\").replace('"', '\\"')
        status, told = client.select(f'"{quoted}"', readonly=True)
        if status != "OK":
            said = (told[0] or b"").decode("utf-8", "replace")
            raise imaplib.IMAP4.error(f"{mailbox.folder}: {said}")
        yield client
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            client.logout()


def _client(mailbox: Mailbox, address: str) -> imaplib.IMAP4:
    """A client that dials an address, while TLS checks the server's name."""
    context = ssl.create_default_context()

    class Dialled(imaplib.IMAP4):
        def _create_socket(self, timeout: float | None) -> socket.socket:
            raw = socket.create_connection((address, mailbox.port), timeout)
            if mailbox.start_tls:
                return raw
            return context.wrap_socket(raw, server_hostname=mailbox.host)

    # The name is asked for by STARTTLS.
    client = Dialled(mailbox.host, mailbox.port, timeout=TIMEOUT_SECONDS)
    if mailbox.start_tls:
        client.starttls(context)
    return client


def _content(client: imaplib.IMAP4, uid: int) -> bytes:
    """The beginning of a mail, which stays unread."""
    _, parts = client.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{LARGEST_PART}>)")
    return b"".join(part[1] for part in parts if isinstance(part, tuple))


def _said(client: imaplib.IMAP4, name: str) -> str:
    """What the server said of the folder as it was opened."""
    told: Any = client.response(name)[1][0]
    return re.sub(r"\D", "", told.decode()) if told else ""


def _position(session: Session, mailbox: Mailbox) -> MailboxPosition:
    return session.get(MailboxPosition, mailbox.name) or MailboxPosition(mailbox=mailbox.name)
