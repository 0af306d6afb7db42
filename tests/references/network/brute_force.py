"""Paths found by trying every way, as the yardstick for those found by `references.graph`."""

import math
from collections import defaultdict
from collections.abc import Collection, Mapping

import numpy as np

from references.network.path_search import MOST_HOPS, Path


def strongest_paths(
    ties: Mapping[tuple[int, int], float],
    sources: Collection[int],
    targets: Collection[int],
    *,
    k: int = 5,
    lent: Mapping[tuple[int, int], float] = {},
    avoid: Collection[int] = (),
    most_hops: int = MOST_HOPS,
) -> list[Path]:
    """The k strongest paths: all ways are walked back from each target, and those that come to
    a source are sorted."""
    known: dict[int, dict[int, float]] = defaultdict(dict)
    for (one, other), strength in [*ties.items(), *lent.items()]:
        # The graph keeps strengths as 32-bit floats.
        rounded = float(np.float32(strength))
        if one != other:
            for here, there in ((one, other), (other, one)):
                known[here][there] = max(known[here].get(there, 0.0), rounded)
    ends = set(targets) - set(avoid)
    # Who is a source and a target counts as a target alone.
    starts = set(sources) - set(avoid) - ends
    found: list[Path] = []

    def walk_back(people: list[int], strengths: list[float]) -> None:
        if len(strengths) == most_hops:
            return
        for person, strength in known[people[0]].items():
            if person in people or person in avoid or person in ends:
                continue
            way = [strength, *strengths]
            if person in starts:
                found.append(Path((person, *people), tuple(way), math.prod(way)))
            else:
                walk_back([person, *people], way)

    for target in ends:
        walk_back([target], [])
    return sorted(found, key=lambda path: (-path.strength, len(path.people), path.people))[:k]
