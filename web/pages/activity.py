"""The Activity tab: everything that happened on a deal, and what people write down."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.forms import Form
from web.htmx import answer, at, go
from web.pages.rooms import Room, room
from workspace import access
from workspace.access import Viewer
from workspace.activity import WRITTEN_KINDS, Event, record, timeline
from workspace.database import Database
from workspace.errors import Invalid

PAGE = 50
# What the timeline can be narrowed down to.
VIEWS = {
    "written": ("Notes & calls", WRITTEN_KINDS),
    "stages": ("Stages", ("logged", "stage", "imported")),
    "team": ("Team", ("seat", "invited", "uninvited")),
    "stakeholders": ("Stakeholders", ("stakeholder",)),
    "references": ("References", ("reference",)),
    "assets": ("Assets", ("use",)),
    "edits": ("Edits", ("edited",)),
}


@dataclass(frozen=True)
class ActivityPage:
    """The Activity tab, with the form for a new entry."""

    room: Room
    events: list[Event]
    more: int | None
    view: str
    views: dict[str, str]
    kinds: tuple[str, ...]
    values: dict[str, str]
    wrong: dict[str, str]


class ActivityController(Controller):
    """/deals/{key}/activity."""

    path = "/deals/{key:str}/activity"

    @get(sync_to_thread=True)
    def show(
        self,
        request: Request[Any, Any, Any],
        key: FromPath[str],
        asked: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        database: NamedDependency[Database],
    ) -> Response[str]:
        view = asked.choice("show", VIEWS) or ""
        before = asked.integer("before", 1)
        asked.check()
        with database.read() as session:
            page = activity_page(session, viewer, key, Form(), view, before)
        fragment = "deals/_events.html" if before else "deals/_timeline.html"
        return answer(request, "deals/activity.html", fragment, page)

    @post(sync_to_thread=True)
    def write(
        self,
        request: Request[Any, Any, Any],
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        database: NamedDependency[Database],
    ) -> Response[Any]:
        kind = form.choice("kind", WRITTEN_KINDS, required=True) or ""
        text = form.lines("text", 20_000, required=True)
        try:
            with database.write() as session:
                deal = access.editable_deal(session, viewer, key)
                form.done()
                record(session, deal.id, viewer.person_id, kind, text)
        except Invalid:
            with database.read() as session:
                page = activity_page(session, viewer, key, form, "", None)
            return answer(
                request, "deals/activity.html", "deals/_entry_form.html", page, status=422
            )
        return go(request, at("deals", key, "activity"), "Written down.")


def activity_page(
    session: Session, viewer: Viewer, key: str, form: Form, view: str, before: int | None
) -> ActivityPage:
    """The tab, narrowed down to a view, from before an entry."""
    head = room(session, viewer, key, "activity")
    kinds = VIEWS[view][1] if view else ()
    deal = head.deal
    events = timeline(
        session, [(deal.id, deal.key, deal.name)], kinds=kinds, before=before, limit=PAGE + 1
    )
    return ActivityPage(
        room=head,
        events=events[:PAGE],
        more=events[PAGE - 1].id if len(events) > PAGE else None,
        view=view,
        views={name: label for name, (label, _) in VIEWS.items()},
        kinds=WRITTEN_KINDS,
        values=form.values,
        wrong=form.wrong,
    )
