"""Signing in through an identity provider, with a code, and by links."""

import re
from dataclasses import replace

import httpx2
import pyotp
import pytest
from litestar import Litestar
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import Browser, Page, expect
from sqlmodel import col, select

from tests.browser.steps import new_page, sign_in
from tests.serving import application
from tests.world import World
from web.workspace import Workspace
from workspace.delivery.outbox import OutboxMessage
from workspace.people import invitations, members
from workspace.people.tables import Person, Role, SignInRules


def last_link(world: World, recipient: str) -> str:
    """The path of the link in the last mail to an address."""
    with world.database.read() as session:
        query = select(OutboxMessage.body).where(OutboxMessage.recipient == recipient)
        body = session.exec(query.order_by(col(OutboxMessage.id).desc())).first()
    found = re.search(r"https?://[^/]+(/\S+)", body or "")
    assert found is not None
    return found[1]


@pytest.fixture
def app(workspace: Workspace, address: str) -> Litestar:
    """The application, which knows its own address, sends mail, and may connect to this machine."""
    made = application(workspace)
    settings = workspace.settings.model_copy(
        update={
            "origin": address,
            "smtp_url": "smtp://mail.example",
            "internal_addresses": "127.0.0.0/8, ::1/128",
        }
    )
    made.state.workspace = replace(workspace, settings=settings)
    return made


# The provider uses what its library is about to drop.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_should_sign_in_through_an_identity_provider(
    browser: Browser, page: Page, app: Litestar, world: World
) -> None:
    users = [
        User(sub="erin-1", claims={"email": world.email("erin"), "email_verified": True,
                                   "groups": ["catering"]}),
        User(sub="grace-1", claims={"email": world.email("grace"), "email_verified": True,
                                    "groups": ["admins"]}),
        User(sub="mallory", claims={"email": world.email("grace"), "email_verified": False}),
    ]  # fmt: skip
    with run_server_in_thread(user_claims=users) as server:
        issuer = f"http://localhost:{server.server_port}"
        registered = httpx2.post(
            f"{issuer}/oauth2/clients",
            json={
                "redirect_uris": [f"{app.state.workspace.origin}/sign-in/with/corporate/callback"]
            },
        ).json()
        sign_in(page, world, "grace")
        page.goto("/administration/sign-in")
        page.get_by_role("link", name="Add a provider").click()
        page.get_by_label("Name on the sign-in page").fill("Corporate")
        page.get_by_label("Issuer").fill(issuer)
        page.get_by_label("Client ID").fill(registered["client_id"])
        page.get_by_label("Client secret").fill(registered["client_secret"])
        page.get_by_label("Roles from groups").fill("admins = admin\nmarketing = marketer")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("/sign-in/with/corporate/callback")).to_be_visible()

        def through(subject: str) -> Page:
            other = new_page(browser, base_url=app.state.workspace.origin)
            other.goto("/sign-in?next=/people")
            other.get_by_role("link", name="Sign in with Corporate").click()
            other.get_by_role("button", name=subject).click()
            return other

        refused = through("mallory")
        expect(refused.get_by_role("heading", level=1)).to_have_text("Not signed in")
        expect(refused.get_by_text("has not verified your e-mail address")).to_be_visible()
        erin = through("erin-1")
        expect(erin).to_have_url(re.compile("/people$"))
        # Her groups give her no role.
        with world.database.read() as session:
            person = session.get_one(Person, world.people["erin"])
            assert not members.viewer(session, person.id, person.name).roles
        # An administrator who can sign in without a password switches passwords off.
        grace = through("grace-1")
        grace.goto("/administration/sign-in")
        grace.get_by_label("Members can sign in by password").uncheck()
        grace.get_by_role("button", name="Save").click()
        expect(grace.get_by_text("Sign-in rules saved.")).to_be_visible()
        erin.goto("/security")
        erin.get_by_role("button", name="Sign out everywhere").click()
        expect(erin.get_by_role("link", name="Sign in with Corporate")).to_be_visible()
        expect(erin.get_by_label("Password")).to_have_count(0)


