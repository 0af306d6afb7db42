"""One row of a file on its way into the record: its cells, and what came of them."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from sqlmodel import SQLModel

from workspace.errors import DealkinError, Invalid
from workspace.imports.cells import read_line, read_list, read_name, read_prose

T = TypeVar("T")


class Result(StrEnum):
    """What came of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"


class Row:
    """A row's cells by column. Reading a cell notes what is wrong with it, to be told at once."""

    def __init__(self, line: int, original: list[str], cells: dict[str, str]) -> None:
        self.line = line
        self.original = original
        self.cells = cells
        self.result: Result | None = None
        self.problems: list[str] = []

    def __contains__(self, column: str) -> bool:
        return bool(self.cells.get(column))

    def read(self, column: str, parse: Callable[[str], T]) -> T | None:
        """A cell's value; None where it is empty, or wrong, which is noted."""
        text = self.cells.get(column, "")
        if not text:
            return None
        try:
            return parse(text)
        except Invalid as problem:
            self.problems.append(f"{column}: {problem}")
            return None

    def need(self, column: str, parse: Callable[[str], T]) -> T:
        """The value of a cell that no row can do without."""
        found = self.read(column, parse)
        if found is None:
            if column not in self:
                self.problems.append(f"{column}: It is missing.")
            self.check()
            raise AssertionError
        return found

    def name(self, column: str, table: type[SQLModel], attribute: str) -> str:
        """The name that a row is about, no longer than its column."""
        return self.need(column, lambda text: read_name(text, max_length(table, attribute)))

    def lines(self, table: type[SQLModel], *columns: str) -> dict[str, str | None]:
        """The cells that go into the columns of the same names, each on one line."""
        return {column: self._text(column, read_line, table) for column in columns}

    def prose(self, table: type[SQLModel], *columns: str) -> dict[str, str | None]:
        """The cells that go into the columns of the same names, with their paragraphs."""
        return {column: self._text(column, read_prose, table) for column in columns}

    def _text(
        self, column: str, parse: Callable[[str, int | None], str], table: type[SQLModel]
    ) -> str | None:
        return self.read(column, lambda text: parse(text, max_length(table, column)))

    def several(self, column: str) -> list[str]:
        """The values of a cell that holds several."""
        return self.read(column, read_list) or []

    def refuse(self, problem: str) -> None:
        """Note what is wrong."""
        self.problems.append(problem)

    def check(self) -> None:
        """Refuse the row where anything is wrong with it, naming all of it."""
        if self.problems:
            raise Invalid(" ".join(self.problems))

    def fail(self, problem: str) -> None:
        """Leave the row out, for this reason."""
        self.result = Result.FAILED
        self.problems = [problem]


def apply_each(rows: Iterable[Row], apply: Callable[[Row], Result | None]) -> None:
    """Apply every row by itself: one that is refused leaves the others alone.

    A row whose result is None is not finished yet.
    """
    for row in rows:
        if row.result is None:
            try:
                row.result = apply(row)
            except DealkinError as problem:
                row.fail(str(problem))


def parents_first(rows: list[Row], own: str, parent: str, same: Callable[[str], str]) -> list[Row]:
    """The rows in an order in which no row comes before the one that it names as its parent."""
    by_name: dict[str, Row] = {}
    for row in rows:
        by_name.setdefault(same(row.cells.get(own, "")), row)
    placed: dict[int, Row] = {}
    for row in rows:
        chain: list[Row] = []
        at: Row | None = row
        while at is not None and id(at) not in placed and at not in chain:
            chain.append(at)
            above = at.cells.get(parent, "")
            at = by_name.get(same(above)) if above else None
        for link in reversed(chain):
            placed[id(link)] = link
    return list(placed.values())


def without_empty(facts: Mapping[str, object | None]) -> dict[str, Any]:
    """The facts that a row states: an empty cell leaves things as they are."""
    return {name: value for name, value in facts.items() if value is not None}


def max_length(table: type[SQLModel], column: str) -> int | None:
    """How many characters a column holds; None where it does not say."""
    found: int | None = getattr(table.__table__.c[column].type, "length", None)  # type: ignore[attr-defined]
    return found
