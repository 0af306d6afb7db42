"""axe finds nothing on any page that a browser can open. At 400 % zoom nothing is lost, what has
the focus is in view, and with reduced motion nothing moves.

Every page is looked at with its folds opened at 390 and at 1280 pixels, in one of the themes, with
its menus in the dark, and every fourth at 1920. `just accessibility` tries all combinations.
"""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.backends import EVERYTHING
from tests.browser.axe import OPEN, violations
from tests.browser.pages import a_request as invite_a_guest
from tests.browser.pages import desk_paths, paths, something_to_do
from tests.browser.steps import PATIENCE, new_page, open_whole, sign_in
from tests.browser.test_widths import SEE
from tests.serving import application, serving
from tests.web.test_contracts import _request as a_request  # noqa: F401
from tests.web.test_contracts import filled
from tests.world import World
from web import limits
from web.limits import Kind, Limit
from web.policies import Policy, handlers, policy_of
from web.workspace import Workspace
from workspace.collaboration import notes
from workspace.database import Database
from workspace.people import members
from workspace.people.sign_in import passwords
from workspace.people.tables import Role

WIDTHS = (390, 1280, 1920)
THEMES = ("light", "dark")
# 1280 by 1024 pixels at 400 %.
ZOOMED = (320, 256)
SIZES = (ZOOMED, (390, 844), (1280, 844))
# Who opens a route of each policy: the member with whose keys `filled` fills it, unless they may
# not.
OPENED_BY = {Policy.LEADERS: "dana", Policy.ADMINISTRATORS: "grace"}
# What is looked at before there is anything in a workspace.
EMPTY = (
    *("/", "/deals", "/deals?view=board", "/accounts", "/people", "/library", "/references"),
    *("/references/advocates", "/references/influence", "/staffing", "/inbox", "/insights"),
    *("/insights/pipeline", "/network", "/connections", "/introductions", "/imports", "/tokens"),
    *("/search?q=a", "/similar?q=dairy", "/experts?q=dairy", "/deleted", "/duplicates"),
)
# Pages whose forms are sent without what they need.
REFUSED = ("/deals/new", "/accounts/new", "/people/new", "/library/new")
# What would move, or scroll by itself.
MOVES = """() => [...document.querySelectorAll("*")].filter(each => ["", "::before", "::after"]
  .some(part => {
    const style = getComputedStyle(each, part || null);
    return style.animationName != "none" || style.scrollBehavior == "smooth"
      || style.transitionDuration.split(", ").some(time => parseFloat(time) > 0);
  })).map(each => each.outerHTML.slice(0, 100))"""
# Bars that stay while the page scrolls, where they leave too little of it.
STAYS = """() => {
  scrollTo(0, 200);
  const bars = [...document.querySelectorAll("body *")].filter(each =>
    /fixed|sticky/.test(getComputedStyle(each).position) && each.checkVisibility());
  const covered = bars.map(each => each.getBoundingClientRect())
    .filter(box => box.width > innerWidth / 2 && box.bottom > 0 && box.top < innerHeight)
    .map(box => Math.min(box.bottom, innerHeight) - Math.max(box.top, 0))
    .reduce((sum, height) => sum + height, 0);
  scrollTo(0, 0);
  return covered > innerHeight / 3 ? [["bars", covered]] : [];
}"""
# Text that a box cuts off, other than what is there for screen readers, and the first lines of
# what has a page of its own.
CUT = """() => [...document.querySelectorAll("main *")].filter(each => {
    const style = getComputedStyle(each);
    return each.checkVisibility() && /hidden|clip/.test(style.overflowX)
      && each.clientWidth > 1 && !each.closest(".sr, .cards thead")
      && style.webkitLineClamp == "none"
      && (each.scrollWidth > each.clientWidth + 1 || /hidden|clip/.test(style.overflowY)
        && each.scrollHeight > each.clientHeight + 1)
      && each.innerText?.trim();
  }).map(each => ["cut off", each.outerHTML.slice(0, 160)])"""
