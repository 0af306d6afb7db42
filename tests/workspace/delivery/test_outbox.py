"""The outbox: delivery, retries, leases, and refused headers."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlmodel import col, select

from tests.mail_server import mail_server
from tests.threads import SECONDS, wait_for
from workspace.clock import now
from workspace.database import Database
from workspace.delivery import outbox
from workspace.delivery.outbox import MailServer, OutboxMessage
from workspace.errors import Conflict, DealkinError, Invalid, NotFound, TooMany
from workspace.told import in_words
from workspace.workers import start_worker


def send_next(database: Database, server: MailServer) -> bool:
    """Send in a thread of its own, where no other event loop runs, as the worker does."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(outbox.send_next, database, server).result()


class Inbox:
    """The handler of a mail server that keeps the mails it accepts, or gives a set answer."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []
        # Called after a mail is accepted and before the answer.
        self.then: Callable[[], None] = lambda: None

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("2"):
            mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.then()
        return answer


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def server(inbox: Inbox) -> Iterator[MailServer]:
    """A mail server on this machine."""
    with mail_server(inbox, "desk@dealkin.example") as made:
        yield made


def put(database: Database, **facts: object) -> int:
    with database.write() as session:
        message = outbox.queue(
            session, "ines@brannoc.example", "Would you?", "Dear Inês,\n\nPięć minut?\n", **facts
        )
        session.flush()
        return message.id


def plain_text(mail: EmailMessage) -> str:
    """The plain part of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def row(database: Database, message_id: int) -> OutboxMessage:
    with database.read() as session:
        return session.get_one(OutboxMessage, message_id)


def wait_is_over(database: Database) -> None:
    """Have every delay and lease end."""
    with database.write() as session:
        for message in session.exec(select(OutboxMessage)).all():
            message.due_at = now() - timedelta(seconds=1)
            if message.leased_until:
                message.leased_until = now() - timedelta(seconds=1)
            session.add(message)


def test_should_send_a_message_once(database: Database, server: MailServer, inbox: Inbox) -> None:
    message_id = put(database, reply_to="erin@dealkin.example")
    assert send_next(database, server)
    assert not send_next(database, server)
    [mail] = inbox.mails
    assert (mail["From"], mail["To"]) == ("desk@dealkin.example", "ines@brannoc.example")
    assert (mail["Reply-To"], mail["Subject"]) == ("erin@dealkin.example", "Would you?")
    assert plain_text(mail).splitlines() == ["Dear Inês,", "", "Pięć minut?"]
    assert mail["Message-ID"] == f"<{row(database, message_id).message_id}@dealkin.example>"
    assert row(database, message_id).sent_at


def test_should_not_send_what_was_rolled_back(database: Database, server: MailServer) -> None:
    with database.write() as session:
        outbox.queue(session, "ines@brannoc.example", "Would you?", "…")
        session.rollback()
    assert not send_next(database, server)


def test_should_lose_nothing_while_the_mail_server_is_away(
    database: Database, inbox: Inbox
) -> None:
    message_id = put(database)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    gone = MailServer("127.0.0.1", port, "desk@dealkin.example", tls=False, start_tls=False)
    assert send_next(database, gone)
    failed = row(database, message_id)
    assert failed.sent_at is None
    assert failed.leased_until is None
    assert failed.problem
    assert failed.due_at > now() + timedelta(seconds=30)
    assert not send_next(database, gone)


@pytest.mark.parametrize("answer", ["451 later", "550 nobody of that name"])
def test_should_keep_a_refusal_and_try_again_under_the_same_id(
    database: Database, server: MailServer, inbox: Inbox, answer: str
) -> None:
    message_id = put(database)
    inbox.answers = [answer, answer]
    for attempt in (1, 2):
        assert send_next(database, server)
        told = row(database, message_id)
        assert (told.attempts, told.sent_at) == (attempt, None)
        assert answer.partition(" ")[2] in in_words(told.problem)
        wait_is_over(database)
    assert send_next(database, server)
    assert len(inbox.mails) == 1
    assert row(database, message_id).message_id in inbox.mails[0]["Message-ID"]
    assert row(database, message_id).problem == {}


