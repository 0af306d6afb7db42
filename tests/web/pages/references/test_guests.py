"""Guests: what people without an account see and do by a link."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from references.desk import budgets, consent, guest_links, policy, rules, workflow
from references.desk.advocates import Activity, Advocate
from references.desk.consent import ConsentState
from references.desk.edited_emails import emails_ahead
from references.desk.emails import TO_PROSPECT, EmailKind
from references.desk.guest_links import GuestLink
from references.desk.request import Guest, Party, ReferenceRequest, State
from references.desk.slots import DAYS
from tests.references.asking import advocate, ahead, contact
from tests.web.conftest import Visit, Visitor, acts
from tests.world import World
from workspace.clock import now, today
from workspace.company import set_company, set_logo
from workspace.deals.tables import Deal
from workspace.delivery.outbox import OutboxMessage
from workspace.errors import Invalid
from workspace.people.tables import Person

OFFER = {
    "says": "yes",
    "zone": "Europe/Lisbon",
    **{f"time{number}": f"{ahead(9 + number)}T15:00" for number in (1, 2, 3)},
}

# What is written for the advocate alone, in words that nothing else has.
PRIVATE = "Wrenfield threatens us with a walrus clause; please never mention marzipan."
LATER = (EmailKind.PROSPECT_MISSED, EmailKind.PROSPECT_CANCELLATION)
PRIVATE_WORDS = ("Wrenfield", "walrus", "marzipan", "threatens")


@pytest.fixture
def asked(world: World) -> int:
    """A call with Inês for Charlie's deal, sent to her: the request's id."""
    with world.database.write() as session:
        who = advocate(session, world, "ines")
        tess = contact(session, world, "Tess Tide", "tidewater")
        tess.title = "Chief architect"
        policy.set_policy(session, None, {"owner_approval": False})
        request = workflow.open_request(
            session,
            world.viewer("charlie"),
            world.deal(session, "tidewater"),
            who,
            Activity.CALL,
            prospect=tess,
            message=PRIVATE,
            shared_message="Twenty minutes on the migration.",
        )
        workflow.approve(session, world.viewer("erin"), request)
        workflow.invite(session, world.viewer("erin"), request, "http://dealkin.local")
        return request.id


def links(world: World, to: str) -> list[str]:
    """The paths in the letters to somebody, the newest letter first."""
    with world.database.read() as session:
        query = select(OutboxMessage.body).where(col(OutboxMessage.recipient).startswith(to))
        bodies = session.exec(query.order_by(col(OutboxMessage.id).desc())).all()
    return [link for body in bodies for link in re.findall(r"/g/\S+", body)]


def state(world: World) -> str:
    with world.database.read() as session:
        return session.exec(select(ReferenceRequest.state)).one()


def guest(visit: Visit) -> Visitor:
    """Somebody without an account, cookies or a token."""
    return visit(None)


@pytest.fixture
def answer(world: World, asked: int) -> str:
    """The path of the advocate's link."""
    return links(world, "ines")[0]


