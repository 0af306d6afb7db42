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
from web.edit_conflicts import Difference
from web.forms import Form
from web.pages.deal_room.activity import LATEST
from web.pages.deal_room.header import Room, room
from web.pages.deals.board import board_of
from web.pages.deals.list_state import asked_by, look_of
from web.rendering import money
from web.responses import answer, at, go, show, wants_fragment
from web.routes import Request, get, post
from web.workspace import Workspace
from workspace.accounts.accounts import Account, find_account
from workspace.collaboration.tasks import TaskRow, tasks_of_deal
from workspace.deals import access, credit, lifecycle, lists, team
from workspace.deals import stages as deal_stages
from workspace.deals.access import invited_to
from workspace.deals.credit import FormerMember
from workspace.deals.lists import Choices
from workspace.deals.products import (
    choose_competitors,
    choose_products,
    competitors_of,
    products_of,
)
from workspace.deals.tables import Deal, Outcome, Stage
from workspace.deals.team import SeatRow
from workspace.errors import Conflict, Forbidden, Invalid, NotFound
from workspace.people import people
from workspace.people.tables import Person
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import Event, timeline

BEST = 3


@dataclass(frozen=True)
class FactsForm:
    """The form over a deal's facts: what was typed, what is wrong, what somebody else did."""

    values: dict[str, str]
    chosen_products: list[str]
    chosen_competitors: list[str]
    wrong: dict[str, str]
    differences: list[Difference]
    stale: bool  # Somebody else changed the deal since the form was opened.
    focus: str
    version: int
    choices: Choices
    owners: list[tuple[str, str]]


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
        status = 422
        try:
            with workspace.database.write() as session:
                deal = access.editable_deal(session, viewer, key)
                change_deal(session, viewer, deal, form)
                session.flush()
                seen = _still_seen(session, viewer, key)
        except Conflict:
            status = 409
        except Invalid as wrong:
            form.wrong.update(wrong.fields)
        else:
            if not seen:
                return go(request, "/deals", f"{key} is saved. Only its team sees it now.")
            return go(request, at("deals", key), "Saved.")
        with workspace.database.read() as session:
            page = overview(session, viewer, workspace, key, form=form, stale=status == 409)
        return answer(
            request, "deal_room/overview.html", "deal_room/_facts_form.html", page, status=status
        )

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
            session.flush()
            seen = _still_seen(session, viewer, key)
        notice = f"{person.name} is no longer invited."
        return go(request, at("deals", key) if seen else "/deals", notice)


def overview(
    session: Session,
    viewer: Viewer,
    workspace: Workspace,
    key: str,
    *,
    form: Form | None = None,
    focus: str = "",
    stale: bool = False,
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
        form=facts_form(session, viewer, head, form, focus, stale) if form else None,
    )


def facts_form(
    session: Session, viewer: Viewer, head: Room, form: Form, focus: str, stale: bool
) -> FactsForm:
    """The form over a deal's facts: as they are, under what was sent."""
    deal = head.deal
    choices = lists.choices(session, viewer)
    now_there = {
        "name": deal.name,
        "account": head.account.name if head.account else "",
        "owner": head.owner_key or "",
        "amount": money(deal.amount).replace(",", ""),
        "currency": deal.currency or "",
        "opened": str(deal.opened or ""),
        "expected_close": str(deal.expected_close or ""),
        "use_case": deal.use_case,
        "notes": deal.notes,
        "next_step": deal.next_step,
        "next_step_on": str(deal.next_step_on or ""),
        "reason": deal.reason,
        "confidential": "on" if deal.confidential else "off",
    }
    typed = {name: value for name, value in form.values.items() if name in now_there}
    linked = "links" in form.sent
    products = [key for key, _ in products_of(session, deal.id)]
    competitors = [key for key, _ in competitors_of(session, deal.id)]
    return FactsForm(
        values={**now_there, **typed},
        chosen_products=form.sent.get("product", []) if linked else products,
        chosen_competitors=form.sent.get("competitor", []) if linked else competitors,
        wrong=form.wrong,
        differences=_differences(session, head, form, typed, choices) if stale else [],
        stale=stale,
        focus=focus,
        version=deal.version,
        choices=choices,
        owners=_owners(session, head),
    )


