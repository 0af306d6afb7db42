"""One filter for deals, and the lists that it makes."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import Session, select

from tests.world import World, ago, stage
from workspace.deals import access, board, bulk, lifecycle, lists, products, stages
from workspace.deals.filters import DealFilter
from workspace.deals.lists import DealRow
from workspace.deals.tables import Deal, Outcome, Stage
from workspace.errors import Invalid
from workspace.people.viewer import PLAIN_VIEW


def chosen(world: World, **given: object) -> set[str]:
    names = {key: name for name, key in world.deals.items()}
    with world.database.read() as session:
        rows = session.exec(select(Deal.key).where(*DealFilter(**given).where()))
        return {names[key] for key in rows}


def test_should_restrict_nothing_with_an_empty_filter(world: World) -> None:
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
def test_should_restrict_by_each_field(
    world: World, given: dict[str, object], expected: set[str]
) -> None:
    assert chosen(world, **given) == expected


def test_should_take_the_period_of_closing_or_else_of_opening(world: World) -> None:
    assert chosen(world, since=ago(120), until=ago(120)) == {"lumen", "meridian"}
    assert "wards" in chosen(world, since=ago(20))
    assert "wards" not in chosen(world, since=ago(19))
    assert chosen(world, until=date(1999, 1, 1)) == set()


def test_should_list_the_deals_that_the_viewer_may_see(world: World) -> None:
    with world.database.read() as session:
        alice = lists.deal_rows(session, world.viewer("alice"))
        charlie = lists.deal_rows(session, world.viewer("charlie"))
    assert len(alice) == 12
    assert {row.key for row in alice} - {row.key for row in charlie} == {world.confidential_deal}


@pytest.mark.parametrize("order", lists.DEAL_ORDERS)
@pytest.mark.parametrize("descending", [True, False])
def test_should_page_without_gap_or_repeat(world: World, order: str, descending: bool) -> None:
    with world.database.read() as session:
        who = world.viewer("alice")
        whole = lists.deal_rows(session, who, order=order, descending=descending)
        paged, after = [], None
        while rows := lists.deal_rows(
            session, who, order=order, descending=descending, after=after, limit=5
        ):
            paged += rows
            after = rows[-1].key
    assert [row.key for row in paged] == [row.key for row in whole]
    assert len({row.key for row in whole}) == 12


def test_should_list_the_deal_that_closed_last_first(world: World) -> None:
    names = {key: name for name, key in world.deals.items()}
    with world.database.read() as session:
        alice = lists.closed_deals(session, world.viewer("alice"), limit=3)
        charlie = lists.closed_deals(session, world.viewer("charlie"), limit=3)
    assert [names[row.key] for row in alice] == ["nightingale", "ribera", "lumen"]
    assert [names[row.key] for row in charlie] == ["ribera", "lumen", "brannoc"]


def test_should_list_the_visible_deals_that_a_member_owns_or_has_a_seat_on(world: World) -> None:
    names = {key: name for name, key in world.deals.items()}
    with world.database.read() as session:
        bob = world.people["bob"]
        mine = lists.deals_of_member(session, world.viewer("bob"), bob)
        seen = lists.deals_of_member(session, world.viewer("charlie"), bob)
        open_ones = lists.deals_of_member(session, world.viewer("bob"), bob, outcome="open")
    assert {names[row.key] for row in mine} - {names[row.key] for row in seen} == {"nightingale"}
    assert {names[row.key] for row in open_ones} == {"wards", "meridian"}


def test_should_offer_no_choice_that_only_hidden_deals_have(world: World) -> None:
    with world.database.write() as session:
        secret = products.find_or_add_competitor(session, "Whisper")
        lifecycle.set_competitors(session, world.deal(session, "nightingale"), [secret])
    with world.database.read() as session:
        assert "Whisper" in {
            name for _, name in lists.choices(session, world.viewer("alice")).competitors
        }
        for who in (world.viewer("grace"), PLAIN_VIEW):
            choices = lists.choices(session, who)
            assert [name for _, name in choices.competitors] == ["Datamoor", "Quarrystone"]
    with world.database.write() as session:
        lifecycle.edit(session, world.deal(session, "nightingale"), None, {"confidential": False})
    with world.database.read() as session:
        everything = lists.choices(session, PLAIN_VIEW).competitors
        assert [name for _, name in everything] == ["Datamoor", "Quarrystone", "Whisper"]


def test_should_keep_a_choice_that_was_offered_once(world: World) -> None:
    with world.database.write() as session:
        for name in world.deals:
            if name != "nightingale":
                lifecycle.set_competitors(session, world.deal(session, name), [])
    with world.database.read() as session:
        choices = lists.choices(session, PLAIN_VIEW)
        assert [name for _, name in choices.competitors] == ["Datamoor", "Quarrystone"]


def test_should_not_tell_the_spelling_on_a_hidden_deal(world: World) -> None:
    with world.database.write() as session:
        secret = products.find_or_add_competitor(session, "Whisper Corp")
        lifecycle.set_competitors(session, world.deal(session, "nightingale"), [secret])
        same = products.find_or_add_competitor(session, "WhisperCorp")
        assert (same.id, same.name, same.key) == (secret.id, "WhisperCorp", "whispercorp")
        lifecycle.set_competitors(session, world.deal(session, "tidewater"), [same])
        assert products.find_or_add_competitor(session, "WHISPER CORP").name == "WhisperCorp"
    with world.database.read() as session:
        found = lists.choices(session, PLAIN_VIEW).competitors
        assert ("whispercorp", "WhisperCorp") in found


def test_should_offer_changes_to_the_deals_that_the_rule_allows(world: World) -> None:
    with world.database.read() as session:
        rows = session.exec(select(Deal)).all()
        for name in ("alice", "bob", "charlie", "dana", "erin", "frank", "grace"):
            who = world.viewer(name)
            seen = set(session.exec(select(Deal.id).where(access.visible_deals(who))))
            expected = {
                row.id for row in rows if row.id in seen if access.may_edit(session, who, row)
            }
            assert access.editable_deal_ids(session, who, [row.id for row in rows]) == expected
        assert access.editable_deal_ids(session, PLAIN_VIEW, [row.id for row in rows]) == set()


def many_open(session: Session, world: World, count: int = 30) -> None:
    """Deals of all owners, stages and currencies; some have no date, and some are confidential."""
    open_stages = [row for row in stages.stages(session) if row.outcome == Outcome.OPEN]
    for n in range(count):
        lifecycle.log(
            session,
            f"Deal {n}",
            world.account(session, "lumen"),
            world.people[("alice", "charlie")[n % 2]],
            stage=open_stages[n % 3],
            amount=None if n % 7 == 0 else Decimal(1000 * n),
            currency=("EUR", "USD", "EUR")[n % 3 if n % 7 else 0],
            expected_close=None if n % 5 == 0 else ago(n % 4 * 9 - 12),
            confidential=n % 6 == 5,
        )


def by_stage(session: Session, world: World, who: str, chosen: DealFilter) -> dict[int, list[Deal]]:
    """The open deals that a viewer sees and has chosen, by stage, in the order of a column."""
    query = select(Deal).where(access.visible_deals(world.viewer(who)), *chosen.where())
    found: dict[int, list[Deal]] = defaultdict(list)
    for row in session.exec(query):
        if row.outcome == Outcome.OPEN:
            found[row.stage_id].append(row)
    for rows in found.values():
        rows.sort(key=lambda row: (row.expected_close or date.max, row.id))
    return found


CHOSEN: list[dict[str, Any]] = [{}, {"owner": "alice-adeyemi"}, {"stage": "Qualification"}]


@pytest.mark.parametrize("who", ["alice", "charlie", "dana"])
@pytest.mark.parametrize("given", CHOSEN)
def test_should_total_each_stage_by_currency(world: World, who: str, given: dict[str, Any]) -> None:
    chosen = DealFilter(**given)
    with world.database.write() as session:
        many_open(session, world)
    with world.database.read() as session:
        totals = board.stage_totals(session, world.viewer(who), chosen)
        expected = by_stage(session, world, who, chosen)
    assert totals.keys() == expected.keys()
    for stage_id, rows in expected.items():
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for row in rows:
            if row.currency and row.amount:
                sums[row.currency] += row.amount
        total = totals[stage_id]
        assert total.count == len(rows)
        assert total.overdue == sum(
            row.expected_close is not None and row.expected_close < ago(0) for row in rows
        )
        assert total.sums == sums


@pytest.mark.parametrize("who", ["alice", "charlie"])
@pytest.mark.parametrize("given", CHOSEN)
def test_should_continue_a_column_where_its_first_cards_end(
    world: World, who: str, given: dict[str, Any]
) -> None:
    chosen = DealFilter(**given)
    viewer = world.viewer(who)
    with world.database.write() as session:
        many_open(session, world)
    with world.database.read() as session:
        first = board.stage_cards(session, viewer, chosen, limit=3)
        for stage_id, rows in by_stage(session, world, who, chosen).items():
            name = session.get_one(Stage, stage_id).name
            found = [row.key for row in first if row.stage == name]
            assert len(found) == min(3, len(rows))
            while more := board.more_cards(session, viewer, chosen, stage_id, found[-1], limit=4):
                found += [row.key for row in more]
                assert len(found) <= len(rows)
            assert found == [row.key for row in rows]


def test_should_show_the_card_that_was_moved_wherever_its_place_is(world: World) -> None:
    with world.database.write() as session:
        many_open(session, world)
    with world.database.read() as session:
        alice = world.viewer("alice")
        columns = by_stage(session, world, "alice", DealFilter())
        last = max(columns.values(), key=len)[-1]
        usual = board.stage_cards(session, alice, limit=3)
        shown = board.stage_cards(session, alice, limit=3, moved=last.key)
        secret = select(Deal.key).where(
            Deal.confidential, Deal.outcome == "open", Deal.owner_id == world.people["charlie"]
        )
        hidden = session.exec(secret.limit(1)).one()
        others = board.stage_cards(session, alice, limit=3, moved=hidden)
    assert last.key not in [row.key for row in usual]
    assert shown[0].key == last.key
    assert {row.key for row in shown} == {row.key for row in usual} | {last.key}
    assert [row.key for row in others] == [row.key for row in usual]


def test_should_count_closed_deals_from_a_day_on(world: World) -> None:
    with world.database.read() as session:
        alice, charlie = world.viewer("alice"), world.viewer("charlie")
        assert board.closed_since(session, alice, ago(120)) == {"won": 2, "lost": 1}
        assert board.closed_since(session, charlie, ago(120)) == {"won": 1, "lost": 1}
        assert board.closed_since(session, charlie, ago(119)) == {"lost": 1}
        mine = DealFilter(owner="charlie-costa", stage="Qualification", outcome="open")
        assert board.closed_since(session, alice, ago(1000), mine) == {"won": 2, "lost": 1}


def row_of(session: Session, world: World, name: str) -> DealRow:
    rows = lists.deal_rows(session, world.viewer("alice"))
    return next(row for row in rows if row.key == world.deals[name])


def test_should_call_a_deal_rotting_that_stays_longer_than_its_stage_allows(world: World) -> None:
    with world.database.read() as session:
        meridian, wards = (row_of(session, world, name) for name in ("meridian", "wards"))
        closed = row_of(session, world, "brannoc")
    # Nothing is known of its moves: it counts from its opening.
    assert (meridian.unmoved, meridian.rotting) == (120, True)
    assert (wards.unmoved, wards.rotting) == (20, False)
    assert (closed.unmoved, closed.rotting) == (None, False)
    with world.database.write() as session:
        stage(session, "Qualification").rotting_days = 19
        lifecycle.advance(
            session, world.deal(session, "meridian"), stage(session, "Perception Analysis"), None
        )
    with world.database.read() as session:
        assert row_of(session, world, "wards").rotting
        assert row_of(session, world, "meridian").unmoved == 0


def change(
    world: World, who: str, names: list[str], stage_name: str | None = None, **changes: object
) -> int:
    """Change deals as somebody who sees their newest version."""
    with world.database.write() as session:
        chosen = [(row.key, row.version) for row in (world.deal(session, name) for name in names)]
        to = stage(session, stage_name) if stage_name else None
        return bulk.change_all(session, world.viewer(who), chosen, stage=to, changes=dict(changes))


def test_should_change_many_deals_together(world: World) -> None:
    names = ["meridian", "wards"]
    day, charlie = ago(-40), world.people["charlie"]
    assert change(world, "bob", names, "Perception Analysis", expected_close=day) == 2
    assert change(world, "dana", [*names, "tidewater"], owner_id=charlie) == 2
    assert change(world, "dana", names, "Perception Analysis", owner_id=charlie) == 0
    with world.database.read() as session:
        for name in names:
            row = world.deal(session, name)
            assert session.get_one(Stage, row.stage_id).name == "Perception Analysis"
            assert (row.expected_close, row.owner_id) == (day, charlie)
        assert world.deal(session, "tidewater").expected_close is None


@pytest.mark.parametrize(
    ("who", "names", "why"),
    [
        ("alice", ["wards", "kestrel"], {"kestrel": "Only this deal's team"}),
        ("charlie", ["kestrel", "nightingale"], {"nightingale": "no such deal"}),
        (
            "dana",
            ["kestrel", "nightingale", "lumen"],
            {"nightingale": "no such", "lumen": "closed"},
        ),
        ("frank", ["kestrel", "wards"], {"kestrel": "Only this", "wards": "Only this"}),
    ],
)
def test_should_change_all_deals_or_none(
    world: World, who: str, names: list[str], why: dict[str, str]
) -> None:
    with pytest.raises(Invalid) as refused:
        change(world, who, names, "Perception Analysis", expected_close=ago(-40))
    assert refused.value.fields.keys() == {world.deals[name] for name in why}
    for name, words in why.items():
        assert words in refused.value.fields[world.deals[name]]
    with world.database.read() as session:
        for name in names:
            row = world.deal(session, name)
            assert row.expected_close is None
            assert row.version == 1


def test_should_not_overwrite_what_somebody_else_changed(world: World) -> None:
    seen = [(world.deals[name], 1) for name in ("meridian", "wards")]
    change(world, "bob", ["wards"], expected_close=ago(-9))
    day: dict[str, object] = {"expected_close": ago(-40)}
    with pytest.raises(Invalid) as refused, world.database.write() as session:
        bulk.change_all(session, world.viewer("alice"), seen, stage=None, changes=day)
    assert "in the meantime" in refused.value.fields[world.deals["wards"]]
    with world.database.read() as session:
        assert world.deal(session, "meridian").expected_close is None
        assert world.deal(session, "wards").expected_close == ago(-9)
