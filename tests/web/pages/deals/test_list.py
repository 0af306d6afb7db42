"""The list of deals, and logging one."""

import re
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from tests.web.checklist import refuses
from tests.web.conftest import Visit, acts
from tests.world import World
from workspace.accounts.accounts import Account
from workspace.deals import lists, products
from workspace.deals.lists import DEAL_ORDERS
from workspace.deals.saved_views import SavedView
from workspace.deals.tables import Deal, Outcome

HTMX = {"HX-Request": "true"}
MINIMAL = {"name": "Porto clinics dashboards", "account": "Clínica do Porto"}


def newest(session: Session) -> Deal:
    return session.exec(select(Deal).order_by(Deal.id.desc()).limit(1)).one()  # type: ignore[attr-defined]


def test_should_list_what_the_viewer_may_see(visit: Visit) -> None:
    assert "Project Nightingale" in visit("alice").get("/deals").text
    for name in ("charlie", "dana", "grace", "frank"):
        page = visit(name).get("/deals")
        assert "St Brannoc ward dashboards" in page.text
        assert "Nightingale" not in page.text


@pytest.mark.parametrize(
    ("query", "found", "missing"),
    [
        ("outcome=lost", "Banco Ribera reporting", "Lumen Bank risk warehouse"),
        ("q=brannoc", "St Brannoc patient records", "Banco Ribera reporting"),
        ("stage=Qualification", "St Brannoc ward dashboards", "Kestrel Health records"),
        ("industry=K64", "Lumen Bank risk warehouse", "Tidewater claims warehouse"),
        ("industry=K", "Tidewater claims warehouse", "Fjord freight integration"),
        ("size=over+20%2C000", "Meridian plant integration", "Lumen Bank risk warehouse"),
        ("product=relay-integration", "Fjord freight integration", "Banco Ribera reporting"),
        ("competitor=quarrystone", "Orlik shop dashboards", "Banco Ribera reporting"),
        ("region=Southern+Europe", "Banco Ribera reporting", "Orlik shop dashboards"),
        ("owner=charlie-costa", "Banco Ribera reporting", "Orlik shop dashboards"),
        ("until=2001-01-01&q=", "No deal fits", "Banco Ribera reporting"),
    ],
)
def test_should_narrow_the_list_down(visit: Visit, query: str, found: str, missing: str) -> None:
    answer = visit("dana").get(f"/deals?{query}", **HTMX)
    assert found in answer.text
    assert missing not in answer.text
    assert "<html" not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "columns=secret",
        "view=map",
        "outcome=maybe",
        "size=huge",
        "since=yesterday",
        "sort=id",
        "q=a&q=b",
        "q=%00",
        "q=%ff",
    ],
)
def test_should_refuse_what_is_no_filter(visit: Visit, query: str) -> None:
    assert visit("alice").get(f"/deals?{query}").status_code == 422


def test_should_answer_boosted_and_restored_pages_whole(visit: Visit) -> None:
    for header in ("HX-Boosted", "HX-History-Restore-Request"):
        assert "<html" in visit("alice").get("/deals", **HTMX, **{header: "true"}).text


@pytest.mark.parametrize("order", DEAL_ORDERS)
@pytest.mark.parametrize("descending", [False, True])
def test_should_page_through_every_deal_once(
    session: Session, world: World, order: str, descending: bool
) -> None:
    viewer = world.viewer("charlie")
    seen: list[str] = []
    after = None
    while rows := lists.deal_rows(
        session, viewer, order=order, descending=descending, after=after, limit=3
    ):
        seen += [row.key for row in rows]
        after = seen[-1]
    whole = lists.deal_rows(session, viewer, order=order, descending=descending, limit=100)
    assert seen == [row.key for row in whole]
    assert len(set(seen)) == len(seen) == 11


