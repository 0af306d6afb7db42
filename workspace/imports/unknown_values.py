"""Values of a file that Dealkin does not know, or knows by an answer, with their numbers of rows.

All rows are looked at, also those that a preview does not reach in its time: each different value
is read once, as an import reads it.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from workspace.errors import DealkinError
from workspace.imports.accounts import read_headcount, read_price
from workspace.imports.context import ImportContext
from workspace.imports.deal_outcomes import read_stage
from workspace.imports.meanings import Topic
from workspace.imports.money import sign_of
from workspace.imports.recognition import RecognisedFile
from workspace.imports.rows import Row

# So many values of a topic are asked about at once, the most frequent first.
_MOST_VALUES = 20


@dataclass(frozen=True)
class UnknownValue:
    """A value that needs an answer, or has one, and the number of rows with it."""

    topic: Topic
    text: str
    count: int
    # Whether there is no answer yet.
    is_open: bool

    @property
    def key(self) -> str:
        """What a form calls it."""
        return hashlib.sha256(f"{self.topic}\n{self.text}".encode()).hexdigest()[:8]


@dataclass(frozen=True)
class _Reader:
    """Reads cells for the values in them; rows with the same key have the same values."""

    columns: tuple[str, ...]
    # None for a row without such a value.
    key: Callable[[Row], Hashable | None]
    read: Callable[[ImportContext, Row], object]


_STAGE = ("stage", "status", "is_won", "is_closed", "won_on", "lost_on")
_AMOUNTS = ("amount", "yearly", "list_price")


def _stage_key(row: Row) -> Hashable | None:
    if "stage" not in row:
        return None
    said = ("stage", "status", "is_won", "is_closed")
    return (*(row.cells.get(name, "") for name in said), "won_on" in row, "lost_on" in row)


def _amount_key(row: Row) -> Hashable | None:
    if not any(name in row for name in _AMOUNTS):
        return None
    signs = (sign_of(row.cells[name]) if name in row else "" for name in _AMOUNTS)
    return row.cells.get("currency", ""), *signs


def _read_amounts(context: ImportContext, row: Row) -> None:
    for name in _AMOUNTS:
        read_price(context, row, name)


_READERS = (
    _Reader(_STAGE, _stage_key, read_stage),
    _Reader(
        ("industry",),
        lambda row: row.cells.get("industry") or None,
        lambda context, row: row.read_optional("industry", context.codes.industry),
    ),
    _Reader(
        ("country",),
        lambda row: row.cells.get("country") or None,
        lambda context, row: row.read_optional("country", context.codes.country),
    ),
    _Reader(("headcount",), lambda row: row.cells.get("headcount") or None, read_headcount),
    _Reader((*_AMOUNTS, "currency"), _amount_key, _read_amounts),
)


def unknown_values(context: ImportContext, files: Iterable[RecognisedFile]) -> list[UnknownValue]:
    """The values in files that need an answer, or have one, by topic: the unanswered first.

    The context's warnings are of no use afterwards.
    """
    counts: Counter[tuple[Topic, str]] = Counter()
    for file in files:
        for reader in _READERS:
            _count(context, reader, file.rows, counts)
    values: list[UnknownValue] = []
    for topic in Topic:
        of_topic = [
            UnknownValue(topic, text, count, context.meanings.find(topic, text) is None)
            for (of, text), count in counts.items()
            if of == topic
        ]
        of_topic.sort(key=lambda value: (not value.is_open, -value.count, value.text))
        values += of_topic[:_MOST_VALUES]
    return values


def _count(
    context: ImportContext, reader: _Reader, rows: Sequence[Row], counts: Counter[tuple[Topic, str]]
) -> None:
    groups: dict[Hashable, list[Row]] = {}
    for row in rows:
        if row.result is None and (key := reader.key(row)) is not None:
            groups.setdefault(key, []).append(row)
    for group in groups.values():
        cells = {name: group[0].cells[name] for name in reader.columns if name in group[0]}
        context.meanings.take()
        with suppress(DealkinError):
            reader.read(context, Row(group[0].line, [], cells))
        for value in context.meanings.take():
            counts[value] += len(group)
