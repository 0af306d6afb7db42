"""Paths as drawings: where each person and each tie goes, in pixels."""

from dataclasses import dataclass

from references.network import Evidence, KnownPath

# A person has so much room, and a tie between two so much more.
_PERSON = 128
_TIE = 148
_HEIGHT = 104
# The middle of the faces, from the top.
_LINE = 38
_FACE = 20
# What a letter takes on average, at the size in which labels are written.
_LETTER = 6.0


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
    step = _PERSON + _TIE
    last = len(path.people) - 1
    nodes = []
    for place, person in enumerate(path.people):
        detail = "one of us" if person.member else person.account or ""
        nodes.append(
            Node(
                x=_PERSON / 2 + place * step,
                name="You" if person.id == viewer_id else _short(person.name, _PERSON + 40),
                detail=_short(detail, _PERSON + 40),
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
                evidence=_short(said(best), room),
                inferred=best.inferred,
                width=1.5 + 3 * min(1.0, best.strength),
            )
        )
    width = _PERSON + last * step
    return Drawing(width, _HEIGHT, _LINE, _FACE, nodes, edges)


def said(tie: Evidence) -> str:
    """What a tie's evidence is, in a few words."""
    return tie.evidence or tie.source


def _short(text: str, room: float) -> str:
    most = int(room / _LETTER)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
