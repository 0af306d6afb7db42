"""Two accounts that are one: merged with all that hangs on them, and taken apart again."""

from playwright.sync_api import Page, expect

from tests.browser.steps import sign_in
from tests.duplicated import add_duplicates
from tests.world import World
from web.jobs import kinds_of
from web.workspace import Workspace
from workspace.duplicates import finding
from workspace.jobs import running


def test_should_merge_two_accounts_and_undo_it(
    page: Page, world: World, workspace: Workspace
) -> None:
    with workspace.database.write() as session:
        add_duplicates(world, session)
    running.run_now(workspace.database, kinds_of(workspace), finding.FIND, {})
    sign_in(page, world, "dana")
    page.goto("/duplicates")
    row = page.get_by_role("row").filter(has_text="St Brannoc Hosp.")
    expect(row).to_contain_text("Similar name")
    row.get_by_role("link", name="Merge").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Merge two accounts")
    if "(kept)" in page.get_by_role("columnheader", name="St Brannoc Hosp.").inner_text():
        page.get_by_role("link", name="Keep the other one").click()
        expect(page.get_by_role("columnheader", name="Hospitals (kept)")).to_be_visible()
    page.get_by_label("Domain: brannoc.example").check()
    page.get_by_role("button", name="Merge accounts").click()
    expect(page.locator(".toast")).to_contain_text("Merged")
    expect(page.get_by_text("brannoc.example")).to_be_visible()
    # The deal, the person and the subsidiary of the other account are here now.
    expect(page.locator(".body")).to_contain_text("St Brannoc ward dashboards")
    for name in ("Ines Moreira", "Brannoc Labs"):
        expect(page.locator(".rail")).to_contain_text(name)
    kept = page.url
    # The person stays an advocate with requests, ties and places on deals.
    page.goto("/references/advocates/ines-moreira-2")
    expect(page.get_by_role("main")).to_contain_text("St Brannoc ward dashboards")
    page.goto("/people/ines-moreira-2/ties")
    expect(page.locator("ul.ties")).to_contain_text("Dana")
    # A link to the other account leads on.
    page.goto("/accounts/st-brannoc-hosp")
    expect(page).to_have_url(kept)
    page.get_by_role("button", name="Undo merge").click()
    expect(page.locator(".toast")).to_contain_text("St Brannoc Hosp. is restored")
    expect(page.get_by_role("heading", level=1)).to_have_text("St Brannoc Hosp.")
    expect(page.locator(".rail")).to_contain_text("Ines Moreira")
    page.goto(kept)
    expect(page.locator(".rail")).not_to_contain_text("Brannoc Labs")