@pytest.fixture
def pick(world: World, visit: Visit, answer: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of the link of the prospect's person."""
    with world.database.write() as session:
        link = guest_links.find_link(session, answer.removeprefix("/g/"))
        request = session.get_one(ReferenceRequest, link.request_id)
        person = Guest(link.person_id, "Inês", request.id, Party.ADVOCATE)
        day = datetime.combine(ahead(10), datetime.min.time(), UTC)
        times = [day + timedelta(hours=hour) for hour in (9, 12, 23)]
        workflow.accept(session, person, request, times, "http://dealkin.local")
    return links(world, "tess")[0]


# The advocate


def test_should_say_what_is_asked_and_nothing_more(visit: Visit, answer: str) -> None:
    page = guest(visit).get(answer)
    assert page.status_code == 200
    for told in ("Inês Moreira", "Charlie Costa", "Tess Tide, Chief architect", "Tidewater"):
        assert told in page.text
    # The secret of the link is chance, and may have such letters.
    text = page.text.replace(answer, "")
    for kept in ("claims warehouse", "350,000", "Datamoor", "Value Proposition", "R-", "D-0"):
        assert kept not in text, kept
    assert "noindex" in page.headers["x-robots-tag"]
    assert page.headers["cache-control"] == "no-store"
    assert "set-cookie" not in page.headers
    # The one script offers the browser's time zone.
    assert re.findall(r"<script[^>]*", page.text) == re.findall(
        r'<script src="/static/guest\.[0-9a-f]+\.js" defer', page.text
    )


def test_should_show_guests_the_company(visit: Visit, world: World, answer: str) -> None:
    with world.database.write() as session:
        set_company(session, None, name="Haldenworks")
        set_logo(session, None, b"\x89PNG\r\n\x1a\n")
    page = guest(visit).get(answer).text
    assert "<span>Haldenworks</span>" in page
    assert 'src="data:image/png;base64,' in page
    for data in (b"<svg/>", b"GIF89a", b"\xff\xd8\xff" + bytes(50_000)):
        with pytest.raises(Invalid), world.database.write() as session:
            set_logo(session, None, data)


def test_should_give_a_calendar_file_once_there_is_an_appointment(visit: Visit, pick: str) -> None:
    file = f"{pick}/invitation.ics"
    assert guest(visit).get(file).status_code == 404
    slot = re.findall(r'name="slot" value="([^"]+)"', guest(visit).get(pick).text)[0]
    guest(visit).post(f"{pick}/pick", {"slot": slot, "zone": "UTC"}, token="")
    assert file in guest(visit).get(pick).text
    entry = guest(visit).get(file)
    assert entry.headers["content-type"].startswith("text/calendar")
    assert "BEGIN:VEVENT" in entry.text
    assert "noindex" in entry.headers["x-robots-tag"]


def test_should_take_an_answer_with_three_times(visit: Visit, world: World, answer: str) -> None:
    sent = guest(visit).post(f"{answer}/answer", OFFER, token="")
    assert sent.headers["location"] == answer
    assert state(world) == State.ACCEPTED
    done = guest(visit).get(answer)
    assert (done.status_code, "We have your answer" in done.text) == (200, True)
    with world.database.read() as session:
        request = session.exec(select(ReferenceRequest)).one()
        first = rules.slots_of(session, request.id)[0]
        assert session.get_one(Person, world.people["ines"]).timezone == "Europe/Lisbon"
    assert first.astimezone(ZoneInfo("Europe/Lisbon")).hour == 15
    assert links(world, "tess")


def test_should_take_times_chosen_from_the_next_business_days(
    visit: Visit, world: World, answer: str
) -> None:
    page = guest(visit).get(answer).text
    slots = re.findall(r'name="slot" value="([^"]+)"', page)
    days = {slot[:10] for slot in slots}
    assert len(days) == DAYS
    assert all(date.fromisoformat(day).weekday() < 5 for day in days)
    # A call of half an hour ends within the business day.
    assert {slot[11:] for slot in slots} == {f"{hour:02}:00" for hour in range(9, 18)}
    two = {"says": "yes", "zone": "America/New_York", "slot": slots[:2]}
    refused = guest(visit).post(f"{answer}/answer", two, token="")
    assert refused.status_code == 422
    assert "3 to 5 different times" in refused.text
    assert len(re.findall(r'name="slot" value="[^"]+" checked', refused.text)) == 2
    three = {**two, "slot": slots[:2], "time1": slots[-1]}
    assert guest(visit).post(f"{answer}/answer", three, token="").status_code == 303
    with world.database.read() as session:
        request = session.exec(select(ReferenceRequest)).one()
        times = rules.slots_of(session, request.id)
    zone = ZoneInfo("America/New_York")
    assert [f"{time.astimezone(zone):%Y-%m-%dT%H:%M}" for time in times] == [
        *slots[:2],
        slots[-1],
    ]


def test_should_offer_no_day_on_which_the_advocate_cannot_be_asked(
    visit: Visit, world: World, answer: str
) -> None:
    with world.database.write() as session:
        advocate = session.exec(select(Advocate)).one()
        advocate.paused_until = ahead(20)
        session.add(advocate)
    slots = re.findall(r'name="slot" value="([^"]+)"', guest(visit).get(answer).text)
    assert slots
    assert min(slots)[:10] >= str(ahead(20))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"slot": "x"}, "Enter a day and a time"),
        ({"time3": ""}, "3 to 5 different times"),
        ({"time3": OFFER["time1"]}, "3 to 5 different times"),
        ({"time2": "2020-01-01T10:00"}, "This time has passed."),
        ({"time2": "tomorrow"}, "Enter a day and a time"),
        ({"zone": "Mars/Olympus"}, "Choose from the list."),
        ({"says": "perhaps"}, "Choose from the list."),
        ({"deal": "D-0001"}, "This form has no such field."),
    ],
)
def test_should_return_the_form_with_what_is_wrong(
    visit: Visit, world: World, answer: str, changes: dict[str, str], why: str
) -> None:
    before = acts(world)
    page = guest(visit).post(f"{answer}/answer", {**OFFER, **changes}, token="")
    assert page.status_code == 422
    assert why in page.text
    assert OFFER["time1"] in page.text
    assert (state(world), acts(world)) == (State.INVITED, before)
    assert guest(visit).post(f"{answer}/answer", OFFER, token="").status_code == 303


