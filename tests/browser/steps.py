"""What journeys have in common."""

from playwright.sync_api import Page, expect

from tests.world import World

# A machine that does much else is slow, not wrong.
expect.set_options(timeout=15_000)


def sign_in(page: Page, world: World, name: str = "alice") -> None:
    """Sign in through the form."""
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(world.email(name))
    page.get_by_label("Password").fill(world.password(name))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    page.wait_for_load_state()


def kin_names(page: Page) -> list[str]:
    """The names of the kin that are shown, the nearest first."""
    return page.locator("#kin .kin h3").all_inner_texts()
