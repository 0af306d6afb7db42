"""Keeping in touch with a person: how often, and that one has written."""

from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from web.forms import Form
from web.responses import at, go
from web.routes import Request, post
from web.workspace import Workspace
from workspace.collaboration import reminders
from workspace.collaboration.reminders import CADENCES
from workspace.errors import NotFound
from workspace.people import people
from workspace.people.viewer import Viewer, require_writer


class KeepInTouchController(Controller):
    """/people/{key}/keep-in-touch: the viewer's own reminders of a person."""

    path = "/people/{key:str}/keep-in-touch"

    @post()
    def keep(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        require_writer(viewer)
        every = form.choice("every", [str(days) for days in CADENCES], required=True)
        last_on = form.day("last_on")
        form.done()
        with workspace.database.write() as session:
            person = people.person_of(session, key)
            reminders.keep_in_touch(session, _me(viewer), person, int(every or 0), last_on)
        return go(request, at("people", key), f"You will be reminded {CADENCES[int(every or 0)]}.")

    @post("/done")
    def done(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        require_writer(viewer)
        back = _back(form, key)
        form.done()
        with workspace.database.write() as session:
            person = people.person_of(session, key)
            reminders.got_in_touch(session, _me(viewer), person)
        return go(request, back, f"Noted: you were in touch with {person.name}.")

    @post("/later")
    def later(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        require_writer(viewer)
        back = _back(form, key)
        form.done()
        with workspace.database.write() as session:
            person = people.person_of(session, key)
            reminders.snooze(session, _me(viewer), person)
        return go(request, back, f"You will be reminded of {person.name} in a week.")

    @post("/stop")
    def stop(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        require_writer(viewer)
        form.done()
        with workspace.database.write() as session:
            person = people.person_of(session, key)
            reminders.stop(session, _me(viewer), person)
        return go(request, at("people", key), f"No more reminders of {person.name}.")


def _me(viewer: Viewer) -> int:
    if viewer.person_id is None:
        raise NotFound("There is no such member.")
    return viewer.person_id


def _back(form: Form, key: str) -> str:
    return "/" if form.choice("back", ("today", "person")) == "today" else at("people", key)
