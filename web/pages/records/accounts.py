"""Accounts: the list, an account's page, adding and editing."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session, col

from references.buyers.group import Branch, group_of
from references.buyers.inner_circle import InnerCircle, inner_circle
from references.prospecting.known import Presence, presence_at
from references.removal import delete_account, may_remove
from web.columns import Arrangement, Column, ordering, read_remembered
from web.edit_conflicts import EditForm, edit_form, lock_unchanged
from web.forms import Form
from web.lists import RecordList, answer_record_list, filled, first_page, remembered
from web.own_fields import (
    OwnFact,
    form_values,
    labels_of,
    own_facts,
    predicates,
    read_filter,
    read_own,
)
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.accounts import accounts
from workspace.accounts.accounts import Account, AccountRow, Relationship
from workspace.accounts.geography import REGIONS, country_choices
from workspace.accounts.industries import DIVISIONS, SECTIONS
from workspace.deals import lists
from workspace.deals.filters import DealFilter
from workspace.deals.lists import DealRow
from workspace.keys import row_of_key
from workspace.own_fields.fields import FieldSubject, OwnField, editable, readable
from workspace.people.people import PersonRow, person_rows
from workspace.people.viewer import Viewer, require_writer
from workspace.revisions import history
from workspace.revisions.history import RevisionRow

PAGE = 50


COLUMNS = {
    "relationship": Column("Relationship", "relationship"),
    "industry": Column("Industry", "industry"),
    "headcount": Column("Employees", "headcount", is_numeric=True, begins_largest=True),
    "country": Column("Country"),
    "city": Column("City", "city"),
    "phone": Column("Phone"),
    "domain": Column("Domain", "domain"),
    "region": Column("Region", "region"),
}
USUAL_COLUMNS = ("relationship", "industry", "headcount", "country")


@dataclass(frozen=True)
class AccountList(RecordList):
    """The accounts that were chosen."""

    relationships: tuple[str, ...] = tuple(Relationship)
    sections: dict[str, str] = field(default_factory=lambda: SECTIONS)
    divisions: dict[str, str] = field(default_factory=lambda: DIVISIONS)


@dataclass(frozen=True)
class AccountPage:
    """An account: its facts, its people, and the deals that the viewer may see."""

    account: Account
    parent: Account | None
    # The group with its branches and subsidiaries, if the account does not stand alone.
    group: Branch | None
    # Of the same name, of those that the viewer may know of.
    namesakes: list[AccountRow]
    people: list[PersonRow]
    deals: list[DealRow]
    # How many of us know people there.
    presence: Presence
    circle: InnerCircle
    own: list[OwnFact]
    may_edit: bool
    may_remove: bool
    # Merges with this account that can be undone.
    merges: list[RevisionRow]


@dataclass(frozen=True)
class AccountForm:
    """The form over an account; without a key, a new one's."""

    key: str | None
    form: EditForm
    own: list[OwnField]
    relationships: tuple[str, ...] = tuple(Relationship)
    regions: tuple[str, ...] = REGIONS
    sections: dict[str, str] = field(default_factory=lambda: SECTIONS)
    divisions: dict[str, str] = field(default_factory=lambda: DIVISIONS)
    countries: tuple[tuple[str, str], ...] = field(default_factory=country_choices)


