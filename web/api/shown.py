"""What several answers of the API have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from sqlmodel import Session

from workspace.own_fields.fields import FieldSubject, readable
from workspace.own_fields.values import Value, shown
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class Named:
    """A record that is referred to."""

    key: str
    name: str


class _HasOwn(Protocol):
    @property
    def own(self) -> dict[str, Any]: ...


Row = TypeVar("Row", bound=_HasOwn)


def named(pairs: Sequence[tuple[str, str]]) -> list[Named]:
    """Records by their keys and names."""
    return [Named(key, name) for key, name in pairs]


def own_values(
    session: Session, viewer: Viewer, subject: FieldSubject, own: Mapping[str, Value]
) -> dict[str, str]:
    """The values of own fields that a viewer may see, as text by the fields' keys."""
    return {
        field.key: shown(field, own[field.key])
        for field in readable(session, viewer, subject)
        if field.key in own
    }


def with_readable_own(
    session: Session, viewer: Viewer, subject: FieldSubject, rows: Sequence[Row]
) -> list[Row]:
    """Rows of a list, with the values of own fields that a viewer may see."""
    fields = readable(session, viewer, subject)

    def of(own: Mapping[str, Value]) -> dict[str, str]:
        return {field.key: shown(field, own[field.key]) for field in fields if field.key in own}

    return [replace(row, own=of(row.own)) for row in rows]  # type: ignore[type-var]