def test_should_sign_in_with_a_code_and_end_a_session_elsewhere(
    browser: Browser, page: Page, app: Litestar, world: World
) -> None:
    sign_in(page, world)
    page.goto("/security")
    section = page.get_by_role("region", name="Two-step verification")
    section.get_by_label("Password").fill(world.password("alice"))
    section.get_by_role("button", name="Set up").click()
    expect(page.get_by_alt_text("QR code")).to_be_visible()
    assert page.get_by_alt_text("QR code").evaluate("image => image.naturalWidth") > 100
    totp = pyotp.TOTP(page.locator("code").first.inner_text())
    page.get_by_label("Code").fill(totp.now())
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    code = page.locator(".codes code").first.inner_text()
    elsewhere = new_page(browser, base_url=app.state.workspace.origin)
    elsewhere.goto("/sign-in?next=/people")
    elsewhere.get_by_label("Email").fill(world.email("alice"))
    elsewhere.get_by_label("Password").fill(world.password("alice"))
    elsewhere.get_by_role("button", name="Sign in").click()
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text("Enter your code")
    elsewhere.get_by_label("Code").fill(code)
    elsewhere.get_by_role("button", name="Sign in").click()
    expect(elsewhere).to_have_url(re.compile("/people$"))
    page.goto("/security")
    expect(page.get_by_text("This browser")).to_have_count(1)
    sessions = page.get_by_role("region", name="Where you are signed in").get_by_role("listitem")
    expect(sessions).to_have_count(2)
    sessions.nth(1).get_by_role("button").click()
    expect(sessions).to_have_count(1)
    elsewhere.goto("/people")
    expect(elsewhere).to_have_url(re.compile("/sign-in"))


def test_should_join_lose_the_password_and_move_to_another_address(
    page: Page, app: Litestar, world: World
) -> None:
    first, second = "quiet lantern under water", "eleven purple staircases"
    with world.database.write() as session:
        _, token = invitations.invite(
            session, "Hana Horák", "hana@dealkin.example", [Role.REP], by=None
        )
    page.goto(f"/join/{token}")
    page.get_by_label("Password", exact=False).first.fill(first)
    page.get_by_label("Password again").fill(first)
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    page.goto("/security")
    section = page.get_by_role("region", name="Email address")
    section.get_by_label("New email address").fill("hana.h@dealkin.example")
    section.get_by_label("Password").fill(first)
    section.get_by_role("button").click()
    expect(page.get_by_text("waits for the link")).to_be_visible()
    page.goto(last_link(world, "hana.h@dealkin.example"))
    page.get_by_role("button", name="Confirm the address").click()
    page.goto("/security")
    expect(page.get_by_text("You sign in with hana.h@dealkin.example.")).to_be_visible()
    page.get_by_role("button", name="Sign out everywhere").click()
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("Email address").fill("hana.h@dealkin.example")
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")
    page.goto(last_link(world, "hana.h@dealkin.example"))
    page.get_by_label("Password", exact=False).first.fill(second)
    page.get_by_label("Password again").fill(second)
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")


@pytest.fixture
def named(app: Litestar, address: str) -> str:
    """The application's address with a name, as browsers make no passkeys for IP addresses."""
    named = address.replace("127.0.0.1", "localhost")
    workspace = app.state.workspace
    settings = workspace.settings.model_copy(update={"origin": named})
    app.state.workspace = replace(workspace, settings=settings)
    return named


def test_should_sign_in_with_a_passkey(browser: Browser, named: str, world: World) -> None:
    """Where two steps are required, too: the device has checked who holds it."""
    page = new_page(browser, base_url=named)
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    sign_in(page, world, "erin")
    page.goto("/security")
    passkeys = page.locator("section").filter(has=page.get_by_role("heading", name="Passkeys"))
    passkeys.get_by_label("Name").fill("Blue laptop")
    passkeys.get_by_label("Password").fill(world.password("erin"))
    passkeys.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name="Create passkey").click()
    expect(page.get_by_text("Passkey Blue laptop added.")).to_be_visible()
    with world.database.write() as session:
        rules = session.get(SignInRules, 1) or SignInRules()
        rules.two_step_roles = "marketer"
        session.add(rules)
    page.context.clear_cookies()
    page.goto("/sign-in?next=/security")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(passkeys).to_contain_text("last used")
    # The device does not know its holder.
    verified = {"authenticatorId": made["authenticatorId"], "isUserVerified": False}
    device.send("WebAuthn.setUserVerified", verified)
    page.context.clear_cookies()
    page.goto("/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was used")
    # A passkey that was removed is not taken.
    device.send("WebAuthn.setUserVerified", {**verified, "isUserVerified": True})
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    page.goto("/security")
    passkeys.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Passkey removed.")).to_be_visible()
    page.context.clear_cookies()
    page.goto("/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("This passkey was not accepted.")).to_be_visible()
    page.context.close()
