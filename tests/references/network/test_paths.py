"""The graph in step with the database, and what each viewer gets of it."""

import threading

import pytest
from sqlmodel import Session, delete, select

from references.network import paths as module
from references.network.paths import KnownPath, Network
from references.network.ties import (
    Tie,
    TieChange,
    TieGeneration,
    TieKind,
    Visibility,
    set_visibility,
)
from tests.references.telling import tell_tie
from tests.threads import wait_for
from tests.world import World
from workspace.accounts.accounts import Relationship
from workspace.keys import plain
from workspace.people import people as contacts
from workspace.people.viewer import PLAIN_VIEW


def knows(
    session: Session, world: World, one: str, other: str, owner: str, visibility: str = "everyone"
) -> Tie:
    evidence = f"{one} and {other}"
    return tell_tie(
        session,
        world,
        one,
        other,
        TieKind.KNOWS,
        owner=owner,
        evidence=evidence,
        visibility=visibility,
    )


def names(paths: list[KnownPath]) -> list[list[str]]:
    return [[plain(step.name).split()[0] for step in path.people] for path in paths]


def from_alice_to_ines(world: World, network: Network) -> KnownPath:
    """The only path between the two that Charlie sees."""
    two = [world.people["alice"]], [world.people["ines"]]
    with world.database.read() as session:
        (path,) = network.paths(session, world.viewer("charlie"), *two)
    return path


def add_contact(world: World, name: str, account: str) -> None:
    with world.database.write() as session:
        person = contacts.add_contact(
            session, name.title(), None, account_id=world.account(session, account).id
        )
    world.people[name] = person.id


def found(world: World, network: Network, viewer: str, source: str, target: str) -> list[list[str]]:
    with world.database.read() as session:
        return names(
            network.paths(
                session, world.viewer(viewer), [world.people[source]], [world.people[target]]
            )
        )


def test_should_show_the_people_and_the_evidence_of_a_path(world: World, network: Network) -> None:
    add_contact(world, "kim", "lumen")
    with world.database.write() as session:
        knows(session, world, "alice", "kim", "alice")
        knows(session, world, "kim", "ines", "erin")
    path = from_alice_to_ines(world, network)
    assert names([path]) == [["alice", "kim", "ines"]]
    assert [tie.evidence for link in path.evidence for tie in link] == [
        "alice and kim",
        "kim and ines",
    ]
    assert path.people[1].account == "Lumen Bank"
    assert [step.member for step in path.people] == [True, False, False]
    assert path.strength == pytest.approx(0.25)
    assert path.band == "strong"


def test_should_combine_several_ties_of_a_pair(world: World, network: Network) -> None:
    with world.database.write() as session:
        knows(session, world, "alice", "ines", "alice")
        knows(session, world, "alice", "ines", "bob")
    path = from_alice_to_ines(world, network)
    assert len(path.evidence[0]) == 2
    assert path.strength == pytest.approx(0.75)


@pytest.mark.parametrize("visibility", ["private", "ask", "team"])
def test_should_show_a_path_over_a_private_tie_to_its_owner_only(
    world: World, network: Network, visibility: str
) -> None:
    with world.database.write() as session:
        knows(session, world, "alice", "jonas", "alice", visibility)
    assert found(world, network, "alice", "alice", "jonas") == [["alice", "jonas"]]
    for other in ("bob", "charlie", "dana", "erin", "frank", "grace"):
        assert found(world, network, other, "alice", "jonas") == []
    with world.database.read() as session:
        assert (
            network.paths(session, PLAIN_VIEW, [world.people["alice"]], [world.people["jonas"]])
            == []
        )
        for viewer in ("charlie", "grace"):
            reach = network.reach(session, world.viewer(viewer), [world.people["jonas"]])
            assert all("alice" not in path for path in names(reach.from_us))
            assert reach.may_be_asked == (visibility == "ask")


def test_should_add_nothing_for_others_by_a_private_tie_beside_a_public_one(
    world: World, network: Network
) -> None:
    with world.database.write() as session:
        knows(session, world, "alice", "ines", "bob")

    def strengths(viewer: str) -> tuple[list[float], int]:
        with world.database.read() as session:
            (path,) = network.paths(
                session, world.viewer(viewer), [world.people["alice"]], [world.people["ines"]]
            )
        return [path.strength], len(path.evidence[0])

    before = strengths("charlie")
    with world.database.write() as session:
        knows(session, world, "alice", "ines", "alice", "private")
    assert strengths("charlie") == before
    assert strengths("alice") == ([pytest.approx(0.75)], 2)


