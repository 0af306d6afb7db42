"""The reference desk: one queue of requests, and a request with everything about it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.desk import advocates, calendar, workflow
from references.desk import policy as desk_policy
from references.desk.advocates import Activity
from references.desk.letters import Letters, letters_of_request, mark_sent, may_read_emails
from references.desk.policy import POLICY_RANGES, current_policy
from references.desk.queue import (
    RequestRow,
    StepRow,
    View,
    advocate_choices,
    desk_choices,
    history_of,
    queued_requests,
    request_row,
)
from references.desk.request import DESK_ROLES, OUTCOMES, STEPS, Party, ReferenceRequest
from references.desk.rules import may_read_feedback, request_of, slots_of
from references.suggestions import in_a_line, reasons_to_keep, suggest_advocates
from web.forms import Form, zone_choices
from web.lists import answer_list, filled, first_page
from web.pages.references.emails import EmailRow, email_rows
from web.policies import Policy, open_to
from web.rendering import query
from web.routes import at, get, post
from web.visits import Visit
from web.workspace import Workspace
from workspace.clock import now, zone_or_utc, zones
from workspace.deals.stages import stages
from workspace.deals.tables import Deal
from workspace.errors import DealkinError, Invalid, NotFound
from workspace.people.people import member_of
from workspace.people.tables import Person, Role
from workspace.people.viewer import Viewer, require_role, require_writer

PAGE = 50
# At most so many are approved, declined or assigned in one go.
MOST_AT_ONCE = 200
VIEWS = (
    (View.WAITING, "Waiting"),
    (View.MINE, "Mine"),
    (View.SCHEDULED, "Scheduled"),
    (View.ALL, "All"),
)
# The words of an address for a step, where they are not the step's own.
_STEPS = {"other-times": "other times", "outcome": "record outcome"}
# Guests take the other steps on pages of their own.
_MEMBERS_STEPS = {
    name for name, step in STEPS.items() if set(step.who) - {Party.ADVOCATE, Party.PROSPECT}
}


@dataclass(frozen=True)
class Queue:
    """The requests of one view."""

    rows: list[RequestRow]
    more: str | None
    view: str
    params: dict[str, str]
    is_desk: bool
    members: list[tuple[str, str]]
    views: tuple[tuple[str, str], ...] = VIEWS


@dataclass(frozen=True)
class RequestPage:
    """A request, what may be done with it, and what happened to it."""

    row: RequestRow
    request: ReferenceRequest
    slots: list[datetime]
    steps: list[StepRow]
    # Emails to guests, for the desk and the asker: those that may still be sent, and those that
    # were, with links for the members who may send them by hand.
    emails: list[EmailRow]
    letters: Letters
    is_desk: bool
    mail_is_sent: bool
    # Feedback of guests has its own readers.
    # Whether the viewer may read what is written for the advocate alone.
    may_read_message: bool
    may_read_feedback: bool
    # Who can be asked instead: the best for the deal first, with a reason, and the others.
    suggested: list[tuple[str, str]]
    others: list[tuple[str, str]]
    members: list[tuple[str, str]]
    values: dict[str, str]
    wrong: dict[str, str]
    zones: tuple[tuple[str, str], ...]
    zone: str
    outcomes: tuple[str, ...] = OUTCOMES


@dataclass(frozen=True)
class PolicyPage:
    """The rules of the desk."""

    values: dict[str, str]
    owner_approval: bool
    code_to_widen: bool
    wrong: dict[str, str]
    stages: list[tuple[str, str]]
    may_edit: bool


class DeskController(Controller):
    """/references."""

    path = "/references"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def queue(self, visit: NamedDependency[Visit]) -> Response[str]:
        return answer_list(visit, "references/desk", queue_page)

    @get("/policy")
    def policy(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("references/desk/policy.html", visit.page(policy_page, Form()))

    @post("/policy")
    def set_policy(self, visit: NamedDependency[Visit]) -> Response[Any]:
        changes: dict[str, Any] = {
            name: visit.form.integer(name, low, high) for name, (low, high) in POLICY_RANGES.items()
        }
        for name, value in changes.items():
            if value is None:
                visit.form.refuse(name, "Required.")
        changes["owner_approval"] = visit.form.flag("owner_approval")
        changes["code_to_widen"] = visit.form.flag("code_to_widen")
        with visit.saving() as session:
            visit.form.done()
            require_role(visit.viewer, *DESK_ROLES)
            desk_policy.set_policy(session, visit.viewer.person_id, changes)
        if visit.form.refusal:
            return visit.show("references/desk/policy.html", visit.page(policy_page, visit.form))
        return visit.go(at("references", "policy"), "The rules are saved.")

    @post("/bulk")
    def bulk(self, visit: NamedDependency[Visit]) -> Response[Any]:
        step = visit.form.choice("step", ("approve", "decline", "assign"), required=True) or ""
        view = visit.form.choice("view", [value for value, _ in VIEWS]) or View.WAITING
        chosen = visit.form.choices("request", visit.form.sent.get("request", [])[:MOST_AT_ONCE])
        act = read_step(visit.form, step, visit.workspace)
        # One form holds what any of its buttons needs.
        visit.form.lines("reason", 500)
        visit.form.text("member", 80)
        visit.form.done()
        require_role(visit.viewer, *DESK_ROLES)
        if not chosen:
            raise Invalid("Choose requests first.", {"request": "None is chosen."})
        done, left = 0, []
        for sent in chosen:
            key, _, version = sent.partition(":")
            try:
                with visit.write() as session:
                    row = request_of(session, visit.viewer, key)
                    act(session, visit.viewer, row, int(version) if version.isdecimal() else None)
                done += 1
            except DealkinError as why:
                left.append(f"{key}: {why}")
        notice = f"{done} {STEPS[step].participle}." + (
            f" {len(left)} not. {left[0]}" if left else ""
        )
        return visit.go("/references?" + query({"view": view}), notice)

    @get("/{key:str}")
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        page = visit.page(request_page, visit.workspace, key, Form())
        return visit.show("references/desk/show.html", page)

    @post("/{key:str}/messages/{message:int}")
    def sent(
        self, visit: NamedDependency[Visit], key: FromPath[str], message: FromPath[int]
    ) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            mark_email_sent(session, visit.viewer, key, message)
        return visit.go(at("references", key), "Noted: it is sent.")

    @post("/{key:str}/{step:str}")
    def take(
        self, visit: NamedDependency[Visit], key: FromPath[str], step: FromPath[str]
    ) -> Response[Any]:
        name = step_of(step)
        back = visit.form.choice("back", ("queue", "today"))
        view = visit.form.choice("view", [value for value, _ in VIEWS]) or View.WAITING
        with visit.saving() as session:
            row = take_step(session, visit.viewer, key, name, visit.form, visit.workspace)
        if visit.form.refusal:
            page = visit.page(request_page, visit.workspace, key, visit.form)
            return visit.show("references/desk/show.html", page)
        places = {"queue": "/references?" + query({"view": view}), "today": "/"}
        to = places[back] if back else at("references", key)
        said = STEPS[name].participle
        if name in ("approve", "swap") and row.approved_at is None:
            said += "; the account owner still has to approve"
        return visit.go(to, f"{key} is {said}.")


def step_of(segment: str) -> str:
    """The step that an address names; NotFound where members take no such step."""
    name = _STEPS.get(segment, segment)
    if name not in _MEMBERS_STEPS:
        raise NotFound("There is no such step.")
    return name


def take_step(
    session: Session, viewer: Viewer, key: str, name: str, form: Form, workspace: Workspace
) -> ReferenceRequest:
    """Do with a request what a form asks; the request."""
    version = form.integer("version")
    act = read_step(form, name, workspace)
    form.done()
    row = request_of(session, viewer, key)
    act(session, viewer, row, version)
    return row


def mark_email_sent(session: Session, viewer: Viewer, key: str, message: int) -> None:
    """Note that a member has sent an email about a request by hand."""
    row = request_of(session, viewer, key)
    require_writer(viewer)
    mark_sent(session, viewer, letters_of_request(session, viewer, row), message)


Act = Callable[[Session, Viewer, ReferenceRequest, int | None], None]


def read_step(form: Form, name: str, workspace: Workspace) -> Act:
    """What a form asks to be done with a request; what is wrong with it is noted in the form."""
    origin = workspace.origin
    match name:
        case "decline" | "cancel":
            reason = form.lines("reason", 500, required=name == "decline")
            step = workflow.decline if name == "decline" else workflow.cancel
            return lambda session, viewer, row, version: step(
                session, viewer, row, reason, version=version
            )
        case "assign":
            member = form.text("member", 80, required=True)
            return lambda session, viewer, row, version: workflow.assign(
                session, viewer, row, member_of(session, member), version=version
            )
        case "swap":
            key = form.text("advocate", 80, required=True)
            return lambda session, viewer, row, version: workflow.swap(
                session, viewer, row, advocates.advocate_of(session, key)[0], version=version
            )
        case "schedule" | "reschedule":
            starts_at = read_moment(form)
            move = workflow.schedule if name == "schedule" else workflow.reschedule
            return lambda session, viewer, row, version: move(
                session, viewer, row, starts_at, origin, version=version
            )
        case "record outcome":
            outcome = form.choice("outcome", OUTCOMES, required=True) or ""
            note = form.lines("note", 5_000)
            return lambda session, viewer, row, version: workflow.record_outcome(
                session, viewer, row, outcome, note, version=version
            )
        case "invite" | "other times" | "complete" | "miss":
            write = {
                "invite": workflow.invite,
                "other times": workflow.ask_other_times,
                "complete": workflow.complete,
                "miss": workflow.miss,
            }[name]
            return lambda session, viewer, row, version: write(
                session, viewer, row, origin, version=version
            )
    plain = workflow.approve if name == "approve" else workflow.submit
    return lambda session, viewer, row, version: plain(session, viewer, row, version=version)


def read_moment(form: Form) -> datetime:
    """The moment in a form; what is wrong with it is noted there."""
    zone = form.choice("zone", zones()) or "UTC"
    written = form.text("time", 16, required=True)
    try:
        return calendar.moment(written, zone)
    except Invalid as why:
        form.refuse("time", str(why))
        return now()


def queue_page(session: Session, visit: Visit) -> Queue:
    """The page that an address asks for."""
    rows, view = chosen_requests(session, visit.viewer, visit.form, PAGE + 1)
    shown, last = first_page(rows, PAGE)
    is_desk = bool(visit.viewer.roles & set(DESK_ROLES))
    return Queue(
        rows=shown,
        more=last.key if last else None,
        view=view,
        params=filled(view=view if view != View.WAITING else None),
        is_desk=is_desk,
        members=desk_choices(session) if is_desk else [],
    )


def chosen_requests(
    session: Session, viewer: Viewer, asked: Form, limit: int
) -> tuple[list[RequestRow], View]:
    """The requests that an address asks for, and its view."""
    view = View(asked.choice("view", [value for value, _ in VIEWS]) or View.WAITING)
    after = asked.maybe("after", 20)
    asked.check()
    return queued_requests(session, viewer, view, after=after, limit=limit), view


def request_page(
    session: Session, viewer: Viewer, workspace: Workspace, key: str, form: Form
) -> RequestPage:
    """A request as this viewer may know it, with what was typed into one of its forms."""
    request = request_of(session, viewer, key)
    row = request_row(session, viewer, request)
    is_desk = Party.DESK in row.parties
    me = session.get(Person, viewer.person_id) if viewer.person_id else None
    swaps = "swap" in row.steps
    suggested, others = other_advocates(session, viewer, workspace, request) if swaps else ([], [])
    return RequestPage(
        row=row,
        request=request,
        slots=slots_of(session, request.id),
        steps=history_of(session, request.id),
        emails=email_rows(session, viewer, request) if may_read_emails(viewer, request) else [],
        letters=letters_of_request(session, viewer, request),
        mail_is_sent=workspace.sends_mail,
        is_desk=is_desk,
        may_read_message=is_desk or request.requested_by_id == viewer.person_id,
        may_read_feedback=may_read_feedback(row.parties),
        suggested=suggested,
        others=others,
        members=desk_choices(session, request.deal_id) if is_desk else [],
        values=form.values,
        wrong=form.wrong,
        zones=zone_choices(),
        zone=zone_or_utc(form.values.get("zone") or (me.timezone if me else "")),
    )


def other_advocates(
    session: Session, viewer: Viewer, workspace: Workspace, request: ReferenceRequest
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Who can be asked instead: the best for the deal first, with a reason, and the others."""
    activity = Activity(request.activity)
    names = dict(advocate_choices(session, viewer, activity))
    suggested = suggest_advocates(
        session,
        viewer,
        workspace.catalog,
        workspace.network,
        session.get_one(Deal, request.deal_id),
        activity,
        prospect=request.prospect_id,
    ).suggested
    best = [
        (each.person.key, f"{name} – {in_a_line(reasons_to_keep(each)[:1])}")
        for each in suggested
        if (name := names.pop(each.person.key, None)) and each.advocate_id != request.advocate_id
    ]
    return best, list(names.items())


def policy_page(session: Session, viewer: Viewer, form: Form) -> PolicyPage:
    """The rules, or what was typed over them."""
    rules = current_policy(session)
    values = {name: str(getattr(rules, name)) for name in POLICY_RANGES}
    return PolicyPage(
        values=form.values or values,
        owner_approval=form.flag("owner_approval") if form.sent else rules.owner_approval,
        code_to_widen=form.flag("code_to_widen") if form.sent else rules.code_to_widen,
        wrong=form.wrong,
        stages=[(str(stage.position), stage.name) for stage in stages(session)],
        may_edit=bool(viewer.roles & {Role.MARKETER, Role.ADMIN}),
    )
