"""Commands for API tokens and service accounts."""

import re

from tests.web.cli.conftest import Run
from tests.world import World
from workspace.people.api_tokens import Scope, known_token


def test_should_make_show_and_end_tokens(on_world: Run, world: World) -> None:
    made = on_world("tokens", "create", world.email("alice"), "Forecast sheet", "--scope", "write")
    secret = made.out.strip()
    listed = on_world("tokens", "list").out
    assert "Forecast sheet" in listed
    assert secret not in listed
    with world.database.read() as session:
        token = known_token(session, secret)
        assert token is not None
        assert (token.viewer, token.scopes) == (world.viewer("alice"), {Scope.WRITE})
    assert "is revoked" in on_world("tokens", "revoke", token.key).out
    assert "Forecast sheet" not in on_world("tokens", "list").out
    assert on_world("tokens", "revoke", token.key).code == 1


def test_should_make_tokens_of_service_accounts(on_world: Run, world: World) -> None:
    added = on_world("members", "add-service", "Data warehouse", "--role", "rep").out
    key = re.findall(r"Its key is ([\w-]+)\.", added)[0]
    secret = on_world("tokens", "create", key, "Nightly load").out.strip()
    with world.database.read() as session:
        token = known_token(session, secret)
        assert token is not None
        assert (token.viewer.name, token.scopes) == ("Data warehouse", {Scope.READ})
    assert on_world("tokens", "create", "nobody", "Nightly load").code == 1
    assert on_world("tokens", "create", key, "Load", "--scope", "everything").code == 2
