"""Members, for administrators: roles, access, and handing over the work of who leaves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references import handover
from references.handover import Work
from references.handover_plan import Planned, hand_over_as_planned, plan
from web.edit_conflicts import EditForm, edit_form, fingerprint, require_unchanged
from web.forms import Form
from web.lists import answer_list, filled, first_page
from web.pages.administration.invitations import InvitationLink, invitation_link
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.deals import leaving
from workspace.keys import row_of_key
from workspace.people import directory, invitations, members
from workspace.people.directory import Access, MemberRow
from workspace.people.sign_in import sessions, throttling, two_step
from workspace.people.tables import Person, Role
from workspace.people.viewer import Viewer, require_role

LIST = "/administration/members"
PAGE = 50

# Each kind of work with what it is called, and what the choice of nobody means.
LABELS = {
    Work.DEALS: ("Open deals", "No owner"),
    Work.SEATS: ("Seats on open deals", "Leave open"),
    Work.TASKS: ("Open tasks", "Unassigned"),
    Work.REQUESTS: ("Reference requests they made", "Nobody"),
    Work.DESK: ("Reference requests they handle", "Unassigned"),
    Work.CUSTOMERS: ("Customers they look after", "Owner of the deal won before"),
    Work.ADVOCATES: ("Advocates they look after", "Nobody"),
    Work.CONFIDENTIAL: ("Confidential deals", "Select a colleague"),
}


@dataclass(frozen=True)
class MemberList:
    """The members who were chosen."""

    rows: list[MemberRow]
    more: str | None
    params: dict[str, str]
    choices: tuple[tuple[str, str], ...] = (
        ("", "All"),
        *((access, access.capitalize()) for access in Access),
    )


@dataclass(frozen=True)
class MemberPage:
    """A member's roles and access, with the form of roles if it came back."""

    row: MemberRow
    is_self: bool
    sends_mail: bool
    has_two_step: bool
    form: EditForm
    # The roles that are checked.
    chosen: list[str]
    roles: tuple[tuple[str, str], ...] = tuple((role, role.capitalize()) for role in Role)


@dataclass(frozen=True)
class HandoverLine:
    """A kind of work, how much of it there is, and who can take it over."""

    name: str
    label: str
    nobody: str
    count: int
    choices: list[tuple[str, str]]
    chosen: str | None


@dataclass(frozen=True)
class HandoverPage:
    """A member's work, before it is handed over."""

    row: MemberRow
    is_self: bool
    lines: list[HandoverLine]
    # Who is proposed for which piece of work, as the nearest.
    planned: list[Planned]
    seen: str
    wrong: dict[str, str]
    # Whether the work has changed since the form was opened.
    changed: bool