def test_should_log_a_deal_with_a_name_and_a_new_account(
    visit: Visit, session: Session, world: World
) -> None:
    answer = visit("alice").post(
        "/deals", {**MINIMAL, "industry": "Q86", "headcount": "1,200", "country": "PT"}
    )
    deal = newest(session)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/deals/{deal.key}/kin"
    account = session.get_one(Account, deal.account_id)
    assert (account.name, account.industry, account.headcount) == ("Clínica do Porto", "Q86", 1200)
    assert deal.owner_id == world.people["alice"]
    assert deal.outcome == Outcome.OPEN
    assert deal.amount is None
    assert deal.currency is None


def test_should_log_a_deal_once_though_its_button_was_pressed_twice(
    visit: Visit, session: Session, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = visit("alice")
    first = alice.post("/deals", MINIMAL)
    again = alice.post("/deals", MINIMAL)
    assert again.status_code == 303
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["location"] == f"/deals/{newest(session).key}/kin"
    # Another deal of that account, somebody else's of that name, and one much later are new.
    others = [alice.post("/deals", {**MINIMAL, "name": "Another"})]
    others.append(visit("charlie").post("/deals", MINIMAL))
    monkeypatch.setattr("workspace.deals.lifecycle.SAME_SUBMIT", timedelta(0))
    others.append(alice.post("/deals", MINIMAL))
    places = {answer.headers["location"] for answer in (first, *others)}
    assert len(places) == 4


def test_should_say_what_a_confidential_deal_does_not_hide(visit: Visit) -> None:
    assert "A new account is visible to all members." in visit("alice").get("/deals/new").text


def test_should_log_everything_that_was_said(visit: Visit, session: Session, world: World) -> None:
    visit("charlie").post(
        "/deals",
        {
            "name": "  Kestrel   dashboards ",
            "account": "kestrel HEALTH",
            "stage": "Value Proposition",
            "product": ["atlas-warehouse", "beacon-dashboards"],
            "competitor": "datamoor",
            "new_product": "Compass Maps",
            "new_competitor": "Brandnew Corp",
            "amount": "125,000.50",
            "currency": "eur",
            "expected_close": "2031-03-31",
            "use_case": "One\r\ntwo",
            "notes": "Line\r\nline",
            "next_step": "Call",
            "confidential": "on",
        },
    )
    deal = newest(session)
    assert deal.name == "Kestrel dashboards"
    assert deal.account_id == world.account(session, "kestrel").id
    assert (str(deal.amount), deal.currency) == ("125000.50", "EUR")
    assert deal.use_case == "One\ntwo"
    assert deal.confidential
    assert [key for key, _ in products.products_of(session, deal.id)] == [
        "atlas-warehouse",
        "beacon-dashboards",
        "compass-maps",
    ]
    names = [name for _, name in products.competitors_of(session, deal.id)]
    assert names == ["Brandnew Corp", "Datamoor"]
    # A competitor that is only on a deal nobody else sees would tell of it.
    assert "Brandnew" not in visit("alice").get("/deals/new").text
    assert "Brandnew" in visit("charlie").get("/deals/new").text


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("name", "", "Required"),
        ("account", " ", "Required"),
        ("name", "x" * 201, "At most 200"),
        ("amount", "lots", "Enter an amount"),
        ("amount", "1e9", "Enter an amount"),
        ("amount", "-1", "Enter an amount"),
        ("amount", "9" * 30, "Enter an amount"),
        ("amount", "5", "Required with an amount"),
        ("currency", "EURO", "Enter a currency code"),
        ("headcount", "9" * 25, "Enter a whole number"),
        ("country", "Narnia", "Choose from the list"),
        ("industry", "Z99", "Choose from the list"),
        ("stage", "Dreaming", "Choose from the list"),
        ("product", "nothing", "Choose from"),
        ("expected_close", "2026-02-31", "Enter a date"),
        ("notes", "a\x00b", "control characters"),
        ("account", "a\x00b", "control characters"),
        ("id", "7", "no such field"),
        ("owner_id", "1", "no such field"),
        ("key", "X-1", "no such field"),
    ],
)
def test_should_return_the_form_with_what_is_wrong(
    visit: Visit, world: World, field: str, value: str, why: str
) -> None:
    before = acts(world)
    answer = visit("alice").post("/deals", {**MINIMAL, "notes": "keep me", field: value})
    assert answer.status_code == 422
    assert why in answer.text
    assert "<html" in answer.text
    if field != "notes":
        assert "keep me" in answer.text
    assert acts(world) == before


