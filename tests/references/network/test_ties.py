"""What a tie is worth, and who may know of it and change it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from references.network.ties import (
    HALF_LIFE,
    STRONGEST,
    Tie,
    TieKind,
    Visibility,
    assert_tie,
    colleague_may_know,
    combined,
    last_contact,
    own_tie,
    remove_tie,
    set_visibility,
    strength,
    ties_of,
    visible,
)
from tests.references.telling import tell_tie
from tests.world import World
from workspace.errors import DealkinError, Forbidden, Invalid, NotFound
from workspace.people.tables import Member

DAY = date(2026, 6, 1)
worths = st.floats(0.0, 1.0)


@given(st.sampled_from(TieKind), worths, st.integers(0, 20_000))
def test_should_halve_the_strength_with_each_half_life(
    kind: TieKind, base: float, days: int
) -> None:
    now = strength(kind, base, None, DAY)
    then = strength(kind, base, DAY - timedelta(days=days), DAY)
    assert 0.0 <= then <= now <= STRONGEST
    half = timedelta(days=round(HALF_LIFE[kind] * 365.25))
    later = strength(kind, base * 0.9, DAY - half, DAY)
    assert later == pytest.approx(base * 0.45, rel=1e-3)


@given(st.lists(worths, min_size=1, max_size=6), worths)
def test_should_combine_ties_without_reaching_certainty(some: list[float], more: float) -> None:
    tiny = 1e-9
    alone, together = combined(some), combined([*some, more])
    assert min(STRONGEST, max(some)) - tiny <= alone <= together + tiny
    assert together <= STRONGEST
    assert combined(some) == pytest.approx(combined(some[::-1]))


def test_should_keep_the_strength_while_contact_lasts() -> None:
    said = datetime(2020, 1, 1, tzinfo=UTC)
    assert last_contact(TieKind.COLLEAGUES, date(2010, 1, 1), None, said) is None
    assert last_contact(TieKind.WORKED, None, date(2012, 1, 1), said) == date(2012, 1, 1)
    assert last_contact(TieKind.CONNECTED, date(2015, 1, 1), None, said) == date(2015, 1, 1)
    assert last_contact(TieKind.KNOWS, None, None, said) == date(2020, 1, 1)


def add(session: Session, world: World, owner: str, visibility: str) -> Tie:
    return tell_tie(session, world, owner, "jonas", visibility=visibility)


def seen_by(session: Session, world: World, name: str) -> set[int]:
    viewer = world.viewer(name)
    return set(session.exec(select(Tie.id).where(visible(session, viewer), Tie.origin == "")))


@pytest.mark.parametrize("visibility", ["private", "ask"])
def test_should_show_a_private_tie_to_its_owner_only(world: World, visibility: str) -> None:
    with world.database.write() as session:
        tie = add(session, world, "alice", visibility)
        assert seen_by(session, world, "alice") == {tie.id}
        for other in ("bob", "charlie", "dana", "erin", "frank", "grace"):
            assert seen_by(session, world, other) == set()
            assert all(row.id != tie.id for row in _rows(session, world, other))


def _rows(session: Session, world: World, name: str) -> list:
    return ties_of(session, world.viewer(name), world.people["jonas"])


def test_should_count_manager_peers_and_reports_as_team(world: World) -> None:
    with world.database.write() as session:
        for name, manager in (("alice", "dana"), ("bob", "dana"), ("charlie", "grace")):
            row = session.exec(select(Member).where(Member.person_id == world.people[name])).one()
            row.manager_id = world.people[manager]
        alices = add(session, world, "alice", "team")
        danas = add(session, world, "dana", "team")
    with world.database.read() as session:
        assert seen_by(session, world, "bob") == {alices.id, danas.id}
        assert seen_by(session, world, "dana") == {alices.id, danas.id}
        assert seen_by(session, world, "charlie") == set()
        assert seen_by(session, world, "grace") == set()


def test_should_tell_others_only_that_a_colleague_may_be_asked(world: World) -> None:
    jonas = [world.people["jonas"]]
    with world.database.write() as session:
        tie = add(session, world, "alice", "private")
        assert not colleague_may_know(session, world.viewer("charlie"), jonas)
        set_visibility(session, tie, Visibility.ASK, world.people["alice"])
        assert colleague_may_know(session, world.viewer("charlie"), jonas)
        assert not colleague_may_know(session, world.viewer("alice"), jonas)
        assert not colleague_may_know(session, world.viewer("charlie"), [world.people["ines"]])
        assert not colleague_may_know(session, world.viewer("frank"), jonas)


def test_should_let_owners_change_their_ties_and_administrators_public_ones(world: World) -> None:
    with world.database.write() as session:
        private = add(session, world, "alice", "private")
        public = add(session, world, "bob", "everyone")
        assert own_tie(session, world.viewer("alice"), private.id) is private
        assert own_tie(session, world.viewer("grace"), public.id) is public
        refused: list[tuple[str, Tie, type[DealkinError]]] = [
            ("grace", private, NotFound),
            ("charlie", private, NotFound),
            ("charlie", public, Forbidden),
            ("frank", public, Forbidden),
        ]
        for name, tie, error in refused:
            with pytest.raises(error):
                own_tie(session, world.viewer(name), tie.id)
        remove_tie(session, private, world.people["alice"])
        session.flush()
        assert seen_by(session, world, "alice") == {public.id}


def test_should_update_a_tie_that_is_asserted_again(world: World) -> None:
    with world.database.write() as session:
        first = add(session, world, "alice", "private")
        again, new = assert_tie(
            session,
            world.people["jonas"],
            world.people["alice"],
            TieKind.CONNECTED,
            evidence="Met in Lyon",
            asserted_by_id=world.people["alice"],
            visibility="everyone",
        )
        assert (again.id, new) == (first.id, False)
        assert (again.evidence, again.visibility) == ("Met in Lyon", "everyone")
        assert again.one_id < again.other_id


def test_should_refuse_a_tie_to_oneself_and_an_end_before_the_start(world: World) -> None:
    alice, jonas = world.people["alice"], world.people["jonas"]
    with world.database.write() as session:
        with pytest.raises(Invalid):
            assert_tie(session, alice, alice, TieKind.KNOWS, asserted_by_id=alice)
        with pytest.raises(Invalid):
            assert_tie(
                session, alice, jonas, TieKind.KNOWS, asserted_by_id=alice,
                start=date(2020, 1, 2), end=date(2020, 1, 1),
            )  # fmt: skip
