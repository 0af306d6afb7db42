"""The reference desk's pages: the queue, a request, its letters, and the rules."""

import re
from datetime import timedelta

import pytest
from litestar import Litestar
from sqlmodel import Session, col, select

from references.desk import workflow
from references.desk.advocates import Activity, Advocate
from references.desk.policy import current_policy
from references.desk.request import Guest, Party, ReferenceRequest, State
from tests.references.asking import advocate, ahead, contact, noon
from tests.serving import set_mail_server
from tests.web.checklist import refuses
from tests.web.conftest import Visit, acts
from tests.world import World, stage
from workspace.clock import now
from workspace.deals import lifecycle
from workspace.delivery.outbox import OutboxMessage
from workspace.people.tables import Person

ORIGIN = "http://127.0.0.1:8000"


@pytest.fixture
def key(world: World) -> str:
    """A request of Charlie's for a call with Inês, whose hospital Alice looks after."""
    with world.database.write() as session:
        advocate(session, world, "ines")
        advocate(session, world, "jonas")
        contact(session, world, "Tess Tide", "tidewater")
    return ask(
        world,
        "charlie",
        "tidewater",
        "ines",
        fit=[{"code": "said", "text": "They studied together"}],
    )


def ask(world: World, by: str, deal: str, who: str, **facts: str) -> str:
    with world.database.write() as session:
        person = world.people[who]
        found = session.exec(select(Advocate).where(Advocate.person_id == person)).one()
        return workflow.open_request(
            session,
            world.viewer(by),
            world.deal(session, deal),
            found,
            Activity.CALL,
            prospect=session.get(Person, world.people["tess"]) if deal == "tidewater" else None,
            message="Twenty minutes would help us.",
            **facts,
        ).key


def row(world: World, key: str) -> ReferenceRequest:
    with world.database.read() as session:
        return session.exec(select(ReferenceRequest).where(ReferenceRequest.key == key)).one()


def confidential(world: World) -> str:
    """A request on the deal that only Alice and Bob, and now Erin, may know of."""
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        lifecycle.advance(session, deal, stage(session, "Needs Analysis"), world.people["alice"])
        lifecycle.invite(session, deal, world.people["erin"], world.people["alice"])
    return ask(world, "alice", "nightingale", "jonas")


# The queue


def test_should_show_what_a_decision_needs(visit: Visit, world: World, key: str) -> None:
    page = visit("erin").get("/references").text
    for told in (
        *("Reference call with Inês Moreira", "St Brannoc Hospital", "Tess Tide"),
        *("Tidewater claims warehouse", "Value Proposition", "350,000", "Charlie Costa"),
        *("They studied together", "Consent until", "1 request left for this customer"),
        *("waiting for Alice Adeyemi", "due in 2 days"),
    ):
        assert told in page
    assert "Approve" in page
    shown = visit("frank").get("/references").text.split('id="results"')[1].split("</main>")[0]
    # A reading member takes the list along, and changes nothing.
    assert set(re.findall(r'action="([^"]+)"', shown)) <= {"/exports/references"}


def test_should_approve_in_one_click(visit: Visit, world: World, key: str) -> None:
    erin = visit("erin")
    page = erin.get("/references").text
    form = page.split(f'action="/references/{key}/approve"')[1].split("</form>")[0]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    answer = erin.post(f"/references/{key}/approve", fields)
    assert answer.headers["location"] == "/references?view=waiting"
    assert row(world, key).desk_approved_by_id == world.people["erin"]
    assert "still has to approve" in erin.get("/references").text
    visit("alice").post(f"/references/{key}/approve", {"version": row(world, key).version})
    assert row(world, key).state == State.APPROVED


def test_should_narrow_the_queue_down(visit: Visit, world: World, key: str) -> None:
    for name, view, shown in (
        ("charlie", "mine", True),
        # She looks after the customer, and her yes is missing.
        ("alice", "mine", True),
        ("bob", "mine", False),
        ("erin", "mine", False),
        ("erin", "scheduled", False),
        ("erin", "all", True),
    ):
        page = visit(name).get(f"/references?view={view}").text
        assert (key in page) is shown, (name, view)
    assert visit("erin").get("/references?view=none").status_code == 422


