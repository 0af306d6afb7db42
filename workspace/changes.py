"""Changes to a row: which values differ from its own, and setting them."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import SQLModel


def differing(row: SQLModel, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values, by column, that differ from the row's."""
    return {name: value for name, value in values.items() if getattr(row, name) != value}


def assign(row: SQLModel, values: Mapping[str, Any]) -> None:
    """Set the row's columns to these values."""
    for name, value in values.items():
        setattr(row, name, value)
