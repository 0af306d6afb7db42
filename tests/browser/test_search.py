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
    expect(page.get_by_role("link", name="St Brannoc patient records")).to_be_visible()