def test_should_decide_on_several_at_once(visit: Visit, world: World, key: str) -> None:
    other = ask(world, "alice", "meridian", "jonas")
    erin = visit("erin")
    stale = f"{other}:{row(world, other).version - 1}"
    sent = {"request": [f"{key}:{row(world, key).version}", stale], "view": "all"}
    answer = erin.post("/references/bulk", {**sent, "step": "approve", "reason": "", "member": ""})
    assert answer.headers["location"] == "/references?view=all"
    assert "1 approved. 1 not." in erin.get("/references?view=all").text
    assert row(world, key).desk_approved_by_id == world.people["erin"]
    assert row(world, other).desk_approved_by_id is None
    both = [f"{each}:{row(world, each).version}" for each in (key, other)]
    grace = {"request": both, "step": "assign", "member": "grace-gwara"}
    erin.post("/references/bulk", grace)
    assert {row(world, each).assigned_to_id for each in (key, other)} == {world.people["grace"]}
    both = [f"{each}:{row(world, each).version}" for each in (key, other)]
    assert erin.post("/references/bulk", {"request": both, "step": "decline"}).status_code == 422
    erin.post("/references/bulk", {"request": both, "step": "decline", "reason": "Not now."})
    assert {row(world, each).state for each in (key, other)} == {State.DECLINED}
    for name in ("charlie", "dana", "frank"):
        assert visit(name).post("/references/bulk", {**sent, "step": "approve"}).status_code == 403


def test_should_say_nothing_of_a_request_on_a_confidential_deal(
    visit: Visit, world: World, key: str
) -> None:
    hidden = confidential(world)
    for name, sees in (("erin", True), ("bob", True), ("charlie", False), ("dana", False)):
        for path in ("/references?view=all", "/references/advocates/jonas-havelka", "/"):
            page = visit(name).get(path).text
            assert sees or hidden not in page, path
            assert sees or "Nightingale" not in page, path
        assert visit(name).get(f"/references/{hidden}").status_code == (200 if sees else 404)
        assert sees or (
            visit(name).post(f"/references/{hidden}/cancel", {"reason": ""}).status_code == 404
        )
    assert hidden in visit("erin").get("/references?view=all").text


def test_should_take_as_many_queries_for_many_rows(visit: Visit, world: World, key: str) -> None:
    import sqlalchemy as sa

    def count() -> int:
        sent: list[str] = []

        def note(_c: object, _k: object, statement: str, *_: object) -> None:
            sent.append(statement)

        sa.event.listen(world.database.reader, "before_cursor_execute", note)
        visit("erin").get("/references?view=all")
        sa.event.remove(world.database.reader, "before_cursor_execute", note)
        return len(sent)

    visit("erin").get("/references")
    before = count()
    with world.database.write() as session:
        for number in range(8):
            contact(session, world, f"More{number} Person", "lumen")
            advocate(session, world, f"more{number}")
    for number in range(8):
        ask(world, "charlie", "tidewater", f"more{number}")
    assert count() == before


# One request


