"""The list of deals, and logging one."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from tests.web.checklist import refuses
from tests.web.conftest import Visit, acts
from tests.world import World
from workspace import pipeline
from workspace.accounts import Account
from workspace.deals import Deal, Outcome
from workspace.pipeline import DEAL_ORDERS

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
    ["outcome=maybe", "size=huge", "since=yesterday", "sort=id", "q=a&q=b", "q=%00", "q=%ff"],
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
    while rows := pipeline.deal_rows(
        session, viewer, order=order, descending=descending, after=after, limit=3
    ):
        seen += [row.key for row in rows]
        after = seen[-1]
    whole = pipeline.deal_rows(session, viewer, order=order, descending=descending, limit=100)
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
    monkeypatch.setattr("workspace.pipeline.SAME_SUBMIT", timedelta(0))
    others.append(alice.post("/deals", MINIMAL))
    places = {answer.headers["location"] for answer in (first, *others)}
    assert len(places) == 4


def test_should_say_what_a_confidential_deal_does_not_hide(visit: Visit) -> None:
    assert "A new account is seen by everybody." in visit("alice").get("/deals/new").text


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
    assert [key for key, _ in pipeline.products_of(session, deal.id)] == [
        "atlas-warehouse",
        "beacon-dashboards",
        "compass-maps",
    ]
    names = [name for _, name in pipeline.competitors_of(session, deal.id)]
    assert names == ["Brandnew Corp", "Datamoor"]
    # A competitor that is only on a deal nobody else sees would tell of it.
    assert "Brandnew" not in visit("alice").get("/deals/new").text
    assert "Brandnew" in visit("charlie").get("/deals/new").text


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("name", "", "Needed"),
        ("account", " ", "Needed"),
        ("name", "x" * 201, "At most 200"),
        ("amount", "lots", "An amount"),
        ("amount", "1e9", "An amount"),
        ("amount", "-1", "An amount"),
        ("amount", "9" * 30, "An amount"),
        ("amount", "5", "Needed with an amount"),
        ("currency", "EURO", "three letters"),
        ("headcount", "9" * 25, "A whole number"),
        ("country", "Narnia", "Choose one"),
        ("industry", "Z99", "Choose one"),
        ("stage", "Dreaming", "Choose one"),
        ("product", "nothing", "Choose from"),
        ("expected_close", "2026-02-31", "A date"),
        ("notes", "a\x00b", "Control characters"),
        ("account", "a\x00b", "Control characters"),
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
