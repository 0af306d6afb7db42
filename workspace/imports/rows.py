"""A row of a recognised file: its cells, its result, and what is wrong with it."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from sqlmodel import SQLModel

from workspace.errors import DealkinError, Invalid
from workspace.imports.cells import brief, read_line, read_list, read_name, read_prose
from workspace.imports.messages import Notice, all_of, in_column, said, tell
from workspace.phones import LONGEST, read_phone, split_phones
from workspace.value_lists import join_values

T = TypeVar("T")


class Result(StrEnum):
    """What a row did to the record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    # Nothing to import, such as a card of a company in an address book.
    LEFT_OUT = "left out"


class Row:
    """A row's cells by column. Reading collects problems, so that a refusal names all of them."""

    def __init__(self, line: int, original: list[str], cells: dict[str, str]) -> None:
        self.line = line
        self.original = original
        self.cells = cells
        self.result: Result | None = None
        self.problems: list[str] = []
        # Optional cells that were left out, and why.
        self.left_out: list[str] = []

    def __contains__(self, column: str) -> bool:
        return bool(self.cells.get(column))

    def read(self, column: str, parse: Callable[[str], T]) -> T | None:
        """A cell's value; None where the cell is empty, or wrong, which becomes a problem."""
        text = self.cells.get(column, "")
        if not text:
            return None
        try:
            return parse(text)
        except Invalid as problem:
            self.problems.append(in_column(column, said(problem)))
            return None

    def read_optional(self, column: str, parse: Callable[[str], T]) -> T | None:
        """A fact that the row can do without: a wrong cell costs itself, not the row."""
        text = self.cells.get(column, "")
        if not text:
            return None
        try:
            return parse(text)
        except Invalid as problem:
            self.leave_out(column, said(problem))
            return None

    def leave_out(self, column: str, reason: str) -> None:
        """Leave out an optional cell, which the report and the error file tell."""
        self.left_out.append(in_column(column, reason))

    def need(self, column: str, parse: Callable[[str], T]) -> T:
        """The value of a required cell."""
        value = self.read(column, parse)
        if value is None:
            if column not in self:
                self.problems.append(in_column(column, tell(Notice.MISSING)))
            self.check()
            raise AssertionError
        return value

    def need_name(self, column: str, table: type[SQLModel], attribute: str) -> str:
        """The required name of what a row is about, at most as long as the table's column."""
        return self.need(column, lambda text: read_name(text, max_length(table, attribute)))

    def read_lines(self, table: type[SQLModel], *columns: str) -> dict[str, str | None]:
        """The cells for the table's columns of the same names, each on one line."""
        return {column: self._text(column, read_line, table) for column in columns}

    def read_prose(self, table: type[SQLModel], *columns: str) -> dict[str, str | None]:
        """The cells for the table's columns of the same names, with their paragraphs."""
        return {column: self._text(column, read_prose, table) for column in columns}

    def _text(
        self, column: str, parse: Callable[[str, int | None], str], table: type[SQLModel]
    ) -> str | None:
        return self.read_optional(column, lambda text: parse(text, max_length(table, column)))

    def read_list(self, column: str) -> list[str]:
        """The values of a cell that holds several."""
        return self.read(column, read_list) or []

    def read_phones(self) -> str | None:
        """The telephone numbers of the row; one that cannot be read leaves the others alone."""
        numbers = []
        for part in split_phones(self.cells.get("phone", "")):
            try:
                numbers.append(read_phone(part))
            except Invalid as problem:
                self.leave_out("phone", said(problem))
        kept = join_values(dict.fromkeys(numbers))
        while len(kept) > LONGEST:
            kept, _, last = kept.rpartition("; ")
            self.leave_out("phone", tell(Notice.NUMBER_TOO_MANY, text=brief(last)))
        return kept or None

    def add_problem(self, problem: str) -> None:
        """Add a problem; `check` refuses the row for it."""
        self.problems.append(problem)

    def check(self) -> None:
        """Refuse the row if it has problems, naming all of them."""
        if self.problems:
            raise Invalid(all_of(self.problems))

    def fail(self, problem: str) -> None:
        """Leave the row out for this reason."""
        self.result = Result.FAILED
        self.problems = [problem]


def apply_each(rows: Iterable[Row], apply: Callable[[Row], Result | None]) -> None:
    """Apply each row that has no result yet; a refused row leaves the others alone.

    A function that returns None leaves the row for a later pass.
    """
    for row in rows:
        if row.result is None:
            try:
                row.result = apply(row)
            except DealkinError as problem:
                row.fail(said(problem))


# The rows of a file in an order in which they can be applied, and which of them only together.
Groups = list[list["Row"]]


def one_by_one(rows: Iterable[Row]) -> Groups:
    """Each row by itself."""
    return [[row] for row in rows]


def together(rows: Iterable[Row], identity: Callable[[Row], object]) -> Groups:
    """Rows with the same identity together, in the order of the first of them."""
    groups: dict[object, list[Row]] = {}
    for row in rows:
        groups.setdefault(identity(row), []).append(row)
    return list(groups.values())


def parents_first(
    rows: list[Row], own: str, parent: str, identity: Callable[[str], str]
) -> list[Row]:
    """The rows in an order in which no row comes before its parent (a topological sort).

    `own` is the column that names a row, `parent` the one that names its parent. Two texts with
    the same `identity` mean the same thing. A circle of parents is cut at one row.
    """
    by_identity: dict[str, Row] = {}
    for row in rows:
        by_identity.setdefault(identity(row.cells.get(own, "")), row)
    ordered: dict[int, Row] = {}
    for row in rows:
        chain: list[Row] = []
        ancestor: Row | None = row
        while ancestor is not None and id(ancestor) not in ordered and ancestor not in chain:
            chain.append(ancestor)
            name = ancestor.cells.get(parent, "")
            ancestor = by_identity.get(identity(name)) if name else None
        for link in reversed(chain):
            ordered[id(link)] = link
    return list(ordered.values())


def without_empty(facts: Mapping[str, object | None]) -> dict[str, Any]:
    """The facts that a row states: empty cells change nothing."""
    return {name: value for name, value in facts.items() if value is not None}


@cache
def max_length(table: type[SQLModel], column: str) -> int | None:
    """How many characters a column holds; None where it has no limit."""
    length: int | None = getattr(table.__table__.c[column].type, "length", None)  # type: ignore[attr-defined]
    return length
