"""Tasks on a deal: added, given, moved to another day, done, taken away."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.forms import Form, row_id
from web.pages.deal_room.header import Room, room
from web.responses import answer, at, go
from web.routes import Request, get, post
from web.saving import saving
from web.workspace import Workspace
from workspace.collaboration import tasks
from workspace.collaboration.tasks import TaskRow
from workspace.deals import access
from workspace.deals.tables import Deal
from workspace.people.viewer import Viewer

# Where a form may lead back to, by the word that it sends.
PLACES = {"today": "/", "overview": "", "activity": "activity"}


@dataclass(frozen=True)
class TasksPage:
    """What is to be done on a deal, and the form for more."""

    room: Room
    tasks: list[TaskRow]
    readers: list[tuple[str, str]]
    viewer_id: int | None
    values: dict[str, str]
    wrong: dict[str, str]


class TaskController(Controller):
    """/deals/{key}/tasks."""

    path = "/deals/{key:str}/tasks"

    @get()
    def show(
        self,
        request: Request,
        key: FromPath[str],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[str]:
        with workspace.database.read() as session:
            page = tasks_page(session, viewer, key, Form())
        return answer(request, "deal_room/tasks.html", "deal_room/_tasks.html", page)

    @post()
    def add(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        text = form.text("text", 300, required=True)
        due = form.day("due")
        assignee = form.maybe("assignee", 80)
        back = _back(form, key)
        with saving(workspace, form) as session:
            deal = access.editable_deal(session, viewer, key)
            form.done()
            tasks.add_task(session, deal, text, viewer.person_id, due=due, assignee=assignee)
        if form.refusal:
            with workspace.database.read() as session:
                page = tasks_page(session, viewer, key, form)
            return answer(
                request,
                "deal_room/tasks.html",
                "deal_room/_task_form.html",
                page,
                status=form.status,
            )
        return go(request, back, "The task is added.")

    @post("/{task_id:int}/done")
    def finish(
        self,
        request: Request,
        key: FromPath[str],
        task_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        back = _back(form, key)
        with workspace.database.write() as session:
            _, task = tasks.changeable_task(session, viewer, key, row_id(task_id))
            form.done()
            tasks.finish_task(session, task, viewer.person_id)
        return go(request, back, f"Done: {task.text}")

    @post("/{task_id:int}/reopen")
    def reopen(
        self,
        request: Request,
        key: FromPath[str],
        task_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        back = _back(form, key)
        with workspace.database.write() as session:
            _, task = tasks.changeable_task(session, viewer, key, row_id(task_id))
            form.done()
            tasks.reopen_task(session, task, viewer.person_id)
        return go(request, back, f"To be done again: {task.text}")

    @post("/{task_id:int}/change")
    def change(
        self,
        request: Request,
        key: FromPath[str],
        task_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        due = form.day("due")
        assignee = form.maybe("assignee", 80)
        back = _back(form, key)
        with workspace.database.write() as session:
            _, task = tasks.changeable_task(session, viewer, key, row_id(task_id))
            form.done()
            tasks.change_task(session, task, viewer.person_id, due=due, assignee=assignee)
        return go(request, back, "Saved.")

    @post("/{task_id:int}/remove")
    def remove(
        self,
        request: Request,
        key: FromPath[str],
        task_id: FromPath[int],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        back = _back(form, key)
        with workspace.database.write() as session:
            _, task = tasks.changeable_task(session, viewer, key, row_id(task_id))
            form.done()
            tasks.remove_task(session, task, viewer.person_id)
        return go(request, back, "The task is removed.")


def tasks_page(session: Session, viewer: Viewer, key: str, form: Form) -> TasksPage:
    """What is to be done on a deal, under the form as it was sent."""
    head = room(session, viewer, key, "activity")
    return TasksPage(
        room=head,
        tasks=tasks.tasks_of_deal(session, head.deal),
        readers=readers(session, head.deal) if viewer.may_write else [],
        viewer_id=viewer.person_id,
        values=form.values,
        wrong=form.wrong,
    )


def readers(session: Session, deal: Deal) -> list[tuple[str, str]]:
    """Who may be given a task on a deal, or mentioned on it, as (key, name)."""
    return [(reader.key, reader.name) for reader in access.readers_of(session, deal)]


def _back(form: Form, key: str) -> str:
    place = PLACES[form.choice("back", tuple(PLACES)) or "activity"]
    return place if place.startswith("/") else at("deals", key, *filter(None, [place]))
