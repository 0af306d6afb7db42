"""The deal room while several look at it: mentions, live updates, tasks, and the inbox."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, expect

from tests.browser.steps import new_page, sign_in
from tests.world import World
from workspace.collaboration import notes
from workspace.deals import lifecycle

WARDS = "St Brannoc ward dashboards"


@contextmanager
def somebody_else(page: Page, world: World, name: str) -> Iterator[Page]:
    """A second browser, in which another one of the cast is signed in."""
    first = page.context
    assert first.browser
    second = new_page(first.browser, base_url=page.url.split("/deals")[0])
    sign_in(second, world, name)
    yield second
    second.context.close()


def test_should_bring_a_mention_to_an_open_inbox_by_keyboard_alone(
    page: Page, world: World
) -> None:
    sign_in(page, world, "alice")
    page.goto(f"/deals/{world.deals['wards']}/activity")
    with somebody_else(page, world, "bob") as bob:
        bob.goto("/inbox")
        expect(bob.get_by_text("All caught up")).to_be_visible()
        page.get_by_label("What happened?").focus()
        page.keyboard.type("Can you show it on the wards, @bra")
        expect(page.locator(".offered [role=option]")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(page.get_by_label("What happened?")).to_have_value(
            "Can you show it on the wards, @bob-brandt "
        )
        page.keyboard.type("?")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Save note")).to_be_focused()
        page.keyboard.press("Enter")
        # Bob does nothing, and sees it.
        item = bob.locator("#inbox .item")
        expect(item).to_contain_text("Alice Adeyemi mentioned you")
        expect(bob.locator("[data-inbox-count]")).to_have_text("1")
        expect(item).to_contain_text("You were mentioned.")
        # He has done with it, and thinks better of it, by keyboard too.
        item.get_by_role("button", name="Done").focus()
        bob.keyboard.press("Enter")
        expect(bob.get_by_text("All caught up")).to_be_visible()
        expect(bob.get_by_role("button", name="Undo")).to_be_focused()
        bob.keyboard.press("Enter")
        expect(item).to_have_count(1)


def test_should_save_a_note_whose_mention_reaches_nobody_at_the_second_press(
    page: Page, world: World
) -> None:
    sign_in(page, world, "alice")
    page.goto(f"/deals/{world.deals['wards']}/activity")
    area = page.get_by_label("What happened?")
    area.fill("@Dvorak Dana and @Danna, please call the ward")
    page.get_by_role("button", name="Save note").click()
    expect(page.locator("#text-error")).to_contain_text("@Danna reaches nobody")
    expect(page.locator("#text-error")).to_contain_text("@dana-dvorak")
    expect(area).to_have_value("@Dvorak Dana and @Danna, please call the ward")
    page.get_by_role("button", name="Save anyway").click()
    expect(page.locator("#timeline .mention").first).to_have_text("@Dana Dvořák")
    expect(page.locator("#timeline")).to_contain_text("@Danna, please call the ward")


def test_should_show_a_note_in_an_open_room_and_leave_what_is_written_alone(
    page: Page, world: World
) -> None:
    sign_in(page, world, "alice")
    here = f"/deals/{world.deals['wards']}/activity"
    page.goto(here)
    page.get_by_label("What happened?").fill("I am still writing")
    with somebody_else(page, world, "bob") as bob:
        bob.goto(here)
        bob.get_by_label("What happened?").fill("They want **forty** beds")
        bob.get_by_role("button", name="Save note").click()
    note = page.locator("#timeline .prose").first
    expect(note.locator("strong")).to_have_text("forty")
    expect(page.get_by_label("What happened?")).to_have_value("I am still writing")
    expect(page.locator("#live")).to_have_text("There is something new on this deal.")
    # Without a change of the deal itself nothing asks to be looked at again.
    expect(page.locator("#deal-changed")).to_be_hidden()
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        lifecycle.edit(session, deal, world.people["bob"], {"next_step": "Count beds"})
    expect(page.locator("#deal-changed")).to_be_visible()


def test_should_keep_ones_own_note_open_while_others_write(page: Page, world: World) -> None:
    sign_in(page, world, "alice")
    here = f"/deals/{world.deals['wards']}/activity"
    page.goto(here)
    page.locator("#timeline").get_by_role("link", name="Edit what you wrote").first.click()
    page.get_by_label("Your note").fill("Called the ward manager twice.")
    with somebody_else(page, world, "bob") as bob:
        bob.goto(here)
        bob.get_by_label("What happened?").fill("Me too")
        bob.get_by_role("button", name="Save note").click()
    expect(page.get_by_role("link", name="Show changes")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#timeline")).to_contain_text("Called the ward manager twice.")
    expect(page.locator("#timeline")).to_contain_text("Me too")


def test_should_end_the_room_of_somebody_who_lost_the_right(page: Page, world: World) -> None:
    with world.database.write() as session:
        lifecycle.invite(session, world.deal(session, "nightingale"), world.people["erin"], None)
    sign_in(page, world, "erin")
    page.goto(f"/deals/{world.confidential_deal}/activity")
    expect(page.get_by_role("heading", level=1)).to_have_text("Project Nightingale")
    with world.database.write() as session:
        lifecycle.uninvite(session, world.deal(session, "nightingale"), world.people["erin"], None)
    expect(page.locator("#banner")).to_contain_text("can no longer be kept up to date")


def test_should_add_and_do_a_task(page: Page, world: World) -> None:
    sign_in(page, world, "alice")
    page.goto(f"/deals/{world.deals['wards']}/activity")
    page.get_by_label("Task", exact=True).fill("Send the offer")
    page.get_by_role("button", name="Add task").click()
    tasks = page.locator("#tasks")
    expect(tasks).to_contain_text("Send the offer")
    tasks.get_by_role("button", name="Done: Send the offer").click()
    expect(tasks.locator(".is-done")).to_contain_text("Send the offer")


def test_should_work_without_scripts(page: Page, world: World) -> None:
    sign_in(page, world, "alice")
    state = page.context.storage_state()
    assert page.context.browser
    plain = new_page(
        page.context.browser, base_url=page.url, java_script_enabled=False, storage_state=state
    )
    plain.goto(f"/deals/{world.deals['wards']}/activity")
    plain.get_by_label("What happened?").fill("@Bob Brandt, can you?")
    plain.get_by_role("button", name="Save note").click()
    expect(plain.locator("#timeline .mention").first).to_have_text("@Bob Brandt")
    plain.get_by_role("button", name="Follow").click()
    expect(plain.get_by_role("button", name="Following")).to_be_visible()
    plain.context.close()


def test_should_leave_alone_what_somebody_has_opened(page: Page, world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        notes.write_note(session, deal, world.people["bob"], "note", "@alice-adeyemi, one")
    sign_in(page, world, "alice")
    page.goto("/inbox")
    page.locator("#inbox summary").filter(has_text="Snooze").click()
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        notes.write_note(session, deal, world.people["bob"], "note", "@alice-adeyemi, two")
    expect(page.locator("[data-inbox-count]")).to_have_text("2")
    expect(page.get_by_role("button", name="Until tomorrow")).to_be_visible()
    page.get_by_role("link", name="Show changes").click()
    expect(page.locator("#inbox .item")).to_have_count(2)


def test_should_let_go_of_the_keys_once_nobody_is_offered(page: Page, world: World) -> None:
    sign_in(page, world, "alice")
    page.goto(f"/deals/{world.deals['wards']}/activity")
    area = page.get_by_label("What happened?")
    area.focus()
    page.keyboard.type("Hello @bra")
    expect(page.locator(".offered")).to_have_count(1)
    page.keyboard.press("Home")
    expect(page.locator(".offered")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(area).to_have_value("\nHello @bra")
    page.keyboard.press("End")
    page.keyboard.type("n")
    expect(page.locator(".offered")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".offered")).to_have_count(0)
    page.keyboard.press("Shift+Tab")
    expect(area).to_have_value("\nHello @bran")


def test_should_keep_no_room_for_suggestions_that_do_not_come(page: Page, world: World) -> None:
    sign_in(page, world, "alice")
    page.route("**/suggestions", lambda route: route.fulfill(status=503, body="no"))
    page.goto(f"/deals/{world.deals['wards']}")
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    first = page.locator(".suggestions").first
    expect(first.locator(".to-come")).to_have_count(0)
    expect(first.get_by_role("link", name="All similar deals")).to_be_visible()
    page.unroute("**/suggestions")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("St Brannoc patient records").first).to_be_visible()
