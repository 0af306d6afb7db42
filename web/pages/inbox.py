"""The inbox: what a member was told, why, and what they do about it."""

import re
from dataclasses import dataclass, replace
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from web.forms import LARGEST_INTEGER, Form
from web.lists import first_page
from web.pages.homes import Waiting, waiting_of
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
from workspace.clock import zone_or_utc, zones
from workspace.collaboration import digests, inbox
from workspace.collaboration.inbox import SNOOZES, InboxFolder, Item
from workspace.deals.access import readable_deal
from workspace.errors import NotFound
from workspace.people import people
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.timeline import notifications

PAGE = 50
LABELS = {InboxFolder.OPEN: "Waiting", InboxFolder.SNOOZED: "Snoozed", InboxFolder.DONE: "Done"}


@dataclass(frozen=True)
class InboxPage:
    """One folder of the viewer's inbox."""

    items: list[Item]
    folder: InboxFolder
    folders: dict[InboxFolder, str]
    snoozes: tuple[str, ...]
    count: int
    more: int | None
    # What was just done, and the items that it can be undone for.
    said: str
    undo: list[int]
    # What else waits; on the whole page only.
    waiting: Waiting | None = None


@dataclass(frozen=True)
class SettingsPage:
    """Whether the viewer gets the digest, and whether mail leaves at all."""

    wants_digest: bool
    mail_is_sent: bool
    zone: str
    zones: list[tuple[str, str]]


class InboxController(Controller):
    """/inbox: the viewer's own; what they do there changes nothing of the record."""

    path = "/inbox"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.MEMBERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        folder = InboxFolder(visit.form.choice("show", tuple(InboxFolder)) or InboxFolder.OPEN)
        before = visit.form.integer("before", 1, LARGEST_INTEGER)
        visit.form.check()
        page = visit.page(inbox_page, folder, before)
        if folder == InboxFolder.OPEN and not visit.wants_fragment:
            page = replace(page, waiting=visit.page(waiting_of, visit.workspace.catalog))
        fragment = "inbox/_rows.html" if before else "inbox/_items.html"
        return visit.answer("inbox/show.html", fragment, page)

    @post("/done")
    def finish(self, visit: NamedDependency[Visit]) -> Response[Any]:
        ids = item_ids(visit.form)
        visit.form.done()
        with visit.write() as session:
            number = inbox.finish(session, visit.viewer, ids)
        said = "Done." if number == 1 else f"{number} items are done."
        return _after(visit, said, ids if number else [])

    @post("/reopen")
    def reopen(self, visit: NamedDependency[Visit]) -> Response[Any]:
        ids = item_ids(visit.form)
        folder = InboxFolder(visit.form.choice("show", tuple(InboxFolder)) or InboxFolder.OPEN)
        visit.form.done()
        with visit.write() as session:
            number = inbox.put_back(session, visit.viewer, ids)
        said = "Back in your inbox." if number else ""
        return _after(visit, said, folder=folder)

    @post("/snooze")
    def snooze(self, visit: NamedDependency[Visit]) -> Response[Any]:
        ids = item_ids(visit.form)
        long = visit.form.choice("until", tuple(SNOOZES), required=True) or ""
        visit.form.done()
        with visit.write() as session:
            until = inbox.snooze(session, visit.viewer, ids[0], long)
        return _after(visit, f"Snoozed until {until.day} {until:%b}.", ids[:1])

    @post("/unfollow")
    def unfollow(self, visit: NamedDependency[Visit]) -> Response[Any]:
        key = visit.form.text("deal", 80, required=True)
        visit.form.done()
        with visit.write() as session:
            deal = readable_deal(session, visit.viewer, key)
            if visit.viewer.person_id is None:
                raise NotFound("There is no such deal.")
            notifications.unfollow(session, deal.id, visit.viewer.person_id)
        return _after(visit, f"You no longer follow {deal.name}.")

    @get("/settings")
    def settings(self, visit: NamedDependency[Visit]) -> Response[str]:
        with visit.read() as session:
            me = _me(session, visit.viewer)
            page = SettingsPage(
                wants_digest=digests.is_wanted(session, me.id),
                mail_is_sent=visit.workspace.sends_mail,
                zone=zone_or_utc(me.timezone),
                zones=[(name, name.replace("_", " ")) for name in zones()],
            )
        return visit.show("inbox/settings.html", page)

    @post("/settings")
    def choose(self, visit: NamedDependency[Visit]) -> Response[Any]:
        wants_digest = visit.form.choice("digest", ("daily", "never"), required=True) == "daily"
        zone = visit.form.choice("zone", zones())
        visit.form.done()
        with visit.write() as session:
            me = _me(session, visit.viewer)
            digests.choose(session, me.id, wants_digest)
            if zone:
                people.edit_person(session, me, me.id, {"timezone": zone})
        return visit.go("/inbox/settings", "Saved.")


def inbox_page(
    session: Session,
    viewer: Viewer,
    folder: InboxFolder,
    before: int | None = None,
    said: str = "",
    undo: list[int] | None = None,
) -> InboxPage:
    """A folder of the viewer's inbox, from before an item."""
    items = inbox.items(session, viewer, folder, before=before, limit=PAGE + 1)
    shown, last = first_page(items, PAGE)
    return InboxPage(
        items=shown,
        folder=folder,
        folders=LABELS,
        snoozes=tuple(SNOOZES),
        count=inbox.count(session, viewer),
        more=last.id if last else None,
        said=said,
        undo=undo or [],
    )


def _me(session: Session, viewer: Viewer) -> Person:
    if viewer.person_id is None:
        raise NotFound("There is no such member.")
    return session.get_one(Person, viewer.person_id)


def item_ids(form: Form) -> list[int]:
    """The items that a form names; they are only looked for among the viewer's own."""
    sent = [value for value in form.sent.get("item", []) if re.fullmatch("[0-9]{1,19}", value)]
    form.choices("item", sent)
    ids = [int(value) for value in sent if int(value) <= LARGEST_INTEGER]
    if not ids:
        form.refuse("item", "Choose at least one.")
    return ids


def _after(
    visit: Visit, said: str, undo: list[int] | None = None, folder: InboxFolder = InboxFolder.OPEN
) -> Response[Any]:
    """The inbox again, with what was done and a way back."""
    if not visit.wants_fragment:
        return visit.go("/inbox" if folder == InboxFolder.OPEN else f"/inbox?show={folder}", said)
    return visit.show("inbox/_items.html", visit.page(inbox_page, folder, said=said, undo=undo))
