"""Playbook: what won kin, by numbers that anybody can count again."""

import json
import math
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from similarity.index.catalog import Catalog
from similarity.inquiry import Want, ask_of_deal, rank
from similarity.playbook import (
    CLOSED_KIN,
    CONTRAST_CASES,
    Play,
    Playbook,
    lift,
    playbook_of_deal,
    playbook_of_text,
)
from tests.backends import EVERY
from tests.world import World, ago, stage
from workspace.accounts import accounts
from workspace.assets import assets
from workspace.assets.assets import Asset, Use
from workspace.database import Database
from workspace.deals import lifecycle, products
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal
from workspace.people import members
from workspace.people.tables import Role
from workspace.people.viewer import PLAIN_VIEW

BACKENDS = EVERY

CASES = st.tuples(
    st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)
).map(lambda each: (min(each[:2]), max(each[:2]), min(each[2:]), max(each[2:])))


@given(CASES)
def test_should_contain_the_lift_in_its_interval(cases: tuple[int, int, int, int]) -> None:
    found = lift(*cases)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert math.isfinite(found.value)


@given(st.integers(0, 30), st.integers(0, 30))
def test_should_find_no_lift_at_equal_rates_on_equal_numbers(won: int, lost: int) -> None:
    closed = won + lost
    assert lift(won, closed, won, closed).value == pytest.approx(0, abs=1e-12)


@given(CASES)
def test_should_raise_the_lift_by_a_win_with_the_asset_and_lower_it_by_one_without(
    cases: tuple[int, int, int, int],
) -> None:
    won_with, closed_with, won_without, closed_without = cases
    value = lift(*cases).value
    if won_with < closed_with:
        assert lift(won_with + 1, closed_with, won_without, closed_without).value > value
    if won_without < closed_without:
        assert lift(won_with, closed_with, won_without + 1, closed_without).value < value


@given(CASES)
def test_should_negate_the_lift_when_with_and_without_are_swapped(
    cases: tuple[int, int, int, int],
) -> None:
    a, b, c, d = cases
    assert lift(a, b, c, d).value == pytest.approx(-lift(c, d, a, b).value)


@given(st.integers(1, 40), st.integers(2, 6))
def test_should_promise_little_from_few_cases(closed: int, times: int) -> None:
    """The same rates on more deals are a greater and a surer lift."""
    few = lift(closed, closed, 0, closed)
    many = lift(closed * times, closed * times, 0, closed * times)
    assert 0 < few.value < many.value < 1
    assert many.high - many.low < few.high - few.low


def test_should_promise_next_to_nothing_from_one_use() -> None:
    once = lift(1, 1, 20, 40)
    assert 0 < once.value < 0.1
    assert once.low < 0 < once.high
    assert lift(20, 20, 20, 40).low > 0


@given(st.integers(0, 60), st.integers(0, 60))
def test_should_find_about_no_lift_for_an_asset_used_on_everything(won: int, lost: int) -> None:
    """Popularity proves nothing: there is nothing to compare with."""
    assert abs(lift(won, won + lost, 0, 0).value) < 0.07


def test_should_find_no_lift_without_deals() -> None:
    assert lift(0, 0, 0, 0).value == 0


def playbook(
    world: World, catalog: Catalog, name: str = "kestrel", who: str = "charlie"
) -> Playbook:
    with world.database.read() as session:
        deal = world.deal(session, name)
        return playbook_of_deal(session, world.viewer(who), catalog, deal)


def plays(found: Playbook) -> dict[str, Play]:
    return {play.key: play for play in found.plays}


def test_should_put_the_demo_that_won_first(world: World, catalog: Catalog) -> None:
    found = playbook(world, catalog)
    assert found.plays[0].key == world.assets["demo"]
    demo = found.plays[0]
    assert (demo.name, demo.kind) == ("Ward demo", "demo")
    assert [use.deal_name for use in demo.evidence] == [
        "St Brannoc patient records",
        "Havel Clinics data platform",
    ]
    assert demo.evidence[0].comment == "Shown on a ward with their own records"
    assert (demo.evidence[0].outcome, demo.evidence[0].helped) == ("won", True)


