"""Pure: assigns people to the open seats of deals, all at once.

The best team is an assignment problem: each seat gets at most one person, nobody gets more seats
than they have capacity for, nor two on one deal, and the sum of the fits is maximal. For a single
deal it is solved by the Hungarian method as modified by Jonker and Volgenant (Crouse, "On
implementing 2D rectangular assignment algorithms", 2016), otherwise as a mixed-integer program.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, milp

WEIGHTS = {"expertise": 0.5, "ground": 0.2, "role": 0.15, "room": 0.1, "hours": 0.05}
# A person with nothing but free time, and a time zone, is not proposed.
LEAST_EVIDENCE = 0.03
# So many of the best candidates of each seat enter the program, which keeps it small.
CANDIDATES = 20
# So many people are offered to swap a proposal for.
OTHERS = 4


@dataclass(frozen=True)
class Opening:
    """An open seat on a deal; `locked` is the person who gets it in any case."""

    id: int
    deal_id: int
    role: str
    locked: int | None = None


class Candidate(NamedTuple):
    """A person for a seat, with their fit and the part of it that is evidence.

    The rest of the fit speaks for their calendar instead of for them.
    """

    person_id: int
    score: float
    evidence: float


@dataclass(frozen=True)
class Placement:
    """The person proposed for a seat, and the next best; None where nobody is left for it."""

    opening: Opening
    best: Candidate | None
    others: tuple[Candidate, ...]


@dataclass(frozen=True)
class Solution:
    """The proposals for all seats together, and how far they may be from the best ones.

    The gap is the most by which the sum of the fits could be larger, as a share of that sum.
    """

    placements: list[Placement]
    gap: float


def propose(
    openings: Sequence[Opening],
    candidates: Mapping[int, Sequence[Candidate]],
    capacities: Mapping[int, int],
) -> Solution:
    """The best team for these openings.

    `candidates` are the suitable people for each seat by its id, of whom the best CANDIDATES enter
    the program, and `capacities` the numbers of seats that people can still take. Locked people
    keep their seats even beyond them. A seat without a proposal has no candidate who can take it.
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
        opening.id: sorted(
            (
                fit
                for fit in candidates.get(opening.id, ())
                if left.get(fit.person_id, 0) > 0
                and fit.evidence >= LEAST_EVIDENCE
                and fit.person_id not in busy.get(opening.deal_id, ())
            ),
            key=lambda fit: (-fit.score, fit.person_id),
        )
        for opening in free
    }
    # With as many candidates as seats of one deal, nobody else could be better on it.
    count = max([CANDIDATES, *Counter(opening.deal_id for opening in free).values()])
    entering = {
        seat: {fit.person_id: fit for fit in ranked[:count]} for seat, ranked in able.items()
    }
    outside = {seat: ranked[count].score for seat, ranked in able.items() if len(ranked) > count}
    chosen, bound = _assign(free, entering, left, outside)
    for opening in free:
        if opening.id in chosen:
            person = chosen[opening.id]
            left[person] -= 1
            busy.setdefault(opening.deal_id, set()).add(person)
    found = {
        opening.id: entering[opening.id][chosen[opening.id]]
        for opening in free
        if opening.id in chosen
    }
    for opening in free:
        # Where all candidates of the program are taken, the best of the others comes in.
        taken = busy.setdefault(opening.deal_id, set())
        if opening.id not in found:
            rest = (
                fit
                for fit in able[opening.id]
                if fit.person_id not in taken and left[fit.person_id] > 0
            )
            if fit := next(rest, None):
                found[opening.id] = fit
                left[fit.person_id] -= 1
                taken.add(fit.person_id)
    placements = []
    for opening in openings:
        known = {fit.person_id: fit for fit in candidates.get(opening.id, ())}
        best = found.get(opening.id)
        if opening.locked is not None:
            best = known.get(opening.locked, Candidate(opening.locked, 0.0, 0.0))
        others = [
            fit
            for fit in able.get(opening.id, ())
            if fit.person_id not in busy.get(opening.deal_id, ()) and left[fit.person_id] > 0
        ]
        placements.append(Placement(opening, best, tuple(others[:OTHERS])))
    total = sum(fit.score for fit in found.values())
    return Solution(placements, max(0.0, bound / total - 1) if total else 0.0)


