"""The whole life of a reference request: a rep, the desk, two guests, and a real mail server."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from icalendar import Calendar, Event
from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from references.desk.policy import set_policy
from references.desk.request import ReferenceRequest
from tests.browser.steps import new_page, sign_in
from tests.mail_server import mail_server
from tests.references.asking import advocate, ahead, contact
from tests.threads import SECONDS, wait_for
from tests.world import World
from workspace.clock import now
from workspace.deals.stakeholders import add_stakeholder
from workspace.delivery import outbox
from workspace.workers import start_worker


class Inboxes:
    """A mail server's handler; each address has an inbox."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.changed = threading.Condition()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(mail, EmailMessage)
        with self.changed:
            self.mails.append(mail)
            self.changed.notify_all()
        return "250 taken"

    def next_to(self, address: str, count: int) -> EmailMessage:
        """The mail of that number to an address, once it has come."""
        with self.changed:
            come = self.changed.wait_for(lambda: len(self._to(address)) >= count, timeout=SECONDS)
            assert come, f"no mail number {count} to {address}"
            return self._to(address)[count - 1]

    def _to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == address]


@pytest.fixture
def inboxes(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inboxes]:
    """A mail server on this machine, and the worker that hands the outbox to it."""
    monkeypatch.setattr(outbox, "PAUSE_SECONDS", 0.1)
    made = Inboxes()
    with mail_server(made, "references@dealkin.example") as server:
        stopped = start_worker("outbox", lambda: outbox.send_due(world.database, server))
        yield made
        stopped.set()
        wait_for(*(thread for thread in threading.enumerate() if thread.name == "outbox"))


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link_in(mail: EmailMessage) -> str:
    """The path of the first link in a mail: the server of the test has an address of its own."""
    found = re.search(r"http://127\.0\.0\.1:8000(/g/[\w-]{43})\s", text_of(mail))
    assert found, text_of(mail)
    return found[1]


def event_in(mail: EmailMessage, method: str) -> Event:
    """The appointment in a mail; its METHOD stands in the file and in the mail's own header."""
    [part] = [each for each in mail.walk() if each.get_content_type() == "text/calendar"]
    assert part.get_param("method") == method
    calendar = Calendar.from_ical(part.get_content())
    assert calendar["METHOD"] == method
    [event] = calendar.events
    return event


def guest(browser: Browser, page: Page) -> Page:
    """Somebody else's browser, on a phone and without scripts."""
    return new_page(
        browser,
        base_url="/".join(page.url.split("/")[:3]),
        java_script_enabled=False,
        viewport={"width": 390, "height": 844},
    )


def sign_in_as(page: Page, world: World, name: str) -> None:
    """Somebody else at the same screen."""
    page.context.clear_cookies()
    sign_in(page, world, name)


