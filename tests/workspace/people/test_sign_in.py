"""Passwords, sign-in sessions, and how guessing is slowed down."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from tests.world import World
from workspace.clock import now
from workspace.database import Database
from workspace.errors import Invalid
from workspace.people import members
from workspace.people.sign_in import passwords, rules, sessions, throttling
from workspace.people.sign_in.tables import SignInAttempt, SignInSession
from workspace.people.tables import Member, Person, Role


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    for module in (sessions, throttling):
        monkeypatch.setattr(module, "now", lambda: moment)


def test_should_find_the_member_by_the_right_password(world: World) -> None:
    with world.database.read() as session:
        found = passwords.check_password(session, world.email("alice"), world.password("alice"))
        assert found is not None
        assert found.id == world.people["alice"]
        written = f" {world.email('alice').upper()} "
        assert passwords.check_password(session, written, world.password("alice")) is not None


def test_should_find_nobody_by_anything_else(world: World) -> None:
    with world.database.read() as session:
        for email, password in (
            (world.email("alice"), world.password("bob")),
            (world.email("alice"), ""),
            ("nobody@dealkin.example", world.password("alice")),
            ("", ""),
        ):
            assert passwords.check_password(session, email, password) is None


def test_should_refuse_a_member_without_a_password(database: Database) -> None:
    with database.write() as session:
        members.add_member(session, "Hana Horák", "Hana@dealkin.example", [Role.REP])
    with database.read() as session:
        assert passwords.check_password(session, "hana@dealkin.example", "") is None
        assert members.viewer_by_email(session, "hana@dealkin.example").roles == {Role.REP}


def test_should_refuse_a_short_password(world: World) -> None:
    with pytest.raises(Invalid) as refused, world.database.write() as session:
        passwords.set_password(session, world.people["alice"], "eleven char")
    assert set(refused.value.fields) == {"password"}


def test_should_make_random_passwords_that_are_long_enough() -> None:
    made = {passwords.random_password() for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) >= passwords.MINIMUM_PASSWORD


def test_should_recognise_a_session_without_storing_its_secret(world: World) -> None:
    with world.database.write() as session:
        token = sessions.open_session(session, world.people["dana"])
    with world.database.read() as session:
        assert sessions.viewer_of(session, token) == world.viewer("dana")
        assert sessions.viewer_of(session, token + "x") is None
        assert sessions.viewer_of(session, "") is None
        stored = session.exec(select(SignInSession)).one()
        assert token not in stored.token_hash


def test_should_end_only_this_session_on_signing_out(world: World) -> None:
    with world.database.write() as session:
        desk = sessions.open_session(session, world.people["alice"])
        phone = sessions.open_session(session, world.people["alice"])
    with world.database.write() as session:
        sessions.close_session(session, desk)
    with world.database.read() as session:
        assert sessions.viewer_of(session, desk) is None
        assert sessions.viewer_of(session, phone) is not None


def test_should_end_a_session_after_its_lifetime(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.database.write() as session:
        rules.set_rules(session, idle_minutes=24 * 60, lifetime_hours=10, by=None)
        token = sessions.open_session(session, world.people["alice"])
    start = now()
    with world.database.read() as session:
        at(monkeypatch, start + timedelta(hours=10, minutes=-1))
        assert sessions.viewer_of(session, token) is not None
        at(monkeypatch, start + timedelta(hours=10, minutes=1))
        assert sessions.viewer_of(session, token) is None


def test_should_sign_every_browser_out_with_a_new_password(world: World) -> None:
    with world.database.write() as session:
        alice = sessions.open_session(session, world.people["alice"])
        bob = sessions.open_session(session, world.people["bob"])
    with world.database.write() as session:
        passwords.set_password(session, world.people["alice"], "a new password")
    with world.database.read() as session:
        assert sessions.viewer_of(session, alice) is None
        assert sessions.viewer_of(session, bob) is not None
        email = world.email("alice")
        assert passwords.check_password(session, email, world.password("alice")) is None
        assert passwords.check_password(session, email, "a new password") is not None


def test_should_refuse_a_member_who_is_not_active_at_once(world: World) -> None:
    with world.database.write() as session:
        token = sessions.open_session(session, world.people["alice"])
    with world.database.write() as session:
        session.get_one(Member, world.people["alice"]).active = False
    with world.database.read() as session:
        assert sessions.viewer_of(session, token) is None
        found = passwords.check_password(session, world.email("alice"), world.password("alice"))
        assert found is None


def test_should_apply_changed_roles_to_open_sessions(world: World) -> None:
    with world.database.write() as session:
        token = sessions.open_session(session, world.people["dana"])
    with world.database.write() as session:
        members.set_roles(session, world.people["dana"], [Role.REP, Role.REP])
    with world.database.read() as session:
        viewer = sessions.viewer_of(session, token)
        assert viewer is not None
        assert viewer.roles == {Role.REP}


def test_should_lock_one_account_for_a_while_after_too_many_attempts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = world.email("alice"), world.email("bob")
    start = now()
    with world.database.write() as session:
        for _ in range(throttling.ATTEMPT_LIMIT):
            throttling.count_attempt(session, alice)
        assert throttling.attempts(session, alice) == throttling.ATTEMPT_LIMIT
        assert throttling.attempts(session, bob) == 0
    with world.database.write() as session:
        at(monkeypatch, start + throttling.ATTEMPT_WINDOW + timedelta(minutes=1))
        assert throttling.attempts(session, alice) == 0
        at(monkeypatch, start + throttling.KEPT + timedelta(minutes=1))
        throttling.count_attempt(session, alice)
        assert len(session.exec(select(SignInAttempt)).all()) == 1


def test_should_forget_earlier_attempts_after_a_success(world: World) -> None:
    alice = world.email("alice")
    with world.database.write() as session:
        for _ in range(5):
            last = throttling.count_attempt(session, alice, "192.0.2.7")
        throttling.forget_attempts(session, alice, last)
        assert throttling.attempts(session, alice) == 0
        assert throttling.attempts(session, "192.0.2.7") == 4


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password1234!",
        "iloveyou1234",
        "aliceadeyemi!",
        "Alice-Adeyemi-1",
        "a" * 40,
    ],
)
def test_should_refuse_a_password_that_is_common_or_the_name(world: World, password: str) -> None:
    with pytest.raises(Invalid) as refused, world.database.write() as session:
        passwords.set_password(session, world.people["alice"], password)
    assert "easy to guess" in refused.value.fields["password"]


def test_should_end_a_session_that_is_not_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = now()
    with world.database.write() as session:
        rules.set_rules(session, idle_minutes=30, lifetime_hours=8, by=None)
        token = sessions.open_session(session, world.people["alice"])
    with world.database.write() as session:
        at(monkeypatch, start + timedelta(minutes=20))
        sessions.note_use(session, token)
    with world.database.read() as session:
        at(monkeypatch, start + timedelta(minutes=45))
        assert sessions.viewer_of(session, token) is not None
        assert [row.is_this for row in sessions.sessions_of(session, 1, token)] == [True]
        at(monkeypatch, start + timedelta(minutes=51))
        assert sessions.viewer_of(session, token) is None
        assert sessions.sessions_of(session, 1, token) == []


def test_should_lock_out_the_guesser_and_not_the_member(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = world.email("alice")
    with world.database.write() as session:
        device = throttling.know_device(session, world.people["alice"], None)

    def tries(moment: datetime, email: str, device: str | None) -> int:
        at(monkeypatch, moment)
        count = 0
        with world.database.write() as session:
            guess = throttling.guess_of(session, email, f"192.0.2.{moment.minute}", device)
            while throttling.may_try(session, guess, 1) and count < 100:
                throttling.count_attempt(session, guess.subject)
                count += 1
        return count

    start = now()
    assert tries(start, alice, None) == 10
    # The delay grows: ten more after a quarter of an hour, and then none for hours.
    assert tries(start + timedelta(minutes=16), alice, None) == 10
    assert tries(start + timedelta(minutes=32), alice, None) == 0
    assert tries(start + timedelta(minutes=125), alice, None) == 10
    # The browser that the member has used before has tries of its own; for another account it is
    # a browser like any other.
    assert tries(start + timedelta(minutes=126), alice, device) == 10
    assert tries(start + timedelta(minutes=126), alice, device) == 0
    assert tries(start + timedelta(minutes=126), world.email("bob"), device) == 10
    with world.database.write() as session:
        throttling.unlock_member(session, session.get_one(Person, world.people["alice"]), by=None)
    assert tries(start + timedelta(minutes=127), alice, None) == 10
    assert tries(start + timedelta(minutes=127), alice, device) == 10
