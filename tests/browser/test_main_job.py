"""The main job, in a browser: log a deal, and see what can win it."""

from playwright.sync_api import Browser, Page, expect

from tests.world import World


def sign_in(page: Page, world: World, name: str) -> None:
    page.goto("/")
    page.get_by_label("E-mail address").fill(world.email(name))
    page.get_by_label("Password").fill(world.password(name))
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_title("Sign in")


def test_a_rep_logs_a_deal_and_sees_kin_playbook_and_experts(page: Page, world: World) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    sign_in(page, world, "charlie")

    page.goto("/deals/new")
    page.get_by_label("What is the deal?").fill("Patient records of a new hospital")
    page.get_by_label("For which account?").fill("Kestrel Health")
    page.get_by_label("What do they want to do with it?").fill(
        "Consolidate patient records of hospitals in one warehouse"
    )
    page.get_by_label("Atlas Warehouse").check()
    page.get_by_label("Datamoor").check()
    page.get_by_role("button", name="Log the deal").first.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Patient records of a new hospital")
    tabs = page.get_by_role("navigation", name="Deal")
    main = page.get_by_role("main")
    tabs.get_by_role("link", name="Kin").click()
    expect(main).to_contain_text("St Brannoc patient records")
    tabs.get_by_role("link", name="Playbook").click()
    expect(main).to_contain_text("Ward demo")
    expect(main).not_to_contain_text("Price deck of last year")
    tabs.get_by_role("link", name="Experts").click()
    expect(main).to_contain_text("Bob Brandt")

    for path in ("", "/kin", "/playbook", "/experts", "/activity"):
        page.goto("/deals/D-0013" + path)
        expect(main).not_to_contain_text("Nightingale")
    assert problems == []


def test_the_same_works_without_scripts(browser: Browser, address: str, world: World) -> None:
    with browser.new_context(base_url=address, java_script_enabled=False) as plain:
        page = plain.new_page()
        sign_in(page, world, "charlie")
        page.goto("/deals/new")
        page.get_by_label("What is the deal?").fill("Records without scripts")
        page.get_by_label("For which account?").fill("Kestrel Health")
        page.get_by_role("button", name="Log the deal").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Records without scripts")
        page.get_by_role("navigation", name="Deal").get_by_role("link", name="Kin").click()
        expect(page.get_by_role("main")).to_contain_text("Kestrel Health records")
