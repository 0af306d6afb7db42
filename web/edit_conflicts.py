"""Edit conflicts: a form whose record another member saved after the form was opened."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sqlmodel import Session

from web.forms import Form
from workspace.errors import Conflict, Invalid

Row = TypeVar("Row")


@dataclass(frozen=True)
class Difference:
    """A field that two members changed, with the value of each."""

    label: str
    yours: str
    theirs: str


class EditConflict(Conflict):
    """The record no longer has the values that the form was opened with."""


@dataclass(frozen=True)
class EditForm:
    """What the form over a record shows."""

    values: dict[str, str]
    wrong: dict[str, str]
    seen: str = ""  # The fingerprint of the values that the form was opened with.
    # After an edit conflict: what both changed, which may be nothing.
    differences: list[Difference] | None = None


def fingerprint(values: Mapping[str, str]) -> str:
    """A hash of a record's values, which its form carries along and sends back."""
    text = json.dumps(sorted(values.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def lock_unchanged(
    session: Session, row: Row, form: Form, values: Callable[[Session, Row], Mapping[str, str]]
) -> None:
    """Reload a row and lock it until this transaction ends.

    `EditConflict` if the values that its form shows have changed since the form was opened.
    """
    session.refresh(row, with_for_update={"key_share": True})
    require_unchanged(form, values(session, row))


def require_unchanged(form: Form, values: Mapping[str, str]) -> None:
    """Raise `EditConflict` if the record has changed since the form was opened.

    A form that does not say what it was opened with could overwrite anything, so it is refused.
    """
    seen = form.text("seen", 64)
    if not seen:
        raise Invalid("Open the page again.", {"seen": "Open the page again, then save."})
    if seen != fingerprint(values):
        raise EditConflict("This was changed in the meantime.")


def edit_form(
    form: Form,
    saved: Mapping[str, str],
    yours: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> EditForm:
    """The form over the saved values, with what was sent over them.

    `yours` is what was sent, in the words of the saved values, where they differ. After an edit
    conflict the next try starts from the values that are saved now.
    """
    values = {**saved, **form.values}
    if form.is_conflict:
        both = differences(yours or form.values, saved, labels)
        return EditForm(values, {}, fingerprint(saved), both)
    return EditForm(values, form.wrong, form.values.get("seen") or fingerprint(saved))


def differences(
    yours: Mapping[str, str],
    theirs: Mapping[str, str],
    labels: Mapping[str, str] | None = None,
) -> list[Difference]:
    """What was typed beside what is saved now, where the two differ.

    A field without a label is called by its name.
    """
    return [
        Difference(
            (labels or {}).get(name) or name.removesuffix("_id").replace("_", " ").capitalize(),
            yours[name].strip() or "–",
            value or "–",
        )
        for name, value in theirs.items()
        if name in yours and " ".join(yours[name].split()) != " ".join(value.split())
    ]
