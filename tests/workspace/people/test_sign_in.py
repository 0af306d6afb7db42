"""Passwords, sign-in sessions, and how guessing is slowed down."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from tests.world import World
from workspace.clock import now
from workspace.database import Database
from workspace.errors import Invalid
from workspace.people import members, sign_in
from workspace.people.sign_in import SignInAttempt, SignInSession
from workspace.people.tables import Member, Role


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(sign_in, "now", lambda: moment)


def test_should_find_the_member_by_the_right_password(world: World) -> None:
    with world.database.read() as session:
        found = sign_in.check_password(session, world.email("alice"), world.password("alice"))
        assert found is not None
        assert found.id == world.people["alice"]
        written = f" {world.email('alice').upper()} "
        assert sign_in.check_password(session, written, world.password("alice")) is not None


def test_should_find_nobody_by_anything_else(world: World) -> None:
    with world.database.read() as session:
        for email, password in (
            (world.email("alice"), world.password("bob")),
            (world.email("alice"), ""),
            ("nobody@dealkin.example", world.password("alice")),
            ("", ""),
        ):
            assert sign_in.check_password(session, email, password) is None


def test_should_refuse_a_member_without_a_password(database: Database) -> None:
    with database.write() as session:
        members.add_member(session, "Hana Horák", "Hana@dealkin.example", [Role.REP])
    with database.read() as session:
        assert sign_in.check_password(session, "hana@dealkin.example", "") is None
        assert members.viewer_by_email(session, "hana@dealkin.example").roles == {Role.REP}


def test_should_refuse_a_short_password(world: World) -> None:
    with pytest.raises(Invalid) as refused, world.database.write() as session:
        sign_in.set_password(session, world.people["alice"], "eleven char")
    assert set(refused.value.fields) == {"password"}


def test_should_make_random_passwords_that_are_long_enough() -> None:
    made = {sign_in.random_password() for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) >= sign_in.MINIMUM_PASSWORD


def test_should_recognise_a_session_without_storing_its_secret(world: World) -> None:
    with world.database.write() as session:
        token = sign_in.open_session(session, world.people["dana"])
    with world.database.read() as session:
        assert sign_in.viewer_of(session, token) == world.viewer("dana")
        assert sign_in.viewer_of(session, token + "x") is None
        assert sign_in.viewer_of(session, "") is None
        stored = session.exec(select(SignInSession)).one()
        assert token not in stored.token_hash


def test_should_end_only_this_session_on_signing_out(world: World) -> None:
    with world.database.write() as session:
        desk = sign_in.open_session(session, world.people["alice"])
        phone = sign_in.open_session(session, world.people["alice"])
    with world.database.write() as session:
        sign_in.close_session(session, desk)
    with world.database.read() as session:
        assert sign_in.viewer_of(session, desk) is None
        assert sign_in.viewer_of(session, phone) is not None


def test_should_end_a_session_after_its_lifetime(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.database.write() as session:
        token = sign_in.open_session(session, world.people["alice"])
    start = now()
    with world.database.read() as session:
        at(monkeypatch, start + sign_in.SESSION_LIFETIME - timedelta(minutes=1))
        assert sign_in.viewer_of(session, token) is not None
        at(monkeypatch, start + sign_in.SESSION_LIFETIME + timedelta(minutes=1))
        assert sign_in.viewer_of(session, token) is None


def test_should_sign_every_browser_out_with_a_new_password(world: World) -> None:
    with world.database.write() as session:
        alice = sign_in.open_session(session, world.people["alice"])
        bob = sign_in.open_session(session, world.people["bob"])
    with world.database.write() as session:
        sign_in.set_password(session, world.people["alice"], "a new password")
    with world.database.read() as session:
        assert sign_in.viewer_of(session, alice) is None
        assert sign_in.viewer_of(session, bob) is not None
        email = world.email("alice")
        assert sign_in.check_password(session, email, world.password("alice")) is None
        assert sign_in.check_password(session, email, "a new password") is not None


def test_should_refuse_a_member_who_is_not_active_at_once(world: World) -> None:
    with world.database.write() as session:
        token = sign_in.open_session(session, world.people["alice"])
    with world.database.write() as session:
        session.get_one(Member, world.people["alice"]).active = False
    with world.database.read() as session:
        assert sign_in.viewer_of(session, token) is None
        found = sign_in.check_password(session, world.email("alice"), world.password("alice"))
        assert found is None


def test_should_apply_changed_roles_to_open_sessions(world: World) -> None:
    with world.database.write() as session:
        token = sign_in.open_session(session, world.people["dana"])
    with world.database.write() as session:
        members.set_roles(session, world.people["dana"], [Role.REP, Role.REP])
    with world.database.read() as session:
        viewer = sign_in.viewer_of(session, token)
        assert viewer is not None
        assert viewer.roles == {Role.REP}


def test_should_lock_one_account_for_a_while_after_too_many_attempts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.email("alice"), world.email("bob")
    start = now()
    with world.database.write() as session:
        for _ in range(sign_in.ATTEMPT_LIMIT):
            sign_in.count_attempt(session, alice)
        assert sign_in.attempts(session, alice) == sign_in.ATTEMPT_LIMIT
        assert sign_in.attempts(session, bob) == 0
    with world.database.write() as session:
        at(monkeypatch, start + sign_in.ATTEMPT_WINDOW + timedelta(minutes=1))
        assert sign_in.attempts(session, alice) == 0
        sign_in.count_attempt(session, alice)
        assert len(session.exec(select(SignInAttempt)).all()) == 1


def test_should_forget_earlier_attempts_after_a_success(world: World) -> None:
    alice = world.email("alice")
    with world.database.write() as session:
        for _ in range(5):
            last = sign_in.count_attempt(session, alice, "192.0.2.7")
        sign_in.forget_attempts(session, alice, last)
        assert sign_in.attempts(session, alice) == 0
        assert sign_in.attempts(session, "192.0.2.7") == 4
