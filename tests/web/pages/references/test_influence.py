"""The page of references' influence."""

from tests.references.asking import advocate
from tests.references.desk.test_influence import closed, vouched
from tests.web.conftest import Visit
from tests.world import World


def test_should_say_what_went_with_references_and_what_that_does_not_show(
    visit: Visit, world: World
) -> None:
    with world.database.write() as session:
        who = advocate(session, world, "ines").id
        vouched(session, closed(session, world, "Won", amount=125_000, count=7), who)
        vouched(session, closed(session, world, "Lost", count=3), who)
        closed(session, world, "Lost", count=9)
    page = visit("erin").get("/references/influence").text
    assert "Won 7 of 10" in page
    assert "875,000 EUR" in page
    assert "</b> with a reference" in page
    assert "Correlation, not cause" in page


def test_should_say_nothing_of_few_cases(visit: Visit, world: World) -> None:
    page = visit("erin").get("/references/influence").text
    assert "Won 0 of 0" in page
    assert "too few to say" in page
    assert "points</b>" not in page


def test_should_name_the_segments_that_nobody_covers(visit: Visit, world: World) -> None:
    page = visit("charlie").get("/references/influence").text
    assert "Manufacturing, Western Europe" in page
    assert "520,000 EUR" in page
    assert "/deals?outcome=open&amp;industry=C&amp;region=Western%20Europe" in page
    with world.database.write() as session:
        advocate(session, world, "ines")
    page = visit("charlie").get("/references/influence").text
    assert "Health &amp; social work, Northern Europe" not in page


def test_should_be_for_members_with_a_role(visit: Visit) -> None:
    for name in ("alice", "bob", "dana", "erin", "grace"):
        assert visit(name).get("/references/influence").status_code == 200
    assert visit("frank").get("/references/influence").status_code == 403
