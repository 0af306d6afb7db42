"""What the browser does with an answer that is no page."""

from playwright.sync_api import Page, expect

from tests.browser.steps import sign_in
from tests.world import World


def test_should_put_a_refusal_into_the_banner_and_leave_the_page_as_it_is(
    page: Page, world: World
) -> None:
    sign_in(page, world, "charlie")
    page.goto(f"/deals/{world.deals['kestrel']}/kin")
    shown = page.locator("#kin .kin").count()
    page.locator("#w_recency").evaluate(
        "slider => { slider.max = 9; slider.value = 9;"
        " slider.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    expect(page.locator("#banner")).to_contain_text("Enter a number from 0 to 1.")
    expect(page.locator("#kin .kin")).to_have_count(shown)
    assert shown