def _assign(
    openings: Sequence[Opening],
    able: Mapping[int, Mapping[int, Candidate]],
    left: Mapping[int, int],
    outside: Mapping[int, float],
) -> tuple[dict[int, int], float]:
    """The person for each seat, by the seat's id, with the maximal sum of fits.

    With it comes the most that the sum could be with everybody in the program.
    """
    people = sorted({person for fits in able.values() for person in fits})
    if not people:
        return {}, 0.0
    column = {person: place for place, person in enumerate(people)}
    worth = np.zeros((len(openings), len(people)))
    for row, opening in enumerate(openings):
        for person, fit in able[opening.id].items():
            worth[row, column[person]] = fit.score
    if len({opening.deal_id for opening in openings}) > 1:
        beyond = [outside.get(opening.id, 0.0) for opening in openings]
        deals = [opening.deal_id for opening in openings]
        pairs, bound = _solve(worth, deals, [left[person] for person in people], beyond)
    else:
        # On one deal nobody takes two seats, so that no capacity matters.
        rows, columns = linear_sum_assignment(worth, maximize=True)
        pairs = list(zip(rows.tolist(), columns.tolist(), strict=True))
        bound = float(worth[rows, columns].sum())
    return {openings[row].id: people[at] for row, at in pairs if worth[row, at] > 0}, bound


def _solve(
    worth: np.ndarray, deals: Sequence[int], caps: Sequence[int], beyond: Sequence[float]
) -> tuple[list[tuple[int, int]], float]:
    """The best pairs of seat and person within capacities, with nobody twice on one deal.

    With them comes the bound of `_assign`. `beyond` is the best fit for each seat of the members
    outside of the program.
    """
    rows, columns = (places.tolist() for places in np.nonzero(worth))
    count = len(rows)
    if not count:
        return [], 0.0
    groups = {
        group: place
        for place, group in enumerate(
            dict.fromkeys((deals[row], at) for row, at in zip(rows, columns, strict=True))
        )
    }
    pair_group = [groups[deals[row], at] for row, at in zip(rows, columns, strict=True)]
    pairs = np.arange(count)
    ones = np.ones(count)
    seats = sparse.csr_array((ones, (rows, pairs)), (worth.shape[0], count))
    limits = [
        LinearConstraint(
            sparse.csr_array((ones, (columns, pairs)), (worth.shape[1], count)), ub=np.array(caps)
        ),
        LinearConstraint(sparse.csr_array((ones, (pair_group, pairs)), (len(groups), count)), ub=1),
    ]
    solution = milp(
        -worth[rows, columns],
        integrality=ones,
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(seats, ub=1), *limits],
    )
    chosen = np.flatnonzero(solution.x > 0.5)
    bound = -float(solution.mip_dual_bound)
    if any(beyond):
        bound = _bound(worth[rows, columns], seats, limits, beyond)
    return [(rows[at], columns[at]) for at in chosen.tolist()], bound


def _bound(
    worth: np.ndarray,
    seats: sparse.csr_array,
    limits: Sequence[LinearConstraint],
    beyond: Sequence[float],
) -> float:
    """The most that the fits could add up to with everybody in the program.

    Each seat may also go to a member outside of it, without any limit, and to several in part.
    """
    count, extra = seats.shape[1], len(beyond)
    wider = sparse.hstack([seats, sparse.eye_array(extra)], format="csr")
    padded = [
        LinearConstraint(
            sparse.hstack([limit.A, sparse.csr_array((limit.A.shape[0], extra))], format="csr"),
            ub=limit.ub,
        )
        for limit in limits
    ]
    solution = milp(
        -np.concatenate([worth, np.array(beyond)]),
        integrality=np.zeros(count + extra),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(wider, ub=1), *padded],
    )
    return float(-solution.fun)