def test_should_follow_a_change_with_the_next_question(world: World, network: Network) -> None:
    assert found(world, network, "charlie", "alice", "jonas") == []
    with world.database.write() as session:
        tie = knows(session, world, "alice", "jonas", "alice")
    assert found(world, network, "charlie", "alice", "jonas") == [["alice", "jonas"]]
    with world.database.write() as session:
        set_visibility(session, session.get_one(Tie, tie.id), Visibility.PRIVATE, None)
    assert found(world, network, "charlie", "alice", "jonas") == []
    with world.database.write() as session:
        set_visibility(session, session.get_one(Tie, tie.id), Visibility.EVERYONE, None)
    assert found(world, network, "charlie", "alice", "jonas") == [["alice", "jonas"]]
    with world.database.write() as session:
        session.delete(session.get_one(Tie, tie.id))
    assert found(world, network, "charlie", "alice", "jonas") == []


def test_should_see_what_another_process_committed(world: World, network: Network) -> None:
    other = Network(world.database)
    assert found(world, other, "charlie", "alice", "jonas") == []
    with world.database.write() as session:
        knows(session, world, "alice", "jonas", "alice")
    assert found(world, other, "charlie", "alice", "jonas") == [["alice", "jonas"]]


def test_should_ignore_what_is_rolled_back(world: World, network: Network) -> None:
    def fail() -> None:
        with world.database.write() as session:
            knows(session, world, "alice", "jonas", "alice")
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert found(world, network, "charlie", "alice", "jonas") == []


def test_should_reload_a_restored_database(world: World, network: Network) -> None:
    with world.database.write() as session:
        knows(session, world, "alice", "jonas", "alice")
    assert found(world, network, "charlie", "alice", "jonas") == [["alice", "jonas"]]
    with world.database.write() as session:
        # As if the same numbers had been given out again, in another past.
        last = session.exec(
            select(TieGeneration).order_by(TieGeneration.number.desc()).limit(1)  # type: ignore[attr-defined]
        ).one()
        last.token = "another"
        session.exec(delete(TieChange))
        session.connection().execute(delete(Tie).where(Tie.origin == ""))
    assert found(world, network, "charlie", "alice", "jonas") == []


def test_should_reload_after_sweeping_changes(
    world: World, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(world, network, "charlie", "alice", "jonas") == []
    monkeypatch.setattr(module, "MOST_CHANGES", 1)
    with world.database.write() as session:
        knows(session, world, "alice", "jonas", "alice")
        knows(session, world, "bob", "jonas", "alice")
    with world.database.read() as session:
        last = session.exec(select(TieGeneration).where(TieGeneration.sweeping)).one()
        assert not session.exec(select(TieChange).where(TieChange.generation == last.number)).all()
    assert found(world, network, "charlie", "alice", "jonas") == [["alice", "jonas"]]


def test_should_answer_an_older_session_from_the_newer_graph(
    world: World, network: Network
) -> None:
    with world.database.read() as older:
        older.exec(select(TieGeneration)).all()
        with world.database.write() as session:
            knows(session, world, "alice", "jonas", "alice")
        assert found(world, network, "charlie", "alice", "jonas") == [["alice", "jonas"]]
        graph = network.graph(older)
        # The database's own word of that moment: the tie is not there yet.
        assert (
            network.paths(
                older, world.viewer("charlie"), [world.people["alice"]], [world.people["jonas"]]
            )
            == []
        )
        with world.database.read() as newer:
            assert network.graph(newer) is graph


def test_should_lead_no_path_over_a_competitor(world: World, network: Network) -> None:
    add_contact(world, "rival", "fjord")
    with world.database.write() as session:
        knows(session, world, "alice", "rival", "alice")
        knows(session, world, "rival", "jonas", "alice")
    assert found(world, network, "charlie", "alice", "jonas") == [["alice", "rival", "jonas"]]
    with world.database.write() as session:
        world.account(session, "fjord").relationship = Relationship.COMPETITOR
    assert found(world, network, "charlie", "alice", "jonas") == []


def test_should_reach_others_from_customers_without_members(world: World, network: Network) -> None:
    add_contact(world, "kim", "lumen")
    with world.database.write() as session:
        knows(session, world, "kim", "alice", "alice")
        knows(session, world, "alice", "ines", "alice")
        knows(session, world, "jonas", "ines", "alice")
    with world.database.read() as session:
        reach = network.reach(session, world.viewer("charlie"), [world.people["ines"]])
    assert ["alice", "ines"] in names(reach.from_us)
    # Kim's path leads over us; Jonas is a customer who knows her.
    assert ["jonas", "ines"] in names(reach.from_customers)
    assert all("kim" not in path for path in names(reach.from_customers))


def test_should_agree_after_concurrent_writes_and_reads(world: World, network: Network) -> None:
    people = []
    for n in range(8):
        add_contact(world, f"p{n}", "lumen" if n % 2 else "orlik")
        people.append(f"p{n}")
    problems: list[BaseException] = []

    def write(part: list[str]) -> None:
        try:
            for name in part:
                with world.database.write() as session:
                    knows(session, world, "alice", name, "alice")
                found(world, network, "charlie", "alice", name)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=write, args=(people[n::2],), daemon=True) for n in range(2)]
    for thread in threads:
        thread.start()
    wait_for(*threads)
    assert not problems
    for name in people:
        assert ["alice", name] in found(world, network, "charlie", "alice", name)