def test_should_take_a_request_through_its_life(visit: Visit, world: World, key: str) -> None:
    erin, alice, here = visit("erin"), visit("alice"), f"/references/{key}"
    assert erin.post(f"{here}/approve").headers["location"] == here
    alice.post(f"{here}/approve")
    erin.post(f"{here}/invite")
    assert "Could you take a reference call?" in erin.get(here).text
    chosen = [f"{key}:{row(world, key).version}"]
    erin.post("/references/bulk", {"request": chosen, "step": "assign", "member": "grace-gwara"})
    with world.database.write() as session:
        request = session.get_one(ReferenceRequest, row(world, key).id)
        guest = Guest(world.people["ines"], "Inês", request.id, Party.ADVOCATE)
        times = [noon(ahead(each)) for each in (5, 6, 7)]
        workflow.accept(session, guest, request, times, ORIGIN)
    when = {"time": f"{ahead(9)}T10:00", "zone": "Europe/Prague"}
    assert erin.post(f"{here}/schedule", when).status_code == 303
    assert f"{ahead(9).day} " in erin.get(here).text
    assert row(world, key).state == State.SCHEDULED
    erin.post(f"{here}/reschedule", {**when, "time": f"{ahead(8)}T10:00"})
    assert row(world, key).calendar_sequence == 1
    with world.database.write() as session:
        request = session.get_one(ReferenceRequest, row(world, key).id)
        request.starts_at = now() - timedelta(hours=2)
        session.add(request)
    charlie = visit("charlie")
    charlie.post(f"{here}/complete")
    charlie.post(f"{here}/outcome", {"outcome": "helped", "note": "They want an offer."})
    assert "They want an offer." in charlie.get(here).text
    assert "They want an offer." not in visit("bob").get(here).text
    assert row(world, key).state == State.COMPLETED
    # Steps are stored with their parameters, and put into words where they are shown.
    deal = f"/deals/{world.deals['tidewater']}/activity"
    history, timeline = (
        " ".join(re.sub("<[^>]+>", " ", erin.get(path).text).split()) for path in (here, deal)
    )
    when_said = rf"for \w+ {ahead(9).day} {ahead(9):%b %Y}, 0[89]:00 \(UTC\)"
    assert re.search(rf"Erin Eriksen scheduled {when_said}", history)
    assert re.search(rf"scheduled the reference call with Inês Moreira {when_said}", timeline)
    assert "assigned the request to Grace Gwara" in history
    assert "assigned the reference call with Inês Moreira to Grace Gwara" in timeline
    assert "recorded the outcome: helped" in history


def test_should_say_whose_answer_a_request_waits_for(visit: Visit, world: World, key: str) -> None:
    erin = visit("erin")
    for who, step in (("erin", "approve"), ("alice", "approve"), ("erin", "invite")):
        visit(who).post(f"/references/{key}/{step}", {"version": row(world, key).version})
    assert row(world, key).state == State.INVITED
    assert "waiting for Inês Moreira" in erin.get("/references").text
    assert "waiting for Inês Moreira" in erin.get("/").text
    assert "Waiting for Inês Moreira to answer." in erin.get(f"/references/{key}").text


def test_should_swap_the_advocate_for_one_who_may_be_asked(
    visit: Visit, world: World, key: str
) -> None:
    here = f"/references/{key}"
    with world.database.write() as session:
        contact(session, world, "Zoe Zane", "brannoc")
        advocate(session, world, "zoe")
    # Who fits best comes before the alphabet, with the reason; nobody is swapped for themselves.
    choices = re.findall(
        r'<option value="([\w-]+)">([^<]+, [^<]+ – \w[^<]+)<', visit("erin").get(here).text
    )
    assert [name for name, _ in choices] == ["zoe-zane", "jonas-havelka"]
    assert choices[0][1].endswith("similar: St Brannoc patient records")
    visit("erin").post(f"{here}/swap", {"advocate": "jonas-havelka"})
    assert "Reference call with Jonas Havelka" in visit("erin").get(here).text


@pytest.mark.parametrize(
    ("step", "data", "status"),
    [
        ("schedule", {"time": "2026-01-01T10:00", "zone": "UTC"}, 422),
        ("schedule", {"time": "soon", "zone": "UTC"}, 422),
        ("decline", {"reason": ""}, 422),
        ("assign", {"member": "alice-adeyemi"}, 422),
        ("assign", {"member": ""}, 422),
        ("swap", {"advocate": "ines-moreira"}, 422),
        ("swap", {"advocate": "alice-adeyemi"}, 404),
        ("outcome", {"outcome": "splendid"}, 422),
        ("complete", {}, 409),
        ("invite", {}, 409),
        ("approve", {"version": "99"}, 409),
        ("submit", {}, 403),
        ("nothing", {}, 404),
    ],
)
def test_should_refuse_a_step_that_does_not_fit(
    visit: Visit, world: World, key: str, step: str, data: dict[str, str], status: int
) -> None:
    before = acts(world)
    assert visit("erin").post(f"/references/{key}/{step}", data).status_code == status
    assert acts(world) == before