def test_should_let_delays_grow_to_a_day() -> None:
    delays = [outbox.delay(attempts) for attempts in range(1, 40)]
    assert delays[0] == timedelta(minutes=1)
    assert delays == sorted(delays)
    assert delays[-1] == timedelta(days=1)


def test_should_send_at_most_one_duplicate_if_a_worker_dies_after_the_servers_yes(
    database: Database, server: MailServer, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(outbox, "_set_sent", die)
        with pytest.raises(KeyboardInterrupt):
            send_next(database, server)
    # No other worker takes it before the lease ends.
    assert not send_next(database, server)
    wait_is_over(database)
    assert send_next(database, server)
    assert not send_next(database, server)
    assert len(inbox.mails) == 2
    assert len({mail["Message-ID"] for mail in inbox.mails}) == 1


def test_should_not_let_two_workers_send_the_same(
    database: Database, server: MailServer, inbox: Inbox
) -> None:
    put(database)
    found: list[bool] = []
    inbox.then = lambda: found.append(send_next(database, server))
    assert send_next(database, server)
    assert found == [False]
    assert len(inbox.mails) == 1


def test_should_send_what_is_queued_while_the_worker_runs(
    database: Database, server: MailServer, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PAUSE_SECONDS", 0.05)
    taken = threading.Event()
    inbox.then = taken.set
    stopped = start_worker("outbox", lambda: outbox.send_due(database, server))
    try:
        put(database)
        assert taken.wait(SECONDS)
    finally:
        stopped.set()
        wait_for(*(thread for thread in threading.enumerate() if thread.name == "outbox"))
    assert len(inbox.mails) == 1


def test_should_state_the_method_of_an_invitation_twice(
    database: Database, server: MailServer, inbox: Inbox
) -> None:
    entry = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
    put(database, calendar=entry, method="REQUEST")
    send_next(database, server)
    [part] = [each for each in inbox.mails[0].walk() if each.get_content_subtype() == "calendar"]
    assert part.get_param("method") == "REQUEST"
    assert part.get_content().replace("\r\n", "\n") == entry.replace("\r\n", "\n")


@pytest.mark.parametrize(
    "facts",
    [
        {"recipient": "ines@brannoc.example\nBcc: all@example.com"},
        {"recipient": "ines@brannoc.example, all@example.com"},
        {"recipient": "ines@brannoc.example\r\n"},
        {"recipient": "<ines@brannoc.example>"},
        {"recipient": "ines"},
        {"recipient": ""},
        {"subject": "Would you?\r\nBcc: all@example.com"},
        {"subject": "Would you?\x00"},
        {"reply_to": "erin@dealkin.example\nBcc: all@example.com"},
    ],
)
def test_should_refuse_smuggled_headers(database: Database, facts: dict[str, str]) -> None:
    given = {"recipient": "ines@brannoc.example", "subject": "Would you?", **facts}
    with database.write() as session, pytest.raises(Invalid):
        outbox.queue(session, given.pop("recipient"), given.pop("subject"), "…", **given)


def test_should_forget_the_link_in_a_message_once_it_was_sent(
    database: Database, server: MailServer, inbox: Inbox
) -> None:
    link = "https://deals.example.com/g/" + "a" * 43
    with database.write() as session:
        message = outbox.queue(session, "ines@brannoc.example", "Would you?", f"Here:\n{link}\n")
        session.flush()
    send_next(database, server)
    assert link in plain_text(inbox.mails[0])
    assert not re.search("a{20}", row(database, message.id).body)


def test_should_not_send_what_was_dropped(
    database: Database, server: MailServer, inbox: Inbox
) -> None:
    put(database, about="reference request 1")
    put(database, about="reference request 2")
    with database.write() as session:
        outbox.drop(session, "reference request 1")
        assert outbox.messages_about(session, "reference request 1") == []
    while send_next(database, server):
        pass
    with database.read() as session:
        sent = select(OutboxMessage.about).where(col(OutboxMessage.sent_at).is_not(None))
        assert session.exec(sent).all() == ["reference request 2"]


def test_should_not_send_again_what_was_sent_by_hand(
    database: Database, server: MailServer
) -> None:
    message_id = put(database, about="reference request 1")
    with database.write() as session:
        with pytest.raises(NotFound):
            outbox.sent_by_hand(session, message_id + 1)
        outbox.sent_by_hand(session, message_id)
    with database.write() as session, pytest.raises(Conflict):
        outbox.sent_by_hand(session, message_id)
    assert not send_next(database, server)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, None),
        ("smtp://localhost:25", ("localhost", 25, False, None, None, None)),
        (
            "smtp://me%40x.example:p%3Ass@mail.example",
            ("mail.example", 587, False, True, "me@x.example", "p:ss"),
        ),
        ("smtps://me:pw@mail.example", ("mail.example", 465, True, False, "me", "pw")),
    ],
)
def test_should_read_the_address_of_the_mail_server(url: str | None, expected: object) -> None:
    found = outbox.mail_server(url, "desk@dealkin.example")
    facts = found and (
        *(found.host, found.port, found.tls),
        *(found.start_tls, found.user, found.password),
    )
    assert facts == expected
    assert found is None or (found.password or "-") not in repr(found).replace("me@", "")


