"""The board of deals: its columns, its cards, and what moves them."""

import re
from decimal import Decimal
from urllib.parse import unquote

import pytest
from sqlmodel import Session

from tests.web.conftest import Visit, acts
from tests.world import World, ago, stage
from web.pages.deals.board import PAGE
from workspace.clock import today
from workspace.deals import lifecycle, stages
from workspace.deals.quarters import quarter_of
from workspace.deals.tables import Stage

HTMX = {"HX-Request": "true"}
BOARD = "/deals?view=board"


def columns(text: str) -> dict[str, str]:
    """The markup of each open stage's column."""
    return {
        name: part.split("</section>")[0]
        for name, part in re.findall(
            r'<section class="column" data-column="([^"]+)"(.*?</section>)', text, re.DOTALL
        )
    }


def cards(text: str) -> list[str]:
    """The keys of the deals whose cards are there, in order."""
    return [
        unquote(key) for key in re.findall(r'<h3><a class="strong" href="/deals/([^"]+)"', text)
    ]


def where(session: Session, world: World, name: str) -> tuple[str, int]:
    """The stage and the version of a deal."""
    session.rollback()
    row = world.deal(session, name)
    session.refresh(row)
    return session.get_one(Stage, row.stage_id).name, row.version


def add_many(world: World, count: int, **facts: object) -> None:
    with world.database.write() as session:
        for n in range(count):
            lifecycle.log(
                session,
                f"Ward {n}",
                world.account(session, "brannoc"),
                world.people["alice"],
                stage=stage(session, "Qualification"),
                amount=Decimal(1000),
                currency="USD",
                expected_close=ago(-n - 1),
                **facts,
            )


def test_should_show_each_open_deal_at_its_stage(visit: Visit, world: World) -> None:
    found = columns(visit("alice").get(BOARD).text)
    assert list(found) == [
        name for name, _, _, outcome in stages.DEFAULT_STAGES if outcome == "open"
    ]
    assert cards(found["Qualification"]) == [world.deals["wards"]]
    assert cards(found["Value Proposition"]) == [world.deals["tidewater"]]
    assert cards(found["Perception Analysis"]) == []
    wards = found["Qualification"]
    for said in ("St Brannoc Hospital", "80,000 EUR", "Alice Adeyemi", "No next step"):
        assert said in wards
    assert "Rotting" not in wards
    assert "Stuck for 120 days" in found["Negotiation/Review"]


def test_should_say_in_words_what_is_late(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        world.deal(session, "wards").expected_close = ago(3)
        world.deal(session, "kestrel").expected_close = ago(-3)
    found = columns(visit("alice").get(BOARD).text)
    assert found["Qualification"].count("3 days overdue") == 1
    assert "1 overdue" in found["Qualification"]
    assert "overdue" not in found["Needs Analysis"]


def test_should_total_by_currency_and_hide_what_is_confidential(visit: Visit, world: World) -> None:
    add_many(world, 2)
    add_many(world, 1, confidential=True)
    sums = {
        name: re.findall(
            r'<li class="num">([^<]+)', columns(visit(name).get(BOARD).text)["Qualification"]
        )
        for name in ("alice", "charlie", "dana")
    }
    assert sums["alice"] == ["80,000 EUR", "3,000 USD"]
    assert sums["charlie"] == sums["dana"] == ["80,000 EUR", "2,000 USD"]


def test_should_count_what_closed_this_quarter(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        for name in ("nightingale", "lumen", "ribera"):
            world.deal(session, name).closed = today()
        for name in ("brannoc", "havel", "orlik", "fjord"):
            world.deal(session, name).closed = quarter_of(today()).first_day.replace(year=2020)
    for who, won in (("alice", 2), ("dana", 1)):
        text = visit(who).get(BOARD).text
        told = re.findall(r'href="([^"]+)" data-column="(?:won|lost)"><b>(\w+)</b> ?(\d+)', text)
        assert [(outcome, int(count)) for _, outcome, count in told] == [("Won", won), ("Lost", 1)]
        listed = visit(who).get(told[0][0].replace("&amp;", "&")).text
        assert listed.count('<th scope="row">') == won


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=brannoc", {"wards"}),
        ("owner=charlie-costa", {"tidewater", "kestrel"}),
        ("stage=Qualification", {"wards"}),
        ("product=atlas-warehouse&competitor=datamoor", {"tidewater", "kestrel"}),
        ("outcome=won&q=meridian", {"meridian"}),
    ],
)
def test_should_take_the_filters_of_the_list(
    visit: Visit, world: World, query: str, found: set[str]
) -> None:
    answer = visit("alice").get(f"{BOARD}&{query}", **HTMX)
    assert set(cards(answer.text)) == {world.deals[name] for name in found}
    assert "<html" not in answer.text
    assert "view=board" in answer.headers["hx-push-url"]


