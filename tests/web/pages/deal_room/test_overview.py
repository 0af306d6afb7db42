"""The deal room's first tab, and changes to a deal."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from references.desk.advocates import Activity
from references.suggestions import suggest_advocates
from similarity.experts import experts_of_deal
from similarity.index.catalog import Catalog
from similarity.inquiry import Want, ask_of_deal, rank, rank_all
from similarity.kin import kin_of, past_and_running
from similarity.outlook import outlook_of_deal
from similarity.playbook import playbook_of_deal
from tests.references.asking import advocate
from tests.web.checklist import refuses_on_deals
from tests.web.conftest import Visit
from tests.world import World, ago, log_closed_deals, stage
from web.pages.deal_room.suggestions import first_suggestions, more_suggestions
from web.workspace import Workspace
from workspace.assets import assets
from workspace.clock import today
from workspace.deals import lifecycle, products, team
from workspace.deals.access import visible_deals
from workspace.deals.filters import DealFilter
from workspace.deals.tables import Deal, LineItem
from workspace.people.tables import Member


def key(world: World, name: str = "wards") -> str:
    return world.deals[name]


def suggestions(visit: Visit, name: str, world: World, deal: str = "wards") -> str:
    """What follows the page."""
    path = f"/deals/{key(world, deal)}/suggestions"
    return visit(name).get(path).text + visit(name).get(f"{path}/more").text


def test_should_show_the_deal_and_the_best_of_every_tab(visit: Visit, world: World) -> None:
    for name in ("alice", "bob", "charlie", "frank"):
        page = visit(name).get(f"/deals/{key(world)}")
        assert page.status_code == 200
        assert "Waiting-time dashboards for ward managers" in page.text
        # Without scripts, links lead to what follows the page.
        assert re.search(
            rf'<a href="/deals/{key(world)}/kin"[^>]*>All similar deals</a>', page.text
        )
        assert f'hx-get="/deals/{key(world)}/suggestions/more"' in page.text
        assert "St Brannoc patient records" not in page.text
        assert "St Brannoc patient records" in suggestions(visit, name, world)
        assert ("Move or close" in page.text) == (name in ("alice", "bob"))


def test_should_tell_how_kin_went_while_a_deal_is_open(visit: Visit, world: World) -> None:
    few = suggestions(visit, "alice", world)
    assert "A win chance is shown once 10 similar deals have closed." in few
    assert "Win chance" not in few
    log_closed_deals(world, amount=70_000)
    text = " ".join(suggestions(visit, "frank", world).split())
    # One figure, and how it comes about: the usual rate, and how many similar deals were won.
    assert len(re.findall(r"<strong>[^<]*\d%</strong>", text)) == 1
    said = re.search(
        r"<strong>Win chance (\d\d)%</strong><span class=\"muted\">"
        r"\(likely \d\d% to \d\d%\)</span>.*"
        r"The usual win rate is (\d\d)%: \d+ of the last \d+ closed deals were won\. "
        r"Of the 1\d similar closed deals, 1\d were won \((\d\d)%\), "
        r"which raises the chance by (\d+) points?\..*"
        r"Why not (\d\d)%\? The (1\d) deals are on average only (\d\d)% like this one, "
        r"so they count as (\d+) deals in the chance\. The usual rate counts as (\d+), "
        r"because a few deals may go well or badly by accident\.",
        text,
    )
    assert said, text[text.index("Win chance") :][:1500]
    figures = map(int, said.groups())
    chance, usual, share, points, plain, similar, alike, kin, rest = figures
    assert (usual + points, plain) == (chance, share)
    # The figures that are shown give the chance.
    assert kin == pytest.approx(similar * alike / 100, abs=0.6)
    assert chance == pytest.approx((kin * share + rest * usual) / (kin + rest), abs=2)
    # The drawing has a dot for each of a hundred deals, and the same figures as a text and a table.
    assert f"Of 100 deals like this one, about {chance} are won, likely" in text
    dots = Counter(re.findall(r'<circle class="(\w+)"', text))
    assert (dots.total(), dots["won"] + dots["likely"]) == (100, chance)
    assert all(dots[kind] for kind in ("likely", "maybe", "rest"))
    rows = re.findall(r'<th scope="row">([^<]+)</th><td class="num">(\d+)%</td>', text)
    assert rows == [
        ("Usual rate", str(usual)),
        ("Similar deals", str(share)),
        ("This deal", str(chance)),
    ]
    assert '<dt>Days to win</dt><dd>100<span class="muted">; half of the' in text
    assert "<dt>Amount</dt><dd>70,00" in text
    assert "Outlook" not in suggestions(visit, "frank", world, "brannoc")


@pytest.fixture
def ranked(world: World, workspace: Workspace) -> World:
    """Enough deals that closed, of which some are confidential, and an advocate to ask."""
    with world.database.write() as session:
        brannoc = world.account(session, "brannoc")
        for number in range(24):
            deal = lifecycle.log(
                session,
                f"Ward dashboards {number}",
                brannoc,
                world.people["alice"],
                stage=stage(session, "Closed Won" if number % 3 else "Closed Lost"),
                opened=ago(200),
                closed=ago(100 + number),
                use_case="Waiting-time dashboards for ward managers",
                confidential=number % 4 == 0,
            )
            assets.use(session, world.asset(session, "demo"), deal, world.people["alice"])
            team.add_seat(session, deal, "consultant", world.people["dana"], None)
        advocate(session, world, "ines")
    return world


@pytest.mark.parametrize("name", ["alice", "charlie"])
@pytest.mark.slow
def test_should_show_what_the_tabs_show_on_their_own(
    ranked: World, workspace: Workspace, name: str
) -> None:
    """What follows ranks once for several parts, and each is as if it had ranked for itself."""
    viewer = ranked.viewer(name)
    catalog, network = workspace.catalog, workspace.network
    told = set()
    with ranked.database.read() as session:
        seen = select(Deal).where(visible_deals(viewer)).order_by(Deal.id)
        # All of the cast's, and some of those that were added.
        for each in session.exec(seen).all()[:20]:
            page = first_suggestions(session, viewer, workspace, each.key)
            more = more_suggestions(session, viewer, workspace, each.key)
            is_open = each.outcome == "open"
            asked = suggest_advocates(
                session, viewer, catalog, network, each, Activity.CALL, limit=3
            )
            past, _ = past_and_running()
            inquiry = ask_of_deal(session, viewer, catalog, each)
            assert page.kin == kin_of(session, catalog, inquiry, filter=past, limit=3)
            assert more.plays == playbook_of_deal(session, viewer, catalog, each, limit=3).plays
            assert more.experts == experts_of_deal(session, viewer, catalog, each, limit=3)
            assert more.outlook == (
                outlook_of_deal(session, viewer, catalog, each) if is_open else None
            )
            assert page.references == (asked.suggested if is_open else [])
            shown = (page.kin, more.plays, more.experts, more.outlook, page.references)
            told |= {part for part, rows in enumerate(shown) if rows}
    assert told == set(range(5))


@pytest.mark.parametrize("name", ["alice", "charlie"])
def test_should_rank_several_wishes_as_each_on_its_own(
    ranked: World, catalog: Catalog, name: str
) -> None:
    viewer = ranked.viewer(name)
    wants = [
        Want(limit, filter, pool)
        for limit, pool in ((1, 2), (3, 5), (80, 300))
        for filter in (
            None,
            DealFilter(outcome="closed"),
            DealFilter(outcome="won"),
            DealFilter(outcome="won", competitor="quarrystone"),
            DealFilter(stage="Closed Lost", text="ward"),
        )
    ]
    with ranked.database.read() as session:
        deal = ranked.deal(session, "wards")
        together = ask_of_deal(session, viewer, catalog, deal)
        rank_all(session, catalog, together, wants)
        for want in wants:
            alone = ask_of_deal(session, viewer, catalog, deal)
            assert rank(session, catalog, together, want) == rank(session, catalog, alone, want)


@pytest.mark.parametrize("tab", ["", "/kin", "/playbook", "/experts", "/activity", "/edit"])
def test_should_hide_a_confidential_deal(visit: Visit, world: World, tab: str) -> None:
    path = f"/deals/{world.confidential_deal}{tab}"
    assert visit("alice").get(path).status_code == 200
    assert visit("bob").get(path).status_code == 200
    for name in ("charlie", "dana", "grace", "frank"):
        answer = visit(name).get(path)
        assert answer.status_code == 404
        assert "Nightingale" not in answer.text


@pytest.mark.parametrize("bad", ["D-9999", "%00", "x" * 300, "%2e%2e", "'; drop table deal --"])
def test_should_not_find_what_is_not_there(visit: Visit, bad: str) -> None:
    assert visit("alice").get(f"/deals/{bad}").status_code == 404


def test_should_edit_what_was_sent_and_nothing_else(
    visit: Visit, world: World, session: Session
) -> None:
    answer = visit("bob").post(
        f"/deals/{key(world)}/edit", {"version": "1", "next_step": "Ask the wards"}
    )
    assert answer.status_code == 303
    changed = world.deal(session, "wards")
    assert changed.next_step == "Ask the wards"
    assert changed.version == 2
    assert changed.amount == 80_000
    assert changed.use_case


def test_should_edit_products_and_competitors(visit: Visit, world: World, session: Session) -> None:
    visit("alice").post(
        f"/deals/{key(world)}/edit",
        {"version": "1", "links": "yes", "product": "atlas-warehouse", "new_competitor": "Newmoor"},
    )
    deal = world.deal(session, "wards")
    assert [name for _, name in products.products_of(session, deal.id)] == ["Atlas Warehouse"]
    assert [name for _, name in products.competitors_of(session, deal.id)] == ["Newmoor"]
    assert "Datamoor" in visit("alice").get(f"/deals/{deal.key}/activity").text


def test_should_show_both_versions_of_a_deal_that_somebody_else_changed(
    visit: Visit, world: World, session: Session
) -> None:
    path = f"/deals/{key(world)}/edit"
    visit("bob").post(path, {"version": "1", "next_step": "What Bob plans"})
    stale = visit("alice").post(path, {"version": "1", "next_step": "What Alice plans"})
    assert stale.status_code == 409
    assert "What Bob plans" in stale.text
    assert "What Alice plans" in stale.text
    assert world.deal(session, "wards").next_step == "What Bob plans"
    fresh = visit("alice").post(path, {"version": "2", "next_step": "What Alice plans"})
    assert fresh.status_code == 303


@pytest.mark.parametrize(
    ("field", "focused"),
    [
        ("product", 'name="product"'),
        ("competitor", 'name="competitor"'),
        ("next_step", 'name="next_step"'),
        ("nonsense", 'name="name"'),
    ],
)
def test_should_put_the_focus_on_the_field_that_was_asked_for(
    visit: Visit, world: World, field: str, focused: str
) -> None:
    page = visit("alice").get(f"/deals/{key(world)}/edit?field={field}", **{"HX-Request": "true"})
    found = [tag for tag in page.text.split("<") if " autofocus" in tag]
    assert len(found) == 1
    assert focused in found[0]


def test_should_edit_the_one_fact_that_was_asked_for(visit: Visit, world: World) -> None:
    here, htmx = f"/deals/{key(world)}", {"HX-Request": "true"}
    for field, card, fields in (
        ("amount", "facts", {"amount", "currency"}),
        ("owner", "facts", {"owner"}),
        ("next_step", "next-step", {"next_step", "next_step_on"}),
    ):
        page = visit("alice").get(f"{here}/edit?field={field}", **htmx).text
        assert f'id="{card}"' in page
        form = page.split('class="stack editing"')[1].split("</form>")[0]
        names = set(re.findall(r'name="(\w+)"', form)) - {"_csrf_token", "version"}
        assert names == fields
    # Without scripts the address is a page with the form over all facts, and no second form.
    assert "stack editing" not in visit("alice").get(f"{here}/edit?field=next_step").text


def test_should_leave_competitors_alone_where_products_are_edited(
    visit: Visit, world: World, session: Session
) -> None:
    here = f"/deals/{key(world)}/edit"
    chosen = {"version": "1", "links": "yes", "competitor": "datamoor"}
    assert visit("alice").post(here, chosen).status_code == 303
    page = visit("alice").get(f"{here}?field=product", **{"HX-Request": "true"}).text
    form = page.split('class="stack editing"')[1].split("</form>")[0]
    kept = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', form))
    assert kept["competitor"] == "datamoor"
    del kept["_csrf_token"]
    sent = visit("alice").post(here, {**kept, "product": "atlas-warehouse"})
    assert sent.status_code == 303
    deal = world.deal(session, "wards").id
    assert [name for _, name in products.products_of(session, deal)] == ["Atlas Warehouse"]
    assert [name for _, name in products.competitors_of(session, deal)] == ["Datamoor"]


def test_should_show_products_and_competitors_that_somebody_else_changed(
    visit: Visit, world: World, session: Session
) -> None:
    path = f"/deals/{key(world)}/edit"
    added = {"links": "yes", "product": ["beacon-dashboards", "atlas-warehouse"]}
    assert visit("bob").post(path, {"version": "1", **added}).status_code == 303
    stale = visit("alice").post(
        path,
        {"version": "1", "links": "yes", "product": "beacon-dashboards", "competitor": "datamoor"},
    )
    assert stale.status_code == 409
    told = stale.text.split('<table class="compare">')[1].split("</table>")[0]
    assert "<td>Beacon Dashboards</td><td>Atlas Warehouse, Beacon Dashboards</td>" in told
    assert "<td>Datamoor</td><td>–</td>" in told
    assert len(products.products_of(session, world.deal(session, "wards").id)) == 2


def test_should_say_so_where_what_somebody_else_changed_is_not_in_the_form(
    visit: Visit, world: World
) -> None:
    path = f"/deals/{key(world)}"
    visit("bob").post(f"{path}/stage", {"stage": "Needs Analysis", "version": "1"})
    stale = visit("alice").post(f"{path}/edit", {"version": "1", "name": "Ward dashboards"})
    assert stale.status_code == 409
    assert "This deal was changed" in stale.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("amount", "much"),
        ("account", "Nobody Knows Ltd"),
        ("owner", "ines-moreira"),
        ("confidential", "perhaps"),
        ("outcome", "won"),
        ("stage_id", "9"),
        ("version", "first"),
    ],
)
def test_should_return_the_facts_with_what_is_wrong(
    visit: Visit, world: World, field: str, value: str
) -> None:
    answer = visit("alice").post(
        f"/deals/{key(world)}/edit", {"version": "1", "notes": "keep me", field: value}
    )
    assert answer.status_code == 422
    assert "keep me" in answer.text


def test_should_lose_sight_of_a_deal_that_one_hides_from_oneself(
    visit: Visit, world: World
) -> None:
    path = f"/deals/{key(world)}"
    answer = visit("dana").post(f"{path}/edit", {"version": "1", "confidential": "on"})
    assert answer.headers["location"] == "/deals"
    assert visit("dana").get(path).status_code == 404
    assert visit("alice").get(path).status_code == 200


def test_should_move_and_close(visit: Visit, world: World, session: Session) -> None:
    path = f"/deals/{key(world)}/stage"
    alice = visit("alice")
    assert alice.post(path, {"stage": "Value Proposition", "version": "1"}).status_code == 303
    assert alice.post(path, {"stage": "Closed Won", "version": "2"}).status_code == 422
    stale = alice.post(path, {"stage": "Closed Won", "version": "1", "reason": "Demo"})
    assert stale.status_code == 409
    assert "Value Proposition" in stale.text
    won = alice.post(path, {"stage": "Closed Won", "version": "2", "reason": "The ward demo"})
    assert won.status_code == 303
    deal = world.deal(session, "wards")
    assert (deal.outcome, deal.reason) == ("won", "The ward demo")


def test_should_not_close_before_opening(visit: Visit, world: World) -> None:
    answer = visit("alice").post(
        f"/deals/{key(world)}/stage",
        {"stage": "Closed Lost", "version": "1", "reason": "x", "closed": "1999-01-01"},
    )
    assert answer.status_code == 422


def test_should_invite_and_take_back(visit: Visit, world: World) -> None:
    path = f"/deals/{world.confidential_deal}"
    alice = visit("alice")
    assert alice.post(f"{path}/invitations", {"person": "dana-dvorak"}).status_code == 303
    assert visit("dana").get(path).status_code == 200
    # To be invited is to see it; a manager may then work on it as on any other.
    assert alice.post(f"{path}/invitations/dana-dvorak/remove").status_code == 303
    assert visit("dana").get(path).status_code == 404
    assert alice.post(f"{path}/invitations", {"person": "ines-moreira"}).status_code == 422


@pytest.mark.parametrize(
    ("path", "data", "has_page"),
    [
        ("/deals/{deal}/edit", {"version": "1", "next_step": "x"}, True),
        ("/deals/{deal}/stage", {"stage": "Value Proposition", "version": "1"}, False),
        ("/deals/{deal}/invitations", {"person": "dana-dvorak"}, False),
        ("/deals/{deal}/invitations/dana-dvorak/remove", {}, False),
    ],
)
def test_should_refuse_what_every_write_refuses(
    visit: Visit, world: World, path: str, data: dict[str, str], has_page: bool
) -> None:
    refuses_on_deals(visit, world, path, data, has_page=has_page)


def test_should_keep_an_owner_who_has_left_and_offer_nobody_else_who_has(
    visit: Visit, world: World, session: Session
) -> None:
    with world.database.write() as writing:
        for name in ("alice", "erin"):
            writing.get_one(Member, world.people[name]).active = False
    dana, path = visit("dana"), f"/deals/{key(world)}"
    form = dana.get(f"{path}/edit").text
    assert '<option value="alice-adeyemi" selected>' in form
    assert '<option value="erin-eriksen"' not in form
    kept = {"version": "1", "owner": "alice-adeyemi", "next_step": "Find somebody"}
    assert dana.post(f"{path}/edit", kept).status_code == 303
    assert world.deal(session, "wards").owner_id == world.people["alice"]
    given = {"version": "2", "owner": "erin-eriksen"}
    assert dana.post(f"{path}/edit", given).status_code == 422
    assert dana.post(f"{path}/edit", {"version": "2", "owner": "dana-dvorak"}).status_code == 303
    assert '<option value="alice-adeyemi"' not in dana.get(f"{path}/edit").text


def test_should_park_a_deal_and_reopen_it(visit: Visit, world: World) -> None:
    alice, here = visit("alice"), key(world)
    wrong = alice.post(f"/deals/{here}/park", {"park_reason": "No budget"})
    assert "Enter a day or an event." in wrong.text
    day = today() + timedelta(days=30)
    facts = {"park_reason": "No budget", "wakes_on": day, "wakes_when": "their budget round"}
    assert alice.post(f"/deals/{here}/park", facts).status_code == 303
    page = alice.get(f"/deals/{here}").text
    assert "their budget round" in page
    assert "parked it until" in page
    assert "Move to stage" in page
    shown = alice.get("/deals?outcome=parked&columns=name,wakes").text
    assert "their budget round" in shown
    assert here not in alice.get("/deals?view=board").text
    assert alice.post(f"/deals/{here}/wake").status_code == 303
    assert "reopened it" in alice.get(f"/deals/{here}").text


def test_should_park_many_deals_from_the_list(visit: Visit, world: World) -> None:
    alice = visit("alice")
    form = {"deal": f"{world.deals['wards']}:1", "status": "park", "query": ""}
    assert "Enter a reason." in alice.post("/deals/bulk", form).text
    more = {"park_reason": "No budget", "wakes_when": "Their budget round"}
    assert alice.post("/deals/bulk", {**form, **more}).status_code == 303
    assert world.deals["wards"] in alice.get("/deals?outcome=parked").text


def test_should_have_amounts_follow_from_line_items(visit: Visit, world: World) -> None:
    alice, here = visit("alice"), f"/deals/{key(world)}"
    term = {"version": "1", "term_months": "24", "renews_on": "2028-12-01"}
    assert alice.post(f"{here}/edit", term).status_code == 303
    with world.database.read() as session:
        [(product, _)] = products.products_of(session, world.deal(session, "wards").id)
    item = {"item_product": product, "quantity": "10", "price": "1,000", "paid": "yearly"}
    wrong = alice.post(f"{here}/line-items", {**item, "quantity": "none"})
    assert wrong.status_code == 422
    assert 'id="quantity-error"' in wrong.text
    assert alice.post(f"{here}/line-items", item).status_code == 303
    page = alice.get(here).text
    for shown in ("Contract value, 24 months", "20,000 EUR", "10,000 EUR", "1 Dec 2028"):
        assert shown in page
    # An amount that is typed in does not last; the term counts.
    alice.post(f"{here}/edit", {"version": "3", "amount": "5", "term_months": "12"})
    with world.database.read() as session:
        assert world.deal(session, "wards").amount == 10_000
    assert "Per year" in alice.get("/deals?columns=name,yearly,renews&sort=-yearly").text
    exported = alice.post(
        "/exports/line-items", {"format": "csv", "query": here.replace("/deals/", "deal=")}
    )
    assert b"Beacon Dashboards,10.00,1000.00,yes,10000.00,EUR" in exported.content
    with world.database.read() as session:
        [item_id] = session.exec(select(LineItem.id)).all()
    assert alice.post(f"{here}/line-items/{item_id}/remove").status_code == 303
    page = alice.get(here).text
    assert "Contract value" not in page
    alice.post(re.findall(r'action="(/deleted/\w+/restore)"', page)[0])
    assert "10,000 EUR" in alice.get(here).text
    with world.database.read() as session:
        assert session.exec(select(LineItem.id)).all() == [item_id]


@pytest.mark.parametrize(
    "tab", ["", "/kin", "/playbook", "/experts", "/stakeholders", "/references", "/activity"]
)
def test_should_offer_the_same_actions_on_every_tab(visit: Visit, world: World, tab: str) -> None:
    here = f"/deals/{world.deals['wards']}"
    page = visit("alice").get(f"{here}{tab}").text
    for action in ("Move or close", "Request reference", f'href="{here}/brief"', "Follow"):
        assert action in page, action
    others = visit("charlie").get(f"{here}{tab}").text
    assert "Move or close" not in others
    assert f'href="{here}/brief"' in others
