"""Pure: who is close to whom among a buyer's people, and who may report to whom.

Cliques are people who all know each other; a bridge is a person without whom two groups would not
be connected. Reporting lines are guesses from departments and levels of titles.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

# A clique of fewer people is a tie; a group of fewer has nobody to be connected with.
LEAST_IN_CLIQUE = 3
LEAST_IN_GROUP = 2
# Circles that are larger, such as a whole company, are not searched for cliques.
MOST_PEOPLE = 200
MOST_CLIQUES = 20

Pair = tuple[int, int]


@dataclass(frozen=True)
class Bridge:
    """A person who connects groups that nobody else connects, the largest group first."""

    person_id: int
    groups: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Position:
    """A person's place in an organisation, as far as it is known."""

    person_id: int
    # As it is compared; empty where it is not known.
    department: str
    # From 0 for the top; None where no title is known.
    level: int | None
    # Whether they lead the whole organisation.
    leads_all: bool
    # Whom they report to, where that is confirmed.
    reports_to: int | None = None


def cliques(ties: Iterable[Pair]) -> list[tuple[int, ...]]:
    """The maximal cliques of at least three people, the largest first."""
    known = _neighbours(ties)
    if len(known) > MOST_PEOPLE:
        return []
    found: list[tuple[int, ...]] = []

    def extend(clique: set[int], candidates: set[int], done: set[int]) -> None:
        # Bron and Kerbosch with a pivot: only who does not know the pivot has to be tried.
        if not candidates and not done:
            if len(clique) >= LEAST_IN_CLIQUE:
                found.append(tuple(sorted(clique)))
            return
        pivot = max(sorted(candidates | done), key=lambda each: len(known[each] & candidates))
        for person in sorted(candidates - known[pivot]):
            extend(clique | {person}, candidates & known[person], done & known[person])
            candidates.discard(person)
            done.add(person)

    extend(set(), set(known), set())
    return sorted(found, key=lambda clique: (-len(clique), clique))[:MOST_CLIQUES]


def bridges(ties: Iterable[Pair]) -> list[Bridge]:
    """The people who alone connect groups of at least two people each, by their ids."""
    known = _neighbours(ties)
    if len(known) > MOST_PEOPLE:
        return []
    found = []
    for person in sorted(known):
        if _hold_together(known, person):
            continue
        groups = [group for group in _groups(known, person) if len(group) >= LEAST_IN_GROUP]
        if len(groups) >= 2:
            found.append(Bridge(person, tuple(groups)))
    return found


def guessed_lines(positions: Sequence[Position]) -> dict[int, int]:
    """Whom each person without a confirmed line may report to.

    It is the only person of the next higher level in their department, otherwise the head of the
    whole organisation. Where several may be meant nobody is guessed.
    """
    confirmed = {each.person_id: each.reports_to for each in positions}
    tops = [each for each in positions if each.leads_all]
    lines: dict[int, int] = {}
    for each in positions:
        if each.reports_to is not None or each.leads_all or each.level is None:
            continue
        above = [
            other
            for other in positions
            if each.department
            and other.department == each.department
            and other.level is not None
            and other.level < each.level
        ]
        nearest = max((other.level or 0 for other in above), default=None)
        superiors = [other for other in above if other.level == nearest] or tops
        if len(superiors) == 1 and not _is_below(superiors[0].person_id, each.person_id, confirmed):
            lines[each.person_id] = superiors[0].person_id
    return lines


def _is_below(person: int, other: int, lines: Mapping[int, int | None]) -> bool:
    """Whether a person reports to another, perhaps over others."""
    above, seen = lines.get(person), {person}
    while above is not None and above not in seen:
        if above == other:
            return True
        seen.add(above)
        above = lines.get(above)
    return False


def _neighbours(ties: Iterable[Pair]) -> dict[int, set[int]]:
    known: dict[int, set[int]] = defaultdict(set)
    for one, other in ties:
        if one != other:
            known[one].add(other)
            known[other].add(one)
    return dict(known)


def _hold_together(known: Mapping[int, Collection[int]], without: int) -> bool:
    """Whether a person's neighbours are connected without them, which most soon turn out to be."""
    apart = set(known[without])
    seen = {without, min(apart)}
    nearest = deque([min(apart)])
    while nearest and apart:
        person = nearest.popleft()
        apart.discard(person)
        nearest += [each for each in known[person] if each not in seen]
        seen.update(known[person])
    return not apart


def _groups(known: Mapping[int, Collection[int]], without: int) -> list[tuple[int, ...]]:
    """The groups into which a person's neighbours fall without them, the largest first."""
    groups: list[tuple[int, ...]] = []
    seen = {without}
    for start in sorted(known[without]):
        if start in seen:
            continue
        group, left = set(), [start]
        while left:
            person = left.pop()
            if person not in seen:
                seen.add(person)
                group.add(person)
                left += [each for each in known[person] if each not in seen]
        groups.append(tuple(sorted(group)))
    return sorted(groups, key=lambda group: (-len(group), group))