def test_should_refuse_what_every_write_refuses(visit: Visit, world: World) -> None:
    refuses(visit, world, "/deals", MINIMAL, has_page=True)
    assert visit("frank").get("/deals/new").status_code == 403


def test_should_say_what_is_known_of_an_account(visit: Visit) -> None:
    alice = visit("alice")
    known = alice.get("/deals/new/account?account=st+brannoc+hospital", **HTMX).text
    assert "In the record" in known
    assert "1,001–5,000" in known
    assert "New account" in alice.get("/deals/new/account?account=Nowhere", **HTMX).text
    assert "Kestrel Health" in alice.get("/deals/new/account?account=kest", **HTMX).text


def heads(text: str) -> list[str]:
    """The columns of the list."""
    return [
        re.sub("<[^>]+>|[↑↓]", "", cell)
        for cell in re.findall(r'<th scope="col"[^>]*>(.*?)</th>', text, re.DOTALL)
    ]


def test_should_show_the_columns_that_were_chosen(visit: Visit) -> None:
    alice = visit("alice")
    usual = ["Deal", "Account", "Stage", "Next step", "Amount", "Close", "Owner"]
    assert heads(alice.get("/deals").text) == usual
    # As the form sends them, and as the address then has them.
    sent = alice.get("/deals?columns=name&columns=moved&columns=amount&sort=moved", **HTMX)
    assert heads(sent.text) == ["Deal", "Amount", "Last move"]
    kept = sent.headers["hx-push-url"]
    assert kept == "/deals?sort=moved&columns=name%2Camount%2Cmoved"
    page = alice.get(kept).text
    assert heads(page) == ["Deal", "Amount", "Last move"]
    assert 'href="/deals?sort=-amount&amp;columns=name%2Camount%2Cmoved"' in page
    assert heads(alice.get("/deals?columns=name").text) == ["Deal"]


def test_should_say_in_words_what_rots(visit: Visit) -> None:
    rows = visit("alice").get("/deals?outcome=open").text.split("<tr>")
    for row in rows:
        assert ("stuck for " in row) == ("Meridian" in row or "Tidewater" in row)


BULK = {"expected_close": "2031-05-06", "query": "outcome=open"}


def ticked(world: World, *names: str) -> list[str]:
    with world.database.read() as session:
        return [f"{world.deals[name]}:{world.deal(session, name).version}" for name in names]


def test_should_change_the_deals_that_are_ticked(visit: Visit, world: World) -> None:
    sent = {
        **BULK,
        "deal": ticked(world, "wards", "meridian"),
        "stage": "Perception Analysis",
        "owner": "charlie-costa",
    }
    answer = visit("bob").post("/deals/bulk", sent)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/deals?outcome=open"
    assert "2 deals are changed." in visit("bob").get("/deals").text
    with world.database.read() as session:
        for name in ("wards", "meridian"):
            row = world.deal(session, name)
            assert str(row.expected_close) == "2031-05-06"
            assert row.owner_id == world.people["charlie"]
        assert world.deal(session, "kestrel").expected_close is None


