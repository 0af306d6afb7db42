"""Who may take which seat role: the list of members, and the form over one of them."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.edit_conflicts import fingerprint, lock_unchanged
from web.forms import Form
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
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
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.LEADERS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        with visit.read() as session:
            page = EligibilityPage(eligibility.eligibility(session), visit.viewer.leads)
        return visit.show("staffing/members.html", page)

    @get("/{key:str}", opt=open_to(reads=Policy.LEADERS))
    def edit(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        require_leader(visit.viewer)
        with visit.read() as session:
            page = eligibility_form(session, key, Form())
        return visit.show("staffing/member.html", page)

    @post("/{key:str}")
    def change(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_leader(visit.viewer)
        with visit.saving() as session:
            member = eligibility.eligibility_of(session, key)
            row = session.get_one(Member, member.person_id)
            lock_unchanged(session, row, visit.form, lambda session, _: _saved(session, key))
            set_roles(session, visit.viewer, key, visit.form)
        if visit.form.refusal:
            with visit.read() as session:
                page = eligibility_form(session, key, visit.form)
            return visit.show("staffing/member.html", page)
        return visit.go("/staffing/members", f"Roles of {member.name} saved.")


def set_roles(session: Session, viewer: Viewer, key: str, form: Form) -> None:
    """Let a member take the roles of a form."""
    member = eligibility.eligibility_of(session, key)
    chosen = form.choices("role", [role.key for role in seat_roles(session)])
    form.done()
    eligibility.set_eligibility(session, member.person_id, chosen, viewer.person_id)


def eligibility_form(session: Session, key: str, form: Form) -> EligibilityForm:
    """The form with the saved roles, or with what was sent if it was refused for its fields."""
    member = eligibility.eligibility_of(session, key)
    sent = form.refusal is not None and not form.is_conflict
    chosen = form.sent.get("role", []) if sent else [role.key for role in member.allowed]
    return EligibilityForm(
        member=member,
        roles=[(role.key, role.name) for role in seat_roles(session)],
        chosen=chosen,
        because={role.key: role for role in member.roles},
        seen=(form.values.get("seen") if sent else None) or fingerprint(_saved(session, key)),
        wrong=form.wrong,
        is_conflict=form.is_conflict,
    )


def _saved(session: Session, key: str) -> dict[str, str]:
    member = eligibility.eligibility_of(session, key)
    return {"roles": "; ".join(role.key for role in member.allowed)}
