"""Pure: assigns people to the open seats of deals, all at once.

The best team is an assignment problem: each seat gets at most one person, nobody gets more seats
than they have capacity for, nor two on one deal, and the sum of the fits is maximal. For a single
deal it is solved by the Hungarian method as modified by Jonker and Volgenant (Crouse, "On
implementing 2D rectangular assignment algorithms", 2016), otherwise as a mixed-integer program.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, milp

from similarity.scoring import Term, score

WEIGHTS = {"expertise": 0.5, "ground": 0.2, "role": 0.15, "room": 0.1, "hours": 0.05}
# A person with nothing but free time has a lower fit, and is not proposed.
LEAST_FIT = 0.15


@dataclass(frozen=True)
class Opening:
    """An open seat on a deal; `locked` is the person who gets it in any case."""

    id: int
    deal_id: int
    role: str
    locked: int | None = None


@dataclass(frozen=True)
class Fit:
    """A person's fit for a seat: the terms of a sum, the largest contribution first."""

    person_id: int
    terms: tuple[Term, ...]

    @property
    def score(self) -> float:
        """The sum of the terms."""
        return score(self.terms)


@dataclass(frozen=True)
class Placement:
    """The person proposed for a seat, and the next best; None where nobody fits."""

    opening: Opening
    best: Fit | None
    next_best: Fit | None


def propose(
    openings: Sequence[Opening],
    fits: Mapping[int, Sequence[Fit]],
    capacities: Mapping[int, int],
) -> list[Placement]:
    """The best team for these openings.

    `fits` are the candidates of each seat by its id, and `capacities` the numbers of seats that
    people can still take. Locked people keep their seats even beyond them. A seat without a
    proposal has no candidate who can take it.
    """
    locked = {opening.id: opening.locked for opening in openings if opening.locked is not None}
    left = dict(capacities)
    busy: dict[int, set[int]] = {}
    for opening in openings:
        if opening.locked is not None:
            left[opening.locked] = left.get(opening.locked, 0) - 1
            busy.setdefault(opening.deal_id, set()).add(opening.locked)
    free = [opening for opening in openings if opening.id not in locked]
    able = {
        opening.id: {
            fit.person_id: fit
            for fit in fits.get(opening.id, ())
            if left.get(fit.person_id, 0) > 0
            and fit.score >= LEAST_FIT
            and fit.person_id not in busy.get(opening.deal_id, ())
        }
        for opening in free
    }
    chosen = _assign(free, able, left)
    for opening in free:
        if opening.id in chosen:
            person = chosen[opening.id]
            left[person] -= 1
            busy.setdefault(opening.deal_id, set()).add(person)
    placements = []
    for opening in openings:
        known = {fit.person_id: fit for fit in fits.get(opening.id, ())}
        person_id = locked.get(opening.id, chosen.get(opening.id))
        best = known.get(person_id, Fit(person_id, ())) if person_id is not None else None
        others = [
            fit
            for fit in able.get(opening.id, {}).values()
            if fit.person_id not in busy.get(opening.deal_id, ()) and left[fit.person_id] > 0
        ]
        others.sort(key=lambda fit: (-fit.score, fit.person_id))
        placements.append(Placement(opening, best, others[0] if others else None))
    return placements


def _assign(
    openings: Sequence[Opening], able: Mapping[int, Mapping[int, Fit]], left: Mapping[int, int]
) -> dict[int, int]:
    """The person for each seat, by the seat's id, with the maximal sum of fits."""
    people = sorted({person for fits in able.values() for person in fits})
    if not people:
        return {}
    column = {person: place for place, person in enumerate(people)}
    worth = np.zeros((len(openings), len(people)))
    for row, opening in enumerate(openings):
        for person, fit in able[opening.id].items():
            worth[row, column[person]] = fit.score
    several_deals = len({opening.deal_id for opening in openings}) > 1
    if several_deals and any(left[person] > 0 for person in people):
        pairs = _solve(worth, [opening.deal_id for opening in openings], [left[p] for p in people])
    else:
        # On one deal nobody takes two seats, so that no capacity matters.
        rows, columns = linear_sum_assignment(worth, maximize=True)
        pairs = list(zip(rows.tolist(), columns.tolist(), strict=True))
    return {openings[row].id: people[at] for row, at in pairs if worth[row, at] > 0}


def _solve(worth: np.ndarray, deals: Sequence[int], caps: Sequence[int]) -> list[tuple[int, int]]:
    """The best pairs of seat and person within capacities, with nobody twice on one deal."""
    rows, columns = (places.tolist() for places in np.nonzero(worth))
    count = len(rows)
    if not count:
        return []
    groups = {
        group: place
        for place, group in enumerate(
            dict.fromkeys((deals[row], at) for row, at in zip(rows, columns, strict=True))
        )
    }
    pair_group = [groups[deals[row], at] for row, at in zip(rows, columns, strict=True)]
    pairs = np.arange(count)
    ones = np.ones(count)
    constraints = [
        LinearConstraint(sparse.csr_array((ones, (rows, pairs)), (worth.shape[0], count)), ub=1),
        LinearConstraint(
            sparse.csr_array((ones, (columns, pairs)), (worth.shape[1], count)), ub=np.array(caps)
        ),
        LinearConstraint(sparse.csr_array((ones, (pair_group, pairs)), (len(groups), count)), ub=1),
    ]
    solution = milp(
        -worth[rows, columns], integrality=ones, bounds=Bounds(0, 1), constraints=constraints
    )
    chosen = np.flatnonzero(solution.x > 0.5)
    return [(rows[at], columns[at]) for at in chosen.tolist()]
