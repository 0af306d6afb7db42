"""Values of own fields: read from texts, shown as texts, and compared in filters and orders."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from workspace.errors import Invalid
from workspace.own_fields.fields import FieldKind, OwnField
from workspace.value_lists import join_values, split_values

MOST_TEXT = 2_000

# A text, a number, or a day as ISO text; several choices are joined by `value_lists`.
Value = str | float


def choice_of(field: OwnField, text: str) -> Value:
    """The choice, or the choices, that a text names, whatever its capitals."""
    by_name = {choice.casefold(): choice for choice in field.choices}
    named = split_values(text) if field.kind == FieldKind.CHOICES else [text.strip()]
    unknown = [name for name in named if name.casefold() not in by_name]
    if unknown:
        raise Invalid(f"'{unknown[0][:60]}' is none of {', '.join(field.choices)[:300]}.")
    return join_values(dict.fromkeys(by_name[name.casefold()] for name in named))


def shown(field: OwnField, value: Value | None) -> str:
    """A value as a text that a form takes again."""
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float | int) else value


def as_cell(field: OwnField, value: Value | None) -> str | Decimal | date | None:
    """A value as a cell of a file for spreadsheets."""
    if isinstance(value, float | int):
        return Decimal(f"{value:.10g}")
    if value and field.kind == FieldKind.DAY:
        return date.fromisoformat(value)
    return value


def facet_values(fields: Iterable[OwnField], own: Mapping[str, Value]) -> frozenset[str]:
    """The choices of these fields among the values of a deal, each as 'key=choice'."""
    return frozenset(
        f"{field.key}={choice}"
        for field in fields
        if field.has_choices
        for choice in split_values(str(own.get(field.key, "")))
    )


@dataclass(frozen=True)
class OwnFilter:
    """What a list is narrowed down to by an own field: a text, a choice, or a range."""

    key: str
    kind: str
    text: str = ""
    low: Value | None = None
    high: Value | None = None

    def where(self, own: Any) -> list[sa.ColumnElement[bool]]:
        """The predicates, on the column `own` of a table."""
        value = typed(own, self.key, self.kind)
        found: list[sa.ColumnElement[bool]] = []
        if self.text and self.kind == FieldKind.CHOICE:
            found.append(value == self.text)
        elif self.text and self.kind == FieldKind.CHOICES:
            # As the values are joined.
            wrapped = sa.literal("; ") + value + sa.literal("; ")
            found.append(wrapped.contains(f"; {self.text}; ", autoescape=True))
        elif self.text:
            found.append(value.icontains(self.text, autoescape=True))
        if self.low is not None:
            found.append(value >= self.low)
        if self.high is not None:
            found.append(value <= self.high)
        return found


def typed(own: Any, key: str, kind: str) -> Any:
    """A field's value in the column `own`, to be compared; null where there is none."""
    if kind in (FieldKind.NUMBER, FieldKind.AMOUNT):
        # PostgreSQL fails to cast a text.
        return sa.case((_KindOf(own[key]).in_(_NUMBERS), own[key].as_float()))
    return own[key].as_string()


class _KindOf(FunctionElement[str]):
    """The kind of a value of JSON, as the database calls it."""

    type = sa.String()
    inherit_cache = True


# What PostgreSQL and SQLite call numbers.
_NUMBERS = ("number", "integer", "real")


@compiles(_KindOf, "postgresql")
def _on_postgresql(function: Any, compiler: Any, **facts: Any) -> str:
    return f"json_typeof({compiler.process(function.clauses, **facts)})"


@compiles(_KindOf, "sqlite")
def _on_sqlite(function: Any, compiler: Any, **facts: Any) -> str:
    return f"json_type({compiler.process(function.clauses, **facts)})"


def order_of(own: Any, field: OwnField) -> Any:
    """What a list is ordered by: the value, never null; what has none comes first."""
    value = typed(own, field.key, field.kind)
    if field.kind in (FieldKind.NUMBER, FieldKind.AMOUNT):
        return sa.func.coalesce(value, -1e300)
    return sa.func.lower(sa.func.coalesce(value, ""))


def changed_values(
    fields: Sequence[OwnField], before: Mapping[str, Value], after: Mapping[str, Value]
) -> dict[str, list[str]]:
    """What differs in fields that everybody may see, in words: each name with both values."""
    return {
        field.name: [shown(field, before.get(field.key)), shown(field, after.get(field.key))]
        for field in fields
        if field.is_open and before.get(field.key) != after.get(field.key)
    }
