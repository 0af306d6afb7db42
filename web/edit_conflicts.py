"""Edit conflicts: a form whose record another member saved after the form was opened."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from web.forms import Form
from workspace.errors import Conflict


@dataclass(frozen=True)
class Difference:
    """A field that two members changed, with the value of each."""

    label: str
    yours: str
    theirs: str


class EditConflict(Conflict):
    """The record no longer has the values that the form was opened with."""


def fingerprint(values: Mapping[str, str]) -> str:
    """A hash of a record's values, which its form carries along and sends back."""
    text = json.dumps(sorted(values.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def lock_row(session: Session, row: Any) -> None:
    """Reload a row and lock it until this transaction ends."""
    session.refresh(row, with_for_update={"key_share": True})


def require_unchanged(form: Form, values: Mapping[str, str]) -> None:
    """Raise `EditConflict` if the record has changed since the form was opened."""
    seen = form.text("seen", 64)
    if seen and seen != fingerprint(values):
        raise EditConflict("Somebody else changed this in the meantime.")


def differences(yours: Mapping[str, str], theirs: Mapping[str, str]) -> list[Difference]:
    """The fields where what was typed differs from what is stored now."""
    return [
        Difference(
            name.removesuffix("_id").replace("_", " ").capitalize(),
            yours[name].strip() or "–",
            value or "–",
        )
        for name, value in theirs.items()
        if name in yours and " ".join(yours[name].split()) != " ".join(value.split())
    ]
