"""The policy of the reference desk: limits, earliest stage, approvals and deadlines."""

from typing import Any

from sqlmodel import Field, Session, SQLModel

from workspace.audit import audit
from workspace.errors import Invalid


class ReferencePolicy(SQLModel, table=True):
    """The single row of the desk's rules."""

    id: int = Field(default=1, primary_key=True)
    # A customer's budget, over all of its advocates.
    calls_a_quarter: int = 1
    events_in_two_quarters: int = 1
    # The position of the first stage in which a deal can ask for a reference.
    earliest_stage: int = 3
    # Whether the account owner has to approve as well.
    owner_approval: bool = True
    # Whether consent and terms are widened only with a code that is emailed to the advocate.
    code_to_widen: bool = False
    # How long a consent is valid, and how long before its end it is to be renewed.
    consent_months: int = 12
    renewal_days: int = 30
    # Days until each step is due, and until a guest's link expires.
    approval_days: int = 2
    answer_days: int = 5
    link_days: int = 14


POLICY_RANGES = {
    "calls_a_quarter": (0, 20),
    "events_in_two_quarters": (0, 20),
    "earliest_stage": (1, 50),
    "consent_months": (1, 60),
    "renewal_days": (0, 365),
    "approval_days": (1, 60),
    "answer_days": (1, 60),
    "link_days": (1, 60),
}


def current_policy(session: Session) -> ReferencePolicy:
    """The rules that were set; the defaults where none were."""
    return session.get(ReferencePolicy, 1) or ReferencePolicy()


def set_policy(session: Session, by: int | None, changes: dict[str, Any]) -> None:
    """Change the desk's rules; an open request meets them at its next step."""
    errors = {
        name: f"Enter a whole number from {low} to {high}."
        for name, (low, high) in POLICY_RANGES.items()
        if name in changes and not low <= changes[name] <= high
    }
    if errors:
        raise Invalid("Some fields could not be saved.", errors)
    rules = current_policy(session)
    before = {name: getattr(rules, name) for name in changes}
    rules.sqlmodel_update(changes)
    session.add(rules)
    session.flush()
    changed: dict[str, object] = {
        name: [before[name], value] for name, value in changes.items() if before[name] != value
    }
    if changed:
        audit(session, by, "reference policy set", "reference policy", changed)
