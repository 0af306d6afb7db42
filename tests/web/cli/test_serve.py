"""Commands that serve a workspace."""

import socket
from dataclasses import replace
from ipaddress import ip_address

import pytest
from sqlmodel import select

from tests.web.cli.conftest import Run
from web.cli import serve
from web.workspace import Workspace
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.deals.tables import Deal
from workspace.people.sign_in import passwords


def test_should_load_the_demo_into_an_empty_workspace_only(run: Run, opened: Database) -> None:
    with opened.write() as session:
        lifecycle.log(session, "Ours", None, None)
    refused = run("demo")
    assert refused.code == 1
    assert "DEALKIN_HOME" in refused.err
    with opened.read() as session:
        assert len(session.exec(select(Deal)).all()) == 1


@pytest.mark.slow
def test_should_print_the_demos_passwords_once(
    run: Run, opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "_serve", lambda *_: None)
    monkeypatch.setattr(serve, "_end", lambda: None)
    monkeypatch.setattr(serve, "_listen", lambda *_: socket.socket())
    first, second = run("demo").out, run("demo").out
    assert "@" in first
    assert "@" not in second
    line = next(line for line in first.splitlines() if "@" in line and "admin" in line)
    email = next(word for word in line.split() if "@" in word)
    password = line.split(email)[1].split()[0]
    with opened.read() as session:
        assert passwords.check_password(session, email, password) is not None


def test_should_say_that_a_port_is_taken(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        outcome = run("serve", "--port", taken.getsockname()[1])
    assert outcome.code == 1
    assert "--port" in outcome.err


ALL = str(ip_address(0))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_should_warn_of_nothing_that_only_this_machine_reaches(
    workspace: Workspace, host: str
) -> None:
    assert serve.is_local(host)
    assert serve.network_warning(host, workspace) == ""


@pytest.mark.parametrize("host", [ALL, "::", "192.0.2.7", "deals.example"])
def test_should_say_what_follows_from_serving_a_network_without_an_origin(
    workspace: Workspace, host: str
) -> None:
    warning = serve.network_warning(host, workspace)
    for said in ("DEALKIN_ORIGIN", "unencrypted", workspace.address):
        assert said in warning
    settings = workspace.settings.model_copy(update={"origin": "https://deals.example.com"})
    assert serve.network_warning(host, replace(workspace, settings=settings)) == ""
