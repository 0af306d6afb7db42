"""The Playbook tab."""

import pytest
from sqlmodel import Session, select

from tests.web.checklist import refuses_on_deals
from tests.web.conftest import Visit
from tests.workspace.assets.hostile_files import png
from tests.workspace.assets.test_files import add_file
from tests.world import World
from web.workspace import Workspace
from workspace.assets.assets import Use


def test_should_show_plays_with_their_numbers(visit: Visit, world: World) -> None:
    page = visit("charlie").get(f"/deals/{world.deals['kestrel']}/playbook")
    assert page.status_code == 200
    assert "Ward demo" in page.text
    assert "with it" in page.text
    for hidden in ("Nightingale", "before the merger", "Price deck of last year", "Benchmarks"):
        assert hidden not in page.text


def test_should_offer_the_newest_file_of_a_play(
    visit: Visit, world: World, workspace: Workspace
) -> None:
    here = f"/deals/{world.deals['kestrel']}/playbook"
    assert "Download" not in visit("charlie").get(here).text
    for _ in range(2):
        add_file(workspace, world, "logo.png", png())
    file = f"/library/{world.assets['demo']}/files/2"
    assert f'href="{file}"' in visit("charlie").get(here).text


def test_should_use_an_asset_here(visit: Visit, world: World, session: Session) -> None:
    here = f"/deals/{world.deals['wards']}/playbook"
    alice = visit("alice")
    answer = alice.post(f"{here}/uses", {"asset": world.assets["demo"]})
    assert answer.status_code == 303
    assert "In use</span>" in alice.get(here).text
    deal = world.deal(session, "wards")
    made = session.exec(select(Use).where(Use.deal_id == deal.id)).one()
    assert alice.post(f"{here}/uses/{made.id}/helped", {"helped": "yes"}).status_code == 303
    session.rollback()
    assert session.get_one(Use, made.id).helped is True


def test_should_not_use_what_is_no_longer_good(visit: Visit, world: World) -> None:
    here = f"/deals/{world.deals['wards']}/playbook/uses"
    for name in ("old_deck", "withdrawn_paper"):
        assert visit("alice").post(here, {"asset": world.assets[name]}).status_code == 409
    assert visit("alice").post(here, {"asset": "no-such-asset"}).status_code == 404


@pytest.mark.parametrize("use", ["0", "-1", "999999", str(2**70), "-99999999999999999999"])
def test_should_not_judge_another_deals_use(visit: Visit, world: World, use: str) -> None:
    here = f"/deals/{world.deals['wards']}/playbook/uses/{use}/helped"
    assert visit("alice").post(here, {"helped": "yes"}).status_code == 404


def test_should_refuse_what_every_write_refuses(visit: Visit, world: World) -> None:
    refuses_on_deals(visit, world, "/deals/{deal}/playbook/uses", {"asset": world.assets["demo"]})
