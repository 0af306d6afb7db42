"""Paths as drawings: where each person and each tie goes, in pixels."""

from dataclasses import dataclass

from references.network import KnownPath

# A person has so much room, and from one to the next it is so far; what a path of three ties
# needs fits into a card without being made smaller.
_PERSON = 136
_STEP = 250
_WIDEST = 680
_HEIGHT = 104
# The middle of the faces, from the top.
_LINE = 38
_FACE = 20
# What a letter takes on average: of a name, and of what else is written.
_NAME_LETTER = 7.4
_LETTER = 6.5


@dataclass(frozen=True)
class Node:
    """A person in a drawing."""

    x: float
    name: str
    detail: str
    href: str
    # Who they are to us: ours, theirs, or the one the path leads to.
    role: str
    initials_of: str


@dataclass(frozen=True)
class Edge:
    """A tie in a drawing, between the edges of two faces."""

    x1: float
    x2: float
    middle: float
    kind: str
    evidence: str
    # All of it, where a pointer rests.
    tip: str
    inferred: bool
    width: float


@dataclass(frozen=True)
class Drawing:
    """A path, drawn from left to right."""

    width: int
    height: int
    line: int
    face: int
    nodes: list[Node]
    edges: list[Edge]


def draw(path: KnownPath, viewer_id: int | None) -> Drawing:
    """Where everything on a path goes."""
    last = len(path.people) - 1
    step = min(_STEP, (_WIDEST - _PERSON) // last)
    nodes = []
    for place, person in enumerate(path.people):
        detail = "one of us" if person.member else person.account or ""
        nodes.append(
            Node(
                x=_PERSON / 2 + place * step,
                name="You"
                if person.id == viewer_id
                else _short(person.name, _PERSON, _NAME_LETTER),
                detail=_short(detail, _PERSON),
                href=person.key,
                role="goal" if place == last else "ours" if person.member else "theirs",
                initials_of=person.name,
            )
        )
    edges = []
    for place, ties in enumerate(path.evidence):
        best = ties[0]
        x1 = nodes[place].x + _FACE + 6
        x2 = nodes[place + 1].x - _FACE - 6
        room = x2 - x1
        more = f" +{len(ties) - 1}" if len(ties) > 1 else ""
        edges.append(
            Edge(
                x1=x1,
                x2=x2,
                middle=(x1 + x2) / 2,
                kind=best.kind.capitalize() + more,
                evidence=_short(best.evidence or best.source, room),
                tip="; ".join(f"{tie.kind}: {tie.evidence or tie.source}" for tie in ties),
                inferred=best.inferred,
                width=1.5 + 3 * min(1.0, best.strength),
            )
        )
    width = _PERSON + last * step
    return Drawing(width, _HEIGHT, _LINE, _FACE, nodes, edges)


def _short(text: str, room: float, letter: float = _LETTER) -> str:
    most = int(room / letter)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
