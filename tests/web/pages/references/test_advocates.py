"""Advocates: nominating them, their consent, and what they agreed to."""

import re

import pytest
from sqlmodel import Session, select

from references.desk import consent
from references.desk.advocates import Activity, Advocate
from references.desk.consent import ConsentState
from tests.references.asking import advocate, ahead, call, contact
from tests.web.checklist import refuses
from tests.web.conftest import Visit
from tests.world import World, ago
from workspace.clock import today
from workspace.delivery.outbox import OutboxMessage


@pytest.fixture
def ines(world: World) -> str:
    with world.database.write() as session:
        advocate(session, world, "ines", consent=None)
    return "/references/advocates/ines-moreira"


def standing(world: World) -> ConsentState | None:
    with world.database.read() as session:
        who = session.exec(select(Advocate)).one()
        return consent.consent_on(consent.consents_of(session, [who.id])[who.id], today()).state


def test_should_nominate_a_contact(visit: Visit, world: World) -> None:
    alice = visit("alice")
    page = alice.get("/references/advocates/new?q=moreira").text
    assert "Inês Moreira" in page
    assert "Bob Brandt" not in alice.get("/references/advocates/new?q=brandt").text
    refuses(visit, world, "/references/advocates", {"person": "jonas-havelka"}, has_page=True)
    answer = alice.post("/references/advocates", {"person": "ines-moreira"})
    assert answer.headers["location"] == "/references/advocates/ines-moreira"
    assert "No consent yet" in alice.get("/references/advocates").text
    assert "Already nominated" in alice.get("/references/advocates/new?q=moreira").text
    assert alice.post("/references/advocates", {"person": "ines-moreira"}).status_code == 409
    assert alice.post("/references/advocates", {"person": "bob-brandt"}).status_code == 422
    assert alice.post("/references/advocates", {"person": "nobody"}).status_code == 404


def test_should_list_who_may_be_asked_and_when(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        advocate(session, world, "ines", activities=[Activity.CALL])
        call(session, world, advocate(session, world, "jonas"), ago(5))
        contact(session, world, "Vera Vance", "lumen")
        advocate(session, world, "vera", consent=ConsentState.REFUSED)
    page = visit("alice").get("/references/advocates").text
    rows = {name: page.split(name)[1].split("</tr>")[0] for name in ("Inês", "Jonas", "Vera")}
    assert "available" in rows["Inês"]
    assert "takes no further call within the quarter; from" in rows["Jonas"]
    assert "said no" in rows["Vera"]
    visits = visit("alice").get("/references/advocates?activity=site+visit").text
    assert "has not agreed to a site visit" in visits
    found = visit("frank").get("/references/advocates?q=lumen", **{"HX-Request": "true"}).text
    assert "Vera" in found
    assert "Inês" not in found
    assert visit("frank").get("/references/advocates?activity=song").status_code == 422


def test_should_list_the_consents_that_end_soon(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        for name, ends in (("ines", 20), ("jonas", 40)):
            who = advocate(session, world, name, consent=None)
            consent.record_consent(
                session, who, ConsentState.GIVEN, world.people["erin"], end=ahead(ends)
            )
    page = visit("erin").get("/references/advocates?renew=yes").text
    assert "Inês Moreira" in page
    assert "Jonas Havelka" not in page
    assert "Ask for renewal" in visit("erin").get("/references/advocates/ines-moreira").text
    with world.database.write() as session:
        who = session.exec(select(Advocate).where(Advocate.person_id == world.people["ines"])).one()
        consent.record_consent(session, who, ConsentState.WITHDRAWN, None)
    assert "Inês" not in visit("erin").get("/references/advocates?renew=yes").text


def test_should_write_a_consent_down(visit: Visit, world: World, ines: str) -> None:
    data = {
        "state": "given",
        "captured_on": str(ago(3)),
        "legal_basis": "performance of a contract",
        "source": "their contract",
        "start": "",
        "end": str(ahead(100)),
    }
    refuses(visit, world, f"{ines}/consent", data)
    assert visit("dana").post(f"{ines}/consent", data).status_code == 403
    assert visit("erin").post(f"{ines}/consent", data).status_code == 303
    assert standing(world) == ConsentState.GIVEN
    page = visit("alice").get(ines).text
    assert "performance of a contract · their contract · told by Erin Eriksen" in page
    withdrawn = {"state": "withdrawn", "source": "by telephone"}
    assert visit("erin").post(f"{ines}/consent", withdrawn).status_code == 303
    assert standing(world) == ConsentState.WITHDRAWN
    assert visit("erin").post(f"{ines}/consent", data).status_code == 409
    for wrong in ({"state": "expired"}, {"source": ""}, {"captured_on": str(ahead(2))}):
        answer = visit("erin").post(f"{ines}/consent", {**data, "end": "", **wrong})
        assert answer.status_code == 422, wrong
        assert "their contract" in answer.text or wrong == {"source": ""}


def test_should_ask_for_consent_by_letter(visit: Visit, world: World, ines: str) -> None:
    refuses(visit, world, f"{ines}/asking", {})
    visit("erin").post(f"{ines}/asking")
    assert standing(world) == ConsentState.REQUESTED
    assert "May we ask you for references?" in visit("erin").get(ines).text
    for name in ("alice", "frank"):
        assert "/g/" not in visit(name).get(ines).text
    with world.database.read() as session:
        message = session.exec(select(OutboxMessage)).one()
    assert (message.recipient, message.reply_to) == (
        "ines@customers.example",
        "erin@dealkin.example",
    )
    assert re.search(r"^http://127.0.0.1:8000/g/[\w-]{43}$", message.body, re.MULTILINE)
    assert visit("alice").post(f"{ines}/messages/{message.id}").status_code == 403
    # Erin asks, so another member of customer marketing gets the link.
    assert "/g/" not in visit("erin").get(ines).text.replace("/g/…", "")
    assert visit("erin").post(f"{ines}/messages/{message.id}").status_code == 404
    assert re.search(r"/g/[\w-]{43}", visit("grace").get(ines).text)
    assert visit("grace").post(f"{ines}/messages/{message.id}").status_code == 303


def test_should_set_what_they_agreed_to(
    visit: Visit, world: World, ines: str, session: Session
) -> None:
    data = {
        "activity": ["reference call", "quote"],
        "calls": "1",
        "events": "",
        "paused_until": str(ahead(9)),
    }
    refuses(visit, world, f"{ines}/terms", data)
    assert visit("alice").post(f"{ines}/terms", data).status_code == 403
    assert visit("erin").post(f"{ines}/terms", data).status_code == 303
    who = session.exec(select(Advocate)).one()
    assert (who.activities, who.calls_a_quarter) == ("reference call; quote", 1)
    assert who.paused_until == ahead(9)
    wrong = visit("erin").post(f"{ines}/terms", {**data, "calls": "many"})
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.text


def test_should_show_others_requests_as_nothing_but_a_date(
    visit: Visit, world: World, ines: str
) -> None:
    with world.database.write() as session:
        who = session.exec(select(Advocate)).one()
        made = call(session, world, who, ago(12), deal="nightingale")
    day = ago(12)
    for name, sees in (("bob", True), ("charlie", False), ("erin", False)):
        page = visit(name).get(ines).text
        assert f"{day.day} {day:%b %Y}" in page
        assert (made.key in page) is sees
