"""Cliques, bridges and guessed lines, on small circles with known answers."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from references.buyers.circles import Bridge, Position, bridges, cliques, guessed_lines

TRIANGLE = [(1, 2), (1, 3), (2, 3)]


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        ([], []),
        ([(1, 2)], []),
        ([(1, 2), (2, 3)], []),
        (TRIANGLE, [(1, 2, 3)]),
        ([*TRIANGLE, (3, 4)], [(1, 2, 3)]),
        ([*TRIANGLE, (2, 4), (3, 4)], [(1, 2, 3), (2, 3, 4)]),
        ([*TRIANGLE, (1, 4), (2, 4), (3, 4)], [(1, 2, 3, 4)]),
    ],
)
def test_should_find_who_all_know_each_other(
    ties: list[tuple[int, int]], expected: list[tuple[int, ...]]
) -> None:
    assert cliques(ties) == expected


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        # Nobody is a bridge to a single person, nor where there is another way.
        ([(1, 2), (2, 3)], []),
        ([*TRIANGLE, (3, 4)], []),
        ([*TRIANGLE, (3, 4), (4, 5)], [Bridge(3, ((1, 2), (4, 5)))]),
        ([*TRIANGLE, (3, 4), (4, 5), (5, 1)], []),
        ([(1, 2), (2, 3), (3, 4), (4, 5)], [Bridge(3, ((1, 2), (4, 5)))]),
    ],
)
def test_should_find_who_alone_connects_groups(
    ties: list[tuple[int, int]], expected: list[Bridge]
) -> None:
    assert bridges(ties) == expected


@given(
    st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8)).map(lambda two: tuple(sorted(two))))
)
def test_should_find_the_same_cliques_as_all_subsets(ties: list[tuple[int, int]]) -> None:
    known = {two for two in ties if two[0] != two[1]}
    people = {person for two in known for person in two}
    complete = [
        subset
        for size in range(3, len(people) + 1)
        for subset in itertools.combinations(sorted(people), size)
        if all(two in known for two in itertools.combinations(subset, 2))
    ]
    maximal = {one for one in complete if not any(set(one) < set(other) for other in complete)}
    found = cliques(known)
    assert set(found) <= maximal
    assert len(found) == min(20, len(maximal))


def position(
    person: int, department: str, level: int | None, *, top: bool = False, above: int | None = None
) -> Position:
    return Position(person, department, level, top, above)


def test_should_guess_the_next_level_of_the_department() -> None:
    people = [
        position(1, "finance", 0),
        position(2, "finance", 2),
        position(3, "finance", 3),
        position(4, "it", 2),
    ]
    # The head of the other department has nobody above.
    assert guessed_lines(people) == {2: 1, 3: 2}


def test_should_guess_the_top_for_heads_of_departments() -> None:
    people = [position(1, "", 0, top=True), position(2, "it", 2), position(3, "finance", 1)]
    assert guessed_lines(people) == {2: 1, 3: 1}


def test_should_guess_nobody_where_several_may_be_meant() -> None:
    people = [position(1, "it", 2), position(2, "it", 2), position(3, "it", 3)]
    assert guessed_lines(people) == {}


def test_should_keep_what_is_confirmed_and_make_no_circle() -> None:
    people = [position(1, "it", 2, above=2), position(2, "it", 3)]
    # Their own report has the higher title.
    assert guessed_lines(people) == {}
    assert guessed_lines([position(1, "it", None), position(2, "it", 0)]) == {}