def change_deal(session: Session, viewer: Viewer, deal: Deal, form: Form) -> None:
    """Change those facts of a deal that a form sends, and no others."""
    version = form.integer("version", 1)
    if version is None:
        form.refuse("version", "Needed.")
    readers: dict[str, Any] = {
        "name": lambda: form.text("name", 200, required=True),
        "amount": lambda: form.money("amount"),
        "currency": lambda: form.currency("currency"),
        "opened": lambda: form.day("opened"),
        "expected_close": lambda: form.day("expected_close"),
        "use_case": lambda: form.lines("use_case", 5_000),
        "notes": lambda: form.lines("notes", 20_000),
        "next_step": lambda: form.text("next_step", 500),
        "next_step_on": lambda: form.day("next_step_on"),
        "reason": lambda: form.text("reason", 500),
        "confidential": lambda: form.choice("confidential", ("on", "off")) == "on",
        "account_id": lambda: _account_id(session, form),
        "owner_id": lambda: _owner_id(session, deal, form),
    }
    sent = {"account_id": "account", "owner_id": "owner"}
    changes = {name: read() for name, read in readers.items() if sent.get(name, name) in form.sent}
    linked = form.flag("links")
    choices = lists.choices(session, viewer)
    products = form.choices("product", [value for value, _ in choices.products])
    competitors = form.choices("competitor", [value for value, _ in choices.competitors])
    new_product = form.maybe("new_product", 200)
    new_competitor = form.maybe("new_competitor", 200)
    if lifecycle.lacks_currency(changes.get("amount"), changes.get("currency", deal.currency)):
        form.refuse("currency", "Needed with an amount.")
    form.done()
    lifecycle.edit(session, deal, viewer.person_id, changes, version=version)
    if linked:
        sold = choose_products(session, viewer, products, new_product)
        against = choose_competitors(session, viewer, competitors, new_competitor)
        lifecycle.change_links(session, deal, viewer.person_id, sold, against)


def _account_id(session: Session, form: Form) -> int | None:
    name = form.text("account", 200)
    account: Account | None = find_account(session, name) if name else None
    if name and account is None:
        form.refuse("account", "There is no account of that name yet: add it first.")
    return account.id if account else None


def _owners(session: Session, head: Room) -> list[tuple[str, str]]:
    """Who may own a deal: active members, and who owns it already, though they have left."""
    active = people.active_members(session)
    if head.owner_key is None or any(key == head.owner_key for key, _ in active):
        return active
    return [(head.owner_key, f"{head.owner} (no longer active)"), *active]


def _owner_id(session: Session, deal: Deal, form: Form) -> int | None:
    key = form.text("owner", 80)
    if not key:
        return None
    owner = session.get(Person, deal.owner_id) if deal.owner_id else None
    if owner and owner.key == key:
        return owner.id
    try:
        return people.member_of(session, key).id
    except Invalid:
        form.refuse("owner", "Choose one of our members.")
        return None


def _still_seen(session: Session, viewer: Viewer, key: str) -> bool:
    try:
        access.readable_deal(session, viewer, key)
    except (NotFound, Forbidden):
        return False
    return True


def _differences(
    session: Session, head: Room, form: Form, typed: dict[str, str], choices: Choices
) -> list[Difference]:
    """What the sender typed beside what is there now, where the two differ."""
    deal = head.deal
    owner = _owner_name(session, typed.get("owner", ""))
    yours = {
        **typed,
        "owner": owner,
        "amount": typed.get("amount", ""),
        "confidential": "yes" if typed.get("confidential") == "on" else "no",
    }
    theirs = {
        "name": ("Name", deal.name),
        "account": ("Account", head.account.name if head.account else ""),
        "owner": ("Owner", head.owner or ""),
        "amount": ("Amount", money(deal.amount).replace(",", "")),
        "currency": ("Currency", deal.currency or ""),
        "opened": ("Opened", str(deal.opened or "")),
        "expected_close": ("Expected close", str(deal.expected_close or "")),
        "use_case": ("Use case", deal.use_case),
        "notes": ("Notes", deal.notes),
        "next_step": ("Next step", deal.next_step),
        "next_step_on": ("To be taken on", str(deal.next_step_on or "")),
        "reason": ("Reason", deal.reason),
        "confidential": ("Confidential", "yes" if deal.confidential else "no"),
    }
    if "links" in form.sent:
        sold = products_of(session, deal.id)
        against = competitors_of(session, deal.id)
        for name, label, options, there in (
            ("product", "Products", choices.products, sold),
            ("competitor", "Competitors", choices.competitors, against),
        ):
            more = [form.values.get(f"new_{name}", "")]
            ticked = set(form.sent.get(name, []))
            names = [title for key, title in options if key in ticked] + more
            typed = {**typed, name: ""}
            yours[name] = ", ".join(sorted(filter(None, names)))
            theirs[name] = (label, ", ".join(sorted(title for _, title in there)))
    return [
        Difference(label, yours[name] or "–", value or "–")
        for name, (label, value) in theirs.items()
        if name in typed and " ".join(yours[name].split()) != " ".join(value.split())
    ]


def _owner_name(session: Session, key: str) -> str:
    """The name of the owner whose key a form sent."""
    try:
        person: Person = people.person_of(session, key)
    except NotFound:
        return ""
    return person.name
