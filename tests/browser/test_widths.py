"""Nothing overflows: every kind of page with the worst content, with none, and with very much."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page
from sqlmodel import Session, select

from references.desk import workflow
from references.desk.advocates import Activity
from references.desk.emails import STANDARD_TEXTS
from tests.browser.axe import OPEN
from tests.browser.pages import a_request, paths
from tests.browser.steps import open_whole, sign_in
from tests.references.asking import advocate, contact
from tests.workspace.assets.hostile_files import png
from tests.world import World
from workspace.accounts.accounts import Account, add_account
from workspace.assets import assets
from workspace.clock import today
from workspace.collaboration import notes, tasks
from workspace.company import set_company, set_logo
from workspace.deals import saved_views, team
from workspace.deals.lifecycle import log_one
from workspace.deals.stakeholders import add_stakeholder
from workspace.deals.tables import Deal
from workspace.delivery.html_part import html_part
from workspace.own_fields import fields as own_fields
from workspace.people.people import add_contact
from workspace.people.tables import Person

WORD = "x" * 200
NAME = "Wolfeschlegelsteinhausenbergerdorffsche"
MANY = 10_000
DESK = (
    "/references",
    "/references/advocates",
    "/references/texts",
    "/insights",
    "/insights/pipeline",
)
# A page that is wider than the screen, tables and drawings that their card cuts off, and texts that
# stick out of their card.
SEE = """() => {
  const found = [];
  const wider = document.documentElement.scrollWidth - window.innerWidth;
  if (wider > 0) {
    const all = [...document.querySelectorAll("main *")];
    const scrolls = each => /auto|scroll/.test(getComputedStyle(each).overflowX);
    const isWide = each => each.getBoundingClientRect().right > window.innerWidth + 1
      && !scrolls(each) && !scrolls(each.parentElement) && !each.closest(".tabs");
    const wide = all.filter(each => isWide(each) && each.checkVisibility({visibilityProperty: true})
      && ![...each.children].some(isWide));
    found.push(["wider", wider, wide.slice(0, 3).map(each => each.outerHTML.slice(0, 120))]);
  }
  for (const inner of document.querySelectorAll("main :is(table, h1, h2, .strong)")) {
    let outer = inner.parentElement;
    while (outer.tagName !== "MAIN" && getComputedStyle(outer).overflowX === "visible")
      outer = outer.parentElement;
    const style = getComputedStyle(outer), frame = outer.getBoundingClientRect();
    const over = inner.getBoundingClientRect().right - frame.right;
    const cuts = /clip|hidden/.test(style.overflowX) && style.textOverflow !== "ellipsis";
    if (cuts && over > 1 && frame.width > 1 && inner.getClientRects().length)
      found.push(["cut", Math.round(over), inner.outerHTML.slice(0, 120)]);
  }
  for (const card of document.querySelectorAll("main .card")) {
    const over = card.scrollWidth - card.clientWidth;
    if (over > 1 && getComputedStyle(card).overflowX === "visible" && card.getClientRects().length)
      found.push(["sticks out", over, card.outerHTML.slice(0, 120)]);
  }
  return found;
}"""


def look(page: Page, addresses: list[str]) -> list[tuple[str, int, Any]]:
    """What overflows on these pages, at the width of a laptop and of a phone."""
    said = []
    for address in addresses:
        open_whole(page, address)
        page.locator("details:not(.menu)").evaluate_all(OPEN)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 844})
            said += [(address, width, found) for found in page.evaluate(SEE)]
    return said


def write_the_worst(world: World) -> list[str]:
    """Long words and names in everything; the addresses of what has a page of its own."""
    viewer, alice = world.viewer("alice"), world.people["alice"]
    with world.database.write() as session:
        account = add_account(session, WORD, domain=f"{'d' * 50}.example", headcount=9_999_999)
        person = add_contact(
            session, f"{NAME} {NAME}", alice, title=WORD, account_id=account.id, skills=WORD
        )
        asset = assets.publish(
            session,
            name=WORD,
            kind="demo",
            by=alice,
            product_ids=[],
            url=f"https://demo.example/{WORD}",
            summary=WORD,
        )
        own_fields.add_field(
            session, own_fields.FieldSubject.ACCOUNT, NAME, own_fields.FieldKind.TEXT, None
        )
        saved_views.save_view(session, viewer, "y" * 60, "", shared=True)
        deal, _ = log_one(
            session,
            viewer,
            WORD,
            WORD,
            new_product="p" * 100,
            new_competitor="c" * 100,
            use_case=WORD,
            notes=WORD,
            next_step=WORD,
            next_step_on=today(),
            amount=999_999_999,
            currency="EUR",
        )
        for owned in (deal, world.deal(session, "wards")):
            add_stakeholder(session, owned, person.id, alice, buying_role="champion", note=WORD)
            notes.write_note(session, owned, alice, "note", WORD)
            tasks.add_task(session, owned, WORD, alice)
            assets.use(session, asset, owned, alice)
            team.add_seat(session, owned, "sales engineer", None, alice)
        for member in session.exec(select(Person).where(Person.id == world.people["bob"])):
            member.name, member.title = f"{NAME} {NAME}", WORD
            session.add(member)
        who = advocate(session, world, "ines")
        prospect = contact(session, world, f"{NAME} {NAME}", "tidewater")
        asked = workflow.open_request(
            session,
            world.viewer("charlie"),
            world.deal(session, "tidewater"),
            who,
            Activity.CALL,
            prospect=prospect,
            message=WORD,
            fit=[{"code": "said", "text": WORD}],
        )
        return [
            *(f"/deals/{deal.key}{tab}" for tab in ("", "/edit", "/kin", "/activity", "/brief")),
            f"/deals/{deal.key}/stakeholders",
            f"/deals/{deal.key}/experts",
            f"/accounts/{account.key}",
            f"/people/{person.key}",
            f"/library/{asset.key}",
            f"/references/{asked.key}",
            f"/search?q={WORD}",
        ]


def add_many(session: Session, world: World) -> None:
    """Ten thousand deals and accounts."""
    wards = world.deal(session, "wards")
    facts = wards.model_dump(exclude={"id", "key", "name"})
    opened = today() - timedelta(days=400)
    session.execute(
        sa.insert(Account),
        [
            {"key": f"many-{number}", "name": f"Many {number}", "plain_name": f"many {number}"}
            for number in range(MANY)
        ],
    )
    session.execute(
        sa.insert(Deal),
        [
            {**facts, "key": f"M-{number}", "name": f"Many {number}", "opened": opened}
            for number in range(MANY)
        ],
    )


def test_should_overflow_nowhere_with_the_worst_content(page: Page, world: World) -> None:
    sign_in(page, world, "charlie")
    said = look(
        page, [f"{place}?q=zzz" for place in ("/deals", "/accounts", "/people", "/library")]
    )
    own = write_the_worst(world)
    page.context.clear_cookies()
    sign_in(page, world)
    said += look(page, [*paths(world), *own, "/deals?columns=name,account,next,owner,wakes,moved"])
    page.context.clear_cookies()
    sign_in(page, world, "grace")
    said += look(page, [*DESK, "/administration/members", own[-2]])
    page.context.clear_cookies()
    with world.database.write() as session:
        set_company(session, None, currency="EUR")
    sign_in(page, world, "dana")
    said += look(page, ["/", "/staffing", "/deals/targets"])
    with world.database.write() as session:
        add_many(session, world)
    said += look(page, ["/", "/deals", "/deals?view=board", "/accounts", "/search?q=many"])
    assert not said, "\n".join(map(str, said))


def test_should_cover_no_row_with_the_bulk_actions_on_a_phone(page: Page, world: World) -> None:
    sign_in(page, world, "alice")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/deals")
    bar = page.locator(".bulk").bounding_box()
    row = page.locator(".table tbody tr").first.bounding_box()
    assert bar
    assert row
    assert bar["y"] + bar["height"] <= row["y"] + 1


def test_should_cover_no_row_with_the_heads_of_a_table_that_scrolls_by_itself(
    page: Page, world: World
) -> None:
    with world.database.write() as session:
        set_company(session, None, currency="EUR")
        deal = world.deal(session, "wards")
        deal.amount, deal.currency, deal.expected_close = 100_000, "EUR", today()
    sign_in(page, world, "dana")
    table = page.get_by_role("group", name="Forecast").first.locator("table")
    head, row = table.locator("thead th").first.bounding_box(), table.bounding_box()
    assert head
    assert row
    assert head["y"] - row["y"] <= 1


@pytest.mark.parametrize(("width", "height"), [(1200, 120), (120, 1200), (12, 12)])
def test_should_keep_a_logo_of_any_shape_within_the_page_of_a_guest(
    page: Page, world: World, width: int, height: int
) -> None:
    with world.database.write() as session:
        set_company(session, None, name=f"{NAME} & {NAME}")
        set_logo(session, None, png(width, height))
    _, letters = a_request(world)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.goto(letters[0])
    assert page.evaluate(SEE) == []
    logo = page.locator(".company-logo")
    box = logo.bounding_box()
    assert box
    assert box["height"] <= 60
    assert 0 <= box["x"] <= box["x"] + box["width"] <= 390
    # What is drawn in black on nothing is seen in the dark.
    plate = logo.evaluate("logo => getComputedStyle(logo).backgroundColor")
    assert plate == "rgb(255, 255, 255)"


def test_should_fit_emails_on_a_phone_and_in_the_dark(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    link = f"https://dealkin.a-company-with-a-long-name.example/g/{'x' * 43}"
    for text in (*(each.body for each in STANDARD_TEXTS.values()), f"- {WORD}\n- See {link}"):
        page.set_content(html_part(re.sub(r"\[link [^\]]*\]", link, text)))
        assert page.evaluate("document.documentElement.scrollWidth") == 390, text
        assert page.evaluate("getComputedStyle(document.querySelector('.letter')).color") == (
            "rgb(233, 235, 232)"
        )
