"""Exports: what a list shows, with its filter and its columns, as a file for spreadsheets."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session

from references.desk.advocates import Activity
from references.desk.queue import AdvocateRow
from web.forms import Form, parse_pairs
from web.pages.administration.members import chosen_members
from web.pages.deals.list import rows_of
from web.pages.deals.list_state import read_list_state, with_own_fields
from web.pages.network.connections import chosen_connections
from web.pages.network.ties import SHARING
from web.pages.records.accounts import chosen_accounts
from web.pages.records.library import chosen_assets
from web.pages.records.people import chosen_people
from web.pages.references.advocates import chosen_advocates
from web.pages.references.desk import chosen_requests
from web.policies import Policy, open_to
from web.routes import post
from web.visits import Visit
from workspace.accounts.geography import country_name
from workspace.accounts.industries import industry_name
from workspace.audit import audit
from workspace.clock import today
from workspace.collaboration.tasks import tasks_of_deal, tasks_of_member
from workspace.deals.access import readable_deal
from workspace.deals.line_items import items_of
from workspace.deals.lists import DealRow
from workspace.errors import Invalid, NotFound
from workspace.exports.spreadsheets import MEDIA_TYPES, Cell, FileFormat, write_csv, write_xlsx
from workspace.own_fields.fields import FieldSubject, OwnField, readable
from workspace.own_fields.values import as_cell
from workspace.people.field_rights import FieldGroup, readable_fields
from workspace.people.people import readable_details
from workspace.people.tables import Role
from workspace.people.viewer import Viewer, require_role

# Rows of a file.
MOST_ROWS = 50_000

# The titles of a file's columns, each with the cell of a row.
Columns = dict[str, Callable[[Any], Cell]]
# Reads the rows that an address asks for.
Read = Callable[[Session, Viewer, Form], list[Any]]


@dataclass(frozen=True)
class List:
    """A list that can be exported."""

    title: str
    columns: Callable[[Session, Viewer, Form], Columns]
    read: Read


class ExportController(Controller):
    """/exports."""

    path = "/exports"
    # It is a form, because an export is audited, but it changes nothing that is shown.
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.MEMBERS)

    @post("/{name:str}")
    def export(self, visit: NamedDependency[Visit], name: FromPath[str]) -> Response[bytes]:
        exported = LISTS.get(name)
        if exported is None:
            raise NotFound("There is no such list.")
        chosen = visit.form.choice("format", tuple(FileFormat), required=True)
        query = visit.form.text("query", 2_000)
        visit.form.done()
        file_format = FileFormat(chosen or "")
        with visit.read() as session:
            columns = exported.columns(session, visit.viewer, _asked(query))
            rows = _rows(session, visit.viewer, exported, query)
        cells = ([cell(row) for cell in columns.values()] for row in rows)
        if file_format == FileFormat.CSV:
            raw = write_csv(list(columns), cells)
        else:
            raw = write_xlsx(exported.title, list(columns), cells)
        detail: dict[str, object] = {"format": file_format, "query": query, "rows": len(rows)}
        with visit.write() as session:
            audit(session, visit.viewer.person_id, "list exported", f"list {name}", detail)
        file_name = f"{name}-{today()}.{file_format}"
        return Response(
            raw,
            status_code=200,
            media_type=MEDIA_TYPES[file_format],
            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file_name)}"},
        )


def _asked(query: str) -> Form:
    return Form(pair for pair in parse_pairs(query.encode()) if pair[0] != "after")


def _rows(session: Session, viewer: Viewer, exported: List, query: str) -> list[Any]:
    """All rows that a query asks for; `Invalid` where a file would have too many.

    They are read at once: each further page of a list would sort all of it again.
    """
    rows = exported.read(session, viewer, _asked(query))
    if len(rows) > MOST_ROWS:
        raise Invalid(
            f"A file holds at most {MOST_ROWS:,} rows: filter the list, and export the parts."
        )
    return rows


def _read_deals(session: Session, viewer: Viewer, asked: Form) -> list[DealRow]:
    state = with_own_fields(session, viewer, read_list_state(asked))
    return rows_of(session, viewer, state, None, MOST_ROWS + 1)


_DEAL_COLUMNS: dict[str, Columns] = {
    "account": {"Account": lambda row: row.account},
    "stage": {
        "Stage": lambda row: row.stage,
        "Outcome": lambda row: row.outcome,
    },
    "next": {
        "Next step": lambda row: row.next_step,
        "Next step on": lambda row: row.next_step_on,
    },
    "amount": {"Amount": lambda row: row.amount, "Currency": lambda row: row.currency},
    "close": {
        "Expected close": lambda row: row.expected_close,
        "Closed": lambda row: row.closed,
    },
    "owner": {"Owner": lambda row: row.owner},
    "opened": {"Opened": lambda row: row.opened},
    "moved": {"Last move": lambda row: row.stage_since},
    "yearly": {
        "Yearly": lambda row: row.yearly,
        "Term months": lambda row: row.term_months,
        "Currency": lambda row: row.currency,
    },
    "renews": {"Renews on": lambda row: row.renews_on},
    "wakes": {
        "Wakes on": lambda row: row.wakes_on,
        "Wakes when": lambda row: row.wakes_when,
        "Parked reason": lambda row: row.parked_reason,
    },
}


def _deal_columns(session: Session, viewer: Viewer, asked: Form) -> Columns:
    """The columns that the list shows, as an import knows them where it has them."""
    columns: Columns = {"Deal key": lambda row: row.key, "Name": lambda row: row.name}
    shown = read_list_state(asked).arranged.columns
    for name in shown:
        columns |= _DEAL_COLUMNS.get(name, {})
    fields = readable(session, viewer, FieldSubject.DEAL)
    return _with_own(columns, [field for field in fields if field.param in shown])


def _with_own(columns: Columns, fields: Iterable[OwnField]) -> Columns:
    """The columns, and those of own fields; one that is called like one of ours says so."""

    def cell(field: OwnField) -> Callable[[Any], Cell]:
        return lambda row: as_cell(field, row.own.get(field.key))

    taken = {name.casefold() for name in columns}
    own = {
        f"{field.name} (own)" if field.name.casefold() in taken else field.name: cell(field)
        for field in fields
    }
    return {**columns, **own}


def _account_columns(session: Session, viewer: Viewer, asked: Form) -> Columns:
    columns: Columns = {
        "Account": lambda row: row.name,
        "Domain": lambda row: row.domain,
        "Relationship": lambda row: row.relationship,
        "Industry": lambda row: industry_name(row.industry) if row.industry else None,
        "Headcount": lambda row: row.headcount,
        "Phone": lambda row: row.phone,
        "Street": lambda row: row.street,
        "Postcode": lambda row: row.postcode,
        "City": lambda row: row.city,
        "Country": lambda row: country_name(row.country) if row.country else None,
        "Region": lambda row: row.region,
    }
    return _with_own(columns, readable(session, viewer, FieldSubject.ACCOUNT))


def _people_columns(session: Session, viewer: Viewer, asked: Form) -> Columns:
    details = readable_details(session, viewer)

    def detail(name: str) -> Callable[[Any], Cell]:
        return lambda row: getattr(details[row.id], name) if row.id in details else None

    columns: Columns = {
        "Name": lambda row: row.name,
        "E-mail": detail("email"),
        "Phone": detail("phone"),
        "Title": lambda row: row.title,
        "Account": lambda row: row.account,
        "Member": lambda row: row.member,
        "Street": detail("street"),
        "Postcode": detail("postcode"),
        "City": lambda row: row.city,
        "Country": lambda row: country_name(row.country) if row.country else None,
        "Skills": lambda row: row.skills,
    }
    return _with_own(columns, readable(session, viewer, FieldSubject.PERSON))


def _asset_columns(session: Session, viewer: Viewer, asked: Form) -> Columns:
    columns: Columns = {
        "Asset": lambda row: row.name,
        "Kind": lambda row: row.kind,
        "Summary": lambda row: row.summary,
        "Link": lambda row: row.url,
        "Author": lambda row: row.author,
        "Published": lambda row: row.published,
        "Expires": lambda row: row.expires,
        "Withdrawn": lambda row: row.withdrawn,
        "Uses": lambda row: row.uses,
        "Deals closed": lambda row: row.closed,
        "Deals won": lambda row: row.won,
    }
    return _with_own(columns, readable(session, viewer, FieldSubject.ASSET))


def _read_tasks(session: Session, viewer: Viewer, asked: Form) -> list[Any]:
    """The tasks of a deal, or the viewer's own open ones."""
    key = asked.maybe("deal", 80)
    if key:
        return tasks_of_deal(session, readable_deal(session, viewer, key), done=MOST_ROWS)
    return tasks_of_member(session, viewer, limit=MOST_ROWS)


