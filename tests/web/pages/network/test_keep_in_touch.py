"""Keeping in touch, on a person's page and on Today."""

from tests.web.checklist import refuses
from tests.web.conftest import Visit, acts
from tests.world import World, ago

HERE = "/people/ines-moreira/keep-in-touch"


def test_should_remind_and_be_told_that_it_was_done(visit: Visit, world: World) -> None:
    alice = visit("alice")
    sent = {"every": "30", "last_on": str(ago(45))}
    assert alice.post(HERE, sent).status_code == 303
    assert "You are reminded every month." in alice.get("/people/ines-moreira").text
    assert "Inês Moreira" in alice.get("/").text.split("Keep in touch")[1]
    assert alice.post(f"{HERE}/done", {"back": "today"}).headers["location"] == "/"
    assert "Keep in touch" not in alice.get("/").text
    # Whom one writes to is nobody else's business.
    assert "You are reminded" not in visit("bob").get("/people/ines-moreira").text


def test_should_put_a_reminder_off_and_stop_it(visit: Visit) -> None:
    alice = visit("alice")
    alice.post(HERE, {"every": "30", "last_on": str(ago(45))})
    assert alice.post(f"{HERE}/later", {"back": "today"}).status_code == 303
    assert "Keep in touch" not in alice.get("/").text
    assert alice.post(f"{HERE}/stop").headers["location"] == "/people/ines-moreira"
    for step in ("done", "later", "stop"):
        assert alice.post(f"{HERE}/{step}").status_code == 404


def test_should_refuse_what_cannot_be(visit: Visit, world: World) -> None:
    alice, before = visit("alice"), acts(world)
    for wrong in ({"every": "5"}, {}, {"every": "30", "last_on": "2099-01-01"}):
        assert alice.post(HERE, wrong).status_code == 422
    assert alice.post("/people/nobody/keep-in-touch", {"every": "30"}).status_code == 404
    me = "/people/alice-adeyemi/keep-in-touch"
    assert alice.post(me, {"every": "30"}).status_code == 409
    assert acts(world) == before


def test_should_refuse_what_every_write_refuses(visit: Visit, world: World) -> None:
    refuses(visit, world, HERE, {"every": "30"})
    for step in ("done", "later", "stop"):
        refuses(visit, world, f"{HERE}/{step}", {})
