"""Answers to whether a name in files means an account or a contact of the record.

An answer holds for the name in every later file.
"""

from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from workspace.accounts.accounts import Account
from workspace.audit import audit
from workspace.clock import now
from workspace.duplicates.finding import ACCOUNT, PERSON
from workspace.errors import Invalid
from workspace.keys import plain
from workspace.people.names import name_key
from workspace.people.tables import Person


class ImportAnswer(SQLModel, table=True):
    """Whether a name in files means an account or a contact of the record."""

    id: int = Field(default=None, primary_key=True)
    # One of the two.
    account_id: int | None = Field(
        default=None, foreign_key="account.id", ondelete="CASCADE", index=True
    )
    person_id: int | None = Field(
        default=None, foreign_key="person.id", ondelete="CASCADE", index=True
    )
    # As names are compared.
    name: str = Field(max_length=500)
    same: bool
    by_id: int | None = Field(default=None, foreign_key="person.id")
    at: datetime = Field(default_factory=now)


def compared(kind: str, name: str) -> str:
    """A name as answers keep it."""
    return (plain(name) if kind == ACCOUNT else name_key(name))[:500]


def answered(session: Session, kind: str, *, same: bool) -> list[tuple[str, int]]:
    """The names that were answered for, with the ids that they mean or do not mean."""
    column = col(ImportAnswer.account_id if kind == ACCOUNT else ImportAnswer.person_id)
    query = select(ImportAnswer.name, column).where(
        column.is_not(None), col(ImportAnswer.same).is_(same)
    )
    rows = session.exec(query.order_by(col(ImportAnswer.id)))
    return [(name, row_id) for name, row_id in rows if row_id is not None]


def remember_answer(
    session: Session, row: Account | Person, name: str, by: int | None, *, same: bool
) -> None:
    """Remember whether a name means an account or contact, in place of an earlier answer."""
    kind = ACCOUNT if isinstance(row, Account) else PERSON
    account_id, person_id = (row.id, None) if kind == ACCOUNT else (None, row.id)
    name = compared(kind, name)
    if not name:
        raise Invalid("A name without letters cannot be remembered.")
    before = session.exec(
        select(ImportAnswer).where(
            ImportAnswer.account_id == account_id,
            ImportAnswer.person_id == person_id,
            ImportAnswer.name == name,
        )
    ).first()
    said = before or ImportAnswer(account_id=account_id, person_id=person_id, name=name, same=same)
    said.same, said.by_id, said.at = same, by, now()
    session.add(said)
    answer = "same" if same else "another"
    audit(session, by, "import question answered", f"{kind} {row.id}", {"answer": answer})
