"""Tasks on a deal: added, given, moved to another day, done, taken away."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.forms import Form, uncounted_id
from web.pages.deal_room.header import DealHeader, deal_header
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.collaboration import tasks
from workspace.collaboration.tasks import Task, TaskRow
from workspace.deals import access
from workspace.deals.tables import Deal
from workspace.people.viewer import Viewer
from workspace.revisions import history

# Where a form may lead back to, by the word that it sends.
PLACES = {"today": "/", "overview": "", "activity": "activity"}


@dataclass(frozen=True)
class TasksPage:
    """What is to be done on a deal, and the form for more."""

    header: DealHeader
    tasks: list[TaskRow]
    readers: list[tuple[str, str]]
    viewer_id: int | None
    values: dict[str, str]
    wrong: dict[str, str]


class TaskController(Controller):
    """/deals/{key}/tasks."""

    path = "/deals/{key:str}/tasks"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        page = visit.page(tasks_page, key, Form())
        return visit.answer("deal_room/tasks.html", "deal_room/_tasks.html", page)

    @post()
    def add(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        back = _back(visit.form, key)
        with visit.saving() as session:
            add_task(session, visit.viewer, key, visit.form)
        if visit.form.refusal:
            page = visit.page(tasks_page, key, visit.form)
            return visit.answer("deal_room/tasks.html", "deal_room/_task_form.html", page)
        return visit.go(back, "The task is added.")

    @post("/{task_id:int}/done")
    def finish(
        self, visit: NamedDependency[Visit], key: FromPath[str], task_id: FromPath[int]
    ) -> Response[Any]:
        return _change(visit, key, task_id, tasks.finish_task, "Done: {}")

    @post("/{task_id:int}/reopen")
    def reopen(
        self, visit: NamedDependency[Visit], key: FromPath[str], task_id: FromPath[int]
    ) -> Response[Any]:
        return _change(visit, key, task_id, tasks.reopen_task, "Reopened: {}")

    @post("/{task_id:int}/change")
    def change(
        self, visit: NamedDependency[Visit], key: FromPath[str], task_id: FromPath[int]
    ) -> Response[Any]:
        return _change(visit, key, task_id, read_change(visit.form), "Saved.")

    @post("/{task_id:int}/remove")
    def remove(
        self, visit: NamedDependency[Visit], key: FromPath[str], task_id: FromPath[int]
    ) -> Response[Any]:
        back = _back(visit.form, key)
        with visit.write() as session:
            revision = history.begin_edit(session, visit.viewer.person_id)
            act_on_task(session, visit.viewer, key, task_id, visit.form, tasks.remove_task)
            undo = f"/deleted/{revision.id}/restore"
        return visit.go(back, "Task deleted.", undo=undo)


def add_task(session: Session, viewer: Viewer, key: str, form: Form) -> Task:
    """Add the task of a form to a deal."""
    text = form.text("text", 300, required=True)
    due = form.day("due")
    assignee = form.maybe("assignee", 80)
    deal = access.editable_deal(session, viewer, key)
    form.done()
    return tasks.add_task(session, deal, text, viewer.person_id, due=due, assignee=assignee)


Act = Callable[[Session, Task, int | None], None]


def read_change(form: Form) -> Act:
    """What a form asks to be changed of a task."""
    return partial(tasks.change_task, due=form.day("due"), assignee=form.maybe("assignee", 80))


def act_on_task(
    session: Session, viewer: Viewer, key: str, task_id: int, form: Form, act: Act
) -> Task:
    """Do something to a task of a deal."""
    _, task = tasks.changeable_task(session, viewer, key, uncounted_id(task_id))
    form.done()
    act(session, task, viewer.person_id)
    return task


def tasks_page(session: Session, viewer: Viewer, key: str, form: Form) -> TasksPage:
    """What is to be done on a deal, under the form as it was sent."""
    header = deal_header(session, viewer, key, "activity")
    return TasksPage(
        header=header,
        tasks=tasks.tasks_of_deal(session, header.deal),
        readers=readers(session, header.deal) if viewer.may_write else [],
        viewer_id=viewer.person_id,
        values=form.values,
        wrong=form.wrong,
    )


def readers(session: Session, deal: Deal) -> list[tuple[str, str]]:
    """Who may be given a task on a deal, or mentioned on it, as (key, name)."""
    return [(reader.key, reader.name) for reader in access.readers_of(session, deal)]


def _change(visit: Visit, key: str, task_id: int, act: Act, notice: str) -> Response[Any]:
    """Change a task and go back; `notice` may have a place for the task's text."""
    back = _back(visit.form, key)
    with visit.write() as session:
        task = act_on_task(session, visit.viewer, key, task_id, visit.form, act)
    return visit.go(back, notice.format(task.text))


def _back(form: Form, key: str) -> str:
    place = PLACES[form.choice("back", tuple(PLACES)) or "activity"]
    return place if place.startswith("/") else at("deals", key, *filter(None, [place]))
