"""The Activity tab: everything that happened on a deal, and what people write down."""

from dataclasses import dataclass, replace
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.edit_conflicts import fingerprint, require_unchanged
from web.forms import LARGEST_INTEGER, Form, uncounted_id
from web.lists import first_page
from web.pages.deal_room.header import DealHeader, deal_header
from web.pages.deal_room.tasks import readers
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.collaboration import notes, tasks
from workspace.collaboration.tasks import TaskRow
from workspace.deals import access
from workspace.errors import NotFound
from workspace.keys import plain
from workspace.people.viewer import Viewer, require_writer
from workspace.revisions import history
from workspace.timeline import notifications
from workspace.timeline.timeline import (
    WRITTEN_KINDS,
    Event,
    TimelineEntry,
    events_of,
    timeline,
)

PAGE = 50
# So many colleagues are offered to be mentioned.
OFFERED = 8
# So much of the timeline is shown on the overview.
LATEST = 3
# What the timeline can be narrowed down to.
VIEWS = {
    "written": ("Notes & calls", WRITTEN_KINDS),
    "stages": ("Stages", ("logged", "stage", "imported")),
    "tasks": ("Tasks", ("task",)),
    "team": ("Team", ("seat", "invited", "uninvited")),
    "stakeholders": ("Stakeholders", ("stakeholder",)),
    "references": ("References", ("reference",)),
    "assets": ("Assets", ("use", "shared", "opened")),
    "edits": ("Edits", ("edited",)),
}


@dataclass(frozen=True)
class ActivityPage:
    """The Activity tab, with the forms for a new entry, or over one of the viewer's own."""

    header: DealHeader
    events: list[Event]
    more: int | None
    view: str
    views: dict[str, str]
    kinds: tuple[str, ...]
    may_write: bool
    tasks: list[TaskRow]
    readers: list[tuple[str, str]]
    viewer_id: int | None
    # The entry that is being rewritten, and what it says by now, where that is another text.
    editing: int | None
    there: str
    values: dict[str, str]
    wrong: dict[str, str]
    # The mentions that reach nobody, as the button sends them that saves the note anyway.
    unreached: str


@dataclass(frozen=True)
class Latest:
    """The newest of a deal's timeline, as other pages show it."""

    header: DealHeader
    events: list[Event]


@dataclass(frozen=True)
class Offered:
    """Colleagues to mention, as (key, name)."""

    people: list[tuple[str, str]]