def test_should_bring_a_customer_and_a_prospect_together(
    browser: Browser, page: Page, world: World, inboxes: Inboxes
) -> None:
    with world.database.write() as session:
        advocate(session, world, "ines")
        tess = contact(session, world, "Tess Tide", "tidewater")
        add_stakeholder(session, world.deal(session, "tidewater"), tess.id, None)
        set_policy(session, world.people["erin"], {"owner_approval": True})
    ines, tess_address = "ines@customers.example", "tess@tidewater.example"

    # The rep asks, in three clicks.
    sign_in(page, world, "charlie")
    page.goto(f"/deals/{world.deals['tidewater']}")
    page.locator(".tabs").get_by_role("link", name="References").click()
    page.locator("summary").filter(has_text="Request Inês Moreira").click()
    page.get_by_role("button", name="Send request").click()
    expect(page.locator(".toast")).to_contain_text("is sent")
    page.goto("/")
    page.get_by_role("link", name="Reference call with Inês Moreira").click()
    address = page.url
    expect(page.get_by_text("Waiting for Alice Adeyemi.")).to_be_visible()

    # The desk approves in one click, and so does the one who looks after the customer.
    sign_in_as(page, world, "erin")
    page.goto("/references")
    page.get_by_role("button", name="Approve R-").click()
    expect(page.get_by_text("waiting for Alice Adeyemi")).to_be_visible()
    sign_in_as(page, world, "alice")
    page.get_by_role("link", name="Reference call with Inês Moreira").click()
    page.get_by_role("button", name="Approve").click()
    sign_in_as(page, world, "erin")

    # It reads the email to the advocate before it is sent, and edits it with the keyboard alone.
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    page.get_by_role("link", name="Preview email").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Invitation to Inês Moreira")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_label("Text").focus()
    page.keyboard.press("ControlOrMeta+Home")
    page.keyboard.type("A line of Erin's.\n\n")
    standard = page.get_by_label("Text").input_value()
    # What cannot be sent comes back with what was written.
    page.get_by_label("Text").fill("Only a line of Erin's.")
    page.get_by_role("button", name="Save and send").click()
    expect(page.locator("#body-error")).to_contain_text("they cannot answer")
    expect(page.get_by_label("Text")).to_have_value("Only a line of Erin's.")
    page.get_by_label("Text").fill(standard)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("saved and sent")
    page.set_viewport_size({"width": 1280, "height": 844})

    # The advocate offers three times, in her own zone, from her phone.
    phone = guest(browser, page)
    invitation = inboxes.next_to(ines, 1)
    assert invitation["Reply-To"] == "erin@dealkin.example"
    assert text_of(invitation).startswith("A line of Erin's.")
    answer = link_in(invitation)
    phone.goto(answer)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Could you take a reference call?")
    phone.get_by_label("Your time zone").select_option("Europe/Lisbon")
    phone.get_by_text("Other times").click()
    for number in (1, 2, 3):
        phone.get_by_label(f"Time {number}").fill(f"{ahead(9 + number)}T15:30")
    phone.get_by_role("button", name="Offer these times").click()
    expect(phone.get_by_text("We have your answer.")).to_be_visible()

    # The prospect's person takes the second, read in a zone of his own.
    other = guest(browser, page)
    pick = link_in(inboxes.next_to(tess_address, 1))
    other.goto(pick)
    other.get_by_label("Your time zone").select_option("Asia/Tokyo")
    other.get_by_role("button", name="Show the times in this zone").click()
    other.get_by_role("radio").nth(1).check(force=True)
    other.get_by_role("button", name="Send").click()
    expect(other.get_by_text("An invitation for your calendar is on its way.")).to_be_visible()

    # Both have it in their calendars: the same appointment, at the time that was offered.
    first = event_in(inboxes.next_to(ines, 2), "REQUEST")
    second = event_in(inboxes.next_to(tess_address, 2), "REQUEST")
    starts = first["DTSTART"].dt
    with world.database.read() as session:
        request = session.exec(select(ReferenceRequest)).one()
    assert starts == request.starts_at
    assert starts.astimezone(UTC).date() == ahead(11)
    assert first["UID"] == second["UID"]
    assert [str(each) for each in first["ATTENDEE"]] == [f"mailto:{ines}", f"mailto:{tess_address}"]
    assert str(first["ORGANIZER"]) == "mailto:erin@dealkin.example"
    assert "15:30 (Europe/Lisbon" in text_of(inboxes.next_to(ines, 2))
    assert "(Asia/Tokyo, UTC+9)" in text_of(inboxes.next_to(tess_address, 2))

    # The desk moves it by an hour: the calendars follow.
    page.goto(address)
    page.locator("summary").filter(has_text="Reschedule").click()
    moved = starts + timedelta(hours=1)
    page.get_by_label("When").fill(moved.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Time zone").select_option("UTC")
    page.get_by_role("button", name="Reschedule", exact=True).click()
    later = event_in(inboxes.next_to(ines, 3), "REQUEST")
    assert (later["UID"], later["SEQUENCE"]) == (first["UID"], first["SEQUENCE"] + 1)
    assert later["DTSTART"].dt == moved
    assert event_in(inboxes.next_to(tess_address, 3), "REQUEST")["DTSTART"].dt == moved

    # It takes place, and both say how it was.
    pass_by(world)
    sign_in_as(page, world, "charlie")
    page.goto(address)
    page.get_by_role("button", name="Mark completed").click()
    for who, phone_of, said in (
        (ines, phone, "A good talk about wards."),
        (tess_address, other, "Just what we needed to hear."),
    ):
        phone_of.goto(link_in(inboxes.next_to(who, 4)))
        phone_of.get_by_label("Your feedback").fill(said)
        phone_of.get_by_role("button", name="Send").click()
        expect(phone_of.get_by_text("Thank you for your feedback.")).to_be_visible()
    for link in (answer, pick):
        phone.goto(link)
        expect(phone.get_by_role("button")).to_have_count(0)

    # What came of it stands on the request and on the deal.
    page.goto(address)
    expect(page.get_by_text("A good talk about wards.")).to_be_visible()
    expect(page.get_by_text("Just what we needed to hear.")).to_be_visible()
    page.get_by_label("Outcome for the deal").select_option("helped")
    page.get_by_role("button", name="Record").click()
    expect(page.locator(".facts").get_by_text("helped")).to_be_visible()
    page.goto(f"/deals/{world.deals['tidewater']}/activity?view=references")
    expect(page.locator(".timeline")).to_contain_text("recorded the outcome of the reference call")
    assert len(inboxes.mails) == 8
    assert len({mail["Message-ID"] for mail in inboxes.mails}) == 8


def pass_by(world: World) -> None:
    """As if the appointment's time had come and gone."""
    with world.database.write() as session:
        request = session.exec(select(ReferenceRequest)).one()
        request.starts_at = now() - timedelta(hours=1)
        session.add(request)