@pytest.mark.parametrize("who", ["charlie", "alice"])
def test_should_show_the_numbers_of_a_count(world: World, catalog: Catalog, who: str) -> None:
    found = playbook(world, catalog, who=who)
    with world.database.read() as session:
        deal = world.deal(session, "kestrel")
        inquiry = ask_of_deal(session, world.viewer(who), catalog, deal)
        alike = [kin.id for kin in rank(session, catalog, inquiry, Want(80)) if kin.band != "weak"]
        closed = session.exec(
            select(Deal).where(
                visible_deals(world.viewer(who)),
                Deal.outcome != "open",
                col(Deal.id).in_(alike),
            )
        ).all()
        assert closed
        won = {deal.id for deal in closed if deal.outcome == "won"}
        assert (found.won, found.closed) == (len(won), len(closed))
        for play in found.plays:
            on = set(
                session.exec(
                    select(Use.deal_id).where(
                        Use.asset_id == play.asset_id,
                        col(Use.deal_id).in_([deal.id for deal in closed]),
                    )
                )
            )
            assert play.won_with == len(on & won) > 0
            assert play.closed_with == len(on)
            assert play.won_without == len(won - on)
            assert play.closed_without == len(closed) - len(on)
            again = lift(play.won_with, play.closed_with, play.won_without, play.closed_without)
            assert (play.lift, play.lift_low, play.lift_high) == (
                again.value,
                again.low,
                again.high,
            )
            because = next(term.because for term in play.terms if term.name == "lift")
            assert because == (
                f"won {play.won_with} of {play.closed_with} with it,"
                f" {play.won_without} of {play.closed_without} without"
            )


def test_should_give_reasons_that_add_up_to_the_score(world: World, catalog: Catalog) -> None:
    found = playbook(world, catalog, who="alice")
    assert [play.score for play in found.plays] == sorted(
        (play.score for play in found.plays), reverse=True
    )
    for play in found.plays:
        assert play.score == math.fsum(term.contribution for term in play.terms)
        assert {term.name for term in play.terms} == {
            "lift", "relevance", "helped", "product", "freshness",
        }  # fmt: skip
        assert all(term.because for term in play.terms)
        assert play.band == ("strong" if play.lift_low > 0 else "fair" if play.lift > 0 else "weak")
    assert json.loads(json.dumps(asdict(found)))["closed"] == found.closed


def test_should_never_recommend_assets_that_may_not_be_used(world: World, catalog: Catalog) -> None:
    """Not the expired deck that won Havel, and neither what is withdrawn or expires later."""
    assert world.assets["old_deck"] not in plays(playbook(world, catalog))
    with world.database.write() as session:
        demo = world.asset(session, "demo")
        assets.edit_asset(session, demo, None, {"withdrawn": True})
    assert world.assets["demo"] not in plays(playbook(world, catalog, who="alice"))
    with world.database.write() as session:
        demo = world.asset(session, "demo")
        assets.edit_asset(session, demo, None, {"withdrawn": False, "expires": ago(0)})
    assert world.assets["demo"] in plays(playbook(world, catalog))
    with world.database.write() as session:
        demo = world.asset(session, "demo")
        assets.edit_asset(session, demo, None, {"published": ago(90), "expires": ago(1)})
    assert world.assets["demo"] not in plays(playbook(world, catalog))


def test_should_not_recommend_what_only_lost_deals_used(world: World, catalog: Catalog) -> None:
    with world.database.write() as session:
        paper = assets.publish(session, "Loser", "white paper", world.people["erin"], [])
        assets.use(session, paper, world.deal(session, "orlik"), None)
        open_ = assets.publish(session, "Hope", "white paper", world.people["erin"], [])
        assets.use(session, open_, world.deal(session, "tidewater"), None)
    assert {"loser", "hope"}.isdisjoint(plays(playbook(world, catalog)))


def test_should_count_an_asset_used_twice_on_a_deal_once(world: World, catalog: Catalog) -> None:
    before = plays(playbook(world, catalog))[world.assets["demo"]]
    with world.database.write() as session:
        demo, deal = world.asset(session, "demo"), world.deal(session, "brannoc")
        assets.use(session, demo, deal, None, helped=True, comment="Once more")
    after = plays(playbook(world, catalog))[world.assets["demo"]]
    assert (after.won_with, after.closed_with) == (before.won_with, before.closed_with)
    assert "Once more" in {use.comment for use in after.evidence}


def test_should_not_recommend_by_popularity(database: Database, catalog: Catalog) -> None:
    """An asset on every deal, won or lost, stands behind one that only the won ones had."""
    with database.write() as session:
        everywhere = assets.publish(session, "Everywhere", "deck", None, [])
        telling = assets.publish(session, "Telling", "demo", None, [])
        for number in range(24):
            won = number % 2 == 0
            deal = lifecycle.log(
                session,
                f"Warehouse {number}",
                None,
                None,
                stage=stage(session, "Closed Won" if won else "Closed Lost"),
            )
            assets.use(session, everywhere, deal, None)
            if won and number % 4 == 0:
                assets.use(session, telling, deal, None)
    with database.read() as session:
        found = plays(playbook_of_text(session, PLAIN_VIEW, catalog, "warehouse"))
    assert abs(found["everywhere"].lift) < 0.05
    assert found["everywhere"].band != "strong"
    assert (found["everywhere"].won_with, found["everywhere"].closed_with) == (12, 24)
    assert found["telling"].lift > 0.2
    assert found["telling"].score > found["everywhere"].score


