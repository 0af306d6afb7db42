"""Mail that comes back: known again, kept with the message, and told once."""

import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from tests.imap_server import FakeMailbox, imap_server
from workspace.clock import now
from workspace.database import Database
from workspace.delivery import mailbox as mailboxes
from workspace.delivery import outbox
from workspace.delivery.mailbox import Mailbox, MailboxPosition, mailbox_of
from workspace.delivery.outbox import OutboxMessage, Returned
from workspace.delivery.returned_mail import answer_in
from workspace.errors import DealkinError, TooMany
from workspace.told import in_words

ID = "0123456789abcdef0123456789abcdef"
SENT = f"Message-ID: <{ID}@dealkin.example>\nTo: ines@brannoc.example\nSubject: A question\n"


def report(
    action: str = "failed", why: str = "smtp; 550 5.1.1 No such person", of: str = ID
) -> bytes:
    """A report of a mail server on a mail that was sent."""
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.brannoc.example>\n"
        "To: references@dealkin.example\n"
        "Subject: Undelivered\n"
        "MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="edge"\n\n'
        "--edge\nContent-Type: text/plain\n\nIt did not work.\n"
        "--edge\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.brannoc.example\n\n"
        f"Final-Recipient: rfc822; ines@brannoc.example\nAction: {action}\nStatus: 5.1.1\n"
        f"Diagnostic-Code: {why}\n\n"
        f"--edge\nContent-Type: text/rfc822-headers\n\n{SENT.replace(ID, of)}\n--edge--\n"
    ).encode()


def away(text: str = "I am back on 4 May.", header: str = "Auto-Submitted: auto-replied") -> bytes:
    """What a mail program answers while its owner is away."""
    return (
        "From: ines@brannoc.example\nTo: references@dealkin.example\nSubject: Away\n"
        f"{header}\nIn-Reply-To: <{ID}@dealkin.example>\nReferences: <{ID}@dealkin.example>\n"
        f"Content-Type: text/plain; charset=utf-8\n\n{text}\n"
    ).encode()


# What is read in a mail


def test_should_read_why_a_mail_was_not_delivered() -> None:
    answer = answer_in(report())
    assert answer
    assert (answer.returned, answer.why) == (Returned.BOUNCED, "550 5.1.1 No such person")
    assert answer.message_ids == {ID}


def test_should_read_reports_of_no_standard() -> None:
    raw = f"From: postmaster@old.example\nSubject: Returned\n\nNobody here.\n\n{SENT}".encode()
    answer = answer_in(raw)
    assert answer
    assert answer.returned == Returned.BOUNCED
    # Nothing was said; pages say so.
    assert answer.why == ""


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "expanded"])
def test_should_take_no_other_report_for_a_failure(action: str) -> None:
    assert answer_in(report(action)) is None


@pytest.mark.parametrize(
    "header",
    ["Auto-Submitted: auto-replied", "auto-submitted: Auto-Replied; owner=x", "X-Autoreply: yes"],
)
def test_should_read_automatic_answers(header: str) -> None:
    answer = answer_in(away(header=header))
    assert answer
    assert (answer.returned, answer.why) == (Returned.AWAY, "I am back on 4 May.")


@pytest.mark.parametrize("header", ["X-Mailer: a person's", "Auto-Submitted: no"])
def test_should_leave_what_people_write_alone(header: str) -> None:
    assert answer_in(away(header=header)) is None


def test_should_show_no_more_than_a_few_lines() -> None:
    answer = answer_in(away("Long\x00 \u202eword " * 200))
    assert answer
    assert len(answer.why) <= 300
    assert answer.why.isprintable()


@given(st.binary(max_size=2_000))
def test_should_understand_any_bytes_or_leave_them(raw: bytes) -> None:
    answer_in(raw)
    answer_in(report()[:400] + raw)


# What is kept


@pytest.fixture
def inbox() -> FakeMailbox:
    return FakeMailbox()


