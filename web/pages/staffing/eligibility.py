"""Who may take which seat role: the list of members, and the form over one of them."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.edit_conflicts import fingerprint, lock_row, require_unchanged
from web.forms import Form
from web.responses import go, show
from web.routes import Request, get, post
from web.saving import saving
from web.workspace import Workspace
from workspace.deals import eligibility
from workspace.deals.eligibility import EligibleRole, MemberEligibility
from workspace.deals.seat_roles import seat_roles
from workspace.people.tables import Member
from workspace.people.viewer import Viewer, require_leader


@dataclass(frozen=True)
class EligibilityPage:
    """The active members with the roles that they may take."""

    members: list[MemberEligibility]
    may_edit: bool


@dataclass(frozen=True)
class EligibilityForm:
    """The form over the roles of a member; `because` has what the record says of a role."""

    member: MemberEligibility
    roles: list[tuple[str, str]]
    chosen: list[str]
    because: dict[str, EligibleRole]
    seen: str
    wrong: dict[str, str]
    is_conflict: bool


class EligibilityController(Controller):
    """/staffing/members."""

    path = "/staffing/members"

    @get()
    def show(
        self,
        request: Request,
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[str]:
        with workspace.database.read() as session:
            page = EligibilityPage(eligibility.eligibility(session), viewer.leads)
        return show(request, "staffing/members.html", page)

    @get("/{key:str}")
    def edit(
        self,
        request: Request,
        key: FromPath[str],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[str]:
        require_leader(viewer)
        with workspace.database.read() as session:
            page = eligibility_form(session, key, Form())
        return show(request, "staffing/member.html", page)

    @post("/{key:str}")
    def change(
        self,
        request: Request,
        key: FromPath[str],
        form: NamedDependency[Form],
        viewer: NamedDependency[Viewer],
        workspace: NamedDependency[Workspace],
    ) -> Response[Any]:
        require_leader(viewer)
        with saving(workspace, form) as session:
            member = eligibility.eligibility_of(session, key)
            lock_row(session, session.get_one(Member, member.person_id))
            member = eligibility.eligibility_of(session, key)
            require_unchanged(form, _saved(member))
            chosen = form.choices("role", [role.key for role in seat_roles(session)])
            form.done()
            eligibility.set_eligibility(session, member.person_id, chosen, viewer.person_id)
        if form.refusal:
            with workspace.database.read() as session:
                page = eligibility_form(session, key, form)
            return show(request, "staffing/member.html", page, status=form.status)
        return go(request, "/staffing/members", f"Roles of {member.name} saved.")


def eligibility_form(session: Session, key: str, form: Form) -> EligibilityForm:
    """The form with the saved roles, or with what was sent if it was refused for its fields."""
    member = eligibility.eligibility_of(session, key)
    saved = _saved(member)
    sent = form.refusal is not None and not form.is_conflict
    chosen = form.sent.get("role", []) if sent else [role.key for role in member.allowed]
    return EligibilityForm(
        member=member,
        roles=[(role.key, role.name) for role in seat_roles(session)],
        chosen=chosen,
        because={role.key: role for role in member.roles},
        seen=(form.values.get("seen") if sent else None) or fingerprint(saved),
        wrong=form.wrong,
        is_conflict=form.is_conflict,
    )


def _saved(member: MemberEligibility) -> dict[str, str]:
    return {"roles": "; ".join(role.key for role in member.allowed)}