def test_should_say_that_no_deal_fits(visit: Visit) -> None:
    assert "No open deal fits" in visit("alice").get(f"{BOARD}&q=nothing+like+it").text
    assert "No open deal fits" in visit("alice").get(f"{BOARD}&stage=Closed+Won").text
    assert visit("alice").get("/deals?view=calendar").status_code == 422


def test_should_say_what_an_empty_board_is_for(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        for name in ("wards", "meridian", "tidewater", "kestrel", "unclaimed"):
            lifecycle.advance(
                session, world.deal(session, name), stage(session, "Closed Lost"), None
            )
    assert (
        'href="/deals/new">Log a deal' in visit("alice").get(BOARD).text.split("No open deals")[1]
    )
    assert (
        'href="/deals/new">Log a deal'
        not in visit("frank").get(BOARD).text.split("No open deals")[1]
    )


def test_should_lead_to_the_same_deals_as_a_list(visit: Visit) -> None:
    for here, there in (
        ("/deals?owner=charlie-costa&view=board", "/deals?owner=charlie-costa&amp;outcome=open"),
        ("/deals?owner=charlie-costa", "/deals?owner=charlie-costa&amp;view=board"),
    ):
        assert f'href="{there}"' in visit("alice").get(here).text


def test_should_show_a_column_by_pages(visit: Visit, world: World) -> None:
    add_many(world, 2 * PAGE)
    alice = visit("alice")
    page = alice.get(BOARD).text
    shown = cards(columns(page)["Qualification"])
    assert len(shown) == PAGE
    while more := re.search(r'hx-get="([^"]*column=Qualification[^"]*)"', page):
        page = alice.get(more[1].replace("&amp;", "&"), **HTMX).text
        assert "<html" not in page
        shown += cards(page)
    assert len(shown) == len(set(shown)) == 2 * PAGE + 1
    # The deal without a date comes last.
    assert shown[-1] == world.deals["wards"]


def test_should_go_on_below_a_card_that_was_moved_to_the_top(visit: Visit, world: World) -> None:
    add_many(world, PAGE)
    alice = visit("alice")
    sent = {"stage": "Qualification", "version": "1", "board": "view=board"}
    page = alice.post(f"/deals/{world.deals['meridian']}/stage", sent, **HTMX).text
    shown = cards(columns(page)["Qualification"])
    assert len(shown) == PAGE + 1
    assert shown[0] == world.deals["meridian"]
    more = re.search(r'hx-get="([^"]*column=Qualification[^"]*)"', page)
    assert more
    rest = cards(alice.get(more[1].replace("&amp;", "&"), **HTMX).text)
    assert {*shown, *rest} >= {world.deals["wards"], world.deals["meridian"]}
    assert len({*shown, *rest}) == PAGE + 2


def test_should_move_a_card_and_stay_on_the_board(
    visit: Visit, world: World, session: Session
) -> None:
    path = f"/deals/{world.deals['wards']}/stage"
    sent = {"stage": "Needs Analysis", "version": "1", "board": "q=brannoc&view=board"}
    answer = visit("alice").post(path, sent)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/deals?q=brannoc&view=board"
    assert "St Brannoc ward dashboards is at Needs Analysis now." in visit("alice").get("/").text
    assert where(session, world, "wards") == ("Needs Analysis", 2)
    again = {**sent, "stage": "Qualification", "version": "2"}
    board = visit("bob").post(path, again, **HTMX)
    assert board.status_code == 200
    assert "<html" not in board.text
    assert cards(columns(board.text)["Qualification"]) == [world.deals["wards"]]
    assert 'data-announce="St Brannoc ward dashboards is at Qualification now."' in board.text
    assert where(session, world, "wards") == ("Qualification", 3)


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_should_tell_of_both_when_two_move_a_card(
    visit: Visit, world: World, session: Session, headers: dict[str, str]
) -> None:
    path = f"/deals/{world.deals['wards']}/stage"
    sent = {"version": "1", "board": "view=board"}
    visit("bob").post(path, {**sent, "stage": "Perception Analysis"})
    answer = visit("alice").post(path, {**sent, "stage": "Needs Analysis"}, **headers)
    assert answer.status_code == 409
    assert "Not moved to Needs Analysis" in answer.text
    assert "it is at Perception Analysis" in answer.text
    assert where(session, world, "wards") == ("Perception Analysis", 2)


def test_should_close_a_deal_on_its_own_page_with_the_reason(visit: Visit, world: World) -> None:
    alice, deal = visit("alice"), world.deals["wards"]
    page = alice.get(BOARD).text
    for outcome in ("won", "lost"):
        assert f'href="/deals/{deal}#close-reason" data-outcome="{outcome}"' in page
    assert 'id="close-reason"' in alice.get(f"/deals/{deal}").text
    sent = {"stage": "Closed Won", "version": "1", "board": "view=board"}
    answer = alice.post(f"/deals/{deal}/stage", sent, **HTMX)
    assert answer.status_code == 422
    assert "Enter a reason" in answer.text


@pytest.mark.parametrize(
    ("board", "status"),
    [("view=nonsense", 422), ("//elsewhere.example", 303), ("view=board&view=list", 422)],
)
def test_should_trust_no_address_that_a_form_sends(
    visit: Visit, world: World, session: Session, board: str, status: int
) -> None:
    sent = {"stage": "Needs Analysis", "version": "1", "board": board}
    answer = visit("alice").post(f"/deals/{world.deals['wards']}/stage", sent)
    assert answer.status_code == status
    if status == 303:
        assert answer.headers["location"] == "/deals"
    else:
        assert where(session, world, "wards") == ("Qualification", 1)


@pytest.mark.parametrize(
    ("who", "movable"),
    [
        ("alice", {"wards", "meridian"}),
        ("bob", {"wards", "meridian"}),
        ("charlie", {"tidewater", "kestrel"}),
        ("dana", {"wards", "meridian", "tidewater", "kestrel", "unclaimed"}),
        ("erin", set()),
        ("frank", set()),
    ],
)
def test_should_offer_moves_to_those_who_may(
    visit: Visit, world: World, who: str, movable: set[str]
) -> None:
    page = visit(who).get(BOARD).text
    assert len(cards(page)) == 5
    assert set(re.findall(r'data-card="([^"]+)"', page)) == {world.deals[name] for name in movable}
    assert page.count("Move to…") == len(movable)
    assert ("Save view" in page) == (who != "frank")


def test_should_not_change_anything_by_being_looked_at(visit: Visit, world: World) -> None:
    before = acts(world)
    for who in ("alice", "frank"):
        visit(who).get(BOARD)
    assert acts(world) == before


def test_should_show_nothing_of_a_hidden_deal(visit: Visit, world: World) -> None:
    with world.database.write() as writing:
        lifecycle.advance(
            writing, world.deal(writing, "nightingale"), stage(writing, "Needs Analysis"), None
        )
    key = world.confidential_deal
    assert key in cards(visit("alice").get(BOARD).text)
    for who in ("charlie", "dana", "grace", "frank"):
        text = visit(who).get(BOARD).text
        assert key not in text
        assert "Nightingale" not in text
        assert "990,000" not in text
        assert "1,190,000" not in text
        page = visit(who).get(f"{BOARD}&column=Needs+Analysis&after={key}").text
        assert page.count('<li class="card') == visit(who).get(
            f"{BOARD}&column=Needs+Analysis&after=D-nothing"
        ).text.count('<li class="card')
