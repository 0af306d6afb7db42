"""The main job: log a deal, and see what the company knows that can win it."""

import re

from playwright.sync_api import Page, expect

from tests.browser.steps import kin_names, new_page, sign_in
from tests.world import World


def test_should_log_a_deal_in_two_clicks_and_show_what_wins_it(page: Page, world: World) -> None:
    sign_in(page, world, "charlie")
    page.get_by_role("link", name="New deal").click()
    page.get_by_label("Deal name").fill("Kestrel wards warehouse")
    page.get_by_label("Account required").fill("Kestrel Health")
    page.get_by_label("Use case").fill("Patient records of three hospitals in one warehouse")
    expect(page.locator("#account-note")).to_contain_text("In the record")
    page.get_by_role("button", name="Log the deal").last.click()

    expect(page).to_have_url(re.compile(r"/deals/D-\d+/kin$"))
    expect(page.locator(".toast")).to_contain_text("is logged")
    expect(page.locator("#kin .kin")).not_to_have_count(0)
    assert "Project Nightingale" not in kin_names(page)
    first = page.locator("#kin .kin").first
    expect(first.locator(".chip")).not_to_have_count(0)
    expect(first.locator(".band")).to_have_text(re.compile("Strong|Fair|Weak"))
    assert "%" not in first.inner_text()

    first.get_by_text("Why this order?").click()
    rows = first.locator(".terms tbody tr")
    added = sum(float(rows.nth(n).locator("td").nth(3).inner_text()) for n in range(rows.count()))
    total = float(first.locator(".terms tfoot td").first.inner_text())
    assert abs(added - total) < 0.01

    page.get_by_role("link", name="Playbook", exact=True).click()
    expect(page.get_by_role("link", name="Ward demo").first).to_be_visible()
    expect(page.locator(".lift").get_by_text("with it").first).to_be_visible()
    page.get_by_role("button", name="Use Ward demo on this deal").click()
    expect(page.get_by_text("In use", exact=True)).to_be_visible()

    page.get_by_role("link", name="Experts & team").click()
    expect(page.get_by_role("link", name="Bob Brandt").first).to_be_visible()
    page.get_by_role("button", name="Add Bob Brandt to the team").click()
    expect(page.get_by_text("On the team", exact=True)).to_be_visible()


def test_should_log_a_deal_by_keyboard_alone(page: Page, world: World) -> None:
    sign_in(page, world)
    page.keyboard.press("c")
    expect(page.get_by_label("Deal name")).to_be_focused()
    page.keyboard.type("Ribera branch dashboards")
    page.keyboard.press("Tab")
    page.keyboard.type("Banco Nuevo")
    expect(page.locator("#account-note")).to_contain_text("New account")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/deals/D-\d+/kin$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Ribera branch dashboards")


