"""Forms that were opened before somebody else saved: nothing is overwritten unseen."""

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
    """A fact that two people changed: what each of them made of it."""

    label: str
    yours: str
    theirs: str


class EditConflict(Conflict):
    """The values that a form was opened with are no longer those of the record."""


def fingerprint(values: Mapping[str, str]) -> str:
    """What a form carries along, to tell whether the record is still as it was opened."""
    written = json.dumps(sorted(values.items()))
    return hashlib.sha256(written.encode()).hexdigest()[:32]


def lock_row(session: Session, row: Any) -> None:
    """See a row as it is now, and keep others from changing it until this transaction ends."""
    session.refresh(row, with_for_update={"key_share": True})


def require_unchanged(form: Form, values: Mapping[str, str]) -> None:
    """Refuse a form whose record somebody else has changed since it was opened."""
    seen = form.text("seen", 64)
    if seen and seen != fingerprint(values):
        raise EditConflict("Somebody else changed this in the meantime.")


def differences(yours: Mapping[str, str], theirs: Mapping[str, str]) -> list[Difference]:
    """What was typed beside what is there now, where the two differ."""
    return [
        Difference(
            name.removesuffix("_id").replace("_", " ").capitalize(),
            yours[name].strip() or "–",
            value or "–",
        )
        for name, value in theirs.items()
        if name in yours and " ".join(yours[name].split()) != " ".join(value.split())
    ]