@pytest.mark.parametrize(
    "url", ["mail.example", "http://mail.example", "smtp://", "smtp://x:99999"]
)
def test_should_refuse_what_names_no_mail_server(url: str) -> None:
    with pytest.raises(DealkinError, match="DEALKIN_SMTP_URL"):
        outbox.mail_server(url, "desk@dealkin.example")
    for sender in (None, "desk", "a@b.example\nBcc: c@d.example"):
        with pytest.raises(DealkinError, match="DEALKIN_MAIL_FROM"):
            outbox.mail_server("smtp://localhost", sender)


def ask(database: Database, to: str, about: str, *, question: bool = True) -> None:
    with database.write() as session:
        outbox.queue(session, to, "A question", "May we?", about=about, question=question)


def test_should_ask_a_person_one_question_a_week(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(database, "ines@customer.example", "advocate 1")
    for about in ("advocate 1", "reference request 2", "introduction 3"):
        with pytest.raises(TooMany) as refused:
            ask(database, "ines@customer.example", about)
        # Neither the address nor the reason is told to members who may not read them.
        day = outbox.spoken((now() + outbox.QUESTIONS_APART).date())
        assert str(refused.value).endswith(f"cannot be asked by email yet. Possible from {day}.")
    # What is no question goes on, and so do questions to others.
    ask(database, "ines@customer.example", "reference request 2", question=False)
    ask(database, "jonas@customer.example", "advocate 2")
    later = now() + outbox.QUESTIONS_APART + timedelta(minutes=1)
    monkeypatch.setattr(outbox, "now", lambda: later)
    ask(database, "ines@customer.example", "introduction 3")


def test_should_not_count_a_question_that_never_left(database: Database) -> None:
    ask(database, "ines@customer.example", "advocate 1")
    with database.write() as session:
        outbox.drop(session, "advocate 1")
    ask(database, "ines@customer.example", "reference request 2")


def test_should_say_the_same_in_html(database: Database, server: MailServer, inbox: Inbox) -> None:
    with database.write() as session:
        text = "Dear <Tess>,\n\nAnswer here:\nhttps://x.example/g/ab?c=1&d=2.\n"
        outbox.queue(session, "tess@tide.example", "A call?", text)
    send_next(database, server)
    html = inbox.mails[0].get_body(("html",))
    assert html is not None
    content = html.get_content()
    assert "Dear &lt;Tess&gt;," in content
    assert '<a href="https://x.example/g/ab?c=1&amp;d=2"' in content
    assert plain_text(inbox.mails[0]).startswith("Dear <Tess>,")