def test_should_take_a_no(visit: Visit, world: World, answer: str) -> None:
    guest(visit).post(f"{answer}/answer", {"says": "no", "reason": "A busy month"}, token="")
    assert state(world) == State.REFUSED
    assert "will not be asked for this again" in guest(visit).get(answer).text
    with world.database.read() as session:
        assert session.exec(select(ReferenceRequest.reason)).one() == "A busy month"


# Links


def test_should_change_nothing_when_a_link_is_opened(
    visit: Visit, world: World, answer: str
) -> None:
    before = acts(world)
    for link in links(world, "ines"):
        for _ in range(3):
            assert guest(visit).get(link).status_code == 200
    assert (state(world), acts(world)) == (State.INVITED, before)


def test_should_work_once(visit: Visit, world: World, answer: str) -> None:
    guest(visit).post(f"{answer}/answer", OFFER, token="")
    again = guest(visit).post(f"{answer}/answer", {"says": "no"}, token="")
    assert (again.status_code, state(world)) == (409, State.ACCEPTED)


def kill(how: str) -> Callable[[GuestLink], None]:
    def end(link: GuestLink) -> None:
        setattr(link, how, now() - timedelta(seconds=1))

    return end


@pytest.mark.parametrize("how", ["expires_at", "revoked_at"])
def test_should_be_dead_when_it_is_too_old_or_taken_back(
    visit: Visit, world: World, answer: str, how: str
) -> None:
    with world.database.write() as session:
        for link in session.exec(select(GuestLink)).all():
            kill(how)(link)
            session.add(link)
    assert guest(visit).get(answer).status_code == 410
    assert "Charlie" not in guest(visit).get(answer).text
    assert guest(visit).post(f"{answer}/answer", OFFER, token="").status_code == 409
    assert state(world) == State.INVITED


def test_should_be_dead_once_the_request_is_called_off(
    visit: Visit, world: World, asked: int, answer: str
) -> None:
    with world.database.write() as session:
        request = session.get_one(ReferenceRequest, asked)
        workflow.cancel(session, world.viewer("charlie"), request)
    assert guest(visit).get(answer).status_code == 410
    assert guest(visit).post(f"{answer}/answer", OFFER, token="").status_code == 409


