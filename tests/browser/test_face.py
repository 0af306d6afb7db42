"""Pages are set in the face that is shipped, whatever fonts the machine has."""

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page

from tests.browser.pages import a_request
from tests.browser.steps import open_whole, sign_in
from tests.world import World
from web.rendering import static_path
from workspace.collaboration import notes

POLISH = "Zażółć gęślą jaźń"
RUSSIAN = "Съешь ещё этих мягких французских булок"
KAZAKH = "Ұшқыр қоян"
LOADED = """() => [...document.fonts]
  .filter(face => face.family == "Inter" && face.status == "loaded")
  .map(face => face.weight)"""
FETCHED = """() => performance.getEntriesByType("resource")
  .map(each => new URL(each.name))
  .filter(address => address.pathname.endsWith(".woff2"))
  .map(address => address.origin == location.origin ? address.pathname : address.href)"""
UNEVEN = """() => [...document.body.querySelectorAll("*")]
  .filter(each => getComputedStyle(each).textRendering != "geometricprecision")
  .map(each => each.outerHTML.slice(0, 100))"""


def drawn_with(page: Page) -> dict[tuple[str, bool], str]:
    """The fonts that the page's text is drawn with, whether each is the page's own, and where."""
    tools = page.context.new_cdp_session(page)
    tools.send("DOM.enable")
    tools.send("CSS.enable")
    root = tools.send("DOM.getDocument", {"depth": -1})["root"]
    fonts: dict[tuple[str, bool], str] = {}
    for node in with_text(root):
        used = tools.send("CSS.getPlatformFontsForNode", {"nodeId": node["nodeId"]})["fonts"]
        for font in used:
            where = " ".join((node["nodeName"], *node.get("attributes", [])))
            fonts.setdefault((font["familyName"], font["isCustomFont"]), where)
    tools.detach()
    return fonts


def with_text(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The elements that hold text themselves, and what the style adds before and after them."""
    if any(child["nodeName"] == "#text" for child in node.get("children", [])):
        yield node
    for child in node.get("children", []):
        yield from with_text(child)
    yield from node.get("pseudoElements", [])


def file(part: str, weight: int) -> str:
    """The address of one of the face's files."""
    return static_path(f"vendor/inter-{part}-{weight}-normal.woff2")


def test_should_draw_every_page_with_inter_alone(page: Page, world: World) -> None:
    with world.database.write() as session:
        text = f"{POLISH}. {RUSSIAN}. {KAZAKH}. **{POLISH}**"
        notes.write_note(session, world.deal(session, "wards"), world.people["bob"], "note", text)
    key, letters = a_request(world)
    deal = f"/deals/{world.deals['wards']}"

    def look(path: str) -> None:
        open_whole(page, path)
        page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
        page.locator("input[type=checkbox]").evaluate_all(
            "all => all.forEach(each => { each.checked = true; })"
        )
        page.evaluate("document.fonts.ready")
        for (family, ours), where in drawn_with(page).items():
            assert ours, (path, family, where)
            assert family in ("Inter", "Inter SemiBold"), (path, where)
        assert page.evaluate(UNEVEN) == [], path

    for path in ("/sign-in", *letters, "/g/nothing"):
        look(path)
    sign_in(page, world, "grace")
    for path in (
        "/",
        "/deals",
        "/deals?view=board",
        "/deals/new",
        deal,
        f"{deal}/kin",
        f"{deal}/experts",
        f"{deal}/stakeholders",
        f"{deal}/references",
        f"{deal}/activity",
        "/references",
        f"/references/{key}",
        "/people/ines-moreira/ties",
        "/staffing",
        "/library",
    ):
        look(path)


def test_should_fetch_the_ranges_of_the_text_and_nothing_else(page: Page, world: World) -> None:
    page.goto("/sign-in")
    page.evaluate("document.fonts.ready")
    assert sorted(page.evaluate(FETCHED)) == [file("latin", 400), file("latin", 600)]
    assert sorted(page.evaluate(LOADED)) == ["400", "600"]

    with world.database.write() as session:
        deal, bob = world.deal(session, "wards"), world.people["bob"]
        notes.write_note(session, deal, bob, "note", f"{POLISH}. {RUSSIAN}.")
    sign_in(page, world)
    page.goto(f"/deals/{world.deals['wards']}/activity")
    page.evaluate("document.fonts.ready")
    fetched = page.evaluate(FETCHED)
    assert file("latin-ext", 400) in fetched
    assert file("cyrillic", 400) in fetched
    assert file("cyrillic-ext", 400) not in fetched
    assert page.evaluate("text => document.fonts.check('14px Inter', text)", POLISH + RUSSIAN)
