"""Remembered expertise: weighed once in a while, apart for viewers with other rights."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from references.teams import expertise
from references.teams.expertise import RememberedExpertise
from references.teams.proposals import staffing
from similarity.index.catalog import Catalog
from tests.world import World
from workspace.deals import team
from workspace.people.viewer import PLAIN_VIEW


class Weighing:
    """The deals for which evidence was weighed, in place of what weighs it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.deals: list[str] = []
        weigh = expertise.proofs_of_deals

        def proofs_of_deals(session: Any, viewer: Any, catalog: Any, deals: Any) -> Any:
            self.deals += [deal.name for deal in deals]
            return weigh(session, viewer, catalog, deals)

        monkeypatch.setattr(expertise, "proofs_of_deals", proofs_of_deals)

    def taken(self) -> list[str]:
        """The deals since the last call."""
        deals, self.deals = sorted(self.deals), []
        return deals


@pytest.fixture
def weighing(monkeypatch: pytest.MonkeyPatch) -> Weighing:
    return Weighing(monkeypatch)


def values(
    world: World, catalog: Catalog, remembered: RememberedExpertise, who: str, *names: str
) -> dict[int, Any]:
    with world.database.read() as session:
        viewer = world.viewer(who)
        deals = [world.deal(session, name) for name in names]
        return dict(remembered.values(session, viewer, catalog, deals))


def test_should_weigh_evidence_once_for_all_who_may_see_the_same(
    world: World, catalog: Catalog, weighing: Weighing
) -> None:
    remembered = RememberedExpertise()
    first = values(world, catalog, remembered, "dana", "kestrel", "meridian")
    assert len(weighing.taken()) == 2
    assert values(world, catalog, remembered, "dana", "kestrel", "meridian") == first
    assert weighing.taken() == []
    # One more deal is weighed alone.
    values(world, catalog, remembered, "dana", "kestrel", "tidewater")
    assert len(weighing.taken()) == 1


def test_should_weigh_evidence_apart_for_viewers_who_see_other_deals(
    world: World, catalog: Catalog, weighing: Weighing
) -> None:
    # Only Alice sees the confidential deal.
    remembered = RememberedExpertise()
    for who in ("alice", "dana"):
        values(world, catalog, remembered, who, "kestrel")
        assert len(weighing.taken()) == 1


def test_should_weigh_evidence_again_after_a_while(
    world: World, catalog: Catalog, weighing: Weighing, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered = RememberedExpertise()
    values(world, catalog, remembered, "dana", "kestrel")
    monkeypatch.setattr(expertise, "KEPT_SECONDS", -1.0)
    weighing.taken()
    values(world, catalog, remembered, "dana", "kestrel")
    assert len(weighing.taken()) == 1


def test_should_weigh_old_evidence_again_for_a_few_deals_at_a_time(
    world: World, catalog: Catalog, weighing: Weighing, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered = RememberedExpertise()
    names = ("kestrel", "meridian", "tidewater")
    values(world, catalog, remembered, "dana", *names)
    monkeypatch.setattr(expertise, "FRESH_SECONDS", -1.0)
    monkeypatch.setattr(expertise, "WEIGHED_AGAIN", 2)
    weighing.taken()
    first = (values(world, catalog, remembered, "dana", *names), weighing.taken())[1]
    then = (values(world, catalog, remembered, "dana", *names), weighing.taken())[1]
    assert len(first) == len(then) == 2
    assert len({*first, *then}) == 3


def test_should_keep_few_sets_of_rights(
    world: World, catalog: Catalog, weighing: Weighing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expertise, "RIGHTS_KEPT", 1)
    remembered = RememberedExpertise()
    for who in ("alice", "dana", "alice"):
        values(world, catalog, remembered, who, "kestrel")
        assert len(weighing.taken()) == 1


def test_should_take_over_what_was_weighed_elsewhere(
    world: World, catalog: Catalog, weighing: Weighing
) -> None:
    remembered = RememberedExpertise()
    with world.database.read() as session:
        kestrel = world.deal(session, "kestrel").id
        remembered.keep(session, world.viewer("dana"), catalog, {kestrel: {7: 0.5}})
    assert values(world, catalog, remembered, "dana", "kestrel") == {kestrel: {7: 0.5}}
    assert weighing.taken() == []


def test_should_weigh_evidence_once_where_several_pages_ask_at_once(
    world: World, catalog: Catalog, weighing: Weighing, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered = RememberedExpertise()
    weigh = expertise.proofs_of_deals

    def slowly(*about: Any) -> Any:
        time.sleep(0.2)
        return weigh(*about)

    monkeypatch.setattr(expertise, "proofs_of_deals", slowly)
    with ThreadPoolExecutor(3) as pool:
        asked = [
            pool.submit(values, world, catalog, remembered, "dana", "kestrel", "meridian")
            for _ in range(3)
        ]
        found = [each.result() for each in asked]
    assert len(weighing.taken()) == 2
    assert found[0] == found[1] == found[2]


def test_should_weigh_evidence_in_advance_for_all_who_see_no_confidential_deal(
    world: World, catalog: Catalog, weighing: Weighing
) -> None:
    with world.database.write() as session:
        for name in ("kestrel", "meridian"):
            team.add_seat(session, world.deal(session, name), "trainer", None, None)
    remembered = RememberedExpertise()
    with world.database.read() as session:
        remembered.weigh_in_advance(session, PLAIN_VIEW, catalog)
        assert len(weighing.taken()) == 2
        kestrel = world.deal(session, "kestrel")
        dana = world.viewer("dana")
        staffing(session, dana, catalog, only=kestrel, remembered=remembered)
    assert weighing.taken() == []