class MemberController(Controller):
    """/administration/members."""

    path = LIST
    opt = open_to(reads=Policy.ADMINISTRATORS, writes=Policy.ADMINISTRATORS)

    @get()
    def list(self, visit: NamedDependency[Visit]) -> Response[str]:
        require_role(visit.viewer, Role.ADMIN)
        return answer_list(visit, "administration/members", member_list)

    @get("/{key:str}")
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        return self._show(visit, key)

    @post("/{key:str}/roles")
    def set_roles(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        chosen = visit.form.choices("role", tuple(Role))
        with visit.saving() as session:
            row = directory.member_row(session, key)
            members.locked_member(session, row.id)
            require_unchanged(visit.form, roles_of(directory.member_row(session, key)))
            visit.form.done()
            roles = [Role(role) for role in chosen]
            members.set_roles(session, row.id, roles, by=visit.viewer.person_id)
        if visit.form.refusal:
            return self._show(visit, key)
        return visit.go(at("administration", "members", key), "Roles saved.")

    @post("/{key:str}/link")
    def invite_again(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        how = visit.form.choice("how", ("link", "mail"), required=True)
        visit.form.done()
        with visit.write() as session:
            row = directory.member_row(session, key)
            token = invitations.renew_invitation(session, row.id, by=visit.viewer.person_id)
            link = invitation_link(visit, session, row.id, token, how)
        return _answer_link(visit, link)

    @post("/{key:str}/unlock")
    def unlock(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        def act(session: Session, person: Person) -> str:
            throttling.unlock_member(session, person, by=visit.viewer.person_id)
            return f"{person.name} can sign in again."

        return self._act(visit, key, act)

    @post("/{key:str}/sign-out")
    def sign_out(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        def act(session: Session, person: Person) -> str:
            sessions.end_sessions(session, person.id, by=visit.viewer.person_id)
            return f"{person.name} is signed out everywhere."

        return self._act(visit, key, act)

    @post("/{key:str}/two-step")
    def remove_two_step(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        def act(session: Session, person: Person) -> str:
            two_step.remove(session, person.id, by=visit.viewer.person_id)
            return f"{person.name} signs in without a code, or sets it up again."

        return self._act(visit, key, act)

    @post("/{key:str}/reactivate")
    def reactivate(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        def act(session: Session, person: Person) -> str:
            leaving.reactivate(session, person.id, by=visit.viewer.person_id)
            return f"{person.name} has access again."

        return self._act(visit, key, act)

    @get("/{key:str}/handover")
    def plan(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        page = visit.page(handover_page, key, Form())
        return visit.show("administration/members/handover.html", page)

    @post("/{key:str}/handover")
    def hand_over(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        form, by = visit.form, visit.viewer.person_id
        then = form.choice("then", ("deactivate", "stay"), required=True)
        with visit.saving() as session:
            row = directory.member_row(session, key)
            members.locked_member(session, row.id)
            require_unchanged(form, work_of(session, row.id))
            receivers = read_receivers(session, row.id, form)
            form.done()
            act = handover.deactivate if then == "deactivate" else handover.hand_over
            act(session, row.id, receivers, by=by)
        if form.refusal:
            page = visit.page(handover_page, key, form)
            return visit.show("administration/members/handover.html", page)
        done = "is deactivated" if then == "deactivate" else "has handed over"
        return visit.go(LIST, f"{row.name} {done}.")

    @post("/{key:str}/handover/plan")
    def hand_over_as_planned(
        self, visit: NamedDependency[Visit], key: FromPath[str]
    ) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        expected = visit.form.text("planned", 20_000, required=True).split()
        visit.form.done()
        with visit.write() as session:
            row = directory.member_row(session, key)
            count = hand_over_as_planned(session, row.id, expected, visit.viewer.person_id)
        notice = f"{count} {'piece' if count == 1 else 'pieces'} of work handed over."
        return visit.go(at("administration", "members", key, "handover"), notice)

    def _act(self, visit: Visit, key: str, act: Callable[[Session, Person], str]) -> Response[Any]:
        """One step on a member that needs no form."""
        require_role(visit.viewer, Role.ADMIN)
        visit.form.done()
        with visit.write() as session:
            directory.member_row(session, key)
            notice = act(session, row_of_key(session, Person, key))
        return visit.go(at("administration", "members", key), notice)

    def _show(self, visit: Visit, key: str) -> Response[str]:
        form = visit.form if visit.request.method == "POST" else Form()
        page = visit.page(member_page, key, visit.workspace.sends_mail, form)
        return visit.show("administration/members/show.html", page)


class InvitationController(Controller):
    """/administration/invitations."""

    path = "/administration/invitations"
    opt = open_to(reads=Policy.ADMINISTRATORS, writes=Policy.ADMINISTRATORS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        require_role(visit.viewer, Role.ADMIN)
        return self._show(visit, Form())

    @post()
    def invite(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_role(visit.viewer, Role.ADMIN)
        form, by = visit.form, visit.viewer.person_id
        name = form.text("name", 200, required=True)
        email = form.text("email", 254, required=True)
        roles = [Role(role) for role in form.choices("role", tuple(Role))]
        how = form.choice("how", ("link", "mail"), required=True)
        with visit.saving() as session:
            form.done()
            person, token = invitations.invite(session, name, email, roles, by=by)
            link = invitation_link(visit, session, person.id, token, how)
        if form.refusal:
            return self._show(visit, form)
        return _answer_link(visit, link)

    def _show(self, visit: Visit, form: Form) -> Response[str]:
        page = InvitationForm(
            visit.workspace.sends_mail, form.values, form.wrong, form.sent.get("role", [])
        )
        return visit.show("administration/members/invite.html", page)


@dataclass(frozen=True)
class InvitationForm:
    """The form by which a member is invited."""

    sends_mail: bool
    values: dict[str, str]
    wrong: dict[str, str]
    chosen: list[str]
    roles: tuple[tuple[str, str], ...] = tuple((role, role.capitalize()) for role in Role)


def member_list(session: Session, visit: Visit) -> MemberList:
    """The members whom the filters leave."""
    rows, params = chosen_members(session, visit.form, PAGE + 1)
    shown, last = first_page(rows, PAGE)
    return MemberList(shown, last.key if last else None, params)


def chosen_members(
    session: Session, form: Form, limit: int
) -> tuple[list[MemberRow], dict[str, str]]:
    """The members whom the filters of an address leave, and these filters."""
    text = form.maybe("q", 200)
    access = form.choice("access", tuple(Access))
    after = form.maybe("after", 80)
    rows = directory.member_rows(
        session, text=text, access=Access(access) if access else None, after=after, limit=limit
    )
    return rows, filled(q=text, access=access)


def member_page(
    session: Session, viewer: Viewer, key: str, sends_mail: bool, form: Form
) -> MemberPage:
    """A member, for an administrator."""
    require_role(viewer, Role.ADMIN)
    row = directory.member_row(session, key)
    return MemberPage(
        row=row,
        is_self=row.id == viewer.person_id,
        sends_mail=sends_mail,
        has_two_step=two_step.state_of(session, row.id).is_on,
        form=edit_form(form, roles_of(row)),
        chosen=form.sent.get("role", []) if form.refusal else list(row.roles),
    )


def roles_of(row: MemberRow) -> dict[str, str]:
    """A member's roles as the form over them shows them."""
    return {"roles": ", ".join(row.roles)}


def handover_page(session: Session, viewer: Viewer, key: str, form: Form) -> HandoverPage:
    """A member's open work, the colleagues who can take it over, and the proposed ones."""
    require_role(viewer, Role.ADMIN)
    row = directory.member_row(session, key)
    by = viewer.person_id
    everybody = handover.colleagues(session, row.id)
    proposed = handover.proposed_receivers(session, row.id, everybody, by)
    lines = []
    for work, count in handover.open_work(session, row.id).items():
        label, nobody = LABELS[work]
        proposal = proposed.get(work)
        sent = form.values.get(work)
        lines.append(
            HandoverLine(
                name=str(work),
                label=label,
                nobody=nobody,
                count=count,
                choices=[
                    (colleague.key, colleague.name)
                    for colleague in handover.candidates(work, everybody, by)
                ],
                chosen=sent if sent is not None else proposal.key if proposal else None,
            )
        )
    return HandoverPage(
        row=row,
        is_self=row.id == by,
        lines=lines,
        planned=plan(session, row.id),
        seen=fingerprint(work_of(session, row.id)),
        wrong=form.wrong,
        changed=form.is_conflict,
    )


def work_of(session: Session, person_id: int) -> dict[str, str]:
    """A member's work as the form over it shows it."""
    return {str(work): str(count) for work, count in handover.open_work(session, person_id).items()}


def read_receivers(session: Session, person_id: int, form: Form) -> dict[Work, int | None]:
    """Who takes over each kind of work."""
    ids = {colleague.key: colleague.id for colleague in handover.colleagues(session, person_id)}
    receivers: dict[Work, int | None] = {}
    for work in Work:
        key = form.choice(work, ids.keys())
        receivers[work] = ids[key] if key else None
    return receivers


def _answer_link(visit: Visit, link: InvitationLink) -> Response[Any]:
    """The link, shown this once; a link that was mailed is not shown."""
    if link.address is None:
        return visit.go(at("administration", "members", link.key), f"{link.name} gets a mail.")
    return visit.show("administration/members/invited.html", link, status=200)
