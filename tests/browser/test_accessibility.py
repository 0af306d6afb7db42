"""axe finds nothing on any page: light and dark, wide and narrow, full and empty."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from references.desk import rules, workflow
from references.desk.advocates import Activity
from tests.browser.steps import open_whole, sign_in
from tests.references.asking import advocate, ahead, contact
from tests.world import World, ago
from workspace.assets import files, sharing
from workspace.assets.assets import Asset
from workspace.assets.inspection import InspectedFile
from workspace.collaboration import notes, reminders, tasks
from workspace.delivery import outbox
from workspace.keys import row_of_key
from workspace.people.tables import Person
from workspace.timeline import notifications

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    # The only rule of WCAG 2.2 AA, and switched off where nobody asks for it.
    "rules": {"target-size": {"enabled": True}},
}


def paths(world: World) -> list[str]:
    """Every kind of page, and what a page looks like when there is nothing or something wrong."""
    deal = f"/deals/{world.deals['wards']}"
    return [
        "/",
        "/deals",
        "/deals?q=nothing+like+it",
        "/deals?outcome=won&industry=Q&owner=alice-adeyemi",
        "/deals?columns=name,opened,moved&sort=moved",
        "/deals?view=board",
        "/deals?view=board&stage=Qualification",
        "/deals?view=board&q=nothing+like+it",
        "/deals/stages",
        "/deals/new",
        "/inbox",
        "/inbox?show=done",
        "/inbox/settings",
        deal,
        f"{deal}/edit",
        f"{deal}/kin",
        f"{deal}/kin?industry=A",
        f"{deal}/playbook",
        f"{deal}/experts",
        f"{deal}/stakeholders",
        f"{deal}/references",
        f"{deal}/brief",
        f"{deal}/activity",
        f"{deal}/tasks",
        f"/deals/{world.confidential_deal}",
        "/accounts",
        "/accounts/new",
        f"/accounts/{world.accounts['brannoc']}",
        f"/accounts/{world.accounts['brannoc']}/edit",
        f"/accounts/{world.accounts['brannoc']}/paths",
        "/people",
        "/people/new",
        "/people/alice-adeyemi",
        "/people/ines-moreira",
        "/people/ines-moreira/ties",
        "/people/bob-brandt/ties",
        "/connections",
        "/staffing",
        "/staffing/roles",
        "/availability",
        "/library",
        "/library/new",
        "/library?every=yes",
        f"/library/{world.assets['demo']}",
        "/introductions",
        "/introductions/new",
        "/introductions/new?person=jonas-havelka&over=bob-brandt",
        "/references/influence",
        "/references/texts",
        "/references/texts/invitation",
        "/insights",
        "/insights/pipeline?by=month&on=2026-01-31",
        "/search",
        "/search?q=patient+records",
        "/help/words",
        "/help/keyboard",
        "/deals/nothing",
    ]


# Folds and menus are opened: what is in them has to be right, too. A menu may cover what lies
# under it, so menus are looked at one at a time.
OPEN = "folds => folds.forEach(fold => { fold.open = true; })"
# Clicking a label ticks its box, so the label is the target. What an open menu covers in part was
# measured before the menu was opened.
LOOK = """async ([theme, rules]) => {
  document.documentElement.dataset.theme = theme;
  // Room around a target does not make up for its size: it is gone where a name is longer.
  axe.configure({rules: [{id: "target-size", any: ["target-size"]}]});
  const found = await axe.run(document, rules);
  const menu = document.querySelector("details.menu[open]");
  const measured = node => {
    const target = document.querySelector(node.target[0]);
    const label = target.closest("label")?.getBoundingClientRect();
    return label?.width >= 24 && label.height >= 24 || menu && !menu.contains(target);
  };
  return found.violations
    .map(each => [each.id, each.nodes.filter(node => each.id != "target-size" || !measured(node))])
    .filter(([id, nodes]) => nodes.length)
    .map(([id, nodes]) => [id, nodes.slice(0, 3).map(node => node.html)]);
}"""


def check(page: Page) -> list[tuple[str, Any]]:
    """What axe says against this page in both themes, and whether it is wider than the screen."""
    # The page's own policy forbids scripts from elsewhere, so axe comes as the tool's own code.
    page.evaluate(AXE.read_text())
    page.evaluate("document.fonts.ready")
    said = [(page.url, *each) for each in page.evaluate(LOOK, ["light", RULES])]
    # A theme changes nothing but colours.
    colours = {"runOnly": ["color-contrast"]}
    said += [(page.url, "dark", *each) for each in page.evaluate(LOOK, ["dark", colours])]
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return said + ([(page.url, "wider", wider)] if wider > 0 else [])


@pytest.mark.parametrize("width", [1280, 390])
def test_should_have_nothing_against_any_page(page: Page, world: World, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    # Colours that are still on their way from one theme to the other are neither.
    page.emulate_media(reduced_motion="reduce")
    page.goto("/sign-in")
    said = check(page)
    shared = something_to_do(world)
    sign_in(page, world)
    for path in (*paths(world), shared, "/shared/nothing"):
        open_whole(page, path)
        page.locator("details:not(.menu)").evaluate_all(OPEN)
        said += check(page)
    for path in ("/deals", "/deals?view=board", f"/deals/{world.deals['wards']}"):
        open_whole(page, path)
        for menu in page.locator("details.menu").all():
            menu.evaluate("menu => { menu.open = true; }")
            said += check(page)
            menu.evaluate("menu => { menu.open = false; }")
    # Facts that are edited where they stand.
    for link in ("Edit products", "Edit amount"):
        page.get_by_label(link).click()
        save = page.locator("#facts").get_by_role("button", name="Save")
        save.wait_for()
        # Where the page begins, the bars cover no link in part.
        page.evaluate("window.scrollTo(0, 0)")
        said += check(page)
        page.keyboard.press("Escape")
        save.wait_for(state="detached")
    assert not said, "\n".join(map(str, said))


def something_to_do(world: World) -> str:
    """Notes, tasks and a reminder for Alice, and a file that she shares; the path of its link."""
    alice, bob = world.people["alice"], world.people["bob"]
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        text = (
            "# Beds\n@Alice Adeyemi, **forty** of them: `ward = 7`\n\n- [a list](https://a.example)"
        )
        notes.write_note(session, deal, bob, "call", text)
        notes.write_note(session, deal, alice, "note", "> Fine.\n\n| a | b |\n|---|---|\n| 1 | 2 |")
        notifications.follow(session, deal.id, alice)
        tasks.add_task(session, deal, "Send the offer", bob, due=ago(3), assignee="alice-adeyemi")
        tasks.finish_task(session, tasks.add_task(session, deal, "Call back", alice), alice)
        ines = row_of_key(session, Person, "ines-moreira")
        reminders.keep_in_touch(session, alice, ines, 30, ago(40))
        demo = row_of_key(session, Asset, world.assets["demo"])
        for number in range(2):
            file = InspectedFile("Ward demo.pdf", "pdf", b"%PDF")
            files.add_version(session, demo, file, f"{number:032x}", alice)
        return f"/shared/{sharing.share(session, deal, demo.key, 'Inês Moreira', 14, alice)}"


@pytest.mark.parametrize("width", [1280, 390])
def test_should_have_nothing_against_the_desk_and_what_guests_see(
    page: Page, world: World, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(reduced_motion="reduce")
    key, letters = a_request(world)
    sign_in(page, world, "grace")
    said: list[tuple[str, Any]] = []
    for path in (
        "/references",
        "/references?view=scheduled",
        f"/references/{key}",
        f"/references/{key}/emails/time-choice",
        "/references/advocates",
        "/references/advocates?q=nobody",
        "/references/advocates/ines-moreira",
        "/references/advocates/jonas-havelka",
        "/references/advocates/new?q=a",
        "/references/policy",
        "/staffing/roles",
        "/deals/stages",
        "/administration/members",
        "/administration/members?access=locked",
        "/administration/members/alice-adeyemi",
        "/administration/members/alice-adeyemi/handover",
        "/administration/invitations",
        "/join/nothing",
        *letters,
        "/g/nothing",
    ):
        open_whole(page, path)
        page.locator("details:not(.menu)").evaluate_all(OPEN)
        said += check(page)
    page.goto("/references")
    for menu in page.locator("main details.menu").all():
        menu.evaluate("menu => { menu.open = true; }")
        said += check(page)
        menu.evaluate("menu => { menu.open = false; }")
    assert not said, "\n".join(map(str, said))


def a_request(world: World) -> tuple[str, list[str]]:
    """A request that waits for its advocate, and the paths of the links in the letters."""
    with world.database.write() as session:
        deal = world.deal(session, "tidewater")
        tess = contact(session, world, "Tess Tide", "tidewater")
        ines = advocate(session, world, "ines")
        advocate(session, world, "jonas", consent=None)
        charlie, erin = world.viewer("charlie"), world.viewer("erin")
        asked = workflow.open_request(
            session,
            charlie,
            deal,
            ines,
            Activity.CALL,
            prospect=tess,
            fit=[{"code": "said", "text": "They studied together"}],
        )
        waiting = workflow.open_request(session, charlie, deal, ines, Activity.QUOTE)
        waiting.due = ahead(-3)
        session.add(waiting)
        workflow.approve(session, erin, asked)
        workflow.approve(session, world.viewer("alice"), asked)
        workflow.invite(session, erin, asked, "")
        letters = outbox.messages_about(session, rules.outbox_subject(asked))
    return asked.key, re.findall(r"/g/\S+", letters[0].body)


def test_should_not_run_what_people_write(page: Page, world: World) -> None:
    dialogs: list[str] = []
    reports: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: reports.append(message.text))
    sign_in(page, world)
    evil = "<img src=x onerror=alert(1)>\"'><svg/onload=alert(2)>{{7*7}}"
    page.goto("/deals/new")
    page.locator("#name").fill(evil)
    page.locator("#account").fill(evil)
    page.locator("#use_case").fill(evil)
    page.locator("#notes").fill(evil)
    page.get_by_role("button", name="Log the deal").last.click()
    page.wait_for_url("**/kin")
    deal = page.url.removesuffix("/kin")
    for path in (deal, f"{deal}/kin", f"{deal}/activity", f"{deal}/edit", "/", "/deals"):
        page.goto(path)
        assert "49" not in page.locator("h1").first.inner_text()
    page.goto("/search?q=" + "%3Cimg%20src%3Dx%20onerror%3Dalert(3)%3E")
    assert not dialogs
    assert not [text for text in reports if "Content Security Policy" in text]
