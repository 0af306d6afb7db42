"""The board in a browser: cards that are dragged, and cards that are moved by keyboard."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import new_page, sign_in
from tests.world import World
from workspace.database import Database
from workspace.deals import lifecycle, stages
from workspace.deals.tables import Stage

WARDS = "St Brannoc ward dashboards"


def column(page: Page, name: str) -> Locator:
    """The column of a stage."""
    return page.locator(f'[data-column="{name}"]')


def card(page: Page, name: str) -> Locator:
    """The card of a deal."""
    return page.locator(".deal-card").filter(has=page.get_by_role("link", name=name))


def stage_of(world: World, name: str) -> str:
    """Where a deal is, as the record has it."""
    with world.database.read() as session:
        return session.get_one(Stage, world.deal(session, name).stage_id).name


def open_board(page: Page, world: World, name: str = "alice") -> None:
    """Sign in and go to the board, as one who sees all of it."""
    page.set_viewport_size({"width": 2800, "height": 900})
    sign_in(page, world, name)
    page.goto("/deals?view=board")


def test_should_move_a_card_by_dragging(page: Page, world: World) -> None:
    open_board(page, world)
    card(page, WARDS).drag_to(column(page, "Needs Analysis"))
    expect(column(page, "Needs Analysis").get_by_role("link", name=WARDS)).to_be_visible()
    expect(column(page, "Qualification").get_by_role("link", name=WARDS)).to_have_count(0)
    expect(page.locator("#live")).to_have_text(f"{WARDS} is at Needs Analysis now.")
    assert stage_of(world, "wards") == "Needs Analysis"
    # The card that came back can be dragged on.
    card(page, WARDS).drag_to(column(page, "Prospecting"))
    expect(column(page, "Prospecting").get_by_role("link", name=WARDS)).to_be_visible()
    assert stage_of(world, "wards") == "Prospecting"


def test_should_ask_for_the_reason_where_a_card_is_dragged_to_won(page: Page, world: World) -> None:
    open_board(page, world)
    card(page, WARDS).drag_to(column(page, "won"))
    page.wait_for_url(f"**/deals/{world.deals['wards']}#close-reason")
    expect(page.get_by_label("Win or loss reason")).to_be_visible()
    assert stage_of(world, "wards") == "Qualification"


def test_should_leave_a_card_where_it_is_dropped_on_nothing(page: Page, world: World) -> None:
    open_board(page, world)
    card(page, WARDS).drag_to(page.get_by_role("heading", level=1))
    card(page, WARDS).drag_to(column(page, "Qualification"))
    # Charlie's deals are not Alice's to move.
    card(page, "Kestrel Health records").drag_to(column(page, "Prospecting"))
    expect(column(page, "Needs Analysis")).to_contain_text("Kestrel Health records")
    assert stage_of(world, "wards") == "Qualification"
    assert stage_of(world, "kestrel") == "Needs Analysis"


def tab_to(page: Page, said: str) -> None:
    """Press Tab until what has the focus says this, and nothing else."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip() == said:
            return
    raise AssertionError(f"Tab never comes to {said}")


def test_should_move_a_card_by_keyboard_alone(page: Page, world: World) -> None:
    open_board(page, world)
    tab_to(page, f"Move to… {WARDS}")
    page.keyboard.press("Enter")
    tab_to(page, "Value Proposition")
    page.keyboard.press("Enter")
    moved = column(page, "Value Proposition").get_by_role("link", name=WARDS)
    expect(moved).to_be_focused()
    assert stage_of(world, "wards") == "Value Proposition"


def test_should_move_a_card_in_two_clicks_without_scripts(page: Page, world: World) -> None:
    sign_in(page, world)
    state = page.context.storage_state()
    assert page.context.browser
    plain = new_page(
        page.context.browser, base_url=page.url, java_script_enabled=False, storage_state=state
    )
    plain.goto("/deals?view=board&q=brannoc")
    card(plain, WARDS).get_by_text("Move to…").click()
    card(plain, WARDS).get_by_role("button", name="Needs Analysis").click()
    expect(column(plain, "Needs Analysis").get_by_role("link", name=WARDS)).to_be_visible()
    expect(plain.locator(".toast")).to_contain_text("is at Needs Analysis now.")
    assert plain.url.endswith("/deals?q=brannoc&view=board")
    plain.context.close()


