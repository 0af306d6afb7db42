"""Confidential deals that no active member sees, and the way into them for two administrators."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
from workspace.deals import recovery
from workspace.deals.recovery import StrandedDeal
from workspace.people.people import active_members, member_of
from workspace.people.tables import Person, Role
from workspace.people.viewer import Viewer, require_role

LIST = "/administration/deals"


@dataclass(frozen=True)
class StrandedPage:
    """The deals, and the members who can get to see one."""

    deals: list[StrandedDeal]
    # The key of the proposed reader of each deal that has a proposal.
    readers: dict[int, str]
    members: list[tuple[str, str]]
    viewer_id: int | None
    # The deal whose form came back, and what is wrong in it.
    key: str
    values: dict[str, str]
    wrong: dict[str, str]


class StrandedDealController(Controller):
    """/administration/deals."""

    path = LIST
    opt = open_to(reads=Policy.ADMINISTRATORS, writes=Policy.ADMINISTRATORS)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return _show(visit, "")

    @post("/{key:str}/proposal")
    def propose(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        reader = visit.form.text("reader", 80, required=True)
        reason = visit.form.lines("reason", 500, required=True)
        require_role(visit.viewer, Role.ADMIN)
        with visit.saving() as session:
            visit.form.done()
            person = member_of(session, reader)
            recovery.ask_recovery(session, visit.viewer, key, person, reason)
        if visit.form.refusal:
            return _show(visit, key)
        return visit.go(LIST, "Proposal sent. Another administrator has to confirm it.")

    @post("/{key:str}/confirmation")
    def confirm(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        reader = visit.form.text("reader", 80, required=True)
        visit.form.done()
        with visit.write() as session:
            person = recovery.confirm_recovery(session, visit.viewer, key, reader)
        return visit.go(LIST, f"{person.name} can see {key} now. Its former team is told.")

    @post("/{key:str}/withdrawal")
    def withdraw(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            recovery.withdraw_recovery(session, visit.viewer, key)
        return visit.go(LIST, "Withdrawn.")


def _show(visit: Visit, key: str) -> Response[str]:
    page = visit.page(
        stranded_page, key, visit.form.values if key else {}, visit.form.wrong if key else {}
    )
    return visit.show("administration/deals.html", page)


def stranded_page(
    session: Session, viewer: Viewer, key: str, values: dict[str, str], wrong: dict[str, str]
) -> StrandedPage:
    """The deals without readers, with what was sent for one of them."""
    require_role(viewer, Role.ADMIN)
    deals = recovery.stranded_deals(session)
    return StrandedPage(
        deals=deals,
        readers={
            deal.id: session.get_one(Person, deal.recovery.reader_id).key
            for deal in deals
            if deal.recovery
        },
        members=active_members(session),
        viewer_id=viewer.person_id,
        key=key,
        values=values,
        wrong=wrong,
    )
