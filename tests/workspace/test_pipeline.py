"""One filter for deals, and the lists that it makes."""

from datetime import date

import pytest
from sqlmodel import select

from tests.world import World, ago
from workspace import deals, pipeline
from workspace.access import PLAIN_VIEW
from workspace.deals import Deal
from workspace.pipeline import DealFilter


def chosen(world: World, **given: object) -> set[str]:
    names = {key: name for name, key in world.deals.items()}
    with world.database.read() as session:
        rows = session.exec(select(Deal.key).where(*DealFilter(**given).where()))
        return {names[key] for key in rows}


def test_an_empty_filter_restricts_nothing(world: World) -> None:
    assert not DealFilter()
    assert DealFilter(outcome="won")
    assert chosen(world) == set(world.deals)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"outcome": "lost"}, {"ribera", "orlik"}),
        ({"stage": "Qualification"}, {"wards"}),
        ({"industry": "K64"}, {"lumen", "ribera"}),
        ({"industry": "K"}, {"lumen", "ribera", "tidewater"}),
        ({"size": "5,001–20,000"}, {"lumen", "ribera"}),
        ({"size": "over 20,000"}, {"meridian"}),
        ({"product": "relay-integration"}, {"fjord", "meridian"}),
        ({"competitor": "quarrystone"}, {"lumen", "orlik"}),
        ({"region": "Southern Europe"}, {"ribera"}),
        ({"owner": "charlie-costa", "outcome": "won"}, {"lumen", "fjord"}),
        ({"account": "st-brannoc-hospital"}, {"brannoc", "wards"}),
        ({"text": "BRANNOC"}, {"brannoc", "wards"}),
        ({"text": "lumen bank"}, {"lumen"}),
        ({"text": "D-0001"}, {"brannoc"}),
        ({"text": "%"}, set()),
        ({"text": "_"}, set()),
        ({"industry": "%"}, set()),
        ({"outcome": "won", "product": "beacon-dashboards", "region": "Africa"}, set()),
    ],
)
def test_each_field_restricts(world: World, given: dict[str, object], expected: set[str]) -> None:
    assert chosen(world, **given) == expected


def test_the_period_is_of_closing_or_else_of_opening(world: World) -> None:
    assert chosen(world, since=ago(120), until=ago(120)) == {"lumen", "meridian"}
    assert "wards" in chosen(world, since=ago(20))
    assert "wards" not in chosen(world, since=ago(19))
    assert chosen(world, until=date(1999, 1, 1)) == set()


def test_a_list_shows_what_the_viewer_may_see(world: World) -> None:
    with world.database.read() as session:
        alice = pipeline.deal_rows(session, world.viewer("alice"))
        charlie = pipeline.deal_rows(session, world.viewer("charlie"))
    assert len(alice) == 12
    assert {row.key for row in alice} - {row.key for row in charlie} == {world.confidential_deal}


@pytest.mark.parametrize("order", pipeline.DEAL_ORDERS)
@pytest.mark.parametrize("descending", [True, False])
def test_pages_follow_each_other_without_gap_or_repeat(
    world: World, order: str, descending: bool
) -> None:
    with world.database.read() as session:
        who = world.viewer("alice")
        whole = pipeline.deal_rows(session, who, order=order, descending=descending)
        paged, after = [], None
        while rows := pipeline.deal_rows(
            session, who, order=order, descending=descending, after=after, limit=5
        ):
            paged += rows
            after = rows[-1].key
    assert [row.key for row in paged] == [row.key for row in whole]
    assert len({row.key for row in whole}) == 12


def test_what_closed_last_comes_first(world: World) -> None:
    names = {key: name for name, key in world.deals.items()}
    with world.database.read() as session:
        alice = pipeline.closed_deals(session, world.viewer("alice"), limit=3)
        charlie = pipeline.closed_deals(session, world.viewer("charlie"), limit=3)
    assert [names[row.key] for row in alice] == ["nightingale", "ribera", "lumen"]
    assert [names[row.key] for row in charlie] == ["ribera", "lumen", "brannoc"]


def test_a_members_deals_are_owned_or_staffed_and_visible(world: World) -> None:
    names = {key: name for name, key in world.deals.items()}
    with world.database.read() as session:
        bob = world.people["bob"]
        mine = pipeline.deals_of_member(session, world.viewer("bob"), bob)
        seen = pipeline.deals_of_member(session, world.viewer("charlie"), bob)
        open_ones = pipeline.deals_of_member(session, world.viewer("bob"), bob, outcome="open")
    assert {names[row.key] for row in mine} - {names[row.key] for row in seen} == {"nightingale"}
    assert {names[row.key] for row in open_ones} == {"wards", "meridian"}


def test_what_is_only_on_hidden_deals_is_no_choice(world: World) -> None:
    with world.database.write() as session:
        secret = deals.find_or_add_competitor(session, "Whisper")
        deals.set_competitors(session, world.deal(session, "nightingale"), [secret])
    with world.database.read() as session:
        assert "Whisper" in {
            name for _, name in pipeline.choices(session, world.viewer("alice")).competitors
        }
        for who in (world.viewer("grace"), PLAIN_VIEW):
            choices = pipeline.choices(session, who)
            assert [name for _, name in choices.competitors] == ["Datamoor", "Quarrystone"]
    with world.database.write() as session:
        deals.edit(session, world.deal(session, "nightingale"), None, {"confidential": False})
    with world.database.read() as session:
        everything = pipeline.choices(session, PLAIN_VIEW).competitors
        assert [name for _, name in everything] == ["Datamoor", "Quarrystone", "Whisper"]


def test_what_was_a_choice_stays_one(world: World) -> None:
    with world.database.write() as session:
        for name in world.deals:
            if name != "nightingale":
                deals.set_competitors(session, world.deal(session, name), [])
    with world.database.read() as session:
        choices = pipeline.choices(session, PLAIN_VIEW)
        assert [name for _, name in choices.competitors] == ["Datamoor", "Quarrystone"]


def test_the_spelling_on_a_hidden_deal_is_not_told(world: World) -> None:
    with world.database.write() as session:
        secret = deals.find_or_add_competitor(session, "Whisper Corp")
        deals.set_competitors(session, world.deal(session, "nightingale"), [secret])
        same = deals.find_or_add_competitor(session, "WhisperCorp")
        assert (same.id, same.name, same.key) == (secret.id, "WhisperCorp", "whispercorp")
        deals.set_competitors(session, world.deal(session, "tidewater"), [same])
        assert deals.find_or_add_competitor(session, "WHISPER CORP").name == "WhisperCorp"
    with world.database.read() as session:
        found = pipeline.choices(session, PLAIN_VIEW).competitors
        assert ("whispercorp", "WhisperCorp") in found
