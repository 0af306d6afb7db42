"""Search by keyboard: a name is reached in a few keys from anywhere."""

from playwright.sync_api import Page, expect

from tests.browser.steps import sign_in
from tests.world import World


def test_should_open_a_name_by_three_letters_and_enter(page: Page, world: World) -> None:
    sign_in(page, world, "charlie")
    page.goto(f"/deals/{world.deals['tidewater']}/activity")
    page.get_by_label("What happened?").focus()
    page.keyboard.press("Control+k")
    page.keyboard.type("mor")
    first = page.locator("#names [role=option]").first
    expect(first).to_contain_text("Inês Moreira")
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page).to_have_url("/people/ines-moreira")


def test_should_search_when_no_name_begins_so(page: Page, world: World) -> None:
    sign_in(page, world, "charlie")
    page.keyboard.press("Control+k")
    page.keyboard.type("patient records from four hospitals")
    option = page.locator("#names [role=option]").last
    expect(option).to_contain_text("Search for")
    page.keyboard.press("Escape")
    expect(page.locator("#names")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Deals", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="St Brannoc patient records", exact=True)).to_be_visible()


def test_should_act_on_the_deal_from_the_palette(page: Page, world: World) -> None:
    sign_in(page, world, "alice")
    page.goto(f"/deals/{world.deals['wards']}/kin")
    page.keyboard.press("Control+k")
    # Before anything is typed, the actions on this deal and the pages are listed.
    listed = page.get_by_role("listbox", name="Names, pages and actions")
    expect(listed.get_by_role("group", name="This deal")).to_be_visible()
    page.keyboard.type("move needs")
    expect(page.locator("#names [aria-selected=true]")).to_contain_text("Needs Analysis")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Moved to Needs Analysis.")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("add note")
    expect(page.locator("#names [aria-selected=true]")).to_contain_text("Add note")
    page.keyboard.press("Enter")
    expect(page.get_by_label("What happened?")).to_be_focused()
    # What was open last is one key away.
    page.goto("/accounts/st-brannoc-hospital")
    page.keyboard.press("Control+k")
    first = page.locator("#names [aria-selected=true]")
    expect(first).to_contain_text("St Brannoc ward dashboards")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"/deals/{world.deals['wards']}")
    # To close a deal takes a reason, so its form is opened.
    page.keyboard.press("Control+k")
    page.keyboard.type("close as")
    expect(page.locator("#names [aria-selected=true]")).to_contain_text("Close as won or lost")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Win or loss reason")).to_be_visible()
