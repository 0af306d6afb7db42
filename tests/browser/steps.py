"""What journeys have in common."""

from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.world import World

# In milliseconds. A busy machine is slow, not wrong.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


def new_page(browser: Browser, **options: Any) -> Page:
    """A page of a fresh profile; `options` are those of Playwright's `new_context`."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    return context.new_page()


def open_whole(page: Page, path: str) -> None:
    """Open a page, and wait for the parts that follow it."""
    page.goto(path)
    page.wait_for_function("() => !document.querySelector('.htmx-request')")


def sign_in(page: Page, world: World, name: str = "alice") -> None:
    """Sign in through the form."""
    page.goto("/sign-in")
    page.get_by_label("Email", exact=True).fill(world.email(name))
    page.get_by_label("Password").fill(world.password(name))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    page.wait_for_load_state()


def kin_names(page: Page) -> list[str]:
    """The names of the kin that are shown, the nearest first."""
    return page.locator("#kin .kin h3").all_inner_texts()
