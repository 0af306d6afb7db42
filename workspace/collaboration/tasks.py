"""Tasks on deals, with assignee and due date."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col

from workspace.clock import now, today
from workspace.database import fetch, select_row
from workspace.deals import access
from workspace.deals.lifecycle import lock_deal
from workspace.deals.tables import Deal
from workspace.errors import Forbidden, Invalid, NotFound
from workspace.ids import uncounted_id
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_writer
from workspace.timeline.timeline import record


class Task(SQLModel, table=True):
    """Something to do on a deal."""

    id: int = uncounted_id()
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
    """A task as a line of a list, with its deal."""

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
        """Whether it is open and was due before today."""
        return self.done_at is None and self.due is not None and self.due < today()

    @property
    def is_today(self) -> bool:
        """Whether it is open and due today."""
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
    """Add a task for the assignee, given by key, who is notified; by default for its author."""
    task = Task(
        deal_id=deal.id,
        text=text,
        due=due,
        assignee_id=_reader(session, deal, assignee) if assignee else by,
        added_by_id=by,
    )
    session.add(task)
    session.flush()
    _record(session, task, by, "added", tell=_assignee(task))
    return task


def change_task(
    session: Session, task: Task, by: int | None, *, due: date | None, assignee: str | None
) -> None:
    """Change a task's due date and assignee; a new and a former assignee are notified."""
    deal = session.get_one(Deal, task.deal_id)
    former_id = task.assignee_id
    former = session.get(Person, former_id) if former_id else None
    # An assignee who could not get the task today can keep it.
    keeps = assignee == (former.key if former else None)
    new_id = former_id if keeps else _reader(session, deal, assignee) if assignee else None
    if (due, new_id) == (task.due, former_id):
        return
    task.due, task.assignee_id = due, new_id
    session.add(task)
    tell = {} if keeps else {person_id: "task" for person_id in (former_id, new_id) if person_id}
    _record(session, task, by, "moved" if keeps else "given", tell=tell)


def finish_task(session: Session, task: Task, by: int | None) -> None:
    """Mark a task as done and notify its author; a task that is done stays as it is."""
    if task.done_at is None:
        task.done_at, task.done_by_id = now(), by
        session.add(task)
        tell = {task.added_by_id: "task"} if task.added_by_id else {}
        _record(session, task, by, "done", tell=tell)


def reopen_task(session: Session, task: Task, by: int | None) -> None:
    """Reopen a task that is done."""
    if task.done_at is not None:
        task.done_at = task.done_by_id = None
        session.add(task)
        _record(session, task, by, "reopened", tell=_assignee(task))


def remove_task(session: Session, task: Task, by: int | None) -> None:
    """Remove a task."""
    _record(session, task, by, "removed", tell=_assignee(task))
    session.delete(task)


def changeable_task(session: Session, viewer: Viewer, key: str, task_id: int) -> tuple[Deal, Task]:
    """A deal and its task; Forbidden unless the viewer can edit the deal or is the assignee."""
    require_writer(viewer)
    deal = access.readable_deal(session, viewer, key)
    # Changes of a deal's tasks lock the deal, so that simultaneous ones see each other.
    lock_deal(session, deal)
    task = session.get(Task, task_id)
    if task is None or task.deal_id != deal.id:
        raise NotFound("There is no such task. It may have been deleted.")
    session.refresh(task)
    if task.assignee_id != viewer.person_id and not access.may_edit(session, viewer, deal):
        raise Forbidden("Only the team, managers and the assignee can change this task.")
    return deal, task


def tasks_of_deal(session: Session, deal: Deal, *, done: int = 5) -> list[TaskRow]:
    """The open tasks of a deal, the most urgent first, then the last ones that were done."""
    on_deal = _task_rows().where(col(Task.deal_id) == deal.id)
    open_tasks = on_deal.where(col(Task.done_at).is_(None)).order_by(*_URGENCY)
    rows = fetch(session, TaskRow, open_tasks)
    if done:
        closed = on_deal.where(col(Task.done_at).is_not(None)).order_by(sa.desc(col(Task.done_at)))
        rows += fetch(session, TaskRow, closed.limit(done))
    return rows


def tasks_of_member(
    session: Session, viewer: Viewer, *, until: date | None = None, limit: int = 30
) -> list[TaskRow]:
    """The open tasks of a member on deals that they can see, the most urgent first."""
    query = _task_rows().where(
        access.visible_deals(viewer),
        col(Task.assignee_id) == viewer.person_id,
        col(Task.done_at).is_(None),
    )
    if until is not None:
        query = query.where(col(Task.due) <= until)
    return fetch(session, TaskRow, query.order_by(*_URGENCY).limit(limit))


_URGENCY = (col(Task.due).is_(None), col(Task.due), col(Task.id))


def _task_rows() -> sa.Select[Any]:
    return (
        select_row(TaskRow, Task, Deal, assignee=Person.name, assignee_key=Person.key)
        .join(Deal, col(Deal.id) == col(Task.deal_id))
        .outerjoin(Person, col(Person.id) == col(Task.assignee_id))
    )


def _reader(session: Session, deal: Deal, key: str) -> int:
    for reader in access.readers_of(session, deal):
        if reader.key == key:
            return reader.id
    raise Invalid(
        "They cannot be given this task.", {"assignee": "Choose a member who can see this deal."}
    )


def _assignee(task: Task) -> dict[int, str]:
    """The assignee of a task, to be notified."""
    return {task.assignee_id: "task"} if task.assignee_id else {}


def _record(
    session: Session,
    task: Task,
    by: int | None,
    step: str,
    *,
    tell: dict[int, str] | None = None,
) -> None:
    detail: dict[str, object] = {"step": step, "person_id": task.assignee_id}
    if task.due:
        detail["due"] = task.due.isoformat()
    record(session, task.deal_id, by, "task", task.text, detail=detail, tell=tell)