def test_should_count_what_users_say(database: Database, catalog: Catalog) -> None:
    answers: list[tuple[list[bool | None], float, str]] = [
        ([None], 1 / 2, "nobody has said yet"),
        ([True], 2 / 3, "helped in 1 of 1 answers"),
        ([False], 1 / 3, "helped in 0 of 1 answers"),
        ([True, False, None], 1 / 2, "helped in 1 of 2 answers"),
    ]
    with database.write() as session:
        for row, (said, _, _) in enumerate(answers):
            asset = assets.publish(session, f"Demo {row}", "demo", None, [])
            for number, helped in enumerate(said):
                name = f"Deal {row} {number}"
                deal = lifecycle.log(session, name, None, None, stage=stage(session, "Closed Won"))
                assets.use(session, asset, deal, None, helped=helped)
    with database.read() as session:
        found = plays(playbook_of_text(session, PLAIN_VIEW, catalog, "deal"))
    for row, (_, value, because) in enumerate(answers):
        term = next(term for term in found[f"demo-{row}"].terms if term.name == "helped")
        assert (term.value, term.because) == (pytest.approx(value), because)


def test_should_prefer_fresh_assets(world: World, catalog: Catalog) -> None:
    for published, value, because in (
        (ago(0), 1.0, "published today"),
        (ago(540), 0.5, "published 1 year ago"),
        (ago(-5), 1.0, "published today"),
        (None, 0.0, "publication date unknown"),
    ):
        with world.database.write() as session:
            demo = session.exec(select(Asset).where(Asset.key == world.assets["demo"])).one()
            assets.edit_asset(session, demo, None, {"published": published})
        demo_play = plays(playbook(world, catalog))[world.assets["demo"]]
        term = next(term for term in demo_play.terms if term.name == "freshness")
        assert (term.value, term.because) == (pytest.approx(value), because)


def test_should_recommend_nothing_without_kin(database: Database, catalog: Catalog) -> None:
    with database.read() as session:
        found = playbook_of_text(session, PLAIN_VIEW, catalog, "anything")
    assert found == Playbook([], [], 0, 0)


CLINIC = "Rota planning of a clinic"