def _task_columns(session: Session, viewer: Viewer, asked: Form) -> Columns:
    return {
        "Task": lambda row: row.text,
        "Due": lambda row: row.due,
        "Assignee": lambda row: row.assignee,
        "Done": lambda row: row.done_at,
        "Deal key": lambda row: row.deal_key,
        "Deal": lambda row: row.deal_name,
    }


def _read_items(session: Session, viewer: Viewer, asked: Form) -> list[Any]:
    deal = readable_deal(session, viewer, asked.text("deal", 80))
    return [(deal, item) for item in items_of(session, deal.id)]


def _item_columns(session: Session, viewer: Viewer, asked: Form) -> Columns:
    """The columns as an import knows them."""
    return {
        "Deal": lambda row: row[0].key,
        "Product": lambda row: row[1].product,
        "Quantity": lambda row: row[1].quantity,
        "Price": lambda row: row[1].price,
        "Recurring": lambda row: row[1].recurring,
        "Total": lambda row: row[1].total,
        "Currency": lambda row: row[0].currency,
    }


def _request_columns(session: Session, viewer: Viewer, asked: Form) -> Columns:
    return {
        "Request": lambda row: row.key,
        "Activity": lambda row: row.activity,
        "State": lambda row: row.state,
        "Due": lambda row: row.due,
        "Starts": lambda row: row.starts_at,
        "Advocate": lambda row: row.advocate,
        "Customer": lambda row: row.customer,
        "Buyer": lambda row: row.prospect,
        "Buyer's title": lambda row: row.prospect_title,
        "Deal key": lambda row: row.deal_key,
        "Deal": lambda row: row.deal_name,
        "Stage": lambda row: row.stage,
        "Amount": lambda row: row.amount,
        "Currency": lambda row: row.currency,
        "Requested by": lambda row: row.asker,
        "Assigned to": lambda row: row.assigned,
    }