def test_should_say_what_somebody_else_did_meanwhile(page: Page, world: World) -> None:
    open_board(page, world)
    expect(card(page, WARDS)).to_be_visible()
    move(world.database, world, "Perception Analysis")
    card(page, WARDS).drag_to(column(page, "Needs Analysis"))
    expect(page.locator("#banner")).to_contain_text("Not moved to Needs Analysis")
    expect(page.locator("#banner")).to_contain_text("it is at Perception Analysis")
    assert stage_of(world, "wards") == "Perception Analysis"


def move(database: Database, world: World, name: str) -> None:
    """Move the deal behind everybody's back."""
    with database.write() as session:
        to = next(row for row in stages.stages(session) if row.name == name)
        lifecycle.advance(session, world.deal(session, "wards"), to, world.people["bob"])


def test_should_show_more_of_a_column_below_what_is_there(page: Page, world: World) -> None:
    with world.database.write() as session:
        to = next(row for row in stages.stages(session) if row.name == "Qualification")
        for n in range(25):
            lifecycle.log(session, f"Deal {n}", None, world.people["alice"], stage=to)
    open_board(page, world)
    shown = column(page, "Qualification").locator(".deal-card")
    expect(shown).to_have_count(20)
    column(page, "Qualification").get_by_role("link", name="Show more").click()
    expect(shown).to_have_count(26)
    # What came later can be moved like the rest.
    card(page, "Deal 24").get_by_text("Move to…").click()
    card(page, "Deal 24").get_by_role("button", name="Needs Analysis").click()
    expect(column(page, "Needs Analysis").get_by_role("link", name="Deal 24")).to_be_focused()


def test_should_change_many_deals_and_keep_a_view(page: Page, world: World) -> None:
    sign_in(page, world)
    page.goto("/deals?outcome=open")
    page.get_by_label("Select all").check()
    expect(page.get_by_label(f"Select {WARDS}")).to_be_checked()
    page.get_by_text("Edit selected").click()
    page.locator("#bulk-stage").select_option("Perception Analysis")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".toast")).to_contain_text("2 deals are changed.")
    page.locator("summary").filter(has_text="Columns").click()
    page.get_by_label("Last move").check()
    expect(page.get_by_role("columnheader", name="Last move")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_text("Save view").click()
    page.locator(".view-menu #name").fill("With moves")
    page.locator(".view-menu").get_by_role("button", name="Save").click()
    views = page.get_by_role("navigation", name="Saved views")
    expect(views.get_by_role("link", name="With moves")).to_have_attribute("aria-current", "true")
    page.goto("/deals")
    views.get_by_role("link", name="With moves").click()
    expect(page.get_by_role("columnheader", name="Last move")).to_be_visible()
    page.get_by_role("navigation", name="Show as").get_by_role("link", name="Board").click()
    expect(column(page, "Perception Analysis").locator(".deal-card")).to_have_count(2)


def test_should_keep_the_widths_of_columns_by_pointer_and_by_keyboard(
    page: Page, world: World
) -> None:
    def width(name: str) -> float:
        box = page.get_by_role("columnheader", name=name, exact=True).bounding_box()
        assert box
        return box["width"]

    sign_in(page, world)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/deals")
    before, table = width("Account"), page.locator("table.deals")
    handle = page.get_by_role("separator", name="Width of Account")
    box, whole = handle.bounding_box(), table.bounding_box()
    assert box
    assert whole
    page.mouse.move(box["x"] + 12, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + 72, box["y"] + 12, steps=4)
    page.mouse.up()
    assert abs(width("Account") - before - 60) < 6
    wider = width("Account")
    handle.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    assert abs(wider - width("Account") - 80) < 6
    kept = width("Account")
    page.goto("/deals?sort=name")
    assert abs(width("Account") - kept) < 6
    # The table is as wide as before, on any screen.
    after = table.bounding_box()
    assert after
    assert abs(after["width"] - whole["width"]) < 2
    page.locator(".choose-columns > summary").click()
    page.get_by_role("button", name="Reset widths").click()
    expect(table.locator("th[width]")).to_have_count(0)
    page.reload()
    assert abs(width("Account") - before) < 2