# What is focused and wholly under a bar or outside of the screen.
HIDDEN = """async () => {
  const found = [];
  const all = "main :is(a[href], button, input, select, textarea, summary)";
  for (const each of document.querySelectorAll(all)) {
    if (!each.checkVisibility({visibilityProperty: true}) || each.disabled) continue;
    each.focus();
    const target = each.closest("label") ?? each;
    const boxes = () => [...target.getClientRects(), ...each.getClientRects()];
    const seen = () => boxes().some(box =>
      [0.1, 0.5, 0.9].some(x => [0.1, 0.5, 0.9].some(y => {
        const there = document.elementFromPoint(box.x + box.width * x, box.y + box.height * y);
        return there && (target.contains(there) || there.contains(target)
          && !["MAIN", "BODY", "HTML"].includes(there.tagName));
      })));
    if (!seen()) await new Promise(requestAnimationFrame);
    if (!seen()) found.push(["focus is hidden", each.outerHTML.slice(0, 160)]);
  }
  return found;
}"""


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIMITS", dict.fromkeys(Kind, Limit(100_000)))


@pytest.fixture
def addresses(world: World, workspace: Workspace) -> list[tuple[str | None, str]]:
    """Who opens which page, in the order of who; None is a guest."""
    request_key, letters = invite_a_guest(world, "jonas")
    shared = something_to_do(world)
    places = [("alice", path) for path in paths(world)]
    places += [("grace", path) for path in desk_paths(request_key)]
    places += [(name, "/") for name in ("charlie", "dana", "erin", "frank", "grace")]
    places += [("frank", f"/deals/{world.deals['wards']}"), ("frank", "/references")]
    with world.database.read() as session:
        for method, route, handler in handlers(application(workspace)):
            policy = policy_of(handler, method)
            if method != "GET" or handler.opt.get("api") or not policy:
                continue
            path = filled(route.replace(":str}", "}").replace(":int}", "}"), world, session)
            places.append((OPENED_BY.get(policy, "bob"), path))
    strangers = ["/sign-in", "/sign-in/forgotten", "/sign-in/code", shared, "/shared/nothing"]
    places += [(None, path) for path in (*strangers, *letters, "/g/nothing", "/join/nothing")]
    return sorted(dict.fromkeys(places), key=lambda place: place[0] or "")


class Looks:
    """What was looked at, and what was found."""

    def __init__(self, page: Page, theme: str) -> None:
        self.page = page
        self.theme = theme
        self.pages = self.count = 0
        self.found: list[Any] = []

    def look(self, state: str) -> None:
        """Ask axe, and whether the page is wider than the screen."""
        self.count += 1
        # Where the page begins, the bars cover no link in part.
        self.page.evaluate("window.scrollTo(0, 0)")
        where = (self.page.url, state)
        self.found += [(*where, *each) for each in violations(self.page, self.theme)]
        wider = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if wider > 0:
            self.found.append((*where, "wider", wider))

    def look_at_all_states(self) -> None:
        """The page as it opens, with its folds opened, and with each of its menus opened."""
        self.pages += 1
        folds = self.page.locator("details:not(.menu):not([open])")
        if EVERYTHING or not folds.count():
            self.look("as it opens")
        if folds.count():
            folds.evaluate_all(OPEN)
            self.look("folds opened")
        if self.theme == "light" and not EVERYTHING:
            return
        for menu in self.page.locator("main details.menu").all():
            menu.evaluate("menu => { menu.open = true; }")
            self.look("menu opened")
            menu.evaluate("menu => { menu.open = false; }")


def opened(page: Page, world: World, addresses: list[tuple[str | None, str]]) -> Iterator[str]:
    """Open each page in turn as who opens it; what is no page is left out."""
    last: str | None = None
    for name, path in addresses:
        if name != last:
            page.context.clear_cookies()
            if name:
                sign_in(page, world, name)
            last = name
        if is_page(page, path):
            open_whole(page, path)
            yield path


def is_page(page: Page, path: str) -> bool:
    """Whether a whole page is there: no file, no part of a page, and no stream without an end."""
    if path == "/live":
        return False
    answer = page.request.get(path)
    return "html" in answer.headers["content-type"] and "<html" in answer.text()


def share_of(addresses: list[Any], width: int, theme: str) -> list[Any]:
    """All of them with EVERYTHING, else half for each theme, and less of the widest."""
    parts = 2 if width < WIDTHS[-1] else 8
    return part_of(addresses, WIDTHS.index(width) + THEMES.index(theme), parts)


def part_of(addresses: list[Any], number: int, parts: int) -> list[Any]:
    """All of them with EVERYTHING, else one of several parts."""
    return addresses if EVERYTHING else addresses[number % parts :: parts]


@pytest.fixture
def looks(page: Page, width: int, theme: str) -> Looks:
    """What looks at the page at a width and in a theme."""
    page.set_viewport_size({"width": width, "height": 844})
    # Colours that are still on their way from one theme to the other are neither.
    page.emulate_media(reduced_motion="reduce")
    return Looks(page, theme)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.timeout(3600)