def test_should_name_the_deals_that_stand_in_the_way_and_change_none(
    visit: Visit, world: World
) -> None:
    before = acts(world)
    charlie = visit("charlie")
    sent = {**BULK, "deal": [*ticked(world, "kestrel", "wards"), f"{world.confidential_deal}:1"]}
    answer = charlie.post("/deals/bulk", sent)
    assert answer.status_code == 422
    told = answer.text.split('id="problems"')[1].split("</div>")[0]
    assert "St Brannoc ward dashboards: Only this deal&#39;s team" in told
    assert f"{world.confidential_deal}: There is no such deal." in told
    assert "Nightingale" not in answer.text
    missing = charlie.post("/deals/bulk", {**sent, "deal": "D-9999:1"}).text
    assert "D-9999: There is no such deal." in missing
    # What was ticked and typed is still there.
    assert re.search(rf'value="{world.deals["kestrel"]}:1" form="bulk" checked', answer.text)
    assert 'value="2031-05-06"' in answer.text
    assert acts(world) == before


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"deal": ""}, "Select deals first"),
        ({"expected_close": ""}, "Choose a stage"),
        ({"expected_close": "tomorrow"}, "Enter a date"),
        ({"stage": "Closed Won"}, "Choose from the list"),
        ({"owner": "ines-moreira"}, "Choose from the list"),
        ({"deal": "D-0001"}, "no such deal|in the meantime"),
        ({"deal": ":"}, "no such deal"),
        ({"surprise": "x"}, "no such field"),
    ],
)
def test_should_say_what_keeps_many_from_being_changed(
    visit: Visit, world: World, changes: dict[str, str], why: str
) -> None:
    before = acts(world)
    sent = {**BULK, "deal": ticked(world, "wards"), **changes}
    answer = visit("alice").post("/deals/bulk", sent)
    assert answer.status_code == 422
    assert re.search(why, answer.text)
    assert acts(world) == before


def test_should_refuse_in_bulk_what_every_write_refuses(visit: Visit, world: World) -> None:
    refuses(visit, world, "/deals/bulk", {**BULK, "deal": ticked(world, "wards")[0]})


@pytest.mark.parametrize(
    ("who", "tickable"),
    [
        ("alice", {"wards", "meridian"}),
        ("charlie", {"tidewater", "kestrel"}),
        ("dana", {"wards", "meridian", "tidewater", "kestrel", "unclaimed"}),
        ("erin", set()),
        ("frank", set()),
    ],
)
def test_should_offer_ticks_on_what_a_member_may_change(
    visit: Visit, world: World, who: str, tickable: set[str]
) -> None:
    page = visit(who).get("/deals?outcome=open").text
    found = set(re.findall(r'name="deal" value="([^":]+):', page))
    assert found == {world.deals[name] for name in tickable}
    assert ('action="/deals/bulk"' in page) == bool(tickable)


VIEW = {"name": "Datamoor, open", "query": "outcome=open&competitor=datamoor&sort=close"}
ADDRESS = "/deals?outcome=open&amp;competitor=datamoor&amp;sort=close"


def tabs(text: str) -> dict[str, str]:
    """The addresses of the saved views, by name."""
    bar = text.split('aria-label="Saved views"')[1].split("</nav>")[0]
    found = re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)', bar)
    return {name.strip(): href for href, name in found[2:]}


def view_id(world: World, name: str = VIEW["name"]) -> int:
    with world.database.read() as session:
        return session.exec(select(SavedView.id).where(SavedView.name == name)).one()


def test_should_keep_a_view_under_a_name(visit: Visit) -> None:
    alice = visit("alice")
    answer = alice.post("/deals/views", VIEW)
    assert answer.status_code == 303
    assert answer.headers["location"] == ADDRESS.replace("&amp;", "&")
    assert tabs(alice.get("/deals").text) == {VIEW["name"]: ADDRESS}
    page = alice.get(answer.headers["location"]).text
    assert f'href="{ADDRESS}" aria-current="true"' in page
    assert "Edit view" in page
    # The same filters in another order are the same view.
    turned = "/deals?sort=close&competitor=datamoor&outcome=open"
    assert "Edit view" in alice.get(turned).text
    assert "Edit view" not in alice.get(f"{turned}&q=wards").text
    assert tabs(visit("grace").get("/deals").text) == {}


