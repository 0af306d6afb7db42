"""The pages of introductions, and what they tell to whom."""

import re
from datetime import timedelta
from typing import Any

import pytest
from litestar import Litestar
from sqlmodel import Session, select

from references.introductions.tables import OPEN_DAYS, IntroductionRequest
from references.network.ties import TieKind, Visibility, assert_tie
from tests.references.asking import ahead
from tests.references.telling import tell_tie
from tests.serving import set_mail_server
from tests.web.checklist import refuses
from tests.web.conftest import Visit, acts
from tests.web.test_contracts import counted
from tests.world import World
from workspace.clock import today
from workspace.delivery.outbox import OutboxMessage
from workspace.people.tables import Person

ASK = {"person": "jonas-havelka", "over": "bob-brandt", "why": "They choose in May.", "draft": "Hi"}
HIDDEN = {name: value for name, value in ASK.items() if name != "over"}


def tie(world: World, owner: str, visibility: str = Visibility.EVERYONE) -> None:
    with world.database.write() as session:
        tell_tie(session, world, owner, "jonas", visibility=visibility)


def asked(visit: Visit, world: World, data: dict[str, str] = ASK, by: str = "charlie") -> str:
    """Somebody asks for an introduction to Jonas; the ask's address."""
    answer = visit(by).post("/introductions", data)
    assert answer.headers["location"] == "/introductions", answer.text
    with world.database.read() as session:
        return f"/introductions/{session.exec(select(IntroductionRequest)).all()[-1].key}"


def looks(visit: Visit, name: str = "charlie") -> list[str]:
    """Every page that could tell somebody of an ask to Jonas, as it is."""
    visitor = visit(name)
    # What the last form said is shown once, and that has been.
    visitor.cookies.pop("flash", None)
    return [
        visitor.get(path).text
        for path in (
            "/introductions",
            "/",
            "/introductions/new?person=jonas-havelka&over=bob-brandt",
            "/people/jonas-havelka/ties",
            "/people/bob-brandt",
            "/accounts/havel-clinics/paths",
        )
    ]


@pytest.mark.parametrize(("data", "visibility"), [(ASK, "everyone"), (HIDDEN, "ask")])
def test_should_look_the_same_after_a_no_a_not_now_and_no_answer(
    visit: Visit, world: World, data: dict[str, str], visibility: str
) -> None:
    tie(world, "bob", visibility)
    # Another, so that the order of the two could tell, too.
    asked(visit, world, {**ASK, "person": "ines-moreira"})
    here = asked(visit, world, data)
    before = looks(visit)
    assert "no answer yet" in before[0]
    answers: list[dict[str, str]] = [
        {"answer": "not now", "again_on": ahead(3).isoformat()},
        {"answer": "no"},
    ]
    for said in answers:
        assert visit("bob").post(f"{here}/answer", said).status_code == 303
        assert looks(visit) == before
        again = visit("charlie").post("/introductions", data)
        outcome = visit("charlie").post(f"{here}/outcome", {"introduced": "yes"})
        assert (again.status_code, outcome.status_code) == (409, 409)
    ended = None
    for said in ("", "no", "not now"):
        with world.database.write() as session:
            key = here.rsplit("/", 1)[1]
            same = select(IntroductionRequest).where(IntroductionRequest.key == key)
            row = session.exec(same).one()
            row.expires_on = today() - timedelta(days=1)
            row.answer = said
            row.again_on = ahead(3) if said == "not now" else None
            session.add(row)
        pages = looks(visit)
        assert "no introduction came of it" in pages[0]
        refusal = visit("charlie").post(f"{here}/withdraw").text
        ended = ended or (pages, refusal)
        assert (pages, refusal) == ended


@pytest.mark.parametrize("said", [None, "no", "not now"])
def test_should_take_back_alike_whatever_was_said(
    visit: Visit, world: World, said: str | None
) -> None:
    tie(world, "bob")
    here = asked(visit, world)
    if said:
        answer = {"answer": said, "again_on": ahead(3).isoformat()}
        assert visit("bob").post(f"{here}/answer", answer).status_code == 303
    answer = visit("charlie").post(f"{here}/withdraw")
    assert (answer.status_code, answer.headers["location"]) == (303, "/introductions")
    assert "taken back" in visit("charlie").get("/introductions").text
    assert visit("bob").post(f"{here}/answer", {"answer": "no"}).status_code == 409


