"""Journeys that must be short, with their clicks counted, and by keyboard alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from references.desk.request import ReferenceRequest, State
from tests.browser.steps import sign_in
from tests.references.asking import advocate, contact
from tests.whole_record import dump
from tests.world import World
from web.jobs import kinds_of
from web.workspace import Workspace
from workspace.collaboration import tasks
from workspace.deals import team
from workspace.deals.stakeholders import add_stakeholder
from workspace.deals.tables import Stakeholder
from workspace.jobs.running import Runner
from workspace.people.tables import Member

# Counts what a person activates, over all pages of a journey. A click on a label is one, though
# browsers tell of a second on what it labels.
COUNT = """
addEventListener("click", event => {
  if (event.isTrusted && event.detail > 0) {
    sessionStorage.clicks = Number(sessionStorage.clicks || 0) + 1;
  }
}, true);
"""


def clicks(page: Page) -> int:
    """How many clicks there were since counting began."""
    return int(page.evaluate("Number(sessionStorage.clicks || 0)"))


def requested(world: World) -> list[str]:
    with world.database.read() as session:
        return list(session.exec(select(ReferenceRequest.state)))


def someone_to_ask(world: World) -> None:
    with world.database.write() as session:
        advocate(session, world, "ines")
        tess = contact(session, world, "Tess Tide", "tidewater")
        add_stakeholder(session, world.deal(session, "tidewater"), tess.id, None)


def open_deal(page: Page, world: World, name: str, deal: str) -> None:
    """A deal on the screen, and counting from there."""
    sign_in(page, world, name)
    page.add_init_script(COUNT)
    page.goto(f"/deals/{world.deals[deal]}")
    assert clicks(page) == 0


def test_should_send_a_reference_request_in_three_clicks(page: Page, world: World) -> None:
    someone_to_ask(world)
    open_deal(page, world, "charlie", "tidewater")
    page.locator(".tabs").get_by_role("link", name="References").click()
    page.locator("summary").filter(has_text="Request Inês Moreira").click()
    page.get_by_role("button", name="Send request").click()
    expect(page.locator(".toast")).to_contain_text("is sent")
    assert clicks(page) <= 3
    assert requested(world) == [State.SUBMITTED]


CALLED = "document.activeElement.ariaLabel || document.activeElement.textContent || ''"


def press_to(page: Page, name: str) -> None:
    """Tab until what has the focus is called so."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if name in page.evaluate(CALLED):
            return
    raise AssertionError(f"no way to {name} by Tab")


def press_to_tab(page: Page, name: str) -> None:
    """Press Tab until the deal's tab of that name has the focus, past links of the same name."""
    for _ in range(5):
        press_to(page, name)
        if page.evaluate("document.activeElement.closest('.tabs')") is not None:
            return
    raise AssertionError(f"no way to the tab {name}")


def test_should_send_a_reference_request_by_keyboard_alone(page: Page, world: World) -> None:
    someone_to_ask(world)
    open_deal(page, world, "charlie", "tidewater")
    press_to_tab(page, "References")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Customers who can vouch")).to_be_attached()
    press_to(page, "Request Inês")
    page.keyboard.press("Enter")
    press_to(page, "Send request")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("is sent")
    assert clicks(page) == 0
    assert requested(world) == [State.SUBMITTED]


def test_should_add_a_stakeholder_in_two_clicks(page: Page, world: World) -> None:
    open_deal(page, world, "alice", "wards")
    page.goto(f"/deals/{world.deals['wards']}/stakeholders")
    page.get_by_role("button", name="Add Inês Moreira").click()
    expect(page.locator(".toast")).to_contain_text("is on the map")
    assert clicks(page) <= 2
    with world.database.read() as session:
        assert session.exec(select(Stakeholder.person_id)).all() == [world.people["ines"]]


def test_should_staff_a_deal_by_keyboard_alone(page: Page, world: World) -> None:
    with world.database.write() as session:
        team.add_seat(session, world.deal(session, "kestrel"), "product expert", None, None)
    open_deal(page, world, "dana", "kestrel")
    press_to(page, "Experts & team")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Assign selected")).to_be_visible()
    press_to(page, "Select all proposed")
    page.keyboard.press("Enter")
    press_to(page, "Assign selected")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("1 seat is filled")
    assert clicks(page) == 0