class ActivityController(Controller):
    """/deals/{key}/activity."""

    path = "/deals/{key:str}/activity"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        view = visit.form.choice("show", VIEWS) or ""
        before = visit.form.integer("before", 1, LARGEST_INTEGER)
        visit.form.check()
        page = visit.page(activity_page, key, Form(), view, before)
        fragment = "deal_room/_events.html" if before else "deal_room/_timeline.html"
        return visit.answer("deal_room/activity.html", fragment, page)

    @post()
    def write(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.saving() as session:
            write_note(session, visit.viewer, key, visit.form)
        if visit.form.refusal:
            page = visit.page(activity_page, key, visit.form, "", None)
            return visit.answer("deal_room/activity.html", "deal_room/_entry_form.html", page)
        return visit.go(at("deals", key, "activity"), "Note added.")

    @get("/latest")
    def latest(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        with visit.read() as session:
            header = deal_header(session, visit.viewer, key, "activity")
            deal = header.deal
            events = timeline(session, [(deal.id, deal.key, deal.name)], limit=LATEST)
        return visit.show("deal_room/_latest.html", Latest(header, events))

    @get("/mentions")
    def mentions(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        text = plain(visit.form.text("q", 80))
        visit.form.check()
        with visit.read() as session:
            deal = access.readable_deal(session, visit.viewer, key)
            notes.require_writer(session, visit.viewer, deal)
            offered = [
                (reader.key, reader.name)
                for reader in access.readers_of(session, deal)
                if reader.id != visit.viewer.person_id and _begins(reader.name, text)
            ]
        return visit.show("deal_room/_mentions.html", Offered(offered[:OFFERED]))

    # Every reader may follow.
    @post("/follow", opt=open_to(reads=Policy.MEMBERS, writes=Policy.MEMBERS))
    def follow(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.write() as session:
            follow = follow_deal(session, visit.viewer, key, visit.form)
        notice = (
            "You follow this deal: notes, calls and stages come to your inbox."
            if follow
            else "You no longer follow this deal."
        )
        return visit.go(at("deals", key, "activity"), notice)

    @get("/{entry_id:int}/edit")
    def edit(
        self, visit: NamedDependency[Visit], key: FromPath[str], entry_id: FromPath[int]
    ) -> Response[str]:
        with visit.read() as session:
            deal = access.readable_deal(session, visit.viewer, key)
            entry = notes.own_note(session, deal, uncounted_id(entry_id), visit.viewer.person_id)
            written = {"text": entry.text}
            values = Form([("text", entry.text), ("seen", fingerprint(written))])
            page = rewriting_page(session, visit.viewer, key, values, entry.id)
        return visit.answer("deal_room/activity.html", "deal_room/_rewrite.html", page)

    @post("/{entry_id:int}/edit")
    def rewrite(
        self, visit: NamedDependency[Visit], key: FromPath[str], entry_id: FromPath[int]
    ) -> Response[Any]:
        saved = ""
        with visit.saving() as session:
            entry = locked_note(session, visit.viewer, key, entry_id)
            saved = entry.text
            rewrite_note(session, visit.viewer, key, entry, visit.form)
        if visit.form.refusal:
            if visit.form.is_conflict:
                # The next try starts from the text that is saved now, which is shown beside it.
                visit.form.sent["seen"] = [fingerprint({"text": saved})]
            there = saved if visit.form.is_conflict else ""
            page = visit.page(rewriting_page, key, visit.form, entry_id, there)
            return visit.answer("deal_room/activity.html", "deal_room/_rewrite.html", page)
        return visit.go(at("deals", key, "activity"), "Saved.")

    @post("/{entry_id:int}/remove")
    def remove(
        self, visit: NamedDependency[Visit], key: FromPath[str], entry_id: FromPath[int]
    ) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            revision = history.begin_edit(session, visit.viewer.person_id)
            remove_note(session, visit.viewer, key, entry_id)
            undo = f"/deleted/{revision.id}/restore"
        return visit.go(at("deals", key, "activity"), "Note deleted.", undo=undo)


def write_note(session: Session, viewer: Viewer, key: str, form: Form) -> TimelineEntry:
    """Write the note, call or meeting of a form on a deal's timeline."""
    kind = form.choice("kind", WRITTEN_KINDS, required=True) or ""
    text = form.lines("text", 20_000, required=True)
    confirmed = _confirmed(form)
    deal = access.readable_deal(session, viewer, key)
    notes.require_writer(session, viewer, deal)
    form.done()
    return notes.write_note(session, deal, viewer.person_id, kind, text, confirmed=confirmed)


def locked_note(session: Session, viewer: Viewer, key: str, entry_id: int) -> TimelineEntry:
    """A note of the viewer's own, locked until this transaction ends."""
    require_writer(viewer)
    deal = access.readable_deal(session, viewer, key)
    return notes.own_note(session, deal, uncounted_id(entry_id), viewer.person_id, lock=True)


def rewrite_note(
    session: Session, viewer: Viewer, key: str, entry: TimelineEntry, form: Form
) -> None:
    """Give a locked note the text of a form that was opened over it."""
    text = form.lines("text", 20_000, required=True)
    confirmed = _confirmed(form)
    deal = access.readable_deal(session, viewer, key)
    notes.require_writer(session, viewer, deal)
    require_unchanged(form, {"text": entry.text})
    form.done()
    notes.rewrite_note(session, deal, entry, text, confirmed=confirmed)


def remove_note(session: Session, viewer: Viewer, key: str, entry_id: int) -> None:
    """Remove a note of the viewer's own."""
    entry = locked_note(session, viewer, key, entry_id)
    notes.remove_note(session, access.readable_deal(session, viewer, key), entry)


def follow_deal(session: Session, viewer: Viewer, key: str, form: Form) -> bool:
    """Follow a deal, or no longer, as a form says."""
    follow = form.choice("follow", ("yes", "no"), required=True) == "yes"
    form.done()
    deal = access.readable_deal(session, viewer, key)
    if viewer.person_id is None:
        raise NotFound("There is no such member.")
    if follow:
        notifications.follow(session, deal.id, viewer.person_id)
    else:
        notifications.unfollow(session, deal.id, viewer.person_id)
    return follow


def _begins(name: str, text: str) -> bool:
    """Whether a name, or a word of it, begins so; both without capitals and accents."""
    return f" {text}" in f" {plain(name)}"


def _unreached(form: Form) -> str:
    """The mentions because of which a note was not saved, one after the other."""
    refusal = form.refusal
    return "".join(refusal.mentions) if isinstance(refusal, notes.ReachesNobody) else ""


def _confirmed(form: Form) -> set[str]:
    """The mentions that the writer saves although they reach nobody."""
    sent = form.text("anyway", 20_000)
    return {f"@{name}" for name in sent.split("@") if name}


def activity_page(
    session: Session, viewer: Viewer, key: str, form: Form, view: str, before: int | None
) -> ActivityPage:
    """The tab, narrowed down to a view, from before an entry."""
    header = deal_header(session, viewer, key, "activity")
    kinds = VIEWS[view][1] if view else ()
    deal = header.deal
    events = timeline(
        session,
        [(deal.id, deal.key, deal.name)],
        kinds=kinds,
        before=before,
        limit=PAGE + 1,
        reader=viewer.person_id if viewer.may_write else None,
    )
    shown, last = first_page(events, PAGE)
    return ActivityPage(
        header=header,
        events=shown,
        more=last.id if last else None,
        view=view,
        views={name: label for name, (label, _) in VIEWS.items()},
        kinds=WRITTEN_KINDS,
        may_write=notes.may_write(session, viewer, deal),
        tasks=tasks.tasks_of_deal(session, deal),
        readers=readers(session, deal) if viewer.may_write else [],
        viewer_id=viewer.person_id,
        editing=None,
        there="",
        values=form.values,
        wrong=form.wrong,
        unreached=_unreached(form),
    )


def rewriting_page(
    session: Session, viewer: Viewer, key: str, form: Form, editing: int, there: str = ""
) -> ActivityPage:
    """The tab with the form over an entry; `there` is its saved text where that is another."""
    page = activity_page(session, viewer, key, form, "", None)
    events = page.events
    if all(event.id != editing for event in events):
        # One that is further down than this page goes is rewritten on top.
        deal = page.header.deal
        entry = notes.own_note(session, deal, editing, viewer.person_id)
        events = [*events_of(session, [(entry, deal.key, deal.name)], viewer.person_id), *events]
    return replace(page, events=events, editing=editing, there=there)
