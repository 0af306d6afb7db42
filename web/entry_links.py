"""Links to what was written on a deal, from where the index has it."""

from urllib.parse import quote

LABELS = {
    "note": "Note",
    "call": "Call",
    "meeting": "Meeting",
    "email": "Email",
    "stakeholder": "Stakeholder note",
    "next": "Next step",
    "reason": "Reason",
    "own": "Own field",
    "feedback": "Feedback",
}


def source_label(source: str) -> str:
    """What a source such as 'note:12' is called; empty for the deal's own description."""
    return LABELS.get(source.partition(":")[0], "")


def path_of(source: str, deal_key: str) -> str:
    """The address of a source on a deal: '/deals/D-0042/activity#entry-12'."""
    kind, _, row = source.partition(":")
    deal = f"/deals/{quote(deal_key, safe='')}"
    if not row or kind == "own":
        return deal
    if kind == "feedback":
        return f"/references/{quote(row, safe='')}#said-title"
    if kind == "stakeholder":
        return f"{deal}/stakeholders#stakeholder-{row}"
    return f"{deal}/activity#entry-{row}"
