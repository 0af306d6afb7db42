"""Account owners, where they are not the owner of the deal won last."""

from datetime import date

from sqlmodel import Field, Session, SQLModel

from workspace.audit import audit
from workspace.clock import today


class AccountOwner(SQLModel, table=True):
    """The member to whom a customer was handed over, until another deal is won there."""

    account_id: int = Field(primary_key=True, foreign_key="account.id")
    person_id: int = Field(foreign_key="person.id", index=True)
    since: date = Field(default_factory=today)


def hand_over_customer(
    session: Session, account_id: int, to: int | None, *, by: int | None
) -> None:
    """Have a member look after a customer; without one, the customer has no such owner."""
    row = session.get(AccountOwner, account_id)
    if to is None:
        if row:
            session.delete(row)
    else:
        row = row or AccountOwner(account_id=account_id, person_id=to)
        row.person_id, row.since = to, today()
        session.add(row)
    detail: dict[str, object] = {"owner_id": to}
    audit(session, by, "customer handed over", f"account {account_id}", detail)