def test_should_tell_of_a_yes_and_of_what_came_of_it(visit: Visit, world: World) -> None:
    tie(world, "bob")
    page = visit("charlie").get("/people/jonas-havelka/ties").text
    link = re.search(r'href="(/introductions/new\?person=jonas-havelka&amp;over=bob-brandt)"', page)
    assert link
    form = visit("charlie").get(link[1].replace("&amp;", "&")).text
    assert "May I introduce my colleague Charlie Costa" in form
    here = asked(visit, world, {**ASK, "deal": world.deals["kestrel"]})
    assert "Charlie Costa would like to meet Jonas Havelka" in visit("bob").get("/").text
    waiting = visit("bob").get("/introductions").text
    assert "They choose in May." in waiting
    assert "Kestrel Health records" in waiting
    assert "Path to Jonas Havelka" in waiting
    visit("bob").post(f"{here}/answer", {"answer": "yes", "message": "Dear Jonas, meet Charlie."})
    assert "Dear Jonas, meet Charlie." in visit("bob").get("/introductions").text
    told = visit("charlie").get("/introductions").text
    assert "Bob Brandt said yes" in told
    # What the connector writes is theirs.
    assert "Dear Jonas, meet Charlie." not in told
    assert "Bob Brandt introduces you to Jonas Havelka" in visit("charlie").get("/").text
    assert visit("charlie").post(f"{here}/outcome", {"introduced": "yes"}).status_code == 303
    assert "introduced on" in visit("charlie").get("/introductions").text
    assert "Introduced by a colleague" in visit("dana").get("/people/jonas-havelka/ties").text


