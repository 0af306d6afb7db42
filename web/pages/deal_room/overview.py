"""The deal room's first tab: facts, stage, who may see it, and the best of every other tab."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.desk.advocates import Activity
from references.suggestions import WON_KIN, Suggestion, suggest_advocates
from similarity.experts import VOTING_KIN, Expert, experts_of
from similarity.inquiry import ask_of_deal, rank_all
from similarity.kin import Kin, kin_of, kin_wanted
from similarity.outlook import Outlook, outlook_of
from similarity.playbook import CLOSED_KIN, Play, plays_of
from web.forms import Form
from web.pages.deal_room.activity import LATEST
from web.pages.deal_room.facts import FactsForm, change_deal, facts_form
from web.pages.deal_room.header import Room, is_readable, room
from web.pages.deals.board import board_of
from web.pages.deals.list_state import asked_by, look_of
from web.responses import answer, at, go, show, wants_fragment
from web.routes import Request, get, post
from web.saving import saving
from web.workspace import Workspace
from workspace.collaboration.tasks import TaskRow, tasks_of_deal
from workspace.deals import access, credit, lifecycle, team
from workspace.deals import stages as deal_stages
from workspace.deals.access import invited_to
from workspace.deals.credit import FormerMember
from workspace.deals.products import (
    competitors_of,
    products_of,
)
from workspace.deals.tables import Outcome, Stage
from workspace.deals.team import SeatRow
from workspace.errors import Conflict
from workspace.people import people
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import Event, timeline

BEST = 3


@dataclass(frozen=True)
class Overview:
    """The Overview tab."""

    room: Room
    products: list[tuple[str, str]]
    competitors: list[tuple[str, str]]
    stages: list[Stage]
    # Of a confidential deal: who is invited, and who may be.
    invited: list[tuple[str, str]]
    members: list[tuple[str, str]]
    seats: list[SeatRow]
    # Those who left the team, once the deal is closed: they are credited too.
    former: list[FormerMember]
    kin: list[Kin]
    plays: list[Play]
    experts: list[Expert]
    # While the deal is open; None where too few deals that closed are like it.
    outlook: Outlook | None
    # Those who may vouch for us on a call, while the deal is open.
    references: list[Suggestion]
    events: list[Event]
    # What is still to be done.
    tasks: list[TaskRow]
    viewer_id: int | None
    form: FactsForm | None


class OverviewController(Controller):
    """/deals/{key}: the room's first tab, and changes to the deal itself."""

    path = "/deals/{key:str}"

    @get()
    def show(
        self,
        request: Request,
        key: FromPath[str],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[str]:
        with workspace.database.read() as session:
            page = overview(session, viewer, workspace, key)
        return show(request, "deal_room/overview.html", page)

    @get("/edit")
    def edit(
        self,
        request: Request,
        key: FromPath[str],
        asked: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[str]:
        focus = asked.text("field", 30)
        with workspace.database.read() as session:
            access.editable_deal(session, viewer, key)
            page = overview(session, viewer, workspace, key, form=Form(), focus=focus)
        return answer(request, "deal_room/overview.html", "deal_room/_facts_form.html", page)

    @post("/edit")
    def change(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        with saving(workspace, form, Conflict) as session:
            deal = access.editable_deal(session, viewer, key)
            change_deal(session, viewer, deal, form)
            readable = is_readable(session, viewer, key)
        if form.refusal:
            with workspace.database.read() as session:
                page = overview(session, viewer, workspace, key, form=form)
            return answer(
                request,
                "deal_room/overview.html",
                "deal_room/_facts_form.html",
                page,
                status=form.status,
            )
        if not readable:
            return go(request, "/deals", f"{key} is saved. Only its team sees it now.")
        return go(request, at("deals", key), "Saved.")

    @post("/stage")
    def advance(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        name = form.text("stage", 60, required=True)
        reason = form.text("reason", 500)
        closed = form.day("closed")
        version = form.integer("version", 1)
        # Whoever moves a card of a board stays there: this is the board's own query.
        board = look_of(form.text("board", 2000)) if "board" in form.sent else None
        form.done()
        with workspace.database.write() as session:
            deal = lifecycle.change_stage(
                session, viewer, key, name, reason=reason, closed=closed, version=version
            )
        if board is None:
            return go(request, at("deals", key), f"Moved to {name}.")
        said = f"{deal.name} is at {name} now."
        if not wants_fragment(request):
            return go(request, board.address(), said)
        with workspace.database.read() as session:
            page = board_of(session, viewer, asked_by(board), moved=key, said=said)
        return show(request, page.fragment, page)

    @post("/invitations")
    def invite(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        person_key = form.text("person", 80, required=True)
        with workspace.database.write() as session:
            deal = access.editable_deal(session, viewer, key)
            form.done()
            person = people.member_of(session, person_key)
            lifecycle.invite(session, deal, person.id, viewer.person_id)
        return go(request, at("deals", key), f"{person.name} may see this deal now.")

    @post("/invitations/{person_key:str}/remove")
    def uninvite(
        self,
        request: Request,
        key: FromPath[str],
        person_key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        form.done()
        with workspace.database.write() as session:
            deal = access.editable_deal(session, viewer, key)
            person = people.person_of(session, person_key)
            lifecycle.uninvite(session, deal, person.id, viewer.person_id)
            readable = is_readable(session, viewer, key)
        notice = f"{person.name} is no longer invited."
        return go(request, at("deals", key) if readable else "/deals", notice)


def overview(
    session: Session,
    viewer: Viewer,
    workspace: Workspace,
    key: str,
    *,
    form: Form | None = None,
    focus: str = "",
) -> Overview:
    """The page, with the form over the facts where one is given."""
    catalog = workspace.catalog
    head = room(session, viewer, key, "overview")
    deal = head.deal
    inquiry = ask_of_deal(session, viewer, catalog, deal)
    is_open = deal.outcome == Outcome.OPEN
    wants = [kin_wanted(catalog, BEST), CLOSED_KIN, VOTING_KIN, *([WON_KIN] if is_open else [])]
    rank_all(session, catalog, inquiry, wants)
    return Overview(
        room=head,
        products=products_of(session, deal.id),
        competitors=competitors_of(session, deal.id),
        stages=deal_stages.stages(session),
        invited=invited_to(session, deal.id) if deal.confidential else [],
        members=people.active_members(session) if deal.confidential else [],
        seats=team.seats_of(session, deal.id),
        former=credit.former_team(session, deal) if deal.outcome != Outcome.OPEN else [],
        kin=kin_of(session, catalog, inquiry, limit=BEST),
        plays=plays_of(session, catalog, inquiry, limit=BEST),
        experts=experts_of(session, catalog, inquiry, limit=BEST),
        outlook=outlook_of(session, catalog, inquiry) if is_open else None,
        references=suggest_advocates(
            session,
            viewer,
            workspace.catalog,
            workspace.network,
            deal,
            Activity.CALL,
            limit=BEST,
            inquiry=inquiry,
        ).suggested
        if is_open
        else [],
        events=timeline(session, [(deal.id, deal.key, deal.name)], limit=LATEST),
        tasks=tasks_of_deal(session, deal, done=0),
        viewer_id=viewer.person_id,
        form=facts_form(session, viewer, head, form, focus) if form else None,
    )
