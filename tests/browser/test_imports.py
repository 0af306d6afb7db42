"""Files by page: few clicks, and an undo that leaves nothing.

`just full-size` takes exports of full size.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.benchmarks.imports import connections
from tests.browser.steps import sign_in
from tests.torture.importing import deals
from tests.whole_record import dump
from tests.world import World
from web.jobs import kinds_of
from web.workspace import Workspace
from workspace.jobs.running import Runner

FULL_SIZE = "FULL_SIZE" in os.environ
# Milliseconds that an import or its undoing may take.
PATIENCE = 500_000


class _Clock:
    """How long something takes, and the processor with it: the server is in this process."""

    def __init__(self) -> None:
        self._began, self._worked = time.perf_counter(), time.process_time()

    def told(self) -> str:
        """The seconds until now."""
        took, worked = time.perf_counter() - self._began, time.process_time() - self._worked
        return f"{took:.1f} s ({worked:.1f} s of the processor)"


@pytest.fixture
def _jobs(workspace: Workspace) -> Iterator[None]:
    """What works off jobs while a page waits for them."""
    runner = Runner(workspace.database, kinds_of(workspace))
    runner.start()
    yield
    runner.stop(60)


@pytest.mark.parametrize(("made", "rows", "whole"), [(connections, 60, 5_000), (deals, 90, 8_800)])
@pytest.mark.usefixtures("_jobs")
def test_should_import_a_file_in_five_clicks_and_undo_it_in_two(
    page: Page,
    world: World,
    workspace: Workspace,
    capsys: pytest.CaptureFixture[str],
    made: Callable[[int], bytes],
    rows: int,
    whole: int,
) -> None:
    rows = whole if FULL_SIZE else rows
    sign_in(page, world, "grace")
    before = dump(workspace)
    clicks = 0

    def click(name: str) -> None:
        nonlocal clicks
        clicks += 1
        page.get_by_role("button", name=name, exact=True).click(timeout=PATIENCE)

    page.goto("/imports")
    file = {"name": "export.csv", "mimeType": "text/csv", "buffer": made(rows)}
    page.get_by_label("Select files").set_input_files(file)
    # The file is chosen with a click, too.
    clicks += 1
    began = _Clock()
    click("Preview")
    expect(page.get_by_role("heading", name="Preview")).to_be_visible(timeout=PATIENCE)
    shown = began.told()
    expect(page.locator("#counting")).to_be_hidden(timeout=PATIENCE)
    counted = began.told()
    expect(page.locator("#file-0-found dd").first).to_have_text(f"{rows:,}")
    began = _Clock()
    click("Import")
    expect(page.locator("h1 .outcome")).to_have_text("Imported", timeout=PATIENCE)
    imported = began.told()
    assert clicks <= 5
    assert dump(workspace) != before

    clicks = 0
    page.get_by_text("Undo…").click()
    clicks += 1
    began = _Clock()
    click("Undo import")
    expect(page.locator("h1 .outcome")).to_have_text("Undone", timeout=PATIENCE)
    assert clicks == 2
    undone = began.told()
    assert dump(workspace) == before
    if FULL_SIZE:
        with capsys.disabled():
            sys.stderr.write(
                f"\n{rows:,} {made.__name__}: preview shown after {shown} and complete after"
                f" {counted}, imported in {imported}, undone in {undone}\n"
            )
