"""The tables of deals: stages, deals, what they are about, and the seats of their teams."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import JSON, Text
from sqlmodel import Field, Index, Numeric, SQLModel, UniqueConstraint

from workspace.accounts.accounts import Account
from workspace.clock import now
from workspace.database import RIGHTS
from workspace.ids import ID, uncounted_id


class Outcome(StrEnum):
    """Whether a deal is open, won or lost, which follows from the stage, or parked meanwhile."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"
    PARKED = "parked"


CLOSED_OUTCOMES = (Outcome.WON, Outcome.LOST)

# What stands for a day that is not known: before, or after, all others.
FIRST, LAST = "'0001-01-01'", "'9999-12-31'"


def day_or(day: str, *columns: Any) -> Any:
    """The first day that is known of these columns, for an order: `FIRST` or `LAST` if none is.

    It is part of the statement and no parameter, so that an index can have the same expression.
    """
    return sa.func.coalesce(*columns, sa.literal_column(day, sa.Date()))


class Stage(SQLModel, table=True):
    """A stage of the pipeline, with the probability of winning in per cent."""

    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=60)
    position: int
    probability: int
    outcome: str = Field(default=Outcome.OPEN, max_length=4)
    # A deal that does not move for more days than these is rotting.
    rotting_days: int = 30


class Product(SQLModel, table=True):
    """Something that we sell."""

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=80)
    name: str = Field(unique=True, max_length=200)
    family: str = Field(default="", max_length=200)
    description: str = ""
    list_price: Decimal | None = Field(default=None, max_digits=14, decimal_places=2)
    currency: str | None = Field(default=None, max_length=3)
    # Whether everybody may know of it: a deal that all may see, an asset or a file has it.
    listed: bool = True


class Competitor(SQLModel, table=True):
    """A company that sells against us."""

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=80)
    name: str = Field(unique=True, max_length=200)
    domain: str | None = Field(default=None, max_length=200)
    description: str = ""
    # Whether everybody may know of it: a deal that all may see, an asset or a file has it.
    listed: bool = True


class Deal(SQLModel, table=True):
    """A sale: open, won, lost or parked."""

    __table_args__ = (
        # Few are confidential. No index has the others, as a list of nearly all deals is read in
        # its order, and not by what makes them visible. Without its first column, a database that
        # has no statistics yet would read another index, of all deals.
        Index(
            "ix_deal_confidential",
            "confidential",
            "owner_id",
            sqlite_where=sa.text("confidential IS 1"),
            postgresql_where=sa.text("confidential IS true"),
        ),
        # The order of the list of deals.
        Index("ix_deal_opened_id", sa.text(f"coalesce(opened, {FIRST})"), "id"),
        # The order of the deals that were closed last.
        Index("ix_deal_closed_id", sa.text(f"coalesce(closed, {FIRST})"), "id"),
        # The deals of an outcome, those that close next first.
        Index("ix_deal_outcome", "outcome", sa.text(f"coalesce(expected_close, {LAST})"), "id"),
        # The order of the board's columns, and everything that sums of deals need, whose rows are
        # long with texts.
        Index(
            "ix_deal_board",
            "outcome",
            "stage_id",
            sa.text(f"coalesce(expected_close, {LAST})"),
            "id",
            "confidential",
            "owner_id",
            "currency",
            "amount",
            "expected_close",
            "closed",
        ),
    )

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=80)
    name: str = Field(index=True, max_length=200)
    # A deal from a file may have no account yet; one logged by hand always has.
    account_id: int | None = Field(
        default=None,
        foreign_key="account.id",
        index=True,
        sa_column_kwargs={"info": {RIGHTS: True}},
    )
    owner_id: int | None = Field(
        default=None,
        foreign_key="person.id",
        index=True,
        sa_column_kwargs={"info": {RIGHTS: True}},
    )
    stage_id: int = Field(foreign_key="stage.id", index=True)
    # The day of its last change of stage. Without one, the day when it was opened; for an imported
    # deal, whose changes before the import are unknown, the day of the import, or of the last
    # imported activity.
    stage_since: date | None = None
    # Follows from the stage, unless the deal is parked; kept here so that lists filter on it
    # without a join.
    outcome: str = Field(default=Outcome.OPEN, max_length=6)
    amount: Decimal | None = Field(default=None, sa_type=Numeric(14, 2))
    currency: str | None = Field(default=None, max_length=3)
    # Of a recurring deal: what is paid each year, the term of the contract, and when it renews. The
    # amount is the value of the whole contract.
    yearly: Decimal | None = Field(default=None, sa_type=Numeric(14, 2))
    term_months: int | None = None
    renews_on: date | None = None
    opened: date | None = None
    expected_close: date | None = None
    closed: date | None = Field(default=None, index=True)
    use_case: str = Field(default="", sa_type=Text)
    notes: str = Field(default="", sa_type=Text)
    next_step: str = Field(default="", max_length=500)
    # The due date of the next step.
    next_step_on: date | None = None
    # Why it was won or lost.
    reason: str = Field(default="", max_length=500)
    # Of a parked deal: why, and the day or the event that wakes it.
    parked_reason: str = Field(default="", max_length=500)
    wakes_on: date | None = None
    wakes_when: str = Field(default="", max_length=200)
    confidential: bool = Field(default=False, sa_column_kwargs={"info": {RIGHTS: True}})
    # Values of own fields, by key.
    own: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = Field(default_factory=now)
    # Rises with every edit, so that a form that was opened earlier overwrites nothing unseen.
    version: int = 1


