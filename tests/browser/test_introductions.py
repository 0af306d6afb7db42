"""An introduction: asked for, agreed to, and made."""

from playwright.sync_api import Page, expect

from tests.browser.steps import sign_in
from tests.references.telling import tell_tie
from tests.world import World


def test_should_ask_answer_and_be_introduced(page: Page, world: World) -> None:
    with world.database.write() as session:
        tell_tie(session, world, "bob", "jonas", evidence="Ran the Brno project")
    sign_in(page, world, "charlie")
    page.goto("/people/jonas-havelka/ties")
    page.get_by_role("link", name="Ask Bob Brandt for an introduction").first.click()
    expect(page.get_by_label("Reason required")).to_be_focused()
    page.get_by_label("Reason required").fill("They choose a warehouse in May.")
    page.get_by_label("Deal", exact=True).select_option(label="Kestrel Health records")
    page.get_by_role("button", name="Send request").click()
    expect(page.locator(".toast")).to_contain_text("Request sent")
    expect(page.get_by_text("no answer yet")).to_be_visible()

    page.context.clear_cookies()
    sign_in(page, world, "bob")
    page.get_by_role("link", name="Charlie Costa would like to meet Jonas Havelka").click()
    expect(page.get_by_text("They choose a warehouse in May.")).to_be_visible()
    expect(page.get_by_role("link", name="Kestrel Health records")).to_be_visible()
    page.get_by_label("Your message to Jonas Havelka").fill("Dear Jonas, do meet Charlie.")
    page.get_by_role("button", name="Introduce them").click()
    expect(page.locator(".toast")).to_contain_text("You said yes")
    expect(page.get_by_label("Your message to Jonas Havelka")).to_have_value(
        "Dear Jonas, do meet Charlie."
    )

    page.context.clear_cookies()
    sign_in(page, world, "charlie")
    page.get_by_role("link", name="Bob Brandt introduces you to Jonas Havelka").click()
    page.get_by_role("button", name="Introduced").click()
    expect(page.get_by_text("introduced on")).to_be_visible()
    page.goto("/people/jonas-havelka/ties")
    expect(page.locator("ul.ties")).to_contain_text("Introduced by a colleague")