def test_should_keep_a_hidden_colleague_hidden_until_the_yes(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        ines = session.get_one(Person, world.people["ines"])
        for owner, visibility in (("dana", Visibility.ASK), ("erin", Visibility.PRIVATE)):
            assert_tie(
                session,
                world.people[owner],
                ines.id,
                TieKind.CONNECTED,
                asserted_by_id=world.people[owner],
                visibility=visibility,
                base=0.9,
            )
    page = visit("charlie").get("/people/ines-moreira/ties").text
    assert 'href="/introductions/new?person=ines-moreira"' in page
    here = asked(visit, world, {**HIDDEN, "person": "ines-moreira"})
    for name in ("charlie", "bob", "erin", "grace"):
        for text in looks(visit, name)[:2]:
            assert "Dana Dvořák" not in text
            assert "Inês Moreira" not in text or name == "charlie"
    assert "does not know that you are asked" in visit("dana").get("/introductions").text
    visit("dana").post(f"{here}/answer", {"answer": "yes", "message": "Dear Inês"})
    assert "Dana Dvořák said yes" in visit("charlie").get("/introductions").text


def test_should_show_asks_to_nobody_else(visit: Visit, world: World) -> None:
    tie(world, "bob")
    here = asked(visit, world)
    for name in ("alice", "dana", "erin", "frank", "grace"):
        for text in looks(visit, name)[:2]:
            assert "Jonas Havelka" not in text
        expected = 403 if name == "frank" else 404
        for tail, data in (
            ("answer", {"answer": "no"}),
            ("withdraw", {}),
            ("outcome", {"introduced": "no"}),
        ):
            assert visit(name).post(f"{here}/{tail}", data).status_code == expected
    assert visit("bob").post(f"{here}/withdraw").status_code == 404
    assert visit("charlie").post(f"{here}/answer", {"answer": "yes"}).status_code == 404


def test_should_show_what_is_wrong_and_keep_what_was_typed(visit: Visit, world: World) -> None:
    tie(world, "bob")
    page = visit("charlie").post("/introductions", {**ASK, "why": "", "draft": "My own words"})
    assert page.status_code == 422
    assert "Required." in page.text
    assert "My own words" in page.text
    here = asked(visit, world)
    page = visit("bob").post(f"{here}/answer", {"answer": "not now", "again_on": "1999-01-01"})
    assert page.status_code == 422
    assert "from tomorrow" in page.text or "Enter a date" in page.text
    page = visit("bob").post(f"{here}/answer", {"answer": "yes", "message": "", "send": "yes"})
    assert page.status_code == 422


def test_should_not_name_a_confidential_deal_to_who_may_not_see_it(
    visit: Visit, world: World
) -> None:
    tie(world, "bob")
    tie(world, "dana")
    deal = world.confidential_deal
    answer = visit("alice").post("/introductions", {**ASK, "over": "dana-dvorak", "deal": deal})
    assert answer.status_code == 422
    assert "may not see this deal" in answer.text or "may not know of it" in answer.text
    assert visit("charlie").post("/introductions", {**ASK, "deal": deal}).status_code == 404
    query = f"/introductions/new?person=jonas-havelka&over=bob-brandt&deal={deal}"
    assert visit("charlie").get(query).status_code == 404
    assert "Project Nightingale" in visit("alice").get(query).text
    asked(visit, world, {**ASK, "deal": deal}, by="alice")
    assert "Project Nightingale" in visit("bob").get("/introductions").text


def test_should_send_the_message_where_the_connector_wants_that(
    app: Litestar, visit: Visit, world: World, session: Session
) -> None:
    tie(world, "bob")
    with world.database.write() as writing:
        writing.get_one(Person, world.people["jonas"]).email = "jonas@havel.example"
    here = asked(visit, world)
    assert "Send it to" not in visit("bob").get("/introductions").text
    set_mail_server(app)
    assert "Send to jonas@havel.example" in visit("bob").get("/introductions").text
    sent = {"answer": "yes", "message": "Dear Jonas", "send": "yes"}
    assert visit("bob").post(f"{here}/answer", sent).status_code == 303
    session.rollback()
    assert session.exec(select(OutboxMessage)).one().body == "Dear Jonas"
    assert "Queued for sending" in visit("bob").get("/introductions").text


def test_should_say_how_to_begin(visit: Visit) -> None:
    assert "Choose a contact first" in visit("alice").get("/introductions/new").text
    assert (
        "No colleague to ask" in visit("alice").get("/introductions/new?person=ines-moreira").text
    )
    assert visit("frank").get("/introductions/new").status_code == 403
    assert visit("alice").get("/introductions/new?person=nobody").status_code == 404


@pytest.mark.parametrize(
    ("tail", "data"),
    [
        ("", ASK),
        ("/I-nothing/answer", {"answer": "no"}),
        ("/I-nothing/withdraw", {}),
        ("/I-nothing/outcome", {"introduced": "yes"}),
    ],
)
def test_should_refuse_what_every_write_refuses(
    visit: Visit, world: World, tail: str, data: dict[str, Any]
) -> None:
    refuses(visit, world, f"/introductions{tail}", data, has_page=not tail)


def test_should_change_nothing_by_looking(visit: Visit, world: World) -> None:
    tie(world, "bob")
    asked(visit, world)
    before = acts(world)
    for name in ("bob", "charlie"):
        looks(visit, name)
    assert acts(world) == before


def test_should_not_ask_the_database_more_often_for_more_asks(visit: Visit, world: World) -> None:
    tie(world, "bob")
    asked(visit, world)
    for path in ("/introductions", "/"):
        visit("bob").get(path)
        with counted(world.database) as before:
            visit("bob").get(path)
        for name in ("alice", "dana", "erin", "grace"):
            with world.database.write() as session:
                session.add(
                    IntroductionRequest(
                        key=f"I-{name}{len(path)}",
                        asker_id=world.people[name],
                        connector_id=world.people["bob"],
                        person_id=world.people["ines" if name == "dana" else "jonas"],
                        deal_id=world.deal(session, "kestrel").id,
                        why="So",
                        expires_on=today() + timedelta(days=OPEN_DAYS),
                    )
                )
        visit("bob").get(path)
        with counted(world.database) as after:
            visit("bob").get(path)
        assert len(after) <= len(before)
