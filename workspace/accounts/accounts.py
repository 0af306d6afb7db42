"""Accounts: the organisations that we sell to, sell with, or compete against."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import JSON, event
from sqlmodel import Field, Index, Session, SQLModel, col, select

from workspace.accounts.geography import region_of
from workspace.audit import audit
from workspace.changes import assign, differing
from workspace.clock import now
from workspace.database import RIGHTS, contains, fetch, page_by_name, select_row
from workspace.errors import Invalid
from workspace.keys import free_key, plain, random_key


class Relationship(StrEnum):
    """What an account is to us."""

    PROSPECT = "prospect"
    CUSTOMER = "customer"
    FORMER_CUSTOMER = "former customer"
    PARTNER = "partner"
    COMPETITOR = "competitor"


class Account(SQLModel, table=True):
    """An organisation."""

    # Few are unlisted, and every session looks for them.
    __table_args__ = (
        Index(
            "ix_account_unlisted",
            "id",
            sqlite_where=sa.text("listed IS 0"),
            postgresql_where=sa.text("listed IS false"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=80)
    name: str = Field(index=True, max_length=200)
    # The name as it is compared; derived from the name on every write.
    plain_name: str = Field(default="", index=True, max_length=500)
    domain: str | None = Field(default=None, max_length=200)
    industry: str | None = Field(default=None, max_length=3, index=True)
    headcount: int | None = None
    # Numbers as they are written, joined by `value_lists.join_values`.
    phone: str = Field(default="", max_length=200)
    # With the number of the house.
    street: str = Field(default="", max_length=200)
    postcode: str = Field(default="", max_length=20)
    city: str = Field(default="", max_length=100)
    country: str | None = Field(default=None, max_length=2)
    region: str | None = Field(default=None, max_length=60, index=True)
    parent_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    relationship: str = Field(default=Relationship.PROSPECT, max_length=20)
    description: str = ""
    # Whether everybody may know of it; one that was made for a confidential deal is as hidden.
    listed: bool = Field(default=True, sa_column_kwargs={"info": {RIGHTS: True}})
    # Values of own fields, by key.
    own: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = Field(default_factory=now)


@event.listens_for(Account, "before_insert")
@event.listens_for(Account, "before_update")
def _keep_plain_name(_mapper: Any, _connection: Any, account: Account) -> None:
    account.plain_name = _plain_name(account.name)


def _plain_name(name: str) -> str:
    # A letter may expand to a word, and an index cannot hold texts of any length.
    return plain(name)[:500]


def find_account(session: Session, name: str) -> Account | None:
    """The account of that name, whatever its capitals and accents."""
    exact = session.exec(select(Account).where(Account.name == name)).first()
    if exact:
        return exact
    same = select(Account).where(Account.plain_name == _plain_name(name))
    return session.exec(same.order_by(col(Account.id)).limit(1)).first()


def add(session: Session, name: str, by: int | None, **facts: Any) -> Account:
    """Add an account, or refuse where the caller knows of one of that name."""
    if find_account(session, name):
        raise Invalid(
            "This account exists already.", {"name": "An account of this name exists already."}
        )
    account = add_account(session, name, **facts)
    audit(session, by, "account added", f"account {account.id}")
    return account


def add_account(session: Session, name: str, **facts: Any) -> Account:
    """The row of a new account, for a caller who knows that there is none of that name.

    Its region follows from its country where none is given.
    """
    # A key from its name would keep the next account of that name from having it.
    hidden = not facts.get("listed", True)
    key = random_key(session, Account, "account-") if hidden else free_key(session, Account, name)
    account = Account(key=key, name=name, **facts)
    if account.region is None and account.country:
        account.region = region_of(account.country)
    session.add(account)
    session.flush()
    return account


@dataclass(frozen=True)
class AccountRow:
    """An account as a line of a list."""

    id: int
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
    relationship: str
    own: dict[str, Any]


# No order column is null, so that a page can begin after any row.
_ORDERS: dict[str, Any] = {
    "name": sa.func.lower(Account.name),
    "domain": sa.func.lower(sa.func.coalesce(Account.domain, "")),
    "relationship": col(Account.relationship),
    "industry": sa.func.coalesce(Account.industry, ""),
    "headcount": sa.func.coalesce(Account.headcount, -1),
    "city": sa.func.lower(Account.city),
    "region": sa.func.lower(sa.func.coalesce(Account.region, "")),
}
ACCOUNT_ORDERS = tuple(_ORDERS)


def account_rows(
    session: Session,
    *,
    text: str | None = None,
    relationship: str | None = None,
    industry: str | None = None,
    own: Sequence[sa.ColumnElement[bool]] = (),
    order: str = "name",
    own_order: sa.ColumnElement[Any] | None = None,
    descending: bool = False,
    after: str | None = None,
    limit: int = 50,
) -> list[AccountRow]:
    """Accounts in order, after the account of the key `after`; `own` is about own fields.

    `own_order` takes the place of `order`: what an own field makes of its column.
    """
    where = list(own)
    if text:
        where.append(contains(text, Account.name, Account.domain))
    if relationship:
        where.append(col(Account.relationship) == relationship)
    if industry:
        where.append(col(Account.industry).startswith(industry, autoescape=True))
    return page_by_name(
        session,
        AccountRow,
        select_row(AccountRow, Account),
        Account,
        where=where,
        order=_ORDERS[order] if own_order is None else own_order,
        descending=descending,
        after=after,
        limit=limit,
    )


def namesakes(session: Session, account: Account) -> list[AccountRow]:
    """Other accounts of the same name: made by members who did not know of each other's."""
    same = (col(Account.plain_name) == account.plain_name, col(Account.id) != account.id)
    query = select_row(AccountRow, Account).where(*same).order_by(col(Account.id))
    return fetch(session, AccountRow, query)


