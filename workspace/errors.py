"""What can go wrong, in words for the person who must mend it."""


class DealkinError(Exception):
    """Any refusal that is the caller's to mend; its text says how."""


class NotFound(DealkinError):
    """No such thing, or none that this viewer may know of."""


class Forbidden(DealkinError):
    """The viewer may see it, but not do this with it."""


class Conflict(DealkinError):
    """Somebody else changed it first, or the step does not fit its state."""


class Invalid(DealkinError):
    """A value that cannot be taken. `fields` maps a field's name to what is wrong with it."""

    def __init__(self, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}
