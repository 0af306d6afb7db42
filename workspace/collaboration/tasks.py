"""Tasks: what has to be done on a deal, by whom and by when."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col

from workspace.clock import now, today
from workspace.deals import access
from workspace.deals.lifecycle import lock_deal
from workspace.deals.tables import Deal
from workspace.errors import Forbidden, Invalid, NotFound
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_writer
from workspace.timeline.timeline import record


class Task(SQLModel, table=True):
    """One thing to do on a deal."""

    id: int = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    text: str = Field(max_length=300)
    due: date | None = None
    assignee_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    added_by_id: int | None = Field(default=None, foreign_key="person.id")
    created_at: datetime = Field(default_factory=now)
    done_at: datetime | None = None
    done_by_id: int | None = Field(default=None, foreign_key="person.id")


@dataclass(frozen=True)
class TaskRow:
    """A task as pages show it, with the deal that it is on."""

    id: int
    text: str
    due: date | None
    done_at: datetime | None
    assignee_id: int | None
    assignee: str | None
    assignee_key: str | None
    deal_key: str
    deal_name: str
    confidential: bool

    @property
    def overdue(self) -> bool:
        """Whether it should have been done before today."""
        return self.done_at is None and self.due is not None and self.due < today()

    @property
    def is_today(self) -> bool:
        """Whether it has to be done today."""
        return self.done_at is None and self.due == today()


def add_task(
    session: Session,
    deal: Deal,
    text: str,
    by: int | None,
    *,
    due: date | None = None,
    assignee: str | None = None,
) -> Task:
    """Something to do on a deal, for the member of that key, who is told; else for its adder."""
    task = Task(
        deal_id=deal.id,
        text=text,
        due=due,
        assignee_id=_reader(session, deal, assignee) if assignee else by,
        added_by_id=by,
    )
    session.add(task)
    session.flush()
    _record(session, task, by, "added", to=_holder(task))
    return task


def change_task(
    session: Session, task: Task, by: int | None, *, due: date | None, assignee: str | None
) -> None:
    """Give a task another day, or to somebody else, who is told."""
    deal = session.get_one(Deal, task.deal_id)
    before = task.assignee_id
    had = session.get(Person, before) if before else None
    # Whoever has it keeps it, also where they could no longer be given it.
    keeps = assignee == (had.key if had else None)
    to = before if keeps else _reader(session, deal, assignee) if assignee else None
    if (due, to) == (task.due, before):
        return
    task.due, task.assignee_id = due, to
    session.add(task)
    told = {} if keeps else {who: "task" for who in (before, to) if who}
    _record(session, task, by, "moved" if keeps else "given", to=told)


def finish_task(session: Session, task: Task, by: int | None) -> None:
    """A task is done; one that is done already stays as it was."""
    if task.done_at is None:
        task.done_at, task.done_by_id = now(), by
        session.add(task)
        # Whoever wanted it done hears that it is.
        tell = {task.added_by_id: "task"} if task.added_by_id else {}
        _record(session, task, by, "done", to=tell)


def reopen_task(session: Session, task: Task, by: int | None) -> None:
    """A task is not done after all."""
    if task.done_at is not None:
        task.done_at = task.done_by_id = None
        session.add(task)
        _record(session, task, by, "reopened", to=_holder(task))


def remove_task(session: Session, task: Task, by: int | None) -> None:
    """Take a task away that nobody has to do any more."""
    _record(session, task, by, "removed", to=_holder(task))
    session.delete(task)


def changeable_task(session: Session, viewer: Viewer, key: str, task_id: int) -> tuple[Deal, Task]:
    """A task and its deal: for those who may change the deal, and whoever has the task."""
    require_writer(viewer)
    deal = access.readable_deal(session, viewer, key)
    # Whoever changes a task holds its deal, so that two at once see each other's change.
    lock_deal(session, deal)
    task = session.get(Task, task_id)
    if task is None or task.deal_id != deal.id:
        raise NotFound("There is no such task. Somebody may have removed it.")
    session.refresh(task)
    if task.assignee_id != viewer.person_id and not access.may_edit(session, viewer, deal):
        raise Forbidden("Only this deal's team, managers and whoever has the task may change it.")
    return deal, task


def tasks_of_deal(session: Session, deal: Deal, *, done: int = 5) -> list[TaskRow]:
    """What is to be done on a deal, the most urgent first, then what was done last."""
    here = _rows().where(col(Task.deal_id) == deal.id)
    waiting = here.where(col(Task.done_at).is_(None)).order_by(*_URGENT)
    found = [TaskRow(*row) for row in session.execute(waiting)]
    if done:
        last = here.where(col(Task.done_at).is_not(None)).order_by(sa.desc(col(Task.done_at)))
        found += [TaskRow(*row) for row in session.execute(last.limit(done))]
    return found


def tasks_of_member(
    session: Session, viewer: Viewer, *, until: date | None = None, limit: int = 30
) -> list[TaskRow]:
    """What a member has to do on deals that they see, the most urgent first."""
    query = _rows().where(
        access.visible_deals(viewer),
        col(Task.assignee_id) == viewer.person_id,
        col(Task.done_at).is_(None),
    )
    if until is not None:
        query = query.where(col(Task.due) <= until)
    return [TaskRow(*row) for row in session.execute(query.order_by(*_URGENT).limit(limit))]


_URGENT = (col(Task.due).is_(None), col(Task.due), col(Task.id))


def _rows() -> Any:
    return (
        sa.select(
            col(Task.id),
            col(Task.text),
            col(Task.due),
            col(Task.done_at),
            col(Task.assignee_id),
            col(Person.name),
            col(Person.key),
            col(Deal.key),
            col(Deal.name),
            col(Deal.confidential),
        )
        .join(Deal, col(Deal.id) == col(Task.deal_id))
        .outerjoin(Person, col(Person.id) == col(Task.assignee_id))
    )


def _reader(session: Session, deal: Deal, key: str) -> int:
    for reader in access.readers_of(session, deal):
        if reader.key == key:
            return reader.id
    raise Invalid(
        "They cannot be given this task.", {"assignee": "Choose somebody who may see this deal."}
    )


def _holder(task: Task) -> dict[int, str]:
    """Whoever has a task, as somebody to be told."""
    return {task.assignee_id: "task"} if task.assignee_id else {}


def _record(
    session: Session,
    task: Task,
    by: int | None,
    step: str,
    *,
    to: dict[int, str] | None = None,
) -> None:
    detail: dict[str, object] = {"step": step, "person_id": task.assignee_id}
    if task.due:
        detail["due"] = task.due.isoformat()
    record(session, task.deal_id, by, "task", task.text, detail=detail, tell=to)
