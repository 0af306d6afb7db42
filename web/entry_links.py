"""Links to what was written on a deal, from where the index has it."""

LABELS = {
    "note": "Note",
    "call": "Call",
    "meeting": "Meeting",
    "email": "Email",
    "stakeholder": "Stakeholder note",
    "next": "Next step",
    "reason": "Reason",
    "own": "Own field",
}


def source_label(source: str) -> str:
    """What a source such as 'note:12' is called; empty for the deal's own description."""
    return LABELS.get(source.partition(":")[0], "")


def place_of(source: str) -> str:
    """The part of a deal's address that leads to a source: '/activity#entry-12'."""
    kind, _, row_id = source.partition(":")
    if not row_id or kind == "own":
        return ""
    if kind == "stakeholder":
        return f"/stakeholders#stakeholder-{row_id}"
    return f"/activity#entry-{row_id}"
