"""What is told of a person's rows: nothing of deals, accounts and people hidden from the viewer.

Rows are read table by table here, so that no filter of a session applies to them.
"""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from workspace.deals.access import hidden_deal_ids
from workspace.deals.discretion import hidden_from
from workspace.people.viewer import Viewer

# A row that refers to one of these is as hidden as that one.
_THROUGH = frozenset(
    {
        "advocate",
        "introductionrequest",
        "jobchange",
        "referencerequest",
        "stakeholder",
        "task",
        "tie",
        "timelineentry",
        "use",
    }
)


class Discretion:
    """The rows that a viewer may not see when they look at what is stored of a person."""

    def __init__(self, session: Session, viewer: Viewer, person_id: int) -> None:
        hidden = hidden_from(session, viewer)
        self._hidden = {
            "deal": hidden_deal_ids(session, viewer),
            "account": list(hidden.accounts),
            # The person themselves is known to the viewer, who looks at them.
            "person": [row_id for row_id in hidden.people if row_id != person_id],
        }

    def hides(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """The predicate of the rows of a table that are not told; never null."""
        conditions = []
        if table.name in self._hidden:
            conditions.append(table.c.id.in_(self._hidden[table.name]))
        if table.name == "auditentry":
            about = [f"{kind} {row_id}" for kind, ids in self._hidden.items() for row_id in ids]
            conditions.append(table.c.subject.in_(about))
        for column in table.c:
            # A person is told of without their account.
            for key in column.foreign_keys if table.name != "person" else ():
                target = key.column.table
                if target.name in self._hidden or target.name == "member":
                    kind = "person" if target.name == "member" else target.name
                    conditions.append(column.in_(self._hidden[kind]))
                elif target.name in _THROUGH and target is not table:
                    conditions.append(column.in_(sa.select(target.c.id).where(self.hides(target))))
        return sa.func.coalesce(sa.or_(sa.false(), *conditions), sa.false())

    def hidden_keys(self, session: Session, table: sa.Table) -> set[tuple[Any, ...]]:
        """The primary keys of the rows of a table that are not told."""
        query = sa.select(*table.primary_key).where(self.hides(table))
        return {tuple(row) for row in session.connection().execute(query)}

    def hides_account(self, account_id: int | None) -> bool:
        """Whether an account is hidden from the viewer."""
        return account_id in self._hidden["account"]


def key_of(row: SQLModel) -> tuple[Any, ...]:
    """The primary key of a row."""
    table = SQLModel.metadata.tables[str(row.__tablename__)]
    return tuple(getattr(row, column.name) for column in table.primary_key)
