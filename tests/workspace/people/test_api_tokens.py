"""Tokens of other programs: what is stored of them, and when they end."""

from datetime import timedelta

import pytest
from sqlmodel import select

from tests.world import World
from workspace.audit import AuditEntry
from workspace.clock import now
from workspace.deals import leaving
from workspace.errors import Conflict, Invalid, NotFound
from workspace.people import api_tokens, invitations, members
from workspace.people.api_tokens import ApiToken, Scope
from workspace.people.sign_in import sessions
from workspace.people.tables import Role
from workspace.told import in_words


def make(world: World, name: str = "alice", days: int = 30) -> tuple[str, str]:
    """A token of a member: its key and its secret."""
    person_id = world.people[name]
    with world.database.write() as session:
        token, secret = api_tokens.create_token(
            session, person_id, "Forecast sheet", [Scope.WRITE, Scope.READ], days, by=person_id
        )
        return token.key, secret


def acts(world: World) -> list[str]:
    with world.database.read() as session:
        rows = session.exec(select(AuditEntry).order_by(AuditEntry.id))  # type: ignore[arg-type]
        return [row.action for row in rows if row.action.startswith("API token")]


def test_should_store_the_hash_of_a_secret_and_never_the_secret(world: World) -> None:
    key, secret = make(world)
    assert secret.startswith("dealkin_")
    with world.database.read() as session:
        row = session.exec(select(ApiToken)).one()
        assert secret not in str(row.model_dump())
        known = api_tokens.known_token(session, secret)
        assert known is not None
        assert (known.key, known.problem, known.is_due) == (key, {}, True)
        assert known.viewer == world.viewer("alice")
        assert known.scopes == {Scope.READ, Scope.WRITE}
        assert api_tokens.known_token(session, secret + "x") is None
    assert acts(world) == ["API token created"]


def test_should_note_the_last_use_once_an_hour(world: World) -> None:
    _, secret = make(world)
    with world.database.write() as session:
        known = api_tokens.known_token(session, secret)
        assert known is not None
        api_tokens.note_use(session, known.id)
        session.flush()
        again = api_tokens.known_token(session, secret)
        assert again is not None
        assert not again.is_due


def test_should_end_a_token_when_its_time_is_up(world: World) -> None:
    _, secret = make(world)
    with world.database.write() as session:
        row = session.exec(select(ApiToken)).one()
        row.expires_at = now() - timedelta(seconds=1)
        session.add(row)
        session.flush()
        known = api_tokens.known_token(session, secret)
        assert known is not None
        assert in_words(known.problem) == "This token has expired."
        assert api_tokens.tokens_of(session, world.people["alice"]) == []


def test_should_let_members_revoke_their_own_tokens_and_administrators_all(world: World) -> None:
    key, secret = make(world)
    other, _ = make(world)
    with world.database.write() as session, pytest.raises(NotFound):
        api_tokens.revoke_token(session, world.viewer("bob"), key)
    with world.database.write() as session:
        api_tokens.revoke_token(session, world.viewer("alice"), key)
        api_tokens.revoke_token(session, world.viewer("grace"), other)
    with world.database.write() as session:
        known = api_tokens.known_token(session, secret)
        assert known is not None
        assert in_words(known.problem) == "This token was revoked."
        with pytest.raises(NotFound):
            api_tokens.revoke_token(session, world.viewer("alice"), key)
    assert acts(world) == ["API token created"] * 2 + ["API token revoked"] * 2


def test_should_revoke_tokens_with_the_member(world: World) -> None:
    _, secret = make(world, "bob")
    with world.database.write() as session:
        leaving.deactivate(session, world.people["bob"], by=world.people["grace"])
        leaving.reactivate(session, world.people["bob"], by=world.people["grace"])
    with world.database.write() as session:
        known = api_tokens.known_token(session, secret)
        assert known is not None
        assert in_words(known.problem) == "This token was revoked."


def test_should_refuse_tokens_that_make_no_sense(world: World) -> None:
    alice = world.people["alice"]
    with world.database.write() as session:
        with pytest.raises(Invalid) as refused:
            api_tokens.create_token(session, alice, " ", [], 0, by=alice)
        assert set(refused.value.fields) == {"label", "scope", "days"}
        leaving.deactivate(session, alice, by=None)
        with pytest.raises(Conflict):
            api_tokens.create_token(session, alice, "Sheet", [Scope.READ], 30, by=alice)


def test_should_have_service_accounts_as_which_nobody_signs_in(world: World) -> None:
    with world.database.write() as session:
        service = api_tokens.add_service(session, "Data warehouse", [Role.REP])
        _, secret = api_tokens.create_token(
            session, service.id, "Nightly load", [Scope.READ], 90, by=world.people["grace"]
        )
        assert api_tokens.services(session) == [(service.key, "Data warehouse")]
        with pytest.raises(Conflict, match="service account"):
            invitations.renew_invitation(session, service.id, by=None)
        # An address does not make it a member who can sign in.
        service.email = "warehouse@dealkin.example"
        session.add(service)
        assert sessions.viewer_of(session, sessions.open_session(session, service.id)) is None
        known = api_tokens.known_token(session, secret)
        assert known is not None
        assert (known.viewer.name, known.viewer.roles) == ("Data warehouse", {Role.REP})
        assert members.viewer(session, service.id, service.name) == known.viewer
