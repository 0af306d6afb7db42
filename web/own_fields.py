"""Own fields on pages: in forms, on a record's page, and in the address of a list."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from web.forms import Form
from workspace.own_fields.fields import (
    TABLES,
    FieldKind,
    FieldSubject,
    OwnField,
    editable,
    readable,
)
from workspace.own_fields.values import MOST_TEXT, OwnFilter, Value, shown
from workspace.people.viewer import Viewer
from workspace.value_lists import join_values

# What stands in front of a field's key in forms and addresses.
PREFIX = "own_"


@dataclass(frozen=True)
class OwnFact:
    """A value as a record's page shows it."""

    name: str
    text: str
    field: OwnField


def own_facts(
    session: Session, viewer: Viewer, subject: FieldSubject, own: Mapping[str, Value]
) -> list[OwnFact]:
    """The values that a viewer may see, of the fields that have one."""
    return [
        OwnFact(field.name, shown(field, own[field.key]), field)
        for field in readable(session, viewer, subject)
        if field.key in own
    ]


def form_values(fields: Iterable[OwnField], own: Mapping[str, Value]) -> dict[str, str]:
    """The values of fields as their form shows them."""
    return {field.param: shown(field, own.get(field.key)) for field in fields}


def labels_of(fields: Iterable[OwnField]) -> dict[str, str]:
    """What fields are called, by their names in forms."""
    return {field.param: field.name for field in fields}


def read_own(
    session: Session, viewer: Viewer, subject: FieldSubject, form: Form, own: Mapping[str, Value]
) -> dict[str, Value]:
    """The values with those that a form sends; what is wrong is noted in the form.

    Fields that the form does not send, or that the viewer may not edit, keep theirs.
    """
    values = dict(own)
    for field in editable(session, viewer, subject):
        if not is_sent(field, form):
            continue
        value = read_value(field, form)
        if value in (None, ""):
            values.pop(field.key, None)
        else:
            values[field.key] = value
    return values


def filled_own(
    session: Session, viewer: Viewer, subject: FieldSubject, form: Form
) -> dict[str, Value]:
    """The values that a form sends for many records: an empty field changes nothing."""
    sent = {
        field.key: read_value(field, form)
        for field in editable(session, viewer, subject)
        if is_sent(field, form)
    }
    return {key: value for key, value in sent.items() if value is not None and value != ""}


def is_sent(field: OwnField, form: Form) -> bool:
    """Whether a form has a field; a form with boxes also says so where none is checked."""
    return field.param in form.sent


def read_value(field: OwnField, form: Form) -> Value | None:
    """The value of a field in a form; what is wrong is noted there."""
    match field.kind:
        case FieldKind.TEXT:
            return form.lines(field.param, MOST_TEXT)
        case FieldKind.NUMBER | FieldKind.AMOUNT:
            return _number(form, field.param)
        case FieldKind.DAY:
            day = form.day(field.param)
            return day.isoformat() if day else None
        case FieldKind.LINK:
            return form.link(field.param)
        case FieldKind.CHOICE:
            return form.choice(field.param, field.choices)
    chosen = join_values(form.choices(field.param, field.choices))
    # A form that comes back shows the choices as the record would.
    form.sent[field.param] = [chosen]
    return chosen


def _number(form: Form, name: str) -> float | None:
    text = form.text(name, 40)
    negative = text.startswith("-")
    if negative:
        form.sent[name] = [text[1:]]
    amount = form.money(name)
    if negative:
        form.sent[name] = [text]
    return None if amount is None else float(-amount if negative else amount)


def read_filter(
    session: Session, viewer: Viewer, subject: FieldSubject, asked: Form
) -> tuple[list[OwnFilter], dict[str, str]]:
    """What an address narrows a list down to by own fields, and these parts of it.

    A field that is gone, or that the viewer may not see, narrows nothing down.
    """
    filters: list[OwnFilter] = []
    params: dict[str, str] = {}
    for field in readable(session, viewer, subject):
        names = range_names(field) if field.is_ordered else (field.param,)
        sent = {name: asked.text(name, 200) for name in names}
        if not any(sent.values()):
            continue
        if field.is_ordered:
            low, high = (_bound(field, asked, name) for name in names)
            filters.append(OwnFilter(field.key, field.kind, low=low, high=high))
        elif field.has_choices and sent[field.param] not in field.choices:
            continue
        else:
            filters.append(OwnFilter(field.key, field.kind, text=sent[field.param]))
        params |= {name: text for name, text in sent.items() if text}
    return filters, params


def range_names(field: OwnField) -> tuple[str, str]:
    """The names of the two ends of a range in addresses."""
    return f"{field.param}_from", f"{field.param}_to"


def _bound(field: OwnField, asked: Form, name: str) -> Value | None:
    if field.kind == FieldKind.DAY:
        day: date | None = asked.day(name)
        return day.isoformat() if day else None
    return _number(asked, name)


def predicates(subject: FieldSubject, filters: Sequence[OwnFilter]) -> list[sa.ColumnElement[bool]]:
    """The predicates of filters, for a query that selects from the subject's table."""
    table: Any = TABLES[subject]
    return [found for each in filters for found in each.where(table.own)]
