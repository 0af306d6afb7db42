"""Keeping in touch with a person: how often, and that one has written."""

from collections.abc import Callable
from functools import partial
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.forms import Form
from web.policies import Policy, open_to
from web.routes import at, post
from web.visits import Visit
from workspace.collaboration import reminders
from workspace.collaboration.reminders import CADENCES
from workspace.errors import NotFound
from workspace.keys import row_of_key
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_writer


class KeepInTouchController(Controller):
    """/people/{key}/keep-in-touch: the viewer's own reminders of a person."""

    path = "/people/{key:str}/keep-in-touch"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @post()
    def keep(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        days, act = read_cadence(visit.form)
        _change(visit, key, act)
        return visit.go(at("people", key), f"You will be reminded {CADENCES[days]}.")

    @post("/done")
    def done(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        back = _back(visit.form, key)
        person = _change(visit, key, reminders.got_in_touch)
        return visit.go(back, f"Contact with {person.name} recorded.")

    @post("/later")
    def later(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        back = _back(visit.form, key)
        person = _change(visit, key, reminders.snooze)
        return visit.go(back, f"You will be reminded of {person.name} in a week.")

    @post("/stop")
    def stop(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        person = _change(visit, key, reminders.stop)
        return visit.go(at("people", key), f"No more reminders of {person.name}.")


Change = Callable[[Session, int, Person], None]


def read_cadence(form: Form) -> tuple[int, Change]:
    """How often a form asks to be reminded of a person, and what sets it."""
    every = form.choice("every", [str(days) for days in CADENCES], required=True)
    days, last_on = int(every or 0), form.day("last_on")
    return days, partial(reminders.keep_in_touch, every_days=days, last_on=last_on)


def change_reminders(
    session: Session, viewer: Viewer, key: str, form: Form, change: Change
) -> Person:
    """Change the viewer's reminders of a person."""
    require_writer(viewer)
    form.done()
    person = row_of_key(session, Person, key)
    change(session, _me(viewer), person)
    return person


def _change(visit: Visit, key: str, change: Change) -> Person:
    with visit.write() as session:
        return change_reminders(session, visit.viewer, key, visit.form, change)


def _me(viewer: Viewer) -> int:
    if viewer.person_id is None:
        raise NotFound("There is no such member.")
    return viewer.person_id


def _back(form: Form, key: str) -> str:
    return "/" if form.choice("back", ("today", "person")) == "today" else at("people", key)