class AccountController(Controller):
    """/accounts."""

    path = "/accounts"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def list(self, visit: NamedDependency[Visit]) -> Response[str]:
        return answer_record_list(visit, "records/accounts", account_list)

    @get("/new")
    def new(self, visit: NamedDependency[Visit]) -> Response[str]:
        require_writer(visit.viewer)
        form = Form([("relationship", Relationship.PROSPECT)])
        page = visit.page(account_form, None, form)
        return visit.show("records/accounts/edit.html", page)

    @post()
    def add(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_writer(visit.viewer)
        with visit.saving() as session:
            account = add_account(session, visit.viewer, visit.form)
        if visit.form.refusal:
            return _form_again(visit, None)
        return visit.go(at("accounts", account.key), f"{account.name} is added.")

    @get("/{key:str}")
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        return visit.show("records/accounts/show.html", visit.page(account_page, key))

    @get("/{key:str}/edit")
    def edit(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        require_writer(visit.viewer)
        page = visit.page(account_form, key, Form())
        return visit.show("records/accounts/edit.html", page)

    @post("/{key:str}/edit")
    def change(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        require_writer(visit.viewer)
        with visit.saving() as session:
            change_account(session, visit.viewer, key, visit.form)
        if visit.form.refusal:
            return _form_again(visit, key)
        return visit.go(at("accounts", key), "Saved.")

    @post("/{key:str}/delete")
    def delete(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            account = row_of_key(session, Account, key)
            revision = delete_account(session, visit.viewer, account)
        return visit.go_deleted("/accounts", revision)


def add_account(session: Session, viewer: Viewer, form: Form) -> Account:
    """Add the account of a form."""
    facts = read_account(session, viewer, form, {})
    name = facts.pop("name")
    return accounts.add(session, name, viewer.person_id, **facts)


def change_account(session: Session, viewer: Viewer, key: str, form: Form) -> None:
    """Give an account the facts of a form that was opened over it."""
    account = row_of_key(session, Account, key)
    lock_unchanged(session, account, form, partial(account_values, viewer=viewer))
    facts = read_account(session, viewer, form, account.own)
    accounts.edit_account(session, account, viewer.person_id, facts)


def account_list(session: Session, visit: Visit) -> AccountList:
    """The page that an address asks for."""
    own = readable(session, visit.viewer, FieldSubject.ACCOUNT)
    arranged = arrangement(visit.form, own, remembered(visit))
    rows, params = chosen_accounts(session, visit.viewer, visit.form, PAGE + 1, arranged)
    shown, last = first_page(rows, PAGE)
    return AccountList(
        path="/accounts",
        rows=shown,
        more=last.key if last else None,
        params=params,
        known=COLUMNS,
        own=own,
        arranged=arranged,
    )


def arrangement(asked: Form, own: list[OwnField], kept: str = "") -> Arrangement:
    """The columns and the order of the list."""
    return read_remembered(asked, kept, COLUMNS, accounts.ACCOUNT_ORDERS, USUAL_COLUMNS, own)


def chosen_accounts(
    session: Session,
    viewer: Viewer,
    asked: Form,
    limit: int,
    arranged: Arrangement | None = None,
) -> tuple[list[AccountRow], dict[str, str]]:
    """The accounts that an address asks for, and its filters."""
    fields = readable(session, viewer, FieldSubject.ACCOUNT)
    arranged = arranged or arrangement(asked, fields)
    text = asked.maybe("q", 200)
    relationship = asked.choice("relationship", tuple(Relationship))
    industry = asked.maybe("industry", 3)
    after = asked.maybe("after", 80)
    own, own_params = read_filter(session, viewer, FieldSubject.ACCOUNT, asked)
    asked.check()
    rows = accounts.account_rows(
        session,
        text=text,
        relationship=relationship,
        industry=industry,
        own=predicates(FieldSubject.ACCOUNT, own),
        **ordering(arranged, fields, col(Account.own)),
        after=after,
        limit=limit,
    )
    params = filled(q=text, relationship=relationship, industry=industry)
    return rows, {**params, **own_params}


def account_page(session: Session, viewer: Viewer, key: str) -> AccountPage:
    """An account as this viewer may know it."""
    account = row_of_key(session, Account, key)
    return AccountPage(
        account=account,
        parent=session.get(Account, account.parent_id) if account.parent_id else None,
        group=group_of(session, account),
        namesakes=accounts.namesakes(session, account),
        people=person_rows(session, account_id=account.id, limit=100),
        deals=lists.deal_rows(session, viewer, DealFilter(account=key), limit=100),
        presence=presence_at(session, viewer, account),
        circle=inner_circle(session, viewer, account),
        own=own_facts(session, viewer, FieldSubject.ACCOUNT, account.own),
        may_edit=viewer.may_write,
        may_remove=may_remove(session, viewer, account),
        merges=history.revisions(session, viewer, of=("account", account.id)),
    )


def account_form(session: Session, viewer: Viewer, key: str | None, form: Form) -> AccountForm:
    """The form over an account, with what was sent; without a key, over a new one."""
    own = editable(session, viewer, FieldSubject.ACCOUNT)
    if key is None:
        return AccountForm(None, EditForm(form.values, form.wrong), own)
    saved = account_values(session, row_of_key(session, Account, key), viewer=viewer)
    return AccountForm(key, edit_form(form, saved, labels=labels_of(own)), own)


def account_values(session: Session, account: Account, *, viewer: Viewer) -> dict[str, str]:
    """An account's facts as its form shows them."""
    parent = session.get(Account, account.parent_id) if account.parent_id else None
    return {
        "name": account.name,
        "domain": account.domain or "",
        "industry": account.industry or "",
        "headcount": str(account.headcount or ""),
        "phone": account.phone,
        "street": account.street,
        "postcode": account.postcode,
        "city": account.city,
        "country": account.country or "",
        "region": account.region or "",
        "parent": parent.name if parent else "",
        "relationship": account.relationship,
        "description": account.description,
        **form_values(editable(session, viewer, FieldSubject.ACCOUNT), account.own),
    }


def read_account(
    session: Session, viewer: Viewer, form: Form, own: dict[str, Any]
) -> dict[str, Any]:
    """The facts in a form; `Invalid` where one cannot be taken."""
    parent_name = form.text("parent", 200)
    parent = accounts.find_account(session, parent_name) if parent_name else None
    if parent_name and parent is None:
        form.refuse("parent", "There is no account of that name.")
    facts = {
        "name": form.text("name", 200, required=True),
        "domain": form.maybe("domain", 200),
        "industry": form.choice("industry", {**SECTIONS, **DIVISIONS}),
        "headcount": form.integer("headcount", 1, 10_000_000),
        "phone": form.phones("phone"),
        "street": form.text("street", 200),
        "postcode": form.text("postcode", 20),
        "city": form.text("city", 100),
        "country": form.choice("country", [code for code, _ in country_choices()]),
        "region": form.maybe("region", 60),
        "parent_id": parent.id if parent else None,
        "relationship": form.choice("relationship", tuple(Relationship)) or Relationship.PROSPECT,
        "description": form.lines("description", 5_000),
        "own": read_own(session, viewer, FieldSubject.ACCOUNT, form, own),
    }
    form.done()
    return facts


def _form_again(visit: Visit, key: str | None) -> Response[str]:
    page = visit.page(account_form, key, visit.form)
    return visit.answer("records/accounts/edit.html", "records/accounts/_form.html", page)
