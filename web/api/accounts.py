"""Accounts over the API."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import UNSET, UnsetType
from sqlmodel import Session, select

from references.network.paths import Reach
from references.removal import delete_account
from web.api.calls import Call, Saved
from web.api.fields import (
    Body,
    Country,
    Found,
    Label,
    Number,
    OwnValues,
    Postcode,
    Required,
    Short,
    Text,
)
from web.api.operations import change, create, for_programs, read, remove
from web.api.shown import Named, own_values, with_readable_own
from web.edit_conflicts import fingerprint
from web.pages.records.accounts import (
    account_page,
    account_values,
    add_account,
    change_account,
    chosen_accounts,
)
from web.policies import Policy
from workspace.accounts.accounts import Account, AccountRow
from workspace.deals.lists import DealRow
from workspace.keys import row_of_key
from workspace.own_fields.fields import FieldSubject
from workspace.people.people import PersonSummary
from workspace.people.tables import Person
from workspace.people.viewer import Viewer

Relation = Literal["prospect", "customer", "former customer", "partner", "competitor"]


@dataclass(frozen=True)
class AccountShown:
    """An account with its facts, its people, and the deals that the caller may see."""

    key: str
    name: str
    domain: str | None
    industry: str | None
    headcount: int | None
    phone: str
    street: str
    postcode: str
    city: str
    country: str | None
    region: str | None
    parent: Named | None
    relationship: str
    description: str
    own: dict[str, str]
    people: list[PersonSummary]
    deals: list[DealRow]
    may_edit: bool


class AccountQuery(Found, kw_only=True):
    """What the list is narrowed down to."""

    relationship: Label = ""
    industry: Label = ""


class AccountChange(Body):
    """The facts to be changed; the others stay. The parent is the name of an account."""

    example: ClassVar[dict[str, Any]] = {"domain": "orlik.example", "headcount": 2400}
    name: Required | UnsetType = UNSET
    domain: Short | UnsetType = UNSET
    industry: Label | UnsetType | None = UNSET
    headcount: Number | UnsetType | None = UNSET
    phone: Short | UnsetType = UNSET
    street: Short | UnsetType = UNSET
    postcode: Postcode | UnsetType = UNSET
    city: Label | UnsetType = UNSET
    country: Country | UnsetType | None = UNSET
    region: Label | UnsetType | None = UNSET
    parent: Short | UnsetType | None = UNSET
    relationship: Relation | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    own: OwnValues | UnsetType = UNSET


class NewAccount(AccountChange, kw_only=True):
    """An account to be added."""

    example: ClassVar[dict[str, Any]] = {"name": "Orlik Clinics", "country": "PL"}
    name: Required


class AccountsController(Controller):
    """/api/v1/accounts."""

    path = "/api/v1/accounts"
    opt = for_programs("Accounts", reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @read(summary="List accounts", answers=AccountRow, paged=True, query=AccountQuery)
    def list(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            rows, _ = chosen_accounts(session, call.viewer, call.form, call.size + 1)
            return call.page(with_readable_own(session, call.viewer, FieldSubject.ACCOUNT, rows))

    @create(summary="Add an account", answers=AccountShown, body=NewAccount, tagged=True)
    def add(self, call: NamedDependency[Call]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            account = add_account(session, call.viewer, call.form)
            return account_shown(session, call.viewer, account.key)

        return call.save(save)

    @read("/{key:str}", summary="Get an account", answers=AccountShown, tagged=True)
    def get(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return call.show(account_shown, key)

    @change(
        "/{key:str}",
        summary="Change an account",
        answers=AccountShown,
        body=AccountChange,
        tagged=True,
        matches=True,
    )
    def change(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            account = row_of_key(session, Account, key)
            call.fill(account_values(session, account, viewer=call.viewer))
            change_account(session, call.viewer, key, call.form)
            return account_shown(session, call.viewer, key)

        return call.save_over(save, lambda session: account_shown(session, call.viewer, key))

    @remove("/{key:str}", summary="Delete an account")
    def delete(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            delete_account(session, call.viewer, row_of_key(session, Account, key))
            return Saved()

        return call.save(save)

    @read("/{key:str}/paths", summary="Find who knows people at an account", answers=Reach)
    def paths(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        with call.read() as session:
            account = row_of_key(session, Account, key)
            people = list(session.exec(select(Person.id).where(Person.account_id == account.id)))
            return call.answer(call.workspace.network.reach(session, call.viewer, people))


def account_shown(session: Session, viewer: Viewer, key: str) -> Saved:
    """An account as a viewer may know it, under the tag of its facts."""
    session.flush()
    page = account_page(session, viewer, key)
    account = page.account
    shown = AccountShown(
        key=account.key,
        name=account.name,
        domain=account.domain,
        industry=account.industry,
        headcount=account.headcount,
        phone=account.phone,
        street=account.street,
        postcode=account.postcode,
        city=account.city,
        country=account.country,
        region=account.region,
        parent=Named(page.parent.key, page.parent.name) if page.parent else None,
        relationship=account.relationship,
        description=account.description,
        own=own_values(session, viewer, FieldSubject.ACCOUNT, account.own),
        people=[_summary(row) for row in page.people],
        deals=with_readable_own(session, viewer, FieldSubject.DEAL, page.deals),
        may_edit=page.may_edit,
    )
    tag = fingerprint(account_values(session, account, viewer=viewer))
    return Saved(shown, tag, f"/api/v1/accounts/{account.key}")


def _summary(row: PersonSummary) -> PersonSummary:
    """A person without what a longer row says of them."""
    return PersonSummary(
        row.id, row.key, row.name, row.title, row.account, row.account_key, row.member
    )
