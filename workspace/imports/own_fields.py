"""Own fields in files: the columns that are recognised, and the values of a row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import Session

from workspace.errors import Invalid
from workspace.imports.cells import brief, read_link, read_number, read_prose
from workspace.imports.context import ImportContext
from workspace.imports.dates import read_day
from workspace.imports.formats import Format
from workspace.imports.messages import Notice, tell
from workspace.imports.money import read_money
from workspace.imports.rows import Row
from workspace.own_fields.fields import FieldKind, FieldSubject, OwnField, fields_of
from workspace.own_fields.values import MOST_TEXT, Value, choice_of

# The kinds of files with own fields.
SUBJECTS = {
    "accounts": FieldSubject.ACCOUNT,
    "members": FieldSubject.PERSON,
    "people": FieldSubject.PERSON,
    "deals": FieldSubject.DEAL,
    "assets": FieldSubject.ASSET,
}


def formats_with_own(session: Session, formats: Sequence[Format]) -> tuple[Format, ...]:
    """The formats, with a column for each own field, called like the field.

    A column of ours that is called so comes first; then the field's own is 'Name (own)'.
    """
    fields = {subject: fields_of(session, subject) for subject in FieldSubject}
    return tuple(
        replace(
            file_format,
            columns={**_columns(fields[SUBJECTS[file_format.kind]]), **file_format.columns},
        )
        if fields.get(SUBJECTS.get(file_format.kind, ""))  # type: ignore[call-overload]
        else file_format
        for file_format in formats
    )


def _columns(fields: Sequence[OwnField]) -> dict[str, tuple[str, ...]]:
    return {field.param: (field.name, f"{field.name} (own)") for field in fields}


def read_own(
    context: ImportContext, row: Row, subject: FieldSubject, before: Mapping[str, Value]
) -> dict[str, Any]:
    """The fact `own` of a row with values of own fields; empty where it states none.

    A value that is wrong, or that the importer may not edit, is left out.
    """
    values = dict(before)
    stated = False
    for field in context.own_fields(subject):
        if field.param not in row:
            continue
        if context.viewer and not field.editable_by(context.viewer):
            row.leave_out(field.name, tell(Notice.FIELD_NOT_YOURS))
            continue
        value = row.read_optional(field.param, _reader(field))
        if value is not None:
            values[field.key], stated = value, True
    return {"own": values} if stated else {}


def _reader(field: OwnField) -> Callable[[str], Value]:
    match field.kind:
        case FieldKind.NUMBER:
            return _number
        case FieldKind.AMOUNT:
            return lambda text: _amount(field, text)
        case FieldKind.DAY:
            return lambda text: read_day(text).isoformat()
        case FieldKind.LINK:
            return lambda text: read_link(text, MOST_TEXT)
        case FieldKind.TEXT:
            return lambda text: read_prose(text, MOST_TEXT)
    return lambda text: choice_of(field, text)


def _number(text: str) -> float:
    sign = -1 if text.strip().startswith(("-", "−")) else 1
    return float(sign * read_number(text.strip().lstrip("-−")))


def _amount(field: OwnField, text: str) -> float:
    money = read_money(text)
    if money.currency and money.currency != field.currency:
        raise Invalid(tell(Notice.OTHER_CURRENCY, text=brief(text), currency=field.currency))
    return float(money.amount)
