"""S13, invitations: links that set a password once, and end with their time or their member."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from tests.threads import at_the_same_time
from tests.world import World
from workspace.audit import AuditEntry
from workspace.clock import now
from workspace.deals import leaving
from workspace.delivery.outbox import OutboxMessage
from workspace.errors import Conflict, Invalid
from workspace.people import invitations, members
from workspace.people.sign_in import passwords, sessions, throttling
from workspace.people.sign_in.tables import MemberInvitation, SignInSession
from workspace.people.tables import Person, Role

PASSWORD = "a long enough password"


def hired(world: World) -> tuple[int, str]:
    """A new member with their invitation's secret."""
    with world.database.write() as session:
        person, token = invitations.invite(
            session, "Hana Horák", "hana@dealkin.example", [Role.REP], by=world.people["grace"]
        )
        return person.id, token


def accept(world: World, token: str, password: str = PASSWORD) -> Person | None:
    hashed = passwords.hash_password(password)
    with world.database.write() as session:
        return invitations.accept_invitation(session, token, hashed)


def test_s13_should_set_the_password_once(world: World) -> None:
    person_id, token = hired(world)
    accepted = accept(world, token)
    assert accepted is not None
    assert accepted.id == person_id
    assert accept(world, token, "another long password") is None
    with world.database.read() as session:
        assert passwords.check_password(session, "hana@dealkin.example", PASSWORD)
        acts = select(AuditEntry.action).where(AuditEntry.subject == f"person {person_id}")
        assert set(session.exec(acts)) == {"member added", "member invited", "invitation used"}


def test_s13_should_store_only_the_hash_of_the_secret(world: World) -> None:
    _, token = hired(world)
    with world.database.read() as session:
        [row] = session.exec(select(MemberInvitation)).all()
        assert token not in row.model_dump_json()
        logged = [entry.model_dump_json() for entry in session.exec(select(AuditEntry))]
        assert not any(token in entry for entry in logged)


def test_s13_should_end_with_its_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, token = hired(world)
    later = now() + invitations.INVITATION_LIFETIME + timedelta(seconds=1)
    monkeypatch.setattr(invitations, "now", lambda: later)
    assert accept(world, token) is None


def test_s13_should_end_with_a_newer_invitation(world: World) -> None:
    person_id, token = hired(world)
    with world.database.write() as session:
        newer = invitations.renew_invitation(session, person_id, by=None)
    assert accept(world, token) is None
    assert accept(world, newer) is not None


def test_s13_should_end_with_the_members_access(world: World) -> None:
    person_id, token = hired(world)
    with world.database.write() as session:
        leaving.deactivate(session, person_id, by=None)
    assert accept(world, token) is None
    with pytest.raises(Conflict), world.database.write() as session:
        invitations.renew_invitation(session, person_id, by=None)
    with world.database.write() as session:
        leaving.reactivate(session, person_id, by=None)
    assert accept(world, token) is None


def test_should_sign_other_browsers_out_and_unlock(world: World) -> None:
    bob = world.people["bob"]
    with world.database.write() as session:
        sessions.open_session(session, bob)
        account = throttling.account_subject(world.email("bob"))
        for _ in range(throttling.ATTEMPT_LIMIT):
            throttling.count_attempt(session, account)
        token = invitations.renew_invitation(session, bob, by=None)
    assert accept(world, token) is not None
    with world.database.read() as session:
        assert not session.exec(select(SignInSession)).all()
        assert throttling.attempts(session, account) == 0


def test_s13_should_let_one_of_two_uses_win(world: World) -> None:
    _, token = hired(world)
    hashed = passwords.hash_password(PASSWORD)
    outcomes: list[bool] = []

    def use() -> None:
        with world.database.write() as session:
            outcomes.append(invitations.accept_invitation(session, token, hashed) is not None)

    assert not at_the_same_time(use, use)
    assert sorted(outcomes) == [False, True]


def test_s13_should_mail_the_newest_link_alone(world: World) -> None:
    person_id, token = hired(world)
    with world.database.write() as session:
        invitations.mail_invitation(session, person_id, f"https://x.example/join/{token}")
        invitations.mail_invitation(session, person_id, "https://x.example/join/newer")
    with world.database.read() as session:
        query = select(OutboxMessage).order_by(col(OutboxMessage.id))
        old, new = session.exec(query).all()
        assert old.dropped_at is not None
        assert new.dropped_at is None
        assert new.recipient == "hana@dealkin.example"
        assert "/join/newer" in new.body


def test_should_invite_nobody_without_an_address(world: World) -> None:
    with world.database.write() as session:
        person = members.add_member(session, "Ivo", None, [])
    with pytest.raises(Invalid), world.database.write() as session:
        invitations.renew_invitation(session, person.id, by=None)
