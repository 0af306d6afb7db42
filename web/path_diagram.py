"""Paths and maps as drawings: where each person and each tie goes, in pixels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from references.network.paths import KnownPath
from workspace.deals.stakeholders import StakeholderRow

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


# A stakeholder's box on the map, and how far apart boxes and levels are.
_BOX_WIDTH = 184
_BOX_HEIGHT = 66
_GAP = 16
_LEVEL = 40
# So many boxes stand side by side before the next tree goes below.
_ACROSS = 4


@dataclass(frozen=True)
class Box:
    """A stakeholder on the map."""

    x: float
    y: float
    name: str
    title: str
    role: str
    stance: str


@dataclass(frozen=True)
class Line:
    """A reporting line, from below a box to above another."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def middle(self) -> float:
        """Where it turns."""
        return (self.y1 + self.y2) / 2


@dataclass(frozen=True)
class Map:
    """The stakeholders of a deal, those who report to others below them."""

    width: float
    height: float
    box_width: int
    box_height: int
    boxes: list[Box]
    lines: list[Line]


def draw_map(rows: Sequence[StakeholderRow]) -> Map:
    """Where every stakeholder goes: a tree for each who reports to nobody here."""
    below: dict[int | None, list[StakeholderRow]] = {}
    for row in rows:
        below.setdefault(row.reports_to_id, []).append(row)
    boxes: list[Box] = []
    lines: list[Line] = []
    column, top, deepest, widest = 0, 0.0, 0.0, 0.0
    for root in below.get(None, []):
        across = _leaves(root, below)
        if column and column + across > _ACROSS:
            column, top = 0, deepest + _LEVEL
        _place(root, below, column, top, boxes, lines)
        column += across
        widest = max(widest, column * (_BOX_WIDTH + _GAP) - _GAP)
        deepest = max(box.y + _BOX_HEIGHT for box in boxes)
    return Map(widest, deepest, _BOX_WIDTH, _BOX_HEIGHT, boxes, lines)


def _leaves(row: StakeholderRow, below: dict[int | None, list[StakeholderRow]]) -> int:
    under: Iterable[StakeholderRow] = below.get(row.id, ())
    return max(1, sum(_leaves(each, below) for each in under))


def _place(
    row: StakeholderRow,
    below: dict[int | None, list[StakeholderRow]],
    column: float,
    y: float,
    boxes: list[Box],
    lines: list[Line],
) -> float:
    """Put a box above the middle of those who report to it; where its middle is."""
    middles = []
    at = column
    down = y + _BOX_HEIGHT + _LEVEL
    for each in below.get(row.id, ()):
        middles.append(_place(each, below, at, down, boxes, lines))
        at += _leaves(each, below)
    own = column * (_BOX_WIDTH + _GAP) + _BOX_WIDTH / 2
    middle = (middles[0] + middles[-1]) / 2 if middles else own
    boxes.append(
        Box(
            x=middle - _BOX_WIDTH / 2,
            y=y,
            name=_short(row.name, _BOX_WIDTH - 16, _NAME_LETTER),
            title=_short(row.title, _BOX_WIDTH - 16),
            role=_short(
                ", ".join(
                    filter(None, [row.buying_role or "role not known", row.stance])
                ).capitalize(),
                _BOX_WIDTH - 20,
            ),
            stance=row.stance or "unknown",
        )
    )
    lines += [Line(middle, y + _BOX_HEIGHT, end, down) for end in middles]
    return middle


def _short(text: str, room: float, letter: float = _LETTER) -> str:
    most = int(room / letter)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
