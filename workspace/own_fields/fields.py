"""Own fields: which there are, who may see and edit them, and adding, changing, removing one.

Their values are in the column `own` of the tables, by the field's key.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm.attributes import flag_modified
from sqlmodel import Field, Session, SQLModel, UniqueConstraint, col, select

from workspace.accounts.accounts import Account
from workspace.assets.assets import Asset
from workspace.audit import AuditEntry, audit
from workspace.database import RIGHTS
from workspace.deals.tables import Deal
from workspace.errors import Invalid
from workspace.keys import free_key, plain, random_key, slug
from workspace.people.tables import Person, Role
from workspace.people.viewer import Viewer
from workspace.reading import found_once
from workspace.value_lists import join_values, split_values

# What the audit log calls the removal of a field.
_REMOVED = "own field removed"
MOST_FIELDS = 50
MOST_CHOICES = 100
# What a field of a choice weighs in similar deals at most; the largest weight of ours is 0.5.
MOST_WEIGHT = 1.0


class FieldSubject(StrEnum):
    """What a field is about."""

    DEAL = "deal"
    ACCOUNT = "account"
    PERSON = "person"
    ASSET = "asset"


TABLES: dict[FieldSubject, type[Deal] | type[Account] | type[Person] | type[Asset]] = {
    FieldSubject.DEAL: Deal,
    FieldSubject.ACCOUNT: Account,
    FieldSubject.PERSON: Person,
    FieldSubject.ASSET: Asset,
}


class FieldKind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    AMOUNT = "amount"
    DAY = "day"
    CHOICE = "choice"
    CHOICES = "several choices"
    LINK = "link"


CHOICE_KINDS = (FieldKind.CHOICE, FieldKind.CHOICES)


class OwnField(SQLModel, table=True):
    """A field that the company has added."""

    __table_args__ = (UniqueConstraint("subject", "name"),)

    id: int = Field(default=None, primary_key=True)
    subject: str = Field(max_length=10)
    key: str = Field(unique=True, max_length=80)
    name: str = Field(max_length=60)
    kind: str = Field(max_length=20)
    choices: list[str] = Field(default_factory=list, sa_type=JSON)
    # Of an amount.
    currency: str = Field(default="", max_length=3)
    # The roles that may see it, and those that may edit it, joined by `value_lists`; empty for all.
    readers: str = Field(default="", max_length=200, sa_column_kwargs={"info": {RIGHTS: True}})
    editors: str = Field(default="", max_length=200)
    # Of a choice on deals: how much it counts for similar deals.
    weight: float = 0.0

    @property
    def param(self) -> str:
        """Its name in forms and addresses."""
        return f"own_{self.key}"

    @property
    def has_choices(self) -> bool:
        """Whether its values are from a list."""
        return self.kind in CHOICE_KINDS

    @property
    def is_ordered(self) -> bool:
        """Whether its values lie between others, so that a filter has a from and a to."""
        return self.kind in (FieldKind.NUMBER, FieldKind.AMOUNT, FieldKind.DAY)

    @property
    def is_open(self) -> bool:
        """Whether everybody may see it; only then is it searched, or counts for similar deals."""
        return not self.readers

    @property
    def counts(self) -> bool:
        """Whether it counts for similar deals."""
        return (
            self.subject == FieldSubject.DEAL
            and self.has_choices
            and self.is_open
            and self.weight > 0
        )

    def readable_by(self, viewer: Viewer) -> bool:
        """Whether a viewer may see it."""
        return _allows(self.readers, viewer)

    def editable_by(self, viewer: Viewer) -> bool:
        """Whether a viewer may edit it, on what they may edit otherwise."""
        return self.readable_by(viewer) and _allows(self.editors, viewer)


def _allows(roles: str, viewer: Viewer) -> bool:
    return not roles or bool(viewer.roles & set(split_values(roles)))


_FIELDS_OF = {
    subject: select(OwnField)
    .where(OwnField.subject == subject)
    .order_by(col(OwnField.name), col(OwnField.id))
    for subject in FieldSubject
}


def fields_of(session: Session, subject: FieldSubject) -> list[OwnField]:
    """The fields of a subject, by name."""
    query = _FIELDS_OF[subject]
    return list(found_once(session, (OwnField, subject), lambda: session.exec(query).all()))


def readable(session: Session, viewer: Viewer, subject: FieldSubject) -> list[OwnField]:
    """The fields that a viewer may see."""
    return [field for field in fields_of(session, subject) if field.readable_by(viewer)]


def editable(session: Session, viewer: Viewer, subject: FieldSubject) -> list[OwnField]:
    """The fields that a viewer may edit."""
    return [field for field in fields_of(session, subject) if field.editable_by(viewer)]


def add_field(
    session: Session,
    subject: FieldSubject,
    name: str,
    kind: FieldKind,
    by: int | None,
    *,
    choices: Sequence[str] = (),
    currency: str = "",
    readers: Sequence[Role] = (),
    editors: Sequence[Role] = (),
    weight: float = 0.0,
) -> OwnField:
    """Add a field to a subject."""
    if len(fields_of(session, subject)) >= MOST_FIELDS:
        raise Invalid(f"There are at most {MOST_FIELDS} fields of a kind of record.")
    field = OwnField(
        subject=subject,
        key=_new_key(session, name),
        name=name,
        kind=kind,
        choices=list(choices),
        currency=currency,
        readers=join_values(readers),
        editors=join_values(editors),
        weight=weight,
    )
    _require_valid(session, field)
    session.add(field)
    session.flush()
    audit(session, by, "own field added", f"own field {field.id}", {"name": name, "kind": kind})
    return field


def _new_key(session: Session, name: str) -> str:
    """A key that no field has or had: records that come back may hold values of a removed one."""
    query = select(AuditEntry.id).where(AuditEntry.action == _REMOVED).limit(1)
    if session.exec(query).first() is None:
        return free_key(session, OwnField, name)
    return random_key(session, OwnField, f"{slug(name) or 'field'}-")


def edit_field(
    session: Session,
    field: OwnField,
    by: int | None,
    *,
    name: str,
    choices: Sequence[str] = (),
    readers: Sequence[Role] = (),
    editors: Sequence[Role] = (),
    weight: float = 0.0,
) -> None:
    """Change a field; its kind stays, and so do values that are no longer a choice."""
    was_open = field.is_open
    before = {"name": field.name, "choices": field.choices, "readers": field.readers}
    field.name, field.choices = name, list(choices)
    field.readers, field.editors = join_values(readers), join_values(editors)
    field.weight = weight
    _require_valid(session, field)
    session.add(field)
    session.flush()
    after = {"name": name, "choices": field.choices, "readers": field.readers}
    detail: dict[str, object] = {"before": before, "after": after, "weight": weight}
    audit(session, by, "own field changed", f"own field {field.id}", detail)
    if field.kind == FieldKind.TEXT and was_open != field.is_open:
        # What is searched depends on who may see it.
        for row in _with_value(session, field):
            flag_modified(row, "own")


def remove_field(session: Session, field: OwnField, by: int | None) -> int:
    """Remove a field with its values; how many there were."""
    rows = _with_value(session, field)
    for row in rows:
        row.own = {key: value for key, value in row.own.items() if key != field.key}
        session.add(row)
    detail: dict[str, object] = {"name": field.name, "values": len(rows)}
    audit(session, by, _REMOVED, f"own field {field.id}", detail)
    session.delete(field)
    session.flush()
    return len(rows)


def _with_value(session: Session, field: OwnField) -> list[Any]:
    table: Any = TABLES[FieldSubject(field.subject)]
    rows = session.exec(select(table).where(table.own[field.key].as_string().is_not(None)))
    return list(rows)


def _require_valid(session: Session, field: OwnField) -> None:
    wrong: dict[str, str] = {}
    if not field.name:
        wrong["name"] = "Enter a name."
    others = [
        other for other in fields_of(session, FieldSubject(field.subject)) if other is not field
    ]
    if any(plain(other.name) == plain(field.name) for other in others):
        wrong["name"] = "Another field has this name."
    if field.has_choices and not field.choices:
        wrong["choices"] = "Enter at least one choice."
    if len(field.choices) > MOST_CHOICES:
        wrong["choices"] = f"Enter at most {MOST_CHOICES} choices."
    if any(";" in choice for choice in field.choices):
        wrong["choices"] = "A choice has no semicolon."
    if field.kind == FieldKind.AMOUNT and not field.currency:
        wrong["currency"] = "Enter a currency, such as EUR."
    if not 0 <= field.weight <= MOST_WEIGHT:
        wrong["weight"] = f"Enter a number from 0 to {MOST_WEIGHT:g}."
    if wrong:
        raise Invalid("The field is not saved.", wrong)
