"""The columns of a list: which are shown, and by which it is ordered, as its address says."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from web.forms import Form, parse_pairs
from web.own_fields import PREFIX
from workspace.errors import Invalid
from workspace.own_fields.fields import OwnField
from workspace.own_fields.values import order_of

# Sent with every choice of columns, so that an empty one is a choice too.
NAME = "name"
# The cookie in which the browser keeps the widths of a list's columns, in thousandths of the table.
WIDTHS = "widths"


@dataclass(frozen=True)
class Column:
    """A column of a list: its label, and the name of what it is ordered by, if by anything."""

    label: str
    order: str = ""
    is_numeric: bool = False
    # Whether the first click puts the largest first.
    begins_largest: bool = False


@dataclass(frozen=True)
class Arrangement:
    """The columns beside a record's name, and the order."""

    order: str
    descending: bool
    columns: tuple[str, ...]
    # How the list is without a choice.
    usual_sort: str
    usual_columns: tuple[str, ...]
    # Whether the address says it even where it is as usual, because the list remembers another.
    is_explicit: bool = False

    @property
    def sort(self) -> str:
        """The order as it stands in the address."""
        return f"-{self.order}" if self.descending else self.order

    @property
    def shown_columns(self) -> str:
        """The columns as they stand in the address; nothing where they are the usual ones."""
        if self.columns == self.usual_columns and not self.is_explicit:
            return ""
        return ",".join((NAME, *self.columns))

    @property
    def params(self) -> dict[str, str]:
        """What an address says of all this."""
        sort = self.sort if self.is_explicit or self.sort != self.usual_sort else ""
        parts = {"sort": sort, "columns": self.shown_columns}
        return {name: part for name, part in parts.items() if part}

    def among(self, fields: Iterable[OwnField]) -> "Arrangement":
        """Without own fields that are gone, or that the viewer may not see."""
        known = {field.param for field in fields}
        arranged = replace(
            self, columns=tuple(name for name in self.columns if not is_own(name) or name in known)
        )
        if is_own(self.order) and self.order not in known:
            order, descending = self.usual_sort.removeprefix("-"), self.usual_sort.startswith("-")
            arranged = replace(arranged, order=order, descending=descending)
        return arranged


def read_arrangement(
    asked: Form,
    known: Mapping[str, Column],
    orders: Collection[str],
    usual_sort: str,
    usual_columns: tuple[str, ...],
) -> Arrangement:
    """What an address asks for; what it cannot ask for is noted in the form.

    Own fields are not looked up: `among` does that.
    """
    sort = asked.text("sort", 120) or usual_sort
    if sort.removeprefix("-") not in orders and not is_own(sort.removeprefix("-")):
        asked.refuse("sort", "Choose from the list.")
    named = [name for sent in asked.sent.get("columns", []) for name in sent.split(",") if name]
    if any(name not in known and name != NAME and not is_own(name) for name in named):
        asked.refuse("columns", "Choose from the list.")
    return Arrangement(
        order=sort.removeprefix("-"),
        descending=sort.startswith("-"),
        columns=_in_order(named, known) if named else usual_columns,
        usual_sort=usual_sort,
        usual_columns=usual_columns,
    )


def read_remembered(
    asked: Form,
    remembered: str,
    known: Mapping[str, Column],
    orders: Collection[str],
    usual_columns: tuple[str, ...],
    fields: Sequence[OwnField],
) -> Arrangement:
    """What an address asks for, or else what the browser remembers of the list.

    Without either, a list by name with all own fields.
    """
    usual = (known, orders, NAME, (*usual_columns, *(field.param for field in fields)))
    arranged = read_arrangement(asked, *usual)
    if "sort" in asked.sent or "columns" in asked.sent:
        return replace(arranged, is_explicit=True).among(fields)
    try:
        kept = Form(parse_pairs(remembered.encode("ascii", "replace")))
        before = read_arrangement(kept, *usual)
        kept.check()
    except Invalid:
        return arranged
    return replace(before, is_explicit=bool(remembered)).among(fields)


def ordering(arranged: Arrangement, fields: Iterable[OwnField], own: Any) -> dict[str, Any]:
    """The order as the functions that read lists take it; `own` is the column of own fields."""
    by_own = next((field for field in fields if field.param == arranged.order), None)
    return {
        "order": arranged.order if by_own is None else NAME,
        "own_order": None if by_own is None else order_of(own, by_own),
        "descending": arranged.descending,
    }


def with_own(known: Mapping[str, Column], fields: Iterable[OwnField]) -> dict[str, Column]:
    """The columns with those of own fields."""
    return {**known, **{field.param: Column(field.name, field.param) for field in fields}}


def is_own(name: str) -> bool:
    """Whether a part of an address is about an own field."""
    return name.startswith(PREFIX) and len(name) <= 100


def _in_order(named: Sequence[str], known: Mapping[str, Column]) -> tuple[str, ...]:
    own = dict.fromkeys(name for name in named if is_own(name))
    return (*(name for name in known if name in named and not is_own(name)), *own)


def shares_of(widths: str, shown: Sequence[str], free: float = 100.0) -> dict[str, float]:
    """The widths of the shown columns in per cent of the table, as the browser remembers them.

    They add up to `free`, what other columns leave. A column that was not shown when the widths
    were chosen gets the mean of the others. Nothing where the browser remembers none of them.
    """
    try:
        pairs = parse_pairs(widths.encode("ascii", "replace"))
    except Invalid:
        return {}
    kept = {
        name: min(int(text), 1_000)
        for name, text in pairs
        if name in shown and text.isdecimal() and text.isascii() and len(text) < 5 and int(text)
    }
    if not kept:
        return {}
    usual = sum(kept.values()) / len(kept)
    parts = {name: kept.get(name, usual) for name in shown}
    whole = sum(parts.values())
    return {name: round(free * part / whole, 1) for name, part in parts.items()}
