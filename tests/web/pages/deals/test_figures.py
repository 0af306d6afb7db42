"""The figures of board, list, Kin tab, playbook and outlook agree for the same filter."""

from decimal import Decimal

import pytest
from sqlmodel import Session

from similarity.inquiry import Want, ask_of_deal, rank
from similarity.outlook import outlook_of_deal
from similarity.playbook import playbook_of_deal
from tests.web.conftest import Visit
from tests.world import World, ago, log_closed_deals
from web.forms import Form, parse_pairs
from web.pages.deals.board import Board, board_of
from web.pages.deals.list_state import list_state_of
from web.workspace import Workspace
from workspace.deals import lists
from workspace.deals.filters import CLOSED, DealFilter
from workspace.deals.lists import deal_rows, deal_totals
from workspace.people.viewer import Viewer

FILTERS = (
    "",
    "q=st+brannoc",
    "product=atlas-warehouse",
    "competitor=datamoor",
    "owner=alice-adeyemi",
    "industry=Q",
    "stage=Qualification",
    f"since={ago(100)}",
    f"until={ago(30)}",
    f"since={ago(400)}&until={ago(1)}&owner=alice-adeyemi",
    "outcome=won",
    "product=nothing",
)
VIEWERS = ("alice", "charlie", "dana", "frank")


def board(session: Session, viewer: Viewer, query: str) -> Board:
    parts = f"{query}&view=board" if query else "view=board"
    return board_of(session, viewer, Form(parse_pairs(parts.encode())))


@pytest.mark.parametrize("query", FILTERS)
def test_should_count_the_same_deals_on_board_and_list(world: World, query: str) -> None:
    log_closed_deals(world, amount=70_000)
    for name in VIEWERS:
        viewer = world.viewer(name)
        with world.database.read() as session:
            shown = board(session, viewer, query)
            # The list that the board's own links lead to.
            state = list_state_of(shown.state.query)
            as_list = list_state_of(state.address(view="list", outcome="open").partition("?")[2])
            totals = deal_totals(session, viewer, as_list.chosen)
            rows = deal_rows(session, viewer, as_list.chosen, limit=1_000)
            sums: dict[str, Decimal] = {}
            for column in shown.columns:
                for currency, amount in column.total.sums.items():
                    sums[currency] = sums.get(currency, Decimal(0)) + amount
            assert sum(column.total.count for column in shown.columns) == totals.count == len(rows)
            assert sums == totals.sums
            for closed in shown.closed:
                there = list_state_of(closed.address.partition("?")[2])
                counted = deal_totals(session, viewer, there.chosen)
                assert counted.counts.get(closed.outcome, 0) == counted.count == closed.count


@pytest.mark.parametrize("query", FILTERS)
def test_should_count_what_a_list_shows(visit: Visit, world: World, query: str) -> None:
    log_closed_deals(world, amount=70_000)
    page = " ".join(visit("charlie").get(f"/deals?{query}").text.split())
    with world.database.read() as session:
        viewer = world.viewer("charlie")
        rows = deal_rows(session, viewer, list_state_of(query).chosen, limit=1_000)
    assert len(rows) < 50
    said = f"<span>{len(rows)} {'deal' if len(rows) == 1 else 'deals'}</span>"
    assert (said in page) == bool(rows)
    if len({row.outcome for row in rows}) > 1:
        for outcome in {row.outcome for row in rows}:
            count = sum(row.outcome == outcome for row in rows)
            assert f"<span>{count} {outcome}</span>" in page


def test_should_turn_a_board_into_the_list_of_the_same_deals(visit: Visit, world: World) -> None:
    page = visit("alice").get("/deals?view=board&owner=alice-adeyemi").text
    assert 'href="/deals?owner=alice-adeyemi&amp;outcome=open"' in page
    # And a list into its board.
    page = visit("alice").get("/deals?owner=alice-adeyemi&outcome=open").text
    assert 'href="/deals?outcome=open&amp;owner=alice-adeyemi&amp;view=board"' in page


def test_should_not_count_a_very_large_record(
    world: World, monkeypatch: pytest.MonkeyPatch, visit: Visit
) -> None:
    monkeypatch.setattr(lists, "COUNTED", 5)
    with world.database.read() as session:
        totals = deal_totals(session, world.viewer("alice"))
    assert (totals.count, totals.sums, totals.more) == (0, {}, True)
    assert "More than 5 deals" in visit("alice").get("/deals").text


@pytest.mark.parametrize("name", VIEWERS)
def test_should_rest_outlook_and_playbook_on_the_deals_that_lists_count(
    world: World, workspace: Workspace, name: str
) -> None:
    log_closed_deals(world)
    workspace.catalog.catch_up()
    viewer = world.viewer(name)
    with world.database.read() as session:
        deal = world.deal(session, "wards")
        outlook = outlook_of_deal(session, viewer, workspace.catalog, deal)
        assert outlook is not None
        record = deal_totals(session, viewer)
        closed = record.counts["won"] + record.counts["lost"]
        assert (outlook.usual.won, outlook.usual.closed) == (record.counts["won"], closed)
        playbook = playbook_of_deal(session, viewer, workspace.catalog, deal)
        assert (playbook.won, playbook.closed) == (outlook.won, outlook.closed)
        inquiry = ask_of_deal(session, viewer, workspace.catalog, deal)
        for outcome, count in ((CLOSED, outlook.closed), ("won", outlook.won)):
            # What the Kin tab shows under this filter.
            want = Want(50, DealFilter(outcome=outcome))
            kin = rank(session, workspace.catalog, inquiry, want)
            assert sum(each.band != "weak" for each in kin) == count