class DealCounter(SQLModel, table=True):
    """One row: the last number that a deal's key was made from."""

    id: int = Field(default=None, primary_key=True)
    last: int = Field(sa_type=sa.BigInteger)


class DealProduct(SQLModel, table=True):
    """A product on a deal."""

    deal_id: int = Field(primary_key=True, foreign_key="deal.id", ondelete="CASCADE")
    product_id: int = Field(primary_key=True, foreign_key="product.id", index=True)


class LineItem(SQLModel, table=True):
    """A product on a deal with its quantity and price, which is paid once or each year."""

    id: int = uncounted_id()
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    product_id: int = Field(foreign_key="product.id", index=True)
    quantity: Decimal = Field(sa_type=Numeric(12, 2))
    # In the deal's currency; of one unit.
    price: Decimal = Field(sa_type=Numeric(14, 2))
    recurring: bool = False


class DealCompetitor(SQLModel, table=True):
    """A competitor on a deal."""

    deal_id: int = Field(primary_key=True, foreign_key="deal.id", ondelete="CASCADE")
    competitor_id: int = Field(primary_key=True, foreign_key="competitor.id", index=True)


class DealInvitation(SQLModel, table=True):
    """A member outside the team who may see a confidential deal."""

    deal_id: int = Field(
        primary_key=True,
        foreign_key="deal.id",
        ondelete="CASCADE",
        sa_column_kwargs={"info": {RIGHTS: True}},
    )
    person_id: int = Field(
        primary_key=True,
        foreign_key="person.id",
        index=True,
        sa_column_kwargs={"info": {RIGHTS: True}},
    )


@dataclass(frozen=True)
class NewDeal:
    """A deal that is about to be logged; without a key it gets the next free one."""

    name: str
    account: Account | None
    stage: Stage
    key: str | None = None
    products: Iterable[Product] = ()
    competitors: Iterable[Competitor] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    parked: bool = False


class Seat(SQLModel, table=True):
    """A place on a deal's team: filled by a member, or open."""

    __table_args__ = (
        # They have all that counts of seats need, by member and by deal.
        Index("ix_seat_person_id", "person_id", "role", "deal_id"),
        Index("ix_seat_deal_id", "deal_id", "person_id"),
    )

    id: int = uncounted_id()
    deal_id: int = Field(
        foreign_key="deal.id",
        ondelete="CASCADE",
        sa_column_kwargs={"info": {RIGHTS: True}},
    )
    role: str = Field(max_length=40)
    person_id: int | None = Field(
        default=None, foreign_key="person.id", sa_column_kwargs={"info": {RIGHTS: True}}
    )
    since: date | None = None
    # The member who is asked to take it and has not answered.
    asked_id: int | None = Field(default=None, foreign_key="person.id", index=True)


class PastSeat(SQLModel, table=True):
    """A seat that a member had and left, which is credited when the deal closes."""

    id: int = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    person_id: int = Field(foreign_key="person.id", index=True)
    role: str = Field(max_length=40)
    since: date | None = None
    until: date


class Stakeholder(SQLModel, table=True):
    """A contact on a deal. A field that is not known is empty."""

    __table_args__ = (UniqueConstraint("deal_id", "person_id"),)

    id: int = uncounted_id()
    deal_id: int = Field(
        foreign_key="deal.id",
        index=True,
        ondelete="CASCADE",
        sa_column_kwargs={"info": {RIGHTS: True}},
    )
    person_id: int = Field(
        foreign_key="person.id", index=True, sa_column_kwargs={"info": {RIGHTS: True}}
    )
    buying_role: str = Field(default="", max_length=20)
    stance: str = Field(default="", max_length=20)
    influence: str = Field(default="", max_length=10)
    coverage: str = Field(default="unknown", max_length=20)
    # The stakeholder of this deal whom they report to.
    reports_to_id: int | None = Field(
        default=None, foreign_key="stakeholder.id", index=True, ondelete="SET NULL", sa_type=ID
    )
    note: str = Field(default="", max_length=1000)