def add_rotas(database: Database) -> dict[str, str]:
    """Closed deals about Rotas at clinics and shops, others about Pumps, and an open one at a
    shop; with an asset for clinics, one for shops, one about Pumps, and one used everywhere."""
    with database.write() as session:
        owner = members.add_member(session, "Olga", None, [Role.REP]).id
        ids = {name: products.find_or_add_product(session, name) for name in ROTAS}
        made = {
            name: assets.publish(session, name, "demo", owner, [ids[about].id for about in abouts])
            for name, abouts in {
                "Clinic numbers": ["Rotas"],
                "Shop rota": ["Rotas"],
                "Pump log": ["Pumps"],
                "Pilot": [],
                "Company deck": [],
                "Borrowed": ["Pumps"],
            }.items()
        }
        shops = accounts.add_account(session, "Corner Shops", industry="G47")
        clinics = accounts.add_account(session, "Clinics", industry="Q86")
        for number in range(40):
            won = number % 2 == 0
            about = ROTAS[number % 4 // 2 + (number // 20) * 2] if number >= 20 else "Rotas"
            at = clinics if number % 4 < 2 else shops
            deal = lifecycle.log(
                session,
                f"{CLINIC if about == 'Rotas' else about} {number}",
                at,
                owner,
                stage=stage(session, "Closed Won" if won else "Closed Lost"),
                products=[ids[about]],
                use_case="Plan who works when" if about == "Rotas" else f"All of {about} here",
            )
            used = ["Company deck"] if number % 2 else ["Pilot"]
            if about == "Rotas":
                used.append("Clinic numbers" if at is clinics else "Shop rota")
                used += ["Borrowed"] if number in (2, 6) else []
            if about == "Pumps":
                used.append("Pump log")
            for name in used:
                assets.use(session, made[name], deal, None)
        open_deal = lifecycle.log(
            session, CLINIC, shops, owner, products=[ids["Rotas"]], use_case="Plan who works when"
        )
        return {"open": open_deal.key}


ROTAS = ("Rotas", "Pumps", "Vans", "Bills")


def test_should_offer_only_assets_whose_product_or_use_fits(
    database: Database, catalog: Catalog
) -> None:
    key = add_rotas(database)["open"]
    with database.read() as session:
        deal = session.exec(select(Deal).where(Deal.key == key)).one()
        found = playbook_of_deal(session, PLAIN_VIEW, catalog, deal)
        inquiry = ask_of_deal(session, PLAIN_VIEW, catalog, deal)
        ranked = rank(session, catalog, inquiry, CLOSED_KIN)
    fits = {play.name: play.fits for play in found.plays}
    assert fits["Shop rota"] == "About Rotas"
    # Used on deals with our product, although it is about another.
    assert fits["Borrowed"] == "Used on 2 similar deals with Rotas"
    # About our product, but made for clinics: a shop did not use it.
    assert "Clinic numbers" not in fits
    assert "Pump log" not in fits
    # What works everywhere is a group of its own, what only is everywhere is in none.
    assert [play.name for play in found.general] == ["Pilot"]
    assert {"Pilot", "Company deck"}.isdisjoint(fits)
    pilot = found.general[0]
    assert (pilot.won_with, pilot.closed_with) == (20, 20)
    assert (pilot.won_without, pilot.closed_without) == (0, 20)
    # Kin are those above the floor, not the nearest ones.
    assert found.closed == sum(kin.band != "weak" for kin in ranked) < len(ranked)


def test_should_prefer_what_the_own_industry_used(database: Database, catalog: Catalog) -> None:
    """Of two assets about our product, used as often and with the same result."""
    with database.write() as session:
        owner = members.add_member(session, "Olga", None, [Role.REP]).id
        rotas = products.find_or_add_product(session, "Rotas")
        clinics = accounts.add_account(session, "Clinics", industry="Q86")
        hall = accounts.add_account(session, "Town hall", industry="O84")
        plan = {"products": [rotas], "use_case": "Plan who works when in summer"}
        won = stage(session, "Closed Won")
        for account, name in ((clinics, "Clinic story"), (hall, "Town story")):
            asset = assets.publish(session, name, "case study", owner, [rotas.id])
            deal = lifecycle.log(session, "Summer rota", account, owner, stage=won, **plan)
            assets.use(session, asset, deal, None)
        deal = lifecycle.log(session, "Rota of the counters", hall, owner, **plan)
        unknown = lifecycle.log(session, "Rota of somebody", None, owner, **plan)
    with database.read() as session:
        first, second = playbook_of_deal(session, PLAIN_VIEW, catalog, deal).plays
        assert (first.name, second.name) == ("Town story", "Clinic story")
        because = {term.name: term.because for term in second.terms}
        assert because["product"] == "about Rotas, but used in other industries so far"
        # Where our industry is not known, none is another.
        for play in playbook_of_deal(session, PLAIN_VIEW, catalog, unknown).plays:
            (term,) = (term for term in play.terms if term.name == "product")
            assert term.value == 1.0


def log_against(world: World, count: int, *, lost_with: int = 0) -> None:
    """So many won and lost deals against Zanzibar; the won ones had the demo, some lost did."""
    with world.database.write() as session:
        zanzibar = products.find_or_add_competitor(session, "Zanzibar")
        demo = world.asset(session, "demo")
        for number in range(2 * count):
            won = number % 2 == 0
            deal = lifecycle.log(
                session,
                f"Deal {number}",
                None,
                world.people["alice"],
                stage=stage(session, "Closed Won" if won else "Closed Lost"),
                competitors=[zanzibar],
            )
            if won or number // 2 < lost_with:
                assets.use(session, demo, deal, None)
        lifecycle.set_competitors(session, world.deal(session, "kestrel"), [zanzibar])


def test_should_contrast_what_lost_deals_lacked(world: World, catalog: Catalog) -> None:
    log_against(world, CONTRAST_CASES, lost_with=1)
    (contrast,) = playbook(world, catalog).contrasts
    assert (contrast.competitor, contrast.asset_key) == ("Zanzibar", world.assets["demo"])
    assert (contrast.won_with, contrast.won) == (CONTRAST_CASES, CONTRAST_CASES)
    assert (contrast.lost_with, contrast.lost) == (1, CONTRAST_CASES)


def test_should_find_no_contrast_in_too_few_deals(world: World, catalog: Catalog) -> None:
    log_against(world, CONTRAST_CASES - 1)
    assert playbook(world, catalog).contrasts == []


def test_should_find_no_contrast_in_what_both_used(world: World, catalog: Catalog) -> None:
    log_against(world, CONTRAST_CASES + 1, lost_with=CONTRAST_CASES + 1)
    assert playbook(world, catalog).contrasts == []


def test_should_leave_withdrawn_assets_and_hidden_deals_out_of_contrasts(
    world: World, catalog: Catalog
) -> None:
    log_against(world, CONTRAST_CASES)
    with world.database.write() as session:
        deal = session.exec(select(Deal).where(Deal.name == "Deal 0")).one()
        lifecycle.edit(session, deal, None, {"confidential": True})
    # With one less they are too few for Charlie, and still enough for Alice.
    assert playbook(world, catalog).contrasts == []
    assert len(playbook(world, catalog, who="alice").contrasts) == 1
    with world.database.write() as session:
        assets.edit_asset(session, world.asset(session, "demo"), None, {"withdrawn": True})
    assert playbook(world, catalog, who="alice").contrasts == []
