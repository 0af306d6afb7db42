"""What comes back for mail that was sent: that it could not be delivered, or that its receiver is
away.

Reports follow RFC 3464, automatic answers RFC 3834. A message is known again by the first part of
its Message-ID, which its receiver and the servers on the way alone have seen.
"""

import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser

from sqlmodel import Session, col, select

from workspace.clock import now
from workspace.delivery.outbox import OutboxMessage, Returned

# Of what a server or a person writes, so much is shown.
SHOWN = 300
_OURS = re.compile(r"\b([0-9a-f]{32})@")
# Who writes reports that follow no standard.
_SERVERS = re.compile(r"\b(mailer-daemon|postmaster)@", re.IGNORECASE)
_PARSER = BytesParser(policy=policy.default)


@dataclass(frozen=True)
class Answer:
    """What came back, and for which of the messages that were sent."""

    returned: Returned
    why: str
    message_ids: frozenset[str]


def answer_in(raw: bytes) -> Answer | None:
    """What a mail says of one that was sent; None for what a person wrote, and for all else."""
    try:
        mail = _PARSER.parsebytes(raw)
        return _report(mail, raw) or _automatic_answer(mail)
    except (LookupError, ValueError, AttributeError, TypeError):
        # A mail that no parser understands says nothing.
        return None


def note_answer(session: Session, answer: Answer) -> list[OutboxMessage]:
    """Keep with the messages that were sent what came back for the first time; the messages."""
    sent = select(OutboxMessage).where(
        col(OutboxMessage.message_id).in_(answer.message_ids),
        col(OutboxMessage.sent_at).is_not(None),
        # That it was not delivered is the last word.
        col(OutboxMessage.returned).not_in([answer.returned, Returned.BOUNCED]),
    )
    messages = list(session.exec(sent.order_by(col(OutboxMessage.id)).with_for_update()))
    for message in messages:
        message.returned, message.returned_at = answer.returned, now()
        message.returned_why = answer.why
        session.add(message)
    return messages


def _report(mail: EmailMessage, raw: bytes) -> Answer | None:
    """A report that a mail could not be delivered, for good."""
    is_standard = (
        mail.get_content_type() == "multipart/report"
        and str(mail.get_param("report-type", "")).lower() == "delivery-status"
    )
    if not is_standard and not _SERVERS.search(str(mail.get("From", ""))):
        return None
    fields: list[tuple[str, str]] = []
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = [block for block in part.get_payload() if isinstance(block, Message)]
            for block in blocks:
                fields += [(name.lower(), str(value)) for name, value in block.items()]
    actions = {value.strip().lower() for name, value in fields if name == "action"}
    if fields and "failed" not in actions:
        # It is delayed, relayed, or delivered.
        return None
    said = next((value for name, value in fields if name == "diagnostic-code"), "")
    status = next((value for name, value in fields if name == "status"), "")
    # 'smtp; 550 5.1.1 no such user' names the kind of server first.
    why = said.partition(";")[2] or said or status
    return _answer(Returned.BOUNCED, why, raw)


def _automatic_answer(mail: EmailMessage) -> Answer | None:
    """An answer that a program gave in its receiver's place."""
    submitted = str(mail.get("Auto-Submitted", "")).partition(";")[0].strip().lower()
    programs = ("X-Autoreply", "X-Autorespond", "X-Auto-Response")
    if submitted != "auto-replied" and not any(mail.get(name) for name in programs):
        return None
    body = mail.get_body(("plain",))
    text = str(body.get_content()) if body else str(mail.get("Subject", ""))
    references = f"{mail.get('In-Reply-To', '')} {mail.get('References', '')}"
    return _answer(Returned.AWAY, text, references.encode())


def _answer(returned: Returned, why: str, names: bytes) -> Answer | None:
    ids = frozenset(_OURS.findall(names.decode("ascii", "replace")))
    readable = "".join(letter if letter.isprintable() else " " for letter in why)
    shown = " ".join(readable.split())
    cut = shown if len(shown) <= SHOWN else f"{shown[: SHOWN - 1]}…"
    return Answer(returned, cut, ids) if ids else None