def test_should_show_what_is_wrong_and_keep_what_was_typed(page: Page, world: World) -> None:
    sign_in(page, world)
    page.goto("/deals/new")
    page.get_by_label("Deal name").fill("Wards")
    page.get_by_label("Account required").fill("Kestrel Health")
    page.get_by_label("Amount").fill("a lot")
    page.get_by_role("button", name="Log the deal").last.click()
    expect(page.locator("#problems")).to_be_focused()
    expect(page.get_by_label("Amount")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Deal name")).to_have_value("Wards")


def test_should_change_the_order_as_a_slider_moves(page: Page, world: World) -> None:
    sign_in(page, world, "charlie")
    page.goto(f"/deals/{world.deals['kestrel']}/kin")
    usual = kin_names(page)
    for name in (
        *("Description", "Shared words", "Industry", "Company size"),
        *("Product", "Competitor", "Region"),
    ):
        page.get_by_role("slider", name=name).fill("0")
    expect(page).to_have_url(re.compile("w_meaning=0&.*w_region=0"))
    expect(page.locator("#kin .kin h3").first).not_to_have_text(usual[0])
    assert kin_names(page) != usual
    changed = kin_names(page)
    page.reload()
    assert kin_names(page) == changed
    page.get_by_role("link", name="Reset weights").click()
    assert kin_names(page) == usual


def test_should_hide_what_is_not_alike_and_undo_it(page: Page, world: World) -> None:
    sign_in(page, world)
    page.goto(f"/deals/{world.deals['wards']}/kin")
    first = kin_names(page)[0]
    page.get_by_label(f"{first} is not similar").click()
    page.get_by_role("button", name="Too old").click()
    gone = page.locator(".kin.gone")
    expect(gone).to_contain_text(f"{first} is hidden (too old)")
    assert first not in kin_names(page)
    page.reload()
    assert first not in kin_names(page)
    page.get_by_role("button", name=f"Undo and offer {first} again").click()
    expect(page.locator("#kin .kin h3").first).to_have_text(first)

    page.get_by_label(f"{first} is not similar").click()
    page.get_by_role("button", name="Different use").click()
    page.locator(".kin.gone").get_by_role("button", name="Undo").click()
    expect(page.locator("#kin .kin h3").first).to_have_text(first)
    page.get_by_label(f"{first} is similar").click()
    expect(page.get_by_label(f"{first} is similar")).to_have_attribute("aria-pressed", "true")


def test_should_search_as_one_types_and_keep_it_in_the_address(page: Page, world: World) -> None:
    sign_in(page, world)
    page.goto("/deals")
    page.locator("#q").press_sequentially("ribera", delay=20)
    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?q=ribera"))
    expect(page.locator("#live")).to_have_text("1 deal")
    page.get_by_role("radio", name="Won").check()
    expect(page.get_by_text("No deal fits")).to_be_visible()
    page.go_back()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(page.locator("html")).to_have_count(1)


def test_should_show_both_versions_where_two_edit(page: Page, world: World) -> None:
    sign_in(page, world)
    here = f"/deals/{world.deals['wards']}"
    page.goto(here)
    # One fact is edited where it stands, and Escape leaves it as it was.
    page.get_by_label("Edit amount").click()
    expect(page.get_by_label("Amount")).to_be_focused()
    expect(page.locator("#facts input:visible")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator("#facts form")).to_have_count(0)
    page.locator(".next-step").get_by_role("link", name="Edit").click()
    other = page.context.new_page()
    other.goto(f"{here}/edit?field=next_step")
    other.get_by_role("textbox", name="Next step").fill("What the other plans")
    other.get_by_role("button", name="Save").click()
    expect(other.locator(".toast")).to_contain_text("Saved")
    page.get_by_role("textbox", name="Next step").fill("What this one plans")
    page.get_by_role("button", name="Save").click()
    table = page.locator(".compare")
    expect(table).to_contain_text("What this one plans")
    expect(table).to_contain_text("What the other plans")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".next-step")).to_contain_text("What this one plans")


def test_should_offer_to_retry_when_the_server_fails(page: Page, world: World) -> None:
    sign_in(page, world)
    page.goto("/deals")
    page.route("**/deals?**", lambda route: route.fulfill(status=503, body="no"))
    page.locator("#q").press_sequentially("ribera")
    banner = page.get_by_role("alert")
    expect(banner).to_contain_text("could not answer")
    expect(page.locator("#results tbody tr")).not_to_have_count(0)
    page.unroute("**/deals?**")
    banner.get_by_role("button", name="Retry").click()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(banner).to_be_hidden()


def test_should_switch_theme_and_shortcuts_and_keep_both(page: Page, world: World) -> None:
    sign_in(page, world)
    page.get_by_label("Alice Adeyemi: account and settings").click()
    with page.expect_response("**/preferences"):
        page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    with page.expect_response("**/preferences"):
        page.get_by_role("button", name="Off").click()
    page.goto("/deals")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator("main").press("c")
    page.locator("main").press("?")
    expect(page).to_have_url(re.compile("/deals$"))
    expect(page.locator("dialog")).to_be_hidden()


def test_should_go_places_by_keys(page: Page, world: World) -> None:
    sign_in(page, world)
    page.keyboard.press("g")
    page.keyboard.press("l")
    expect(page.get_by_role("heading", level=1)).to_have_text("Library")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.wait_for_function("document.activeElement === document.body")
    page.keyboard.press("/")
    expect(page.get_by_label("Search", exact=True)).to_be_focused()
    page.keyboard.type("ward demo")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Ward demo")).to_be_visible()


def test_should_log_a_deal_without_javascript(page: Page, world: World, address: str) -> None:
    browser = page.context.browser
    assert browser
    plain = new_page(browser, base_url=address, java_script_enabled=False)
    sign_in(plain, world)
    plain.get_by_role("link", name="New deal").click()
    plain.get_by_label("Deal name").fill("Plain deal")
    plain.get_by_label("Account required").fill("Lumen Bank")
    plain.get_by_role("button", name="Log the deal").last.click()
    expect(plain).to_have_url(re.compile(r"/deals/D-\d+/kin$"))
    first = kin_names(plain)[0]
    plain.get_by_label(f"{first} is not similar").click()
    plain.get_by_role("button", name="Wrong industry").click()
    assert first not in kin_names(plain)
    plain.goto("/deals")
    plain.locator("#q").fill("plain")
    plain.locator("#q").press("Enter")
    expect(plain.locator("#results tbody tr")).to_have_count(1)
    plain.context.close()