def test_should_have_nothing_against_any_page_in_any_look(
    looks: Looks,
    world: World,
    addresses: list[tuple[str | None, str]],
    width: int,
    theme: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for _ in opened(looks.page, world, share_of(addresses, width, theme)):
        looks.look_at_all_states()
    look_at_what_hands_do(looks, world)
    if EVERYTHING:
        with capsys.disabled():
            sys.stdout.write(f"\n{width} px, {theme}: {looks.pages} pages, {looks.count} states\n")
    assert not looks.found, "\n".join(map(str, looks.found))


def look_at_what_hands_do(looks: Looks, world: World) -> None:
    """Pages after something was done on them: what was typed, selected, edited, or refused."""
    page = looks.page
    page.context.clear_cookies()
    page.goto("/sign-in")
    page.get_by_label("Email", exact=True).fill("alice@dealkin.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator("#problems, .notice.bad, [role=alert]:visible").first.wait_for()
    looks.look("wrong password")
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        notes.write_note(session, deal, world.people["alice"], "note", "Soon deleted.")
    sign_in(page, world)
    page.locator("details.me > summary").click()
    looks.look("own menu")
    page.keyboard.press("Escape")
    page.locator("#search").press_sequentially("ward")
    page.locator("#names [role=option]").first.wait_for()
    looks.look("names")
    page.goto("/")
    page.keyboard.press("?")
    page.locator("#shortcuts").wait_for()
    looks.look("shortcuts")
    page.goto("/deals")
    page.locator("tbody input[type=checkbox]").first.check()
    looks.look("selected")
    page.goto(f"/deals/{world.deals['wards']}")
    for link in ("Edit products", "Edit amount"):
        page.get_by_label(link).click()
        save = page.locator("#facts").get_by_role("button", name="Save")
        save.wait_for()
        looks.look(link)
        page.keyboard.press("Escape")
        save.wait_for(state="detached")
    open_whole(page, f"/deals/{world.deals['wards']}/activity")
    page.locator("form[action*='/activity/'][action$='/remove']").first.evaluate(
        "form => form.requestSubmit()"
    )
    page.locator(".toast").get_by_role("button", name="Undo").wait_for()
    looks.look("deleted")
    for path in REFUSED:
        open_whole(page, path)
        # Whatever the browser has against it.
        page.locator("main form[method=post]").last.evaluate(
            "form => { form.noValidate = true; form.requestSubmit(); }"
        )
        page.locator("[aria-invalid=true], #problems").first.wait_for()
        looks.look("refused")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_should_have_nothing_against_an_empty_workspace(
    browser: Browser, database: Database, workspace: Workspace, width: int, theme: str
) -> None:
    with database.write() as session:
        roles = {Role.ADMIN, Role.MANAGER, Role.REP, Role.MARKETER}
        person = members.add_member(session, "Una First", "una@dealkin.example", roles)
        passwords.set_password(session, person.id, "the password of una")
    with serving(application(workspace)) as address:
        page = new_page(browser, base_url=address, viewport={"width": width, "height": 844})
        page.emulate_media(reduced_motion="reduce")
        looks = Looks(page, theme)
        page.goto("/sign-in")
        page.get_by_label("Email", exact=True).fill("una@dealkin.example")
        page.get_by_label("Password").fill("the password of una")
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("heading", name="Hello").wait_for(timeout=PATIENCE)
        for path in share_of(list(EMPTY), width, theme):
            open_whole(page, path)
            looks.look_at_all_states()
        page.context.close()
    assert not looks.found, "\n".join(map(str, looks.found))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_should_lose_nothing_of_a_page_and_show_what_has_the_focus(
    page: Page, world: World, addresses: list[tuple[str | None, str]], size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    found: list[Any] = []
    for path in opened(page, world, part_of(addresses, SIZES.index(size), len(SIZES))):
        page.locator("details:not(.menu)").evaluate_all(OPEN)
        for see in (SEE, STAYS, CUT, HIDDEN) if size == ZOOMED else (HIDDEN,):
            found += [(path, *each) for each in page.evaluate(see)]
    assert not found, "\n".join(map(str, found))


def test_should_move_nothing_for_those_who_want_no_motion(
    page: Page, world: World, addresses: list[tuple[str | None, str]]
) -> None:
    page.emulate_media(reduced_motion="reduce")
    moving = [
        (path, moves)
        for path in opened(page, world, part_of(addresses, 0, 4))
        if (moves := page.evaluate(MOVES))
    ]
    assert not moving, "\n".join(map(str, moving))