def test_should_do_one_thing(visit: Visit, world: World, answer: str, pick: str) -> None:
    terms = next(link for link in links(world, "ines") if link != answer)
    said = {"says": "no", "slot": "none", "text": "x"}
    for link, other in ((pick, "answer"), (pick, "terms"), (terms, "answer"), (terms, "pick")):
        fields = {"answer": ["says"], "terms": ["says"], "pick": ["slot"]}[other]
        sent = {name: said[name] for name in fields}
        assert guest(visit).post(f"{link}/{other}", sent, token="").status_code == 409
    assert state(world) == State.ACCEPTED


@pytest.mark.parametrize("token", ["x", "a" * 43, "%00", "..", "a" * 5000])
def test_should_not_know_a_link_that_nobody_gave(visit: Visit, asked: int, token: str) -> None:
    page = guest(visit).get(f"/g/{token}")
    assert page.status_code in (303, 404)
    assert guest(visit).post(f"/g/{token}/answer", OFFER, token="").status_code in (403, 404)


def test_should_keep_only_the_hash_of_a_secret(world: World, answer: str) -> None:
    secret = answer.removeprefix("/g/")
    assert len(secret) == 43
    with world.database.read() as session:
        kept = session.exec(select(GuestLink.token_hash)).all()
    assert all(secret not in each for each in kept)


def test_should_refuse_what_another_site_sends(visit: Visit, world: World, answer: str) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}):
        sent = guest(visit).post(f"{answer}/answer", OFFER, token="", **headers)
        assert sent.status_code == 403
    assert state(world) == State.INVITED


