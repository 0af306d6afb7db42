"""Staffing: the proposed team is the best there is, and says why."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from references.teams.assignment import LEAST_FIT, Fit, Opening, Placement, propose
from similarity.scoring import Term


def fit(person: int, worth: float) -> Fit:
    return Fit(person, (Term("expertise", worth, 1.0, "because"),))


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Opening], dict[int, list[Fit]], dict[int, int]]:
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
    openings: list[Opening], fits: dict[int, list[Fit]], capacities: dict[int, int]
) -> float:
    """The largest sum, by trying everything."""
    choices = []
    for each in openings:
        if each.locked is not None:
            known = [f for f in fits[each.id] if f.person_id == each.locked]
            choices.append([(each.locked, known[0].score if known else 0.0)])
        else:
            able = [(f.person_id, f.score) for f in fits[each.id] if f.score >= LEAST_FIT]
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
    case: tuple[list[Opening], dict[int, list[Fit]], dict[int, int]],
) -> None:
    openings, fits, capacities = case
    placements = propose(openings, fits, capacities)
    assert total(placements) == pytest.approx(brute_force(openings, fits, capacities))


@settings(max_examples=300, deadline=None)
@given(cases())
def test_should_respect_capacities_and_locks_and_seat_nobody_twice(
    case: tuple[list[Opening], dict[int, list[Fit]], dict[int, int]],
) -> None:
    openings, fits, capacities = case
    placements = propose(openings, fits, capacities)
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
        if each.next_best and each.best:
            assert each.next_best.person_id != each.best.person_id


def test_should_optimise_the_whole_team_instead_of_each_seat() -> None:
    openings = [Opening(1, 1, "consultant"), Opening(2, 1, "trainer")]
    fits = {1: [fit(7, 0.9), fit(8, 0.8)], 2: [fit(7, 0.7), fit(8, 0.2)]}
    one, other = propose(openings, fits, {7: 1, 8: 1})
    assert (one.best.person_id, other.best.person_id) == (8, 7)  # type: ignore[union-attr]


def test_should_name_a_next_best_with_capacity() -> None:
    (only,) = propose(
        [Opening(1, 1, "consultant")],
        {1: [fit(7, 0.9), fit(8, 0.8), fit(9, 0.7)]},
        {7: 1, 8: 0, 9: 1},
    )
    assert only.best == fit(7, 0.9)
    assert only.next_best == fit(9, 0.7)


def test_should_leave_a_seat_open_if_nobody_fits() -> None:
    (only,) = propose([Opening(1, 1, "consultant")], {1: [fit(7, LEAST_FIT / 2)]}, {7: 3})
    assert only.best is None
    assert propose([Opening(1, 1, "auditor")], {}, {})[0].best is None
