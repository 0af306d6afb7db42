"""Refusals, with messages for the person who has to correct something."""

from typing import Any


class DealkinError(Exception):
    """A refusal that the user can do something about; the message says what.

    One that may be kept has what is kept of it, a code with parameters (`workspace/told.py`).
    """

    told: dict[str, Any] | None = None


class NotFound(DealkinError):
    """It does not exist, or this viewer cannot know that it does."""


class Forbidden(DealkinError):
    """The viewer can see it, but has no right to do this."""


class Conflict(DealkinError):
    """It has changed meanwhile, or its state does not allow this step."""


class TooMany(DealkinError):
    """It was done too often lately; later it can be done again."""


class Busy(DealkinError):
    """Others were writing for too long; nothing was saved, and it can be tried again."""


class Invalid(DealkinError):
    """A value is wrong. `fields` maps a field's name to what is wrong with it."""

    def __init__(self, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}
