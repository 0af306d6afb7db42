"""The page of the pipeline's stages."""

import re

import pytest
from sqlmodel import Session

from tests.web.checklist import refuses
from tests.web.conftest import Visit, acts
from tests.world import World, ago, stage
from workspace.deals.tables import Stage

HERE = "/deals/stages"


def fields(text: str) -> dict[str, str]:
    """What the form on the page would send as it stands."""
    return {
        name: value
        for name, value in re.findall(r'<input [^>]*name="([^"]+)"[^>]*value="([^"]*)"', text)
        if name == "seen" or "-" in name
    }


def test_should_change_stages(visit: Visit, world: World, session: Session) -> None:
    with world.database.write() as writing:
        world.deal(writing, "wards").stage_since = ago(20)
        one = stage(writing, "Qualification").id
        won = stage(writing, "Closed Won").id
    dana = visit("dana")
    sent = fields(dana.get(HERE).text)
    assert len(sent) == 1 + 8 * 3 + 2
    sent |= {f"name-{one}": "Qualified", f"rotting_days-{one}": "14", f"name-{won}": "Signed"}
    sent[f"probability-{one}"] = "25"
    assert dana.post(HERE, sent).status_code == 303
    row = session.get_one(Stage, one)
    assert (row.name, row.probability, row.rotting_days) == ("Qualified", 25, 14)
    board = visit("alice").get("/deals?view=board").text
    assert 'data-column="Qualified"' in board
    assert "Stuck for 20 days" in board
    assert "Signed" in visit("alice").get(f"/deals/{world.deals['brannoc']}").text
    # The deals themselves are where they were.
    assert visit("alice").get(f"/deals/{world.deals['wards']}").status_code == 200


def test_should_be_for_managers_and_administrators(visit: Visit, world: World) -> None:
    before = acts(world)
    for who in ("alice", "bob", "erin", "frank"):
        assert f'href="{HERE}"' not in visit(who).get("/deals?view=board").text
        page = visit(who).get(HERE)
        assert page.status_code == 200
        assert ">Save<" not in page.text
        assert visit(who).post(HERE, fields(page.text)).status_code == 403
    assert f'href="{HERE}"' in visit("grace").get("/deals?view=board").text
    assert acts(world) == before


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Required."),
        ("name", "needs analysis", "Another stage is called so."),
        ("name", "--", "Not a name."),
        ("probability", "101", "Enter a whole number from 0 to 100"),
        ("probability", "", "Required."),
        ("rotting_days", "0", "Enter a whole number from 1 to 3,650"),
        ("rotting_days", "3651", "Enter a whole number from 1 to 3,650"),
        ("rotting_days", "soon", "Enter a whole number from 1 to 3,650"),
    ],
)
def test_should_say_what_is_wrong_and_change_nothing(
    visit: Visit, world: World, session: Session, field: str, value: str, said: str
) -> None:
    one, other = stage(session, "Qualification").id, stage(session, "Prospecting").id
    before = acts(world)
    grace = visit("grace")
    sent = fields(grace.get(HERE).text) | {f"name-{other}": "Leads", f"{field}-{one}": value}
    answer = grace.post(HERE, sent)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'href="#{field}-{one}">Qualification, ' in answer.text
    assert 'value="Leads"' in answer.text
    assert acts(world) == before
    session.rollback()
    assert stage(session, "Prospecting").id == other


def test_should_not_write_over_what_somebody_else_saved(
    visit: Visit, world: World, session: Session
) -> None:
    one = stage(session, "Qualification").id
    dana, grace = visit("dana"), visit("grace")
    opened = fields(dana.get(HERE).text)
    theirs = opened | {f"rotting_days-{one}": "14"}
    assert grace.post(HERE, theirs).status_code == 303
    stale = dana.post(HERE, opened | {f"rotting_days-{one}": "7"})
    assert stale.status_code == 409
    assert "<td>7</td><td>14</td>" in stale.text
    assert dana.post(HERE, fields(stale.text)).status_code == 303
    session.rollback()
    assert session.get_one(Stage, one).rotting_days == 7


def test_should_refuse_what_every_write_refuses(visit: Visit, world: World) -> None:
    refuses(visit, world, HERE, fields(visit("dana").get(HERE).text), has_page=True)
