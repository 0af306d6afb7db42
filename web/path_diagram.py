"""The layout of path diagrams and stakeholder maps, in pixels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from references.network.paths import KnownPath
from workspace.deals.stakeholders import StakeholderRow

# The width of a person, and the distance between two; a path of three ties fits into a card
# without being scaled down.
_PERSON = 136
_STEP = 420
_WIDEST = 680
# The heights of a line of a name, and of smaller text.
_NAME_HEIGHT = 16
_TEXT_HEIGHT = 14
# The vertical centre of the avatars, and their radius.
_LINE = 38
_FACE = 20
# The average width of a letter in names, and in smaller text.
_NAME_LETTER = 7.4
_LETTER = 6.5


@dataclass(frozen=True)
class Node:
    """A person in a path diagram."""

    x: float
    name: list[str]
    detail: str
    href: str
    # "ours" for a member, "goal" for the person at the end of the path, else "theirs".
    role: str
    initials_of: str


@dataclass(frozen=True)
class Edge:
    """A tie in a path diagram, from the edge of one avatar to the next."""

    x1: float
    x2: float
    middle: float
    kind: str
    evidence: list[str]
    # The full evidence, for the tooltip.
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
    """The layout of a path."""
    last = len(path.people) - 1
    step = min(_STEP, (_WIDEST - _PERSON) // last)
    nodes = []
    for place, person in enumerate(path.people):
        detail = "our team" if person.member else person.account or ""
        nodes.append(
            Node(
                x=_PERSON / 2 + place * step,
                name=["You"]
                if person.id == viewer_id
                else _lines(person.name, _PERSON, _NAME_LETTER),
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
                evidence=_lines(best.evidence or best.source, room, _LETTER),
                tip="; ".join(f"{tie.kind}: {tie.evidence or tie.source}" for tie in ties),
                inferred=best.inferred,
                width=1.5 + 3 * min(1.0, best.strength),
            )
        )
    width = _PERSON + last * step
    names = _LINE + _FACE + 24 + _NAME_HEIGHT * max(len(node.name) for node in nodes)
    texts = _LINE + 12 + _TEXT_HEIGHT * max(len(edge.evidence) for edge in edges)
    return Drawing(width, max(names, texts), _LINE, _FACE, nodes, edges)


# The size of a stakeholder's box on the map, and the distance between boxes and levels.
_BOX_WIDTH = 184
_BOX_HEIGHT = 66
_GAP = 16
_LEVEL = 40
# The number of boxes side by side, after which the next tree goes below.
_ACROSS = 4
# How high ties between neighbours rise above their boxes.
_ARC = 26


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
    """A reporting line, from the bottom of one box to the top of another."""

    x1: float
    y1: float
    x2: float
    y2: float
    guessed: bool = False

    @property
    def middle(self) -> float:
        """The height at which it bends."""
        return (self.y1 + self.y2) / 2


@dataclass(frozen=True)
class Arc:
    """A tie between two stakeholders from elsewhere, as a curve, and its evidence."""

    x1: float
    y1: float
    x2: float
    y2: float
    through_x: float
    through_y: float
    label: str


@dataclass(frozen=True)
class Map:
    """The stakeholder map of a deal; reports are below their managers, also guessed ones."""

    width: float
    height: float
    box_width: int
    box_height: int
    boxes: list[Box]
    lines: list[Line]
    arcs: list[Arc]


def draw_map(
    rows: Sequence[StakeholderRow],
    guesses: Mapping[int, int] = {},
    ties: Iterable[tuple[int, int, str]] = (),
) -> Map:
    """The layout of the map: one tree for each stakeholder without a manager on it.

    `guesses` has the row to which another may report; `ties` have the persons and the evidence.
    """
    below: dict[int | None, list[StakeholderRow]] = {}
    for row in rows:
        below.setdefault(row.reports_to_id or guesses.get(row.id), []).append(row)
    boxes: dict[int, Box] = {}
    lines: list[Line] = []
    known = list(ties)
    column, top, deepest, widest = 0, _ARC if known else 0.0, 0.0, 0.0
    for root in below.get(None, []):
        across = _leaves(root, below)
        if column and column + across > _ACROSS:
            column, top = 0, deepest + _LEVEL
        _place(root, below, column, top, boxes, lines)
        column += across
        widest = max(widest, column * (_BOX_WIDTH + _GAP) - _GAP)
        deepest = max(box.y + _BOX_HEIGHT for box in boxes.values())
    arcs = [
        _arc(boxes[one], boxes[other], label)
        for one, other, label in known
        if one in boxes and other in boxes
    ]
    return Map(widest, deepest, _BOX_WIDTH, _BOX_HEIGHT, list(boxes.values()), lines, arcs)


def _arc(one: Box, other: Box, label: str) -> Arc:
    """A curve above boxes of one height, or between boxes of two."""
    upper, lower = sorted((one, other), key=lambda box: (box.y, box.x))
    x1, x2 = upper.x + _BOX_WIDTH / 2, lower.x + _BOX_WIDTH / 2
    if upper.y == lower.y:
        return Arc(x1, upper.y, x2, lower.y, (x1 + x2) / 2, upper.y - 2 * _ARC, label)
    # Beside the reporting lines, which leave from the middle.
    aside = _BOX_WIDTH / 4
    y1 = upper.y + _BOX_HEIGHT
    middle = (y1 + lower.y) / 2
    return Arc(x1 + aside, y1, x2 + aside, lower.y, (x1 + x2) / 2 + 2 * aside, middle, label)


def _leaves(row: StakeholderRow, below: dict[int | None, list[StakeholderRow]]) -> int:
    reports: Iterable[StakeholderRow] = below.get(row.id, ())
    return max(1, sum(_leaves(report, below) for report in reports))


def _place(
    row: StakeholderRow,
    below: dict[int | None, list[StakeholderRow]],
    column: float,
    y: float,
    boxes: dict[int, Box],
    lines: list[Line],
) -> float:
    """Place a box above the centre of its reports; returns the centre of the box."""
    middles = []
    at = column
    down = y + _BOX_HEIGHT + _LEVEL
    reports = below.get(row.id, ())
    for report in reports:
        middles.append(_place(report, below, at, down, boxes, lines))
        at += _leaves(report, below)
    own = column * (_BOX_WIDTH + _GAP) + _BOX_WIDTH / 2
    middle = (middles[0] + middles[-1]) / 2 if middles else own
    boxes[row.person_id] = Box(
        x=middle - _BOX_WIDTH / 2,
        y=y,
        name=_short(row.name, _BOX_WIDTH - 16, _NAME_LETTER),
        title=_short(row.title, _BOX_WIDTH - 16),
        role=_short(
            ", ".join(filter(None, [row.buying_role or "role not known", row.stance])).capitalize(),
            _BOX_WIDTH - 20,
        ),
        stance=row.stance or "unknown",
    )
    lines += [
        Line(middle, y + _BOX_HEIGHT, end, down, guessed=report.reports_to_id is None)
        for end, report in zip(middles, reports, strict=True)
    ]
    return middle


def _lines(text: str, room: float, letter: float) -> list[str]:
    """A text in lines that fit into some room; what four lines do not hold is left out."""
    return wrap(text, int(room / letter), max_lines=4, placeholder="…") or [""]


def _short(text: str, room: float, letter: float = _LETTER) -> str:
    most = int(room / letter)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