@pytest.fixture
def mailbox(
    inbox: FakeMailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mailbox]:
    with imap_server(inbox, tmp_path) as (port, trusting):
        monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
        found = mailbox_of(
            f"imaps://references:secret@localhost:{port}",
            [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")],
        )
        assert found
        yield found


@pytest.fixture
def sent(database: Database) -> OutboxMessage:
    with database.write() as session:
        message = outbox.queue(
            session, "ines@brannoc.example", "A question", "May we call?", question=True
        )
        message.message_id, message.sent_at = ID, now()
    return message


def state_of(database: Database) -> tuple[str, str]:
    with database.read() as session:
        row = session.exec(select(OutboxMessage)).one()
        return row.returned, row.returned_why


def test_should_keep_and_tell_what_came_back_once(
    database: Database, mailbox: Mailbox, inbox: FakeMailbox, sent: OutboxMessage
) -> None:
    told: list[str] = []

    def tell(_session: Session, message: OutboxMessage) -> None:
        told.append(message.returned)

    inbox.add(b"From: ines@brannoc.example\n\nGladly.\n")
    inbox.add(away())
    inbox.add(report(of="f" * 32))
    assert mailboxes.read(database, mailbox, tell) == 1
    assert state_of(database) == ("away", "I am back on 4 May.")
    # The server names its last mail again, and nothing is read twice.
    assert mailboxes.read(database, mailbox, tell) == 0
    inbox.add(report())
    assert mailboxes.read(database, mailbox, tell) == 1
    assert state_of(database)[0] == "bounced"
    inbox.add(away())
    assert mailboxes.read(database, mailbox, tell) == 0
    assert told == ["away", "bounced"]
    # Nothing in the mailbox was changed.
    changing = ("STORE", "COPY", "EXPUNGE", "SELECT", "DELETE")
    assert not [each for each in inbox.commands if any(word in each for word in changing)]


def test_should_read_all_where_the_server_counts_from_the_start(
    database: Database, mailbox: Mailbox, inbox: FakeMailbox, sent: OutboxMessage
) -> None:
    for _ in range(5):
        inbox.add(b"From: ines@brannoc.example\n\nGladly.\n")
    mailboxes.read(database, mailbox, lambda *_: None)
    inbox.mails.clear()
    inbox.validity = 8
    inbox.add(report())
    assert mailboxes.read(database, mailbox, lambda *_: None) == 1


def test_should_let_a_person_be_asked_who_was_never_reached(
    database: Database, mailbox: Mailbox, inbox: FakeMailbox, sent: OutboxMessage
) -> None:
    def ask() -> None:
        with database.write() as session:
            outbox.queue(session, "ines@brannoc.example", "Again", "May we?", question=True)

    with pytest.raises(TooMany):
        ask()
    inbox.add(report())
    mailboxes.read(database, mailbox, lambda *_: None)
    ask()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("imaps://references:wrong@localhost:{}", "wrong password"),
        ("imaps://references:secret@localhost:{}/Elsewhere", "no such folder"),
        ("imaps://references:secret@localhost:1", "refused"),
    ],
)
def test_should_keep_the_problem_and_go_on(
    database: Database, mailbox: Mailbox, url: str, problem: str
) -> None:
    wrong = mailbox_of(url.format(mailbox.port), mailbox.allowed)
    assert wrong
    assert mailboxes.read_due(database, wrong, lambda *_: None) > 0
    with database.read() as session:
        assert problem in in_words(session.exec(select(MailboxPosition.problem)).one())


def test_should_not_dial_internal_addresses(database: Database, mailbox: Mailbox) -> None:
    outside = mailbox_of(f"imaps://references:secret@localhost:{mailbox.port}")
    assert outside
    mailboxes.read_due(database, outside, lambda *_: None)
    with database.read() as session:
        assert "internal address" in in_words(session.exec(select(MailboxPosition.problem)).one())


@pytest.mark.parametrize("url", ["https://x.example", "imaps://x.example", "imaps://u@x.example"])
def test_should_refuse_settings_that_name_no_mailbox(url: str) -> None:
    with pytest.raises(DealkinError, match="DEALKIN_MAILBOX_URL"):
        mailbox_of(url)
    assert mailbox_of(None) is None
