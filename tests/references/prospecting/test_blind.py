"""Blind search: what owners are told, what askers learn, and that the rest leaves no trace."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlmodel import Session, select

from references.network.address_books import Connection, remove_connection
from references.network.ties import TieState, Visibility
from references.prospecting import blind
from references.prospecting.tables import ConnectionMatch, NetworkSearch
from tests.references.prospecting.books import add_connection
from tests.world import World
from web.jobs import kinds_of
from web.workspace import Workspace
from workspace.audit import AuditEntry
from workspace.clock import now, today
from workspace.collaboration import digests
from workspace.delivery.outbox import OutboxMessage
from workspace.errors import Conflict, Forbidden, Invalid, NotFound
from workspace.jobs.running import run_next
from workspace.jobs.tables import Job, JobState
from workspace.people.tables import Member

QUESTION = "Head of data warehousing at a bank in Germany"
TITLE = "Head of data warehousing"


def ask(world: World, asker: str = "alice", text: str = QUESTION) -> str:
    with world.database.write() as session:
        return blind.ask_books(session, world.viewer(asker), text, "For a first talk").key


def run_job(world: World, workspace: Workspace) -> None:
    """Run the job as if its time had come."""
    with world.database.write() as session:
        for job in session.exec(select(Job).where(Job.state == JobState.WAITING)):
            job.due_at = now() - timedelta(minutes=1)
            session.add(job)
    while run_next(world.database, kinds_of(workspace), threading.Event()):
        pass


def matches(world: World, owner: str) -> list[str]:
    with world.database.read() as session:
        found = blind.matched_searches(session, world.viewer(owner))
        return [match.name for search in found for match in search.matches]


def key_of(world: World, owner: str) -> str:
    with world.database.read() as session:
        return blind.matched_searches(session, world.viewer(owner))[0].matches[0].key


def entry(
    world: World,
    owner: str,
    name: str,
    company: str = "Lumen Bank",
    title: str = TITLE,
    visibility: Visibility = Visibility.PRIVATE,
) -> Connection:
    with world.database.write() as session:
        return add_connection(session, world, owner, name, company, title, visibility)


def test_should_tell_owners_alone_whom_they_could_offer(world: World, workspace: Workspace) -> None:
    entry(world, "bob", "Private")
    entry(world, "bob", "Ask Me", visibility=Visibility.ASK)
    entry(world, "bob", "Shared", visibility=Visibility.EVERYONE)
    entry(world, "charlie", "Elsewhere", "Banco Ribera")
    entry(world, "charlie", "Unknown Employer", "Acme")
    entry(world, "alice", "Own")
    entry(world, "frank", "Of A Reader")
    ask(world)
    assert matches(world, "bob") == []
    run_job(world, workspace)
    assert set(matches(world, "bob")) == {"Private", "Ask Me"}
    for name in ("alice", "charlie", "dana", "frank", "grace"):
        assert matches(world, name) == [], name


def test_should_tell_the_asker_only_of_a_yes(world: World, workspace: Workspace) -> None:
    entry(world, "bob", "Yes")
    entry(world, "charlie", "No")
    ask(world)
    run_job(world, workspace)
    with world.database.write() as session:
        blind.decline(session, world.viewer("charlie"), key_of(world, "charlie"))
        blind.offer(session, world.viewer("bob"), key_of(world, "bob"), "Say hello from me")
    with world.database.read() as session:
        (search,) = blind.own_searches(session, world.viewer("alice"))
        (offer,) = search.offers
        assert (offer.name, offer.owner, offer.note) == ("Yes", "Bob Brandt", "Say hello from me")
        actions = list(session.exec(select(AuditEntry.action)))
    assert "connection offered" in actions
    assert not any("declined" in action for action in actions)
    # What was answered with a yes is done; a no can still become a yes.
    assert matches(world, "bob") == []
    with world.database.write() as session:
        blind.offer(session, world.viewer("charlie"), key_of(world, "charlie"), "")
    with world.database.read() as session:
        (search,) = blind.own_searches(session, world.viewer("alice"))
        assert {offer.name for offer in search.offers} == {"Yes", "No"}


def test_should_let_only_the_owner_answer(world: World, workspace: Workspace) -> None:
    entry(world, "bob", "Private")
    ask(world)
    run_job(world, workspace)
    key = key_of(world, "bob")
    for act in (
        lambda session, viewer: blind.offer(session, viewer, key, ""),
        lambda session, viewer: blind.decline(session, viewer, key),
    ):
        for name in ("alice", "charlie", "grace"):
            with pytest.raises(NotFound), world.database.write() as session:
                act(session, world.viewer(name))


def test_should_end_with_a_withdrawal_and_with_its_days(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry(world, "bob", "Private")
    key = ask(world)
    with pytest.raises(NotFound), world.database.write() as session:
        blind.withdraw(session, world.viewer("bob"), key)
    run_job(world, workspace)
    late = today() + timedelta(days=blind.OPEN_DAYS + 1)
    with monkeypatch.context() as patch:
        patch.setattr(blind, "today", lambda: late)
        assert matches(world, "bob") == []
    assert matches(world, "bob") == ["Private"]
    match = key_of(world, "bob")
    with world.database.write() as session:
        blind.withdraw(session, world.viewer("alice"), key)
    assert matches(world, "bob") == []
    with pytest.raises(NotFound), world.database.write() as session:
        blind.offer(session, world.viewer("bob"), match, "")


def test_should_go_with_the_connection_and_with_a_leaver(
    world: World, workspace: Workspace
) -> None:
    row = entry(world, "bob", "Private")
    entry(world, "charlie", "Of A Leaver")
    ask(world)
    with world.database.write() as session:
        member = session.get_one(Member, world.people["charlie"])
        member.active = False
        session.add(member)
    run_job(world, workspace)
    with world.database.write() as session:
        owners = list(session.exec(select(ConnectionMatch.owner_id)))
        assert owners == [world.people["bob"]]
        remove_connection(session, session.get_one(Connection, row.id), None)
    assert matches(world, "bob") == []


@pytest.mark.parametrize(("text", "error"), [("a bank in Poland", Invalid), ("anyone", Invalid)])
def test_should_ask_about_few(world: World, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        ask(world, text=text)


def test_should_ask_once_and_as_a_writer(world: World) -> None:
    ask(world)
    with pytest.raises(Conflict):
        ask(world, text=QUESTION.upper())
    with pytest.raises(Forbidden):
        ask(world, "frank")


def test_should_search_once_a_day_for_all(world: World, workspace: Workspace) -> None:
    entry(world, "bob", "Private")
    ask(world)
    ask(world, "dana")
    with world.database.read() as session:
        (job,) = session.exec(select(Job)).all()
        assert (job.by_id, job.parameters) == (None, {})
        assert timedelta(0) < job.due_at - now() <= timedelta(days=1)
    run_job(world, workspace)
    assert matches(world, "bob") == ["Private", "Private"]
    with world.database.read() as session:
        (job,) = session.exec(select(Job)).all()
        assert (job.state, job.result, job.total) == (JobState.DONE, {}, 0)
    # A search that comes after the job was taken is not forgotten.
    ask(world, "charlie")
    run_job(world, workspace)
    with world.database.read() as session:
        assert len(session.exec(select(NetworkSearch)).all()) == 3
    assert len(matches(world, "bob")) == 3


def test_should_tell_an_owner_once_a_day_by_mail(world: World, workspace: Workspace) -> None:
    for number in range(2):
        entry(world, "bob", f"Private {number}")
    ask(world)
    run_job(world, workspace)

    def mails(day: int) -> list[str]:
        moment = datetime.combine(today() + timedelta(days=day), time(9), UTC)
        digests.queue_due(world.database, "https://d.example", moment, [blind.digest_lines])
        with world.database.read() as session:
            return [
                mail.body
                for mail in session.exec(select(OutboxMessage))
                if "Only you know" in mail.body
            ]

    (mail,) = mails(0)
    assert f"2 of your connections fit a search of Alice Adeyemi: {QUESTION}" in mail
    assert "Private" not in mail
    assert len(mails(1)) == 1


def test_should_leave_no_trace_of_private_ties_in_the_log_of_ties(
    world: World, workspace: Workspace
) -> None:
    def generation(act: Callable[[Session], object]) -> int:
        with world.database.write() as session:
            act(session)
        with world.database.read() as session:
            return session.exec(select(TieState.generation)).one()

    before = generation(lambda session: None)
    private = generation(
        lambda session: add_connection(
            session, world, "bob", "Jonas Havelka", "Havel Clinics", "Head of data"
        )
    )
    assert private == before


def test_should_search_each_book_to_its_end(world: World, workspace: Workspace) -> None:
    with world.database.write() as session:
        for number in range(15):
            add_connection(session, world, "bob", f"Early {number}", "Lumen Bank", TITLE)
        for number in range(15):
            add_connection(session, world, "charlie", f"Wrong {number}", "Banco Ribera", TITLE)
        add_connection(session, world, "charlie", "Last", "Lumen Bank", TITLE)
    ask(world)
    run_job(world, workspace)
    # Bob's many take nothing from what Charlie is told.
    assert len(matches(world, "bob")) == blind.MOST_MATCHES
    assert matches(world, "charlie") == ["Last"]