def _advocate_columns(session: Session, viewer: Viewer, asked: Form) -> Columns:
    activity = asked.maybe("activity", 40) or Activity.CALL

    def consent(row: AdvocateRow) -> Cell:
        return row.availability.consent.state or "none"

    consents: Columns = {}
    if FieldGroup.CONSENTS in readable_fields(session, viewer):
        consents = {
            "Consent": consent,
            "Consent until": lambda row: row.availability.consent.until,
        }
    return {
        "Advocate": lambda row: row.name,
        "Title": lambda row: row.title,
        "Customer": lambda row: row.account,
        **consents,
        f"Available for {activity}": lambda row: row.availability.may_be_asked,
        "Reason": lambda row: row.availability.reason,
        "Available from": lambda row: row.availability.next_on,
    }


def _member_columns(session: Session, viewer: Viewer, asked: Form) -> Columns:
    return {
        "Name": lambda row: row.name,
        "E-mail": lambda row: row.email,
        "Roles": lambda row: "; ".join(row.roles),
        "Access": lambda row: row.access,
    }


def _read_members(session: Session, viewer: Viewer, asked: Form) -> list[Any]:
    require_role(viewer, Role.ADMIN)
    return chosen_members(session, asked, MOST_ROWS + 1)[0]


def _connection_columns(session: Session, viewer: Viewer, asked: Form) -> Columns:
    return {
        "Name": lambda row: row.name,
        "E-mail": lambda row: row.email,
        "Company": lambda row: row.company,
        "Position": lambda row: row.position,
        "Phone": lambda row: row.phone,
        "Street": lambda row: row.street,
        "Postcode": lambda row: row.postcode,
        "City": lambda row: row.city,
        "Country": lambda row: country_name(row.country) if row.country else None,
        "Profile": lambda row: row.url,
        "Connected on": lambda row: row.connected_on,
        "Source": lambda row: row.source,
        "Visible to": lambda row: SHARING[row.visibility],
    }


def _all(chosen: Callable[[Session, Viewer, Form, int], tuple[Sequence[Any], Any]]) -> Read:
    """All rows that a list's address asks for, one more than a file may have."""
    return lambda session, viewer, asked: list(chosen(session, viewer, asked, MOST_ROWS + 1)[0])


LISTS = {
    "deals": List("Deals", _deal_columns, _read_deals),
    "accounts": List(
        "Accounts",
        _account_columns,
        _all(chosen_accounts),
    ),
    "people": List(
        "People",
        _people_columns,
        _all(chosen_people),
    ),
    "library": List(
        "Library",
        _asset_columns,
        _all(chosen_assets),
    ),
    "line-items": List("Line items", _item_columns, _read_items),
    "tasks": List("Tasks", _task_columns, _read_tasks),
    "references": List(
        "References",
        _request_columns,
        _all(chosen_requests),
    ),
    "advocates": List(
        "Advocates",
        _advocate_columns,
        _all(chosen_advocates),
    ),
    "members": List("Members", _member_columns, _read_members),
    "connections": List(
        "Connections",
        _connection_columns,
        _all(chosen_connections),
    ),
}