@pytest.mark.parametrize(
    ("step", "data"),
    [
        ("approve", {}),
        ("decline", {"reason": "No."}),
        ("invite", {}),
        ("swap", {"advocate": "jonas-havelka"}),
        ("assign", {"member": "grace-gwara"}),
        ("cancel", {"reason": ""}),
        ("outcome", {"outcome": "helped"}),
    ],
)
def test_should_refuse_each_step_to_others(
    visit: Visit, world: World, key: str, step: str, data: dict[str, str]
) -> None:
    path = f"/references/{key}/{step}"
    refuses(visit, world, path, data)
    # Bob is on none of Charlie's teams, and no marketer either.
    assert visit("bob").post(path, data).status_code == 403


def test_should_show_letters_to_the_desk_and_the_asker_and_links_to_the_desk_alone(
    visit: Visit, world: World, key: str
) -> None:
    here = f"/references/{key}"
    visit("erin").post(f"{here}/approve")
    visit("alice").post(f"{here}/approve")
    visit("erin").post(f"{here}/invite")
    for name, reads in (
        *(("erin", True), ("grace", True), ("charlie", True)),
        *(("alice", False), ("bob", False), ("dana", False), ("frank", False)),
    ):
        page = visit(name).get(here).text
        assert ("Could you take a reference call?" in page) is reads, name
        assert bool(re.search(r"/g/[\w-]{20}", page)) is (name in ("erin", "grace")), name
    with world.database.read() as session:
        message = session.exec(select(OutboxMessage.id)).one()
    path = f"{here}/messages/{message}"
    assert visit("dana").post(path).status_code == 404
    assert visit("charlie").post(path).status_code == 404
    assert visit("erin").post(f"{here}/messages/999999").status_code == 404
    assert visit("erin").post(path).status_code == 303
    assert visit("erin").post(path).status_code == 409
    assert "/g/…" in visit("charlie").get(here).text
    with world.database.read() as session:
        sent = session.exec(select(OutboxMessage).where(col(OutboxMessage.id) == message)).one()
    assert sent.sent_at
    assert re.search(r"/g/…", sent.body)


def test_should_keep_links_to_their_guests_where_mail_is_sent(
    visit: Visit, app: Litestar, world: World, key: str
) -> None:
    here = f"/references/{key}"
    visit("erin").post(f"{here}/approve")
    visit("alice").post(f"{here}/approve")
    visit("erin").post(f"{here}/invite")
    assert re.search(r"/g/[\w-]{43}", visit("erin").get(here).text)
    set_mail_server(app)
    page = visit("erin").get(here).text
    assert "Could you take a reference call?" in page
    assert not re.search(r"/g/[\w-]{43}", page)


# Today, and the rules


def test_should_show_ones_requests_today(visit: Visit, world: World, key: str) -> None:
    for name, shown in (("charlie", True), ("alice", True), ("bob", False), ("erin", True)):
        assert (key in visit(name).get("/").text) is shown, name


def test_should_tell_the_one_who_asked_of_a_no(visit: Visit, world: World, key: str) -> None:
    visit("erin").post(f"/references/{key}/decline", {"reason": "Their launch is next week."})
    shown = f'<a class="strong" href="/references/{key}">'
    assert shown in visit("charlie").get("/").text
    with world.database.write() as session:
        request = session.get_one(ReferenceRequest, row(world, key).id)
        request.changed_at = now() - timedelta(days=8)
        session.add(request)
    assert shown not in visit("charlie").get("/").text


def test_should_set_the_rules(visit: Visit, world: World, session: Session) -> None:
    page = visit("frank").get("/references/policy").text
    assert 'value="14"' in page
    data = {
        "calls_a_quarter": "2",
        "events_in_two_quarters": "1",
        "earliest_stage": "4",
        "consent_months": "6",
        "renewal_days": "30",
        "approval_days": "2",
        "answer_days": "5",
        "link_days": "14",
    }
    refuses(visit, world, "/references/policy", data, has_page=True)
    assert visit("dana").post("/references/policy", data).status_code == 403
    wrong = visit("erin").post("/references/policy", {**data, "link_days": "900"})
    assert wrong.status_code == 422
    assert 'value="900"' in wrong.text
    assert visit("erin").post("/references/policy", data).status_code == 303
    rules = current_policy(session)
    assert (rules.calls_a_quarter, rules.earliest_stage, rules.owner_approval) == (2, 4, False)
