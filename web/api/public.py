"""What the API shows of the record's dataclasses, and how it writes them as JSON.

An answer is made of the dataclasses that pages show. Of each, the API shows the fields and the
properties, without the primary keys of the database: only a row without a key of its own shows its
number, by which it is changed. It is a text, as some programs know no integers of 64 bits.
"""

import types
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from math import isfinite
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from sqlmodel import SQLModel

# Public types by their names, which are those of the description.
_NAMED: dict[str, type] = {}


def plain(value: Any) -> Any:
    """A value in the types of JSON."""
    if is_dataclass(value) and not isinstance(value, type):
        shown = {name: plain(getattr(value, name)) for name in public_names(type(value))}
        return shown | {"id": str(shown["id"])} if "id" in shown else shown
    if isinstance(value, msgspec.Struct):
        return {
            called: plain(given)
            for name, called in zip(
                value.__struct_fields__, value.__struct_encode_fields__, strict=True
            )
            if (given := getattr(value, name)) is not msgspec.UNSET
        }
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        # An amount looks the same before and after the database has had it.
        return f"{value:.2f}"
    # JSON has no infinity, such as the prior of an outlook for which similar deals tell nothing.
    return None if isinstance(value, float) and not isfinite(value) else value


def public_names(kind: type) -> tuple[str, ...]:
    """The names of what the API shows of a dataclass."""
    return tuple(_members(kind))


@cache
def _members(kind: type) -> dict[str, Any]:
    """What the API shows of a dataclass, with its types. Rows of tables hold more than a viewer
    may see, so they are left out."""
    own = get_type_hints(kind)
    numbered = "key" not in own
    hints = {field.name: own[field.name] for field in fields(kind)}
    for parent in reversed(kind.__mro__):
        for name, member in vars(parent).items():
            if isinstance(member, property):
                hints[name] = get_type_hints(member.fget)["return"]
    return {
        name: str if name == "id" else hint
        for name, hint in hints.items()
        if not name.startswith("_")
        and not name.endswith("_id")
        and (numbered or name != "id")
        and not _holds_rows(hint)
    }


def _holds_rows(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, SQLModel):
        return True
    return any(_holds_rows(part) for part in get_args(hint))


@cache
def public(kind: Any) -> Any:
    """The type that describes what is shown of a dataclass, or of what holds dataclasses."""
    if isinstance(kind, type) and is_dataclass(kind):
        return _described(kind)
    origin = get_origin(kind)
    parts = tuple(part if part is Ellipsis else public(part) for part in get_args(kind))
    if origin in (types.UnionType, Union):
        return Union[parts]  # noqa: UP007
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return dict.__class_getitem__(parts)
    if isinstance(origin, type) and issubclass(origin, Collection):
        return list[parts[0]]  # type: ignore[valid-type]
    if kind is object:
        return Any
    if isinstance(kind, type) and issubclass(kind, float):
        return float | None
    return kind


def _described(kind: type) -> Any:
    name = kind.__name__
    if _NAMED.setdefault(name, kind) is not kind:
        name = kind.__module__.rpartition(".")[2].title().replace("_", "") + name
        if _NAMED.setdefault(name, kind) is not kind:
            raise TypeError(f"Two public types are called {name}.")
    # A type that refers to itself is described by its own name.
    members = [
        (member, hint if hint is kind else public(hint)) for member, hint in _members(kind).items()
    ]
    return msgspec.defstruct(name, members)
