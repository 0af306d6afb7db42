"""The audit log, for administrators: what concerns security and privacy."""

from dataclasses import dataclass
from datetime import date

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from web.forms import Form
from web.lists import answer_list, filled, first_page
from web.policies import Policy, open_to
from web.routes import get
from web.visits import Visit
from workspace import audit_log
from workspace.audit import SECURITY
from workspace.audit_log import AuditRow
from workspace.people.tables import Role
from workspace.people.viewer import require_role

PAGE = 50


@dataclass(frozen=True)
class AuditPage:
    """The entries that the filters leave."""

    rows: list[AuditRow]
    more: str | None
    params: dict[str, str]
    choices: tuple[tuple[str, str], ...] = tuple((name, name) for name in SECURITY)


class AuditController(Controller):
    """/administration/audit."""

    path = "/administration/audit"
    opt = open_to(reads=Policy.ADMINISTRATORS)

    @get()
    def list(self, visit: NamedDependency[Visit]) -> Response[str]:
        require_role(visit.viewer, Role.ADMIN)
        return answer_list(visit, "administration/audit", audit_page)


def chosen_entries(
    session: Session, form: Form, limit: int
) -> tuple[list[AuditRow], dict[str, str]]:
    """The entries that an address asks for, and its filters."""
    text, about = form.maybe("q", 200), form.choice("about", tuple(SECURITY))
    since, until = form.day("since"), form.day("until")
    rows = audit_log.entries(
        session,
        about=about,
        text=text,
        since=since,
        until=until,
        before=form.integer("after"),
        limit=limit,
    )
    return rows, filled(q=text, about=about, since=_day(since), until=_day(until))


def audit_page(session: Session, visit: Visit) -> AuditPage:
    """The newest entries, or those before the last one that is shown."""
    rows, params = chosen_entries(session, visit.form, PAGE + 1)
    shown, last = first_page(rows, PAGE)
    return AuditPage(shown, str(last.number) if last else None, params)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