def test_should_keep_the_secret_out_of_the_log(
    visit: Visit,
    answer: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(guest_links, "find_link", fail)
    assert guest(visit).get(answer).status_code == 500
    assert "/g/{token} failed" in caplog.messages[0]
    assert answer.removeprefix("/g/") not in caplog.text


def test_should_send_links_to_our_own_address_whoever_asks(
    visit: Visit, world: World, answer: str
) -> None:
    guest(visit).post(f"{answer}/answer", OFFER, token="", Host="evil.example")
    with world.database.read() as session:
        bodies = session.exec(select(OutboxMessage.body)).all()
    assert len(bodies) == 2
    assert not any("evil.example" in body for body in bodies)


# The prospect's person


def test_should_show_the_times_in_the_readers_zone(visit: Visit, pick: str) -> None:
    page = guest(visit).get(f"{pick}?zone=Asia/Tokyo").text
    day = ahead(10)
    later = ahead(11)
    assert f"{day.day} {day:%b %Y}, 18:00 (Asia/Tokyo, UTC+9)" in page
    assert f"{later.day} {later:%b %Y}, 08:00 (Asia/Tokyo, UTC+9)" in page
    assert "Inês Moreira, Chief information officer at St Brannoc Hospital" in page
    assert guest(visit).get(f"{pick}?zone=Mars/Olympus").status_code == 200


def test_should_show_the_times_in_the_zone_of_the_readers_country(
    visit: Visit, world: World, pick: str
) -> None:
    with world.database.write() as session:
        link = guest_links.find_link(session, pick.removeprefix("/g/"))
        session.get_one(Person, link.person_id).country = "PL"
    day = ahead(10)
    page = guest(visit).get(pick).text
    assert f"{day.day} {day:%b %Y}, 1" in page
    assert "(Europe/Warsaw, UTC+" in page
    # The list is short, and has the zone in the middle that somebody has chosen from elsewhere.
    assert page.count("<option") < 80
    assert re.search(r'<option value="Europe/Warsaw" selected>Warsaw \(UTC\+[12]\)</option>', page)
    kept = guest(visit).get(f"{pick}?zone=America/Kentucky/Louisville").text
    assert re.search(r'Louisville" selected>Louisville \(UTC-[45]\)</option>', kept)


def test_should_keep_the_zone_that_was_chosen_when_a_form_comes_back(
    visit: Visit, answer: str
) -> None:
    assert "data-guess-zone" in guest(visit).get(answer).text
    sent = guest(visit).post(
        f"{answer}/answer", {"says": "yes", "zone": "Asia/Tokyo", "time1": "soon"}, token=""
    )
    assert sent.status_code == 422
    assert '<option value="Asia/Tokyo" selected' in sent.text
    assert "data-guess-zone" not in sent.text


def test_should_fix_the_time_that_was_picked(visit: Visit, world: World, pick: str) -> None:
    slot = re.findall(r'name="slot" value="([^"]+)"', guest(visit).get(pick).text)[1]
    sent = guest(visit).post(f"{pick}/pick", {"slot": slot, "zone": "Asia/Tokyo"}, token="")
    assert sent.headers["location"] == pick
    assert state(world) == State.SCHEDULED
    assert "21:00 (Asia/Tokyo" in guest(visit).get(pick).text


def test_should_ask_for_other_times_when_none_suits(visit: Visit, world: World, pick: str) -> None:
    with world.database.read() as session:
        before = len(session.exec(select(OutboxMessage)).all())
    page = guest(visit).post(f"{pick}/pick", {"slot": "2020-01-01T10:00:00+00:00"}, token="")
    assert page.status_code == 422
    assert "no longer offered" in page.text
    guest(visit).post(f"{pick}/pick", {"slot": "none", "zone": "UTC"}, token="")
    assert state(world) == State.INVITED
    assert "We will ask for other times" in guest(visit).get(pick).text
    with world.database.read() as session:
        assert len(session.exec(select(OutboxMessage)).all()) == before + 1


# Afterwards


def test_should_take_feedback_of_both(visit: Visit, world: World, asked: int, pick: str) -> None:
    with world.database.write() as session:
        request = session.get_one(ReferenceRequest, asked)
        starts = rules.slots_of(session, asked)[0]
        workflow.schedule(session, world.viewer("erin"), request, starts, "http://dealkin.local")
        request.starts_at = now() - timedelta(hours=1)
        session.flush()
        workflow.complete(session, world.viewer("charlie"), request, "http://dealkin.local")
    for name, text in (("ines", "A good talk."), ("tess", "Just what we needed.")):
        link = links(world, name)[0]
        assert "How was it?" in guest(visit).get(link).text
        assert guest(visit).post(f"{link}/feedback", {"text": ""}, token="").status_code == 422
        assert guest(visit).post(f"{link}/feedback", {"text": text}, token="").status_code == 303
        assert "Thank you for your feedback" in guest(visit).get(link).text
        assert guest(visit).post(f"{link}/feedback", {"text": "x"}, token="").status_code == 409
    with world.database.read() as session:
        request = session.get_one(ReferenceRequest, asked)
    assert request.advocate_feedback == "A good talk."
    assert request.prospect_feedback == "Just what we needed."


# Consent


def terms(world: World, answer: str) -> str:
    return next(link for link in links(world, "ines") if link != answer)


def test_should_let_an_advocate_limit_what_they_are_asked(
    visit: Visit, world: World, answer: str
) -> None:
    link = terms(world, answer)
    assert "Withdraw my consent" in guest(visit).get(link).text
    data = {"says": "yes", "activity": ["quote"], "calls": "1", "paused_until": str(ahead(60))}
    assert guest(visit).post(f"{link}/terms", data, token="").status_code == 200
    with world.database.read() as session:
        who = session.exec(select(Advocate)).one()
    assert (who.activities, who.calls_a_quarter, who.own_terms) == ("quote", 1, True)
    assert who.paused_until == ahead(60)
    wrong = guest(visit).post(f"{link}/terms", {"says": "yes"}, token="")
    assert (wrong.status_code, "Choose at least one" in wrong.text) == (422, True)
    # The same link again: they may change their mind.
    assert guest(visit).get(link).status_code == 200


@pytest.mark.parametrize("how", ["expires_at", "revoked_at"])
@pytest.mark.parametrize("sent", [{"says": "yes"}, {"says": "maybe"}, {}, {"surprise": "x"}])
def test_should_not_show_terms_for_a_wrong_form_once_the_link_has_ended(
    visit: Visit, world: World, answer: str, how: str, sent: dict[str, str]
) -> None:
    link_of_terms = terms(world, answer)
    with world.database.write() as session:
        for link in session.exec(select(GuestLink)).all():
            kill(how)(link)
            session.add(link)
    said = guest(visit).post(f"{link_of_terms}/terms", sent)
    assert said.status_code == 410
    assert "Inês" not in said.text
    assert "activity" not in said.text


def test_should_let_an_advocate_withdraw_and_come_back(
    visit: Visit, world: World, answer: str
) -> None:
    link = terms(world, answer)
    assert guest(visit).post(f"{link}/terms", {"says": "no"}, token="").status_code == 200
    assert state(world) == State.REFUSED
    assert guest(visit).get(answer).status_code == 410
    with world.database.read() as session:
        who = session.exec(select(Advocate)).one()
        found = budgets.availability(session, [who.id], Activity.CALL, today())[who.id]
        assert found.consent.state == ConsentState.WITHDRAWN
        said = consent.consents_of(session, [who.id])[who.id][-1]
        assert (said.recorded_by_id, said.source) == (None, "their own link")
    data = {"says": "yes", "activity": ["reference call"]}
    guest(visit).post(f"{link}/terms", data, token="")
    with world.database.read() as session:
        found = budgets.availability(session, [who.id], Activity.CALL, today())[who.id]
        assert found.may_be_asked


# What is written for the advocate alone


def text_of(page: str) -> tuple[str, str]:
    """The subject and the text of an email, as its form shows them."""
    subject = re.search(r'name="subject"[^>]* value="([^"]*)"', page)
    body = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert subject
    assert body
    return unescape(subject[1]), unescape(body[1])


def reached_prospect(visit: Visit, world: World) -> str:
    """Everything that has reached the prospect's person: emails, calendar entries and pages."""
    with world.database.read() as session:
        query = select(OutboxMessage).where(col(OutboxMessage.recipient).startswith("tess"))
        emails = session.exec(query).all()
    texts = [text for email in emails for text in (email.subject, email.body, email.calendar or "")]
    # Calendars fold long lines.
    texts = [text.replace("\r\n ", "") for text in texts]
    for path in links(world, "tess"):
        texts.append(guest(visit).get(path).text)
        texts.append(guest(visit).get(f"{path}?zone=Europe/Warsaw").text)
        # A form that comes back shows the request again.
        texts.append(guest(visit).post(f"{path}/pick", {"slot": "never"}, token="").text)
    return "\n".join(texts)


@pytest.mark.parametrize("edited", [False, True])
def test_should_keep_the_private_message_from_the_prospect_at_every_step(
    visit: Visit, world: World, asked: int, pick: str, edited: bool
) -> None:
    erin = world.viewer("erin")
    origin = "http://dealkin.local"

    tried: set[EmailKind] = set()

    def edit() -> None:
        """Edit all emails ahead, after trying to tell the prospect's person too much once each."""
        with world.database.read() as session:
            request = session.get_one(ReferenceRequest, asked)
            key = request.key
            ahead = emails_ahead(request, prospect_has_address=True)
        for kind in ahead:
            path = f"/references/{key}/emails/{kind}"
            subject, body = text_of(visit("erin").get(path).text)
            if kind in TO_PROSPECT - tried:
                tried.add(kind)
                for told in (PRIVATE, "There is a WALRUS clause!", "Please, never mention it."):
                    form = {"subject": subject, "body": f"{body}\n\n{told}"}
                    refused = visit("erin").save(path, form)
                    assert refused.status_code == 422
                    assert "in the message for Inês Moreira alone" in refused.text
                    assert told.split()[-1] in refused.text
            form = {"subject": subject, "body": f"{body}\n\nEdited: {kind}."}
            assert visit("erin").save(path, form).status_code == 303, kind

    def step(take: Callable[[Session, ReferenceRequest], None]) -> None:
        if edited:
            edit()
        with world.database.write() as session:
            take(session, session.get_one(ReferenceRequest, asked))
        reached = reached_prospect(visit, world)
        for word in PRIVATE_WORDS:
            assert word not in reached, word

    def times(session: Session, request: ReferenceRequest) -> None:
        person = Guest(world.people["ines"], "Inês", request.id, Party.ADVOCATE)
        day = datetime.combine(ahead(12), datetime.min.time(), UTC)
        offered = [day + timedelta(hours=hour) for hour in (9, 12, 15)]
        workflow.accept(session, person, request, offered, origin)

    def let_it_pass(session: Session, request: ReferenceRequest) -> None:
        request.starts_at = now() - timedelta(hours=1)
        session.add(request)

    first = datetime.combine(ahead(12), datetime.min.time(), UTC) + timedelta(hours=9)
    step(lambda session, request: None)
    assert "Twenty minutes on the migration." in reached_prospect(visit, world)
    step(lambda session, request: workflow.ask_other_times(session, erin, request, origin))
    step(times)
    step(lambda session, request: workflow.schedule(session, erin, request, first, origin))
    later = first + timedelta(days=1)
    step(lambda session, request: workflow.reschedule(session, erin, request, later, origin))
    step(let_it_pass)
    step(lambda session, request: workflow.complete(session, erin, request, origin))
    reached = reached_prospect(visit, world)
    assert "BEGIN:VCALENDAR" in reached
    assert "DESCRIPTION:Twenty minutes on the migration." in reached
    with world.database.read() as session:
        to_ines = col(OutboxMessage.recipient).startswith("ines")
        bodies = session.exec(select(OutboxMessage.body).where(to_ines)).all()
        to_tess = col(OutboxMessage.recipient).startswith("tess")
        sent = session.exec(select(OutboxMessage.body).where(to_tess)).all()
    assert any(PRIVATE in body for body in bodies)
    # The first email to her had left before.
    assert [f"Edited: {kind}." in "".join(sent) for kind in TO_PROSPECT if kind not in LATER] == [
        edited
    ] * 3


@pytest.mark.parametrize("end", ["cancel", "miss"])
def test_should_keep_the_private_message_from_the_prospect_at_the_end(
    visit: Visit, world: World, asked: int, pick: str, end: str
) -> None:
    erin = world.viewer("erin")
    origin = "http://dealkin.local"
    first = datetime.combine(ahead(12), datetime.min.time(), UTC) + timedelta(hours=9)
    with world.database.write() as session:
        request = session.get_one(ReferenceRequest, asked)
        workflow.schedule(session, erin, request, first, origin)
        if end == "miss":
            request.starts_at = now() - timedelta(hours=1)
            session.add(request)
            workflow.miss(session, erin, request, origin)
        else:
            workflow.cancel(session, erin, request)
    reached = reached_prospect(visit, world)
    for word in PRIVATE_WORDS:
        assert word not in reached, word


def test_should_show_the_private_message_to_the_asker_and_the_desk_alone(
    visit: Visit, world: World, asked: int
) -> None:
    with world.database.read() as session:
        request = session.get_one(ReferenceRequest, asked)
        key, deal_id = request.key, request.deal_id
        deal = session.get_one(Deal, deal_id).key
    pages = [
        f"/references/{key}",
        *(f"/deals/{deal}{tab}" for tab in ("", "/references", "/activity")),
    ]
    for name in ("charlie", "erin"):
        page = visit(name).get(pages[0]).text
        assert "marzipan" in page
        assert "Twenty minutes on the migration." in page
    for name in ("alice", "bob", "dana", "frank"):
        for path in pages:
            text = visit(name).get(path).text
            assert not any(word in text for word in PRIVATE_WORDS), (name, path)
