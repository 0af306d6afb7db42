"""Passkeys by page: a password adds one, their member removes it, and a guess signs nobody in."""

from dataclasses import replace

import pytest
from litestar import Litestar

from tests.web.conftest import Visit
from tests.workspace.people.test_passkeys import Device, added
from tests.world import World

ORIGIN = "http://localhost"


@pytest.fixture(autouse=True)
def _named(app: Litestar) -> None:
    """An address with a name."""
    workspace = app.state.workspace
    settings = workspace.settings.model_copy(update={"origin": ORIGIN})
    app.state.workspace = replace(workspace, settings=settings)


def test_should_ask_for_the_password_before_a_passkey_is_made(visit: Visit, world: World) -> None:
    alice = visit("alice")
    wrong = alice.post("/security/passkeys", {"name": "Laptop", "passkey_password": "a guess"})
    assert wrong.status_code == 422
    assert "Wrong password." in wrong.text
    right = {"name": "Laptop", "passkey_password": world.password("alice")}
    page = alice.post("/security/passkeys", right).text
    assert "data-options=" in page
    assert alice.post("/security/passkeys/confirm", {"name": "Laptop"}).status_code == 422
    sent = {"name": "Laptop", "credential": "{}"}
    assert alice.post("/security/passkeys/confirm", sent).status_code == 422
    assert "Laptop" not in alice.get("/security").text


def test_should_remove_only_ones_own(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        added(session, world.people["alice"], Device())
    page = visit("alice").get("/security").text
    address = "/security/passkeys/" + page.split("/security/passkeys/")[1].split('"')[0]
    assert visit("bob").post(address).status_code == 404
    assert visit("alice").post(address).headers["location"] == "/security"


def test_should_tell_guesses_nothing(visit: Visit) -> None:
    stranger = visit(None)
    token = stranger.token_of("/sign-in")
    assert "Sign in with a passkey" in stranger.get("/sign-in").text
    asked = stranger.post("/sign-in/passkey/options", token=token)
    assert asked.status_code == 200
    assert asked.json()["rpId"] == "localhost"
    assert asked.json()["userVerification"] == "required"
    assert not asked.json().get("allowCredentials")
    refused = stranger.post("/sign-in/passkey", {"credential": "{}"}, token=token)
    assert refused.status_code == 422
    assert "This passkey was not accepted" in refused.text


def test_should_offer_none_where_browsers_make_none(visit: Visit, app: Litestar) -> None:
    workspace = app.state.workspace
    settings = workspace.settings.model_copy(update={"origin": "http://192.0.2.7"})
    app.state.workspace = replace(workspace, settings=settings)
    stranger = visit(None)
    token = stranger.token_of("/sign-in")
    assert "passkey" not in stranger.get("/sign-in").text
    assert stranger.post("/sign-in/passkey/options", token=token).status_code == 409
    assert "Passkeys" not in visit("alice").get("/security").text
