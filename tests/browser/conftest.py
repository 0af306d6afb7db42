"""A server with the cast on it and a real browser to look at it with."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.serving import application, serving
from tests.world import World
from web.workspace import Workspace

# Where people have a browser: on the path, or where macOS keeps applications.
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """The Chromium that is on this machine, or None."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found:
        return found
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).is_file() else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a browser its tests are left out, and that is said; in CI it is an error."""
    journeys = [item for item in items if Path(__file__).parent in item.path.parents]
    # One kind of database is enough for what a browser sees.
    twice = [item for item in journeys if "[postgresql" in item.name]
    items[:] = [item for item in items if item not in twice]
    journeys = [item for item in journeys if item not in twice]
    for item in journeys:
        item.add_marker("browser")
    if not journeys or chromium():
        return
    if os.environ.get("CI"):
        raise pytest.UsageError("No Chromium was found, and CI must not leave browser tests out.")
    items[:] = [item for item in items if item not in journeys]
    config.hook.pytest_deselected(items=journeys)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how to get the tests that were left out, whichever process has left them out."""
    if not chromium():
        terminalreporter.section("browser tests left out", yellow=True)
        terminalreporter.line("No Chromium was found, so tests in a browser were left out.")
        terminalreporter.line("To run them too: `apt install chromium` (Debian, Ubuntu),")
        terminalreporter.line("or `.venv/bin/playwright install chromium` anywhere.")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all journeys; each has a fresh profile of its own."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def address(world: World, workspace: Workspace) -> Iterator[str]:
    """The address of a server on the cast's database."""
    with serving(application(workspace)) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page of a fresh profile; addresses are relative to the server's."""
    context = browser.new_context(base_url=address)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()
