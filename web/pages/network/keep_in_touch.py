"""Keeping in touch with a person: how often, and that one has written."""

from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response

from web.forms import Form
from web.routes import at, post
from web.visits import Visit
from workspace.collaboration import reminders
from workspace.collaboration.reminders import CADENCES
from workspace.errors import NotFound
from workspace.people import people
from workspace.people.viewer import Viewer, require_writer


class KeepInTouchController(Controller):
    """/people/{key}/keep-in-touch: the viewer's own reminders of a person."""

    path = "/people/{key:str}/keep-in-touch"

    @post()
    def keep(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_writer(visit.viewer)
        every = visit.form.choice("every", [str(days) for days in CADENCES], required=True)
        last_on = visit.form.day("last_on")
        visit.form.done()
        with visit.write() as session:
            person = people.person_of(session, key)
            reminders.keep_in_touch(session, _me(visit.viewer), person, int(every or 0), last_on)
        return visit.go(at("people", key), f"You will be reminded {CADENCES[int(every or 0)]}.")

    @post("/done")
    def done(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_writer(visit.viewer)
        back = _back(visit.form, key)
        visit.form.done()
        with visit.write() as session:
            person = people.person_of(session, key)
            reminders.got_in_touch(session, _me(visit.viewer), person)
        return visit.go(back, f"Noted: you were in touch with {person.name}.")

    @post("/later")
    def later(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_writer(visit.viewer)
        back = _back(visit.form, key)
        visit.form.done()
        with visit.write() as session:
            person = people.person_of(session, key)
            reminders.snooze(session, _me(visit.viewer), person)
        return visit.go(back, f"You will be reminded of {person.name} in a week.")

    @post("/stop")
    def stop(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_writer(visit.viewer)
        visit.form.done()
        with visit.write() as session:
            person = people.person_of(session, key)
            reminders.stop(session, _me(visit.viewer), person)
        return visit.go(at("people", key), f"No more reminders of {person.name}.")


def _me(viewer: Viewer) -> int:
    if viewer.person_id is None:
        raise NotFound("There is no such member.")
    return viewer.person_id


def _back(form: Form, key: str) -> str:
    return "/" if form.choice("back", ("today", "person")) == "today" else at("people", key)