def test_should_show_each_viewer_of_a_shared_view_what_they_may_see(
    visit: Visit, world: World
) -> None:
    sent = {"name": "Kestrel", "query": "account=kestrel-health&view=list", "shared": "on"}
    visit("alice").post("/deals/views", sent)
    found = {}
    for who in ("alice", "charlie", "frank"):
        page = visit(who).get("/deals").text
        address = tabs(page)["Kestrel"]
        assert ("by Alice Adeyemi" in page) == (who != "alice")
        found[who] = visit(who).get(address).text
        assert ("Edit view" in found[who]) == (who == "alice")
    assert "Project Nightingale" in found["alice"]
    for who in ("charlie", "frank"):
        assert "Kestrel Health records" in found[who]
        assert world.confidential_deal not in found[who]
        assert "Nightingale" not in found[who]


def test_should_rename_share_and_delete_a_view(visit: Visit, world: World) -> None:
    alice, grace = visit("alice"), visit("grace")
    alice.post("/deals/views", VIEW)
    path = f"/deals/views/{view_id(world)}"
    renamed = {"name": "Against Datamoor", "query": VIEW["query"], "shared": "on"}
    assert grace.post(f"{path}/edit", renamed).status_code == 404
    assert alice.post(f"{path}/edit", renamed).status_code == 303
    assert list(tabs(visit("charlie").get("/deals").text)) == ["Against Datamoor"]
    for act in ("edit", "delete"):
        assert visit("charlie").post(f"{path}/{act}", renamed).status_code in (403, 422)
    assert visit("charlie").post(f"{path}/delete", {"query": ""}).status_code == 403
    assert grace.post(f"{path}/delete", {"query": VIEW["query"]}).status_code == 303
    assert tabs(alice.get("/deals").text) == {}


def test_should_say_what_is_wrong_with_a_view(visit: Visit) -> None:
    alice = visit("alice")
    alice.post("/deals/views", VIEW)
    for sent, why in (
        ({**VIEW, "query": "q=other"}, "A view of this name exists already."),
        ({**VIEW, "name": ""}, "Required."),
        ({**VIEW, "name": "x" * 61}, "At most 60"),
        ({"name": "Board", "query": "view=board", "extra": "x"}, "no such field"),
        ({"name": "Odd", "query": "columns=secret"}, "Choose from"),
    ):
        answer = alice.post("/deals/views", sent)
        assert answer.status_code == 422
        assert why in answer.text
    assert list(tabs(alice.get("/deals").text)) == [VIEW["name"]]


@pytest.mark.parametrize(
    "stored", ["size=huge", "q=%ff", "outcome=maybe", "http://elsewhere.example", "q=ż"]
)
def test_should_not_trust_what_was_stored(visit: Visit, world: World, stored: str) -> None:
    visit("alice").post("/deals/views", VIEW)
    with world.database.write() as session:
        session.get_one(SavedView, view_id(world)).query = stored
        session.get_one(SavedView, view_id(world)).name = "Odd"
    page = visit("alice").get("/deals").text
    if stored.startswith("http"):
        assert tabs(page) == {"Odd": "/deals"}
    else:
        assert tabs(page) == {}
        assert "filter no longer valid" in page


def test_should_refuse_for_views_what_every_write_refuses(visit: Visit, world: World) -> None:
    refuses(visit, world, "/deals/views", VIEW)
    visit("grace").post("/deals/views", {**VIEW, "shared": "on"})
    path = f"/deals/views/{view_id(world)}"
    before = acts(world)
    for act, sent in (("edit", VIEW), ("delete", {"query": ""})):
        here = f"{path}/{act}"
        assert visit("frank").post(here, sent).status_code == 403
        assert visit("dana").post(here, sent).status_code == 403
        assert visit("grace").post(here, {**sent, "surprise": "x"}).status_code == 422
        assert visit("grace").post(here, sent, token="").status_code == 403
        assert visit("grace").post(f"/deals/views/9999/{act}", sent).status_code == 404
        assert visit("grace").get(here).status_code == 405
        assert visit(None).post(here, sent, token="").status_code == 403
    assert acts(world) == before
