"""One cell of the list of deals, edited where it stands: the answer is the row again."""

from dataclasses import dataclass, field, replace
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from web.edit_conflicts import EditForm
from web.forms import Form, parse_pairs
from web.pages.deal_room.facts import change_deal, facts_form
from web.pages.deal_room.header import deal_header
from web.pages.deals.list_state import ListState, read_list_state, with_own_fields
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
from workspace.deals import access, lists
from workspace.deals.lists import DealRow
from workspace.errors import Conflict, NotFound
from workspace.people.viewer import Viewer

# The fields of each cell that can be edited in the list.
CELLS = {
    "next": ("next_step", "next_step_on"),
    "amount": ("amount", "currency"),
    "close": ("expected_close",),
    "owner": ("owner",),
}


@dataclass(frozen=True)
class CellForm:
    """The form in a cell."""

    name: str
    form: EditForm
    version: int
    owners: list[tuple[str, str]]


@dataclass(frozen=True)
class DealLine:
    """A row of the list by itself; there is none where the viewer sees the deal no longer."""

    rows: list[DealRow]
    editable: set[int]
    state: ListState
    # The query of the list, for the next edit.
    query: str
    editing: CellForm | None
    selected: list[str] = field(default_factory=list)
    more: str | None = None


class CellController(Controller):
    """/deals/{key}/cells: the row as it is, and with a form in one of its cells."""

    path = "/deals/{key:str}/cells"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def row(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        with visit.read() as session:
            access.readable_deal(session, visit.viewer, key)
            line = deal_line(session, visit.viewer, _query(visit), key)
        return visit.show("deals/_rows.html", line)

    @get("/{cell:str}")
    def edit(
        self, visit: NamedDependency[Visit], key: FromPath[str], cell: FromPath[str]
    ) -> Response[str]:
        page = visit.page(edited_line, _query(visit), key, known_cell(cell), Form())
        return visit.show("deals/_rows.html", page)

    @post("/{cell:str}")
    def change(
        self, visit: NamedDependency[Visit], key: FromPath[str], cell: FromPath[str]
    ) -> Response[Any]:
        name = known_cell(cell)
        with visit.saving(Conflict) as session:
            deal = access.editable_deal(session, visit.viewer, key)
            for sent in visit.form.sent.keys() - {*CELLS[name], "version", "_csrf_token"}:
                visit.form.refuse(sent, "This form has no such field.")
            change_deal(session, visit.viewer, deal, visit.form)
        if visit.form.refusal:
            page = visit.page(edited_line, _query(visit), key, name, visit.form)
            return visit.show("deals/_rows.html", page)
        return visit.show("deals/_rows.html", visit.page(deal_line, _query(visit), key))


def known_cell(name: str) -> str:
    """A cell that can be edited in the list."""
    if name not in CELLS:
        raise NotFound("This cell is not edited in the list.")
    return name


def deal_line(session: Session, viewer: Viewer, query: str, key: str) -> DealLine:
    """The row of a deal in the list of that query."""
    state = with_own_fields(session, viewer, read_list_state(Form(parse_pairs(query.encode()))))
    rows = lists.rows_of_deal(session, viewer, key)
    editable = access.editable_deal_ids(session, viewer, [row.id for row in rows])
    return DealLine(rows, editable, state, query, None)


def edited_line(
    session: Session, viewer: Viewer, query: str, key: str, cell: str, form: Form
) -> DealLine:
    """The row with a form in one of its cells, with what was sent over what is saved."""
    access.editable_deal(session, viewer, key)
    facts = facts_form(session, viewer, deal_header(session, viewer, key, "overview"), form)
    line = deal_line(session, viewer, query, key)
    return replace(line, editing=CellForm(cell, facts.form, facts.version, facts.owners))


def _query(visit: Visit) -> str:
    return str(visit.request.url.query)
