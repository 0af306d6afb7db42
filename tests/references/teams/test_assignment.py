"""Staffing: the proposed team is the best there is, and says why."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from references.teams.assignment import (
    CANDIDATES,
    LEAST_EVIDENCE,
    Candidate,
    Opening,
    Placement,
    propose,
)


def fit(person: int, worth: float) -> Candidate:
    return Candidate(person, worth, worth)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Opening], dict[int, list[Candidate]], dict[int, int]]:
    people = range(100, 100 + draw(st.integers(1, 4)))
    openings = []
    for number in range(draw(st.integers(1, 4))):
        locked = draw(st.none() | st.sampled_from(people)) if draw(st.booleans()) else None
        openings.append(Opening(number, draw(st.integers(1, 2)), "consultant", locked))
    seen = set()
    openings = [
        each
        for each in openings
        if each.locked is None
        or ((each.deal_id, each.locked) not in seen and not seen.add((each.deal_id, each.locked)))
    ]
    worths = st.integers(0, 20).map(lambda n: n / 20)
    fits = {
        each.id: [fit(person, draw(worths)) for person in people if draw(st.booleans())]
        for each in openings
    }
    capacities = {person: draw(st.integers(0, 3)) for person in people}
    return openings, fits, capacities


def total(placements: list[Placement]) -> float:
    return sum(each.best.score for each in placements if each.best)


def brute_force(
    openings: list[Opening], fits: dict[int, list[Candidate]], capacities: dict[int, int]
) -> float:
    """The largest sum, by trying everything."""
    choices = []
    for each in openings:
        if each.locked is not None:
            known = [f for f in fits[each.id] if f.person_id == each.locked]
            choices.append([(each.locked, known[0].score if known else 0.0)])
        else:
            able = [(f.person_id, f.score) for f in fits[each.id] if f.score >= LEAST_EVIDENCE]
            choices.append([(None, 0.0), *able])
    best = -1.0
    for team in itertools.product(*choices):
        taken = [person for person, _ in team if person is not None]
        chosen = [
            person
            for (person, _), each in zip(team, openings, strict=True)
            if person is not None and each.locked is None
        ]
        fixed = [each.locked for each in openings if each.locked is not None]
        if any(
            chosen.count(person) + fixed.count(person) > capacities.get(person, 0)
            for person in chosen
        ):
            continue
        on_deal = [
            (each.deal_id, person)
            for (person, _), each in zip(team, openings, strict=True)
            if person is not None
        ]
        if len(set(on_deal)) < len(taken):
            continue
        best = max(best, sum(worth for _, worth in team))
    return best


@settings(max_examples=300, deadline=None)
@given(cases())
def test_should_propose_the_team_with_the_best_fit(
    case: tuple[list[Opening], dict[int, list[Candidate]], dict[int, int]],
) -> None:
    openings, fits, capacities = case
    placements = propose(openings, fits, capacities).placements
    assert total(placements) == pytest.approx(brute_force(openings, fits, capacities))


@settings(max_examples=300, deadline=None)
@given(cases())
def test_should_respect_capacities_and_locks_and_seat_nobody_twice(
    case: tuple[list[Opening], dict[int, list[Candidate]], dict[int, int]],
) -> None:
    openings, fits, capacities = case
    placements = propose(openings, fits, capacities).placements
    assert [each.opening for each in placements] == openings
    seats = [(each.opening.deal_id, each.best.person_id) for each in placements if each.best]
    assert len(set(seats)) == len(seats)
    for each in placements:
        if each.opening.locked is not None:
            assert each.best is not None
            assert each.best.person_id == each.opening.locked
        elif each.best:
            taken = [person for _, person in seats].count(each.best.person_id)
            assert taken <= capacities[each.best.person_id]
        if each.best:
            assert each.best.person_id not in {other.person_id for other in each.others}


def test_should_optimise_the_whole_team_instead_of_each_seat() -> None:
    openings = [Opening(1, 1, "consultant"), Opening(2, 1, "trainer")]
    fits = {1: [fit(7, 0.9), fit(8, 0.8)], 2: [fit(7, 0.7), fit(8, 0.2)]}
    one, other = propose(openings, fits, {7: 1, 8: 1}).placements
    assert (one.best.person_id, other.best.person_id) == (8, 7)  # type: ignore[union-attr]


def test_should_name_a_next_best_with_capacity() -> None:
    (only,) = propose(
        [Opening(1, 1, "consultant")],
        {1: [fit(7, 0.9), fit(8, 0.8), fit(9, 0.7)]},
        {7: 1, 8: 0, 9: 1},
    ).placements
    assert only.best == fit(7, 0.9)
    assert only.others == (fit(9, 0.7),)


def test_should_leave_a_seat_open_if_nobody_fits() -> None:
    (only,) = propose(
        [Opening(1, 1, "consultant")], {1: [fit(7, LEAST_EVIDENCE / 2)]}, {7: 3}
    ).placements
    assert only.best is None
    assert propose([Opening(1, 1, "auditor")], {}, {}).placements[0].best is None


def test_should_not_take_free_time_for_evidence() -> None:
    free = Candidate(7, 0.15, 0.0)
    (only,) = propose([Opening(1, 1, "consultant")], {1: [free]}, {7: 3}).placements
    assert only.best is None
    assert only.others == ()


def test_should_say_how_far_the_proposals_may_be_from_the_best() -> None:
    openings = [Opening(1, 1, "consultant"), Opening(2, 2, "trainer")]
    few = {seat: [fit(person, 0.5) for person in (7, 8)] for seat in (1, 2)}
    assert propose(openings, few, {7: 2, 8: 2}).gap == 0
    # Each person outside of the program is worth as much, so that nothing is lost.
    crowd = range(100, 100 + CANDIDATES + 5)
    many = {seat: [fit(person, 0.5) for person in crowd] for seat in (1, 2)}
    assert propose(openings, many, dict.fromkeys(crowd, 1)).gap == pytest.approx(0, abs=1e-6)
    # The best of both seats can take one, and who comes after everybody else is not looked at.
    rare = {seat: [fit(7, 0.9), *(fit(person, 0.5) for person in crowd)] for seat in (1, 2)}
    assert propose(openings, rare, {7: 1, **dict.fromkeys(crowd, 1)}).gap == pytest.approx(
        0, abs=1e-6
    )
    # More seats than candidates: the last one goes to somebody who did not enter the program.
    seats = [Opening(seat, seat, "consultant") for seat in range(CANDIDATES + 1)]
    same = [fit(person, 0.9 if person < 100 + CANDIDATES else 0.6) for person in crowd]
    found = propose(seats, {seat.id: same for seat in seats}, dict.fromkeys(crowd, 1))
    assert all(each.best for each in found.placements)
    assert len({each.best.person_id for each in found.placements if each.best}) == len(seats)
    assert found.gap == pytest.approx(0, abs=1e-6)
    # Somebody outside of the program would have let another take a seat that only they suit.
    odd = {seat.id: same for seat in seats} | {0: [fit(100, 0.5)]}
    assert 0 <= propose(seats, odd, dict.fromkeys(crowd, 1)).gap < 0.2
