"""Commands for members."""

import re

import pytest
import typer
from sqlmodel import select

from tests.web.cli.conftest import Run
from tests.world import World
from workspace.database import Database
from workspace.people import invitations, members
from workspace.people.sign_in import sessions, throttling
from workspace.people.tables import Member, MemberRole


def test_should_invite_by_a_link_that_is_printed_once(run: Run, opened: Database) -> None:
    made = run("members", "invite", "Ada Example", "ada@dealkin.example", "--role", "rep")
    token = re.findall(r"/join/([\w-]+)", made.out)[0]
    with opened.read() as session:
        person = invitations.invited(session, token)
        assert person is not None
        assert members.viewer(session, person.id, person.name).roles == {"rep"}
    newer = re.findall(r"/join/([\w-]+)", run("members", "link", "ada@dealkin.example").out)[0]
    with opened.read() as session:
        assert invitations.invited(session, token) is None
        assert invitations.invited(session, newer) is not None
    assert run("members", "link", "ada@dealkin.example", "--mail").code == 2
    assert token not in run("members", "list").out


def test_should_list_members_with_their_access(on_world: Run, world: World) -> None:
    on_world("members", "deactivate", world.email("charlie"), "--to", world.email("alice"), "--yes")
    lines = on_world("members", "list").out.splitlines()
    [charlie] = [line for line in lines if "Charlie Costa" in line]
    assert "deactivated" in charlie
    assert sum("active" in line for line in lines) == len(world.viewers) - 1


def test_should_show_the_work_before_it_is_handed_over(
    on_world: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no(question: str, *, abort: bool) -> None:
        assert question == "Deactivate Charlie Costa?"
        if abort:
            raise typer.Abort

    monkeypatch.setattr(typer, "confirm", no)
    shown = on_world("members", "deactivate", world.email("charlie"))
    assert shown.code == 1
    assert re.search(r"2\s+open deals: nobody", shown.out)
    with world.database.read() as session:
        assert session.get_one(Member, world.people["charlie"]).active


def test_should_hand_over_and_end_the_view_of_a_leaver(on_world: Run, world: World) -> None:
    done = on_world(
        "members", "deactivate", world.email("charlie"), "--to", world.email("alice"), "--yes"
    )
    assert (done.code, done.err) == (0, "")
    with world.database.read() as session:
        assert world.deal(session, "kestrel").owner_id == world.people["alice"]
    refused = on_world("similar", "hospital", "--as", world.email("charlie"))
    assert refused.code == 1
    assert "deactivated" in refused.err
    assert on_world("members", "reactivate", world.email("charlie")).code == 0
    assert on_world("similar", "hospital", "--as", world.email("charlie")).code == 0


def test_should_hand_over_without_ending_access(on_world: Run, world: World) -> None:
    to = ("--to", world.email("alice"), "--yes")
    assert on_world("members", "hand-over", world.email("charlie"), *to).code == 0
    with world.database.read() as session:
        assert session.get_one(Member, world.people["charlie"]).active
        assert world.deal(session, "kestrel").owner_id == world.people["alice"]


def test_should_set_roles_but_keep_the_last_administrator(on_world: Run, world: World) -> None:
    assert on_world("members", "roles", world.email("bob"), "--role", "manager").code == 0
    for refused in (
        on_world("members", "roles", world.email("grace")),
        on_world("members", "deactivate", world.email("grace"), "--yes"),
    ):
        assert refused.code == 1
        assert "last administrator" in refused.err
    with world.database.read() as session:
        roles = dict(session.exec(select(MemberRole.person_id, MemberRole.role)).all())
        assert roles[world.people["bob"]] == "manager"
        assert roles[world.people["grace"]] == "admin"


def test_should_unlock_and_sign_out(on_world: Run, world: World) -> None:
    bob = world.email("bob")
    with world.database.write() as session:
        token = sessions.open_session(session, world.people["bob"])
        for _ in range(throttling.ATTEMPT_LIMIT):
            throttling.count_attempt(session, throttling.account_subject(bob))
    assert on_world("members", "unlock", bob).code == 0
    assert on_world("members", "sign-out", bob).code == 0
    with world.database.read() as session:
        assert throttling.attempts(session, throttling.account_subject(bob)) == 0
        assert sessions.viewer_of(session, token) is None