def test_should_add_a_stakeholder_by_keyboard_alone(page: Page, world: World) -> None:
    open_deal(page, world, "alice", "wards")
    press_to(page, "Stakeholders")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Add Inês Moreira")).to_be_visible()
    press_to(page, "Add Inês Moreira")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("is on the map")
    assert clicks(page) == 0


def test_should_show_paths_as_drawings_on_a_desk_and_as_lists_on_a_phone(
    page: Page, world: World
) -> None:
    someone_to_ask(world)
    sign_in(page, world, "charlie")
    page.goto("/people/ines-moreira/ties")
    drawing, chain = page.locator("svg.path").first, page.locator("ol.chain").first
    expect(drawing).to_be_visible()
    assert "University of Porto" in (drawing.text_content() or "")
    # The list is there for those who cannot see the drawing.
    assert "University of Porto" in (chain.text_content() or "")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(drawing).to_be_hidden()
    expect(chain).to_be_visible()
    assert chain.bounding_box()["height"] > 40  # type: ignore[index]


def test_should_deactivate_and_hand_over_in_three_clicks(page: Page, world: World) -> None:
    with world.database.write() as session:
        session.get_one(Member, world.people["alice"]).manager_id = world.people["dana"]
        task = "Call back"
        tasks.add_task(session, world.deal(session, "nightingale"), task, world.people["alice"])
    sign_in(page, world, "grace")
    page.add_init_script(COUNT)
    page.goto("/administration/members")
    page.get_by_role("link", name="Deactivate Alice Adeyemi").click()
    expect(page.get_by_label("Open deals 2")).to_have_value("dana-dvorak")
    expect(page.get_by_label("Confidential deals 1")).to_have_value("dana-dvorak")
    page.get_by_role("button", name="Hand over and deactivate").click()
    expect(page.locator(".toast")).to_contain_text("Alice Adeyemi is deactivated")
    assert clicks(page) <= 3
    with world.database.read() as session:
        assert not session.get_one(Member, world.people["alice"]).active
        assert world.deal(session, "wards").owner_id == world.people["dana"]


def deal_file() -> tuple[str, list[str]]:
    rows = [f"{n},Deal number {n},Account {n % 7},{n}" for n in range(600)]
    return "deals.csv", ["deal,name,account,amount", *rows]


def linkedin_file() -> tuple[str, list[str]]:
    rows = [
        f"Ivo{n},Horn{n % 97},https://www.linkedin.com/in/ivo-horn-{n},,Works {n % 70},Head,"
        "02 Jan 2024"
        for n in range(600)
    ]
    return "Connections.csv", [
        *("Notes:", '"Some addresses are missing."', ""),
        "First Name,Last Name,URL,Email Address,Company,Position,Connected On",
        *rows,
    ]


@pytest.mark.parametrize("written", [deal_file, linkedin_file])
def test_should_import_a_file_in_five_clicks_and_undo_in_two(
    page: Page,
    world: World,
    workspace: Workspace,
    tmp_path: Path,
    written: Callable[[], tuple[str, list[str]]],
) -> None:
    name, lines = written()
    file = tmp_path / name
    file.write_text("\n".join(lines), encoding="utf-8")
    sign_in(page, world, "grace")
    page.add_init_script(COUNT)
    page.goto("/")
    before = dump(workspace)
    runner = Runner(world.database, kinds_of(workspace))
    runner.start()
    try:
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Import").click()
        page.set_input_files("#files", file)
        page.get_by_role("button", name="Preview").click()
        # Where the first look was about some of the rows only, the page goes on counting.
        expect(page.locator("dl.facts").first).to_contain_text("600", timeout=60_000)
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page.locator("h1")).to_contain_text("Imported", timeout=90_000)
        # Opening the dialog of the system is a click, too.
        assert clicks(page) + 1 <= 5
        assert dump(workspace) != before
        page.evaluate("sessionStorage.clicks = 0")
        page.locator("summary").filter(has_text="Undo").click()
        page.get_by_role("button", name="Undo import").click()
        expect(page.locator("h1")).to_contain_text("Undone", timeout=90_000)
        assert clicks(page) == 2
    finally:
        runner.stop(20)
    assert dump(workspace) == before