# The columns that can be edited.
EDITABLE = (
    "name",
    "domain",
    "industry",
    "headcount",
    "phone",
    "street",
    "postcode",
    "city",
    "country",
    "region",
    "parent_id",
    "relationship",
    "description",
    "own",
)


def edit_account(
    session: Session, account: Account, by: int | None, changes: dict[str, Any]
) -> bool:
    """Change columns of an account; whether anything differed."""
    parent = changes.get("parent_id")
    if parent is not None and account.id in _ancestors(session, parent):
        raise Invalid(
            "An account cannot belong to itself.", {"parent": "It belongs to this account."}
        )
    if _plain_name(changes.get("name", account.name)) != account.plain_name:
        namesake = find_account(session, changes["name"])
        if namesake and namesake.id != account.id:
            raise Invalid(
                "There is another account of that name.",
                {"name": "An account of this name exists already."},
            )
    values = changes | _region(account, changes)
    changed = differing(account, {name: values[name] for name in EDITABLE if name in values})
    detail: dict[str, object] = {
        name: [getattr(account, name), value] for name, value in changed.items()
    }
    assign(account, changed)
    if changed:
        session.add(account)
        audit(session, by, "account edited", f"account {account.id}", detail)
    return bool(changed)


def _region(account: Account, changes: dict[str, Any]) -> dict[str, Any]:
    """The region after these changes: the country's, unless another one was chosen."""
    before = region_of(account.country) if account.country else None
    country = changes.get("country", account.country)
    after = region_of(country) if country else None
    # A form always sends the region, so the former country's region is not a choice.
    region = changes.get("region", account.region)
    if not region or (region == account.region == before):
        return {"region": after}
    return {}


def _ancestors(session: Session, account_id: int) -> set[int]:
    """The ids of an account and of all accounts above it."""
    ids: set[int] = set()
    ancestor: int | None = account_id
    while ancestor is not None and ancestor not in ids:
        ids.add(ancestor)
        ancestor = session.exec(select(Account.parent_id).where(Account.id == ancestor)).first()
    return ids
