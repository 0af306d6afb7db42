"""S4: nothing that a member wrote runs in the browser of another."""

from playwright.sync_api import Page

from references.network import address_books
from tests.browser.pages import paths
from tests.browser.steps import sign_in
from tests.web.payloads import SCRIPTS
from tests.world import World
from workspace.accounts.accounts import add_account
from workspace.assets import assets
from workspace.collaboration import notes, tasks
from workspace.deals import saved_views
from workspace.deals.lifecycle import log_one
from workspace.deals.stakeholders import add_stakeholder
from workspace.people.people import add_contact

# Before anything of a page runs: what it would do is counted and not done.
WATCH = """
window.caught = [];
for (const name of ["alert", "confirm", "prompt", "print"])
  window[name] = () => { window.caught.push(name); return true; };
document.addEventListener("securitypolicyviolation",
  event => window.caught.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


def write_everywhere(world: World) -> list[str]:
    """Every payload in every kind of text; the addresses of what has a page of its own."""
    made = []
    viewer = world.viewer("alice")
    with world.database.write() as session:
        alice, deal = world.people["alice"], world.deal(session, "wards")
        address_book = address_books.AddressBook(session, alice, ["Walter Walrus"], [])
        for number, script in enumerate(SCRIPTS):
            short = script[:100]
            account = add_account(session, f"{number} {short}", country="PL")
            person = add_contact(
                session, f"{number} {short}", alice, title=short, account_id=account.id
            )
            add_stakeholder(session, deal, person.id, alice, buying_role="champion", note=script)
            notes.write_note(session, deal, alice, "note", script)
            tasks.add_task(session, deal, script, alice)
            address_book.put(f"{number} {short}", source="CSV", company=short, position=short)
            asset = assets.publish(
                session,
                name=f"{number} {short}",
                kind="demo",
                by=alice,
                product_ids=[],
                url="https://demo.example/",
                summary=script,
            )
            if number < 12:
                saved_views.save_view(session, viewer, f"{number} {short}"[:60], "", shared=True)
            if number % 8 == 0:
                other, _ = log_one(
                    session,
                    viewer,
                    f"{number} {short}",
                    account.name,
                    new_product=f"{number} {short}"[:100],
                    new_competitor=f"{number} {short}"[:100],
                    use_case=script,
                    next_step=short,
                )
                made += [
                    *(f"/deals/{other.key}", f"/accounts/{account.key}", f"/people/{person.key}"),
                    f"/library/{asset.key}",
                ]
    return made


def test_should_run_nothing_that_a_member_wrote(page: Page, world: World) -> None:
    own = write_everywhere(world)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.add_init_script(WATCH)
    sign_in(page, world, "bob")
    for path in (*paths(world), *own, "/search?q=script", "/deals?q=onerror", "/people?q=alert"):
        page.goto(path)
        page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
        assert page.evaluate("window.caught") == [], path
        theirs = "[hx-get^='/sign-out'], [data-hx-post], [srcdoc], base, meta[http-equiv]"
        assert page.locator(theirs).count() == 0, path
    # The session is still there: no page has sent its form.
    page.goto("/deals")
    assert "Deals" in page.title()
    assert dialogs == []
    # What would have run is noticed: by some browsers when it is written, by others when it is due.
    page.evaluate("document.body.setAttribute('onclick', 'alert(1)'); document.body.click()")
    page.wait_for_function("window.caught.some(each => each.startsWith('script-src'))")
    assert "alert" not in page.evaluate("window.caught")
    page.evaluate("alert(1)")
    assert "alert" in page.evaluate("window.caught")


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
