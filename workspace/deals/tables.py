"""The tables of deals: stages, deals, what they are about, and the seats of their teams."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Text
from sqlmodel import Field, Numeric, SQLModel

from workspace.accounts.accounts import Account
from workspace.clock import now


class Outcome(StrEnum):
    """How a deal stands; a stage implies it."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Stage(SQLModel, table=True):
    """A step of the pipeline, with the chance of winning that people give it."""

    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=60)
    position: int
    probability: int
    outcome: str = Field(default=Outcome.OPEN, max_length=4)
    # After so many days without a move a deal at this stage is said to rot.
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
    # Not before a deal that everybody sees, an asset or a file of such things has it.
    listed: bool = True


class Competitor(SQLModel, table=True):
    """Somebody who sells against us."""

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=80)
    name: str = Field(unique=True, max_length=200)
    domain: str | None = Field(default=None, max_length=200)
    description: str = ""
    # Not before a deal that everybody sees, an asset or a file of such things has it.
    listed: bool = True


class Deal(SQLModel, table=True):
    """A sale that is being worked on, was won, or was lost."""

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=80)
    name: str = Field(index=True, max_length=200)
    # A deal from a file may have no account yet; one logged by hand always has.
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    owner_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    stage_id: int = Field(foreign_key="stage.id", index=True)
    # The day of its last move, or of its opening where the record knows of no move.
    stage_since: date | None = None
    # Follows from the stage; kept here so that lists filter on it without a join.
    outcome: str = Field(default=Outcome.OPEN, max_length=4, index=True)
    amount: Decimal | None = Field(default=None, sa_type=Numeric(14, 2))
    currency: str | None = Field(default=None, max_length=3)
    opened: date | None = None
    expected_close: date | None = None
    closed: date | None = Field(default=None, index=True)
    use_case: str = Field(default="", sa_type=Text)
    notes: str = Field(default="", sa_type=Text)
    next_step: str = Field(default="", max_length=500)
    # The day on which it is to be taken.
    next_step_on: date | None = None
    # Why it was won or lost.
    reason: str = Field(default="", max_length=500)
    confidential: bool = Field(default=False, index=True)
    created_at: datetime = Field(default_factory=now)
    # Rises with every edit, so that a form that was opened earlier cannot overwrite unseen.
    version: int = 1


class DealCounter(SQLModel, table=True):
    """One row: the last number that a deal's key was made of."""

    id: int = Field(default=None, primary_key=True)
    last: int = Field(sa_type=sa.BigInteger)


class DealProduct(SQLModel, table=True):
    """A product on a deal."""

    deal_id: int = Field(primary_key=True, foreign_key="deal.id", ondelete="CASCADE")
    product_id: int = Field(primary_key=True, foreign_key="product.id", index=True)


class DealCompetitor(SQLModel, table=True):
    """A competitor on a deal."""

    deal_id: int = Field(primary_key=True, foreign_key="deal.id", ondelete="CASCADE")
    competitor_id: int = Field(primary_key=True, foreign_key="competitor.id", index=True)


class DealInvitation(SQLModel, table=True):
    """A member outside the team who may see a confidential deal."""

    deal_id: int = Field(primary_key=True, foreign_key="deal.id", ondelete="CASCADE")
    person_id: int = Field(primary_key=True, foreign_key="person.id", index=True)


@dataclass(frozen=True)
class NewDeal:
    """A deal that is about to be logged. Without a key it gets the next one of ours."""

    name: str
    account: Account | None
    stage: Stage
    key: str | None = None
    products: Iterable[Product] = ()
    competitors: Iterable[Competitor] = ()
    facts: dict[str, Any] = field(default_factory=dict)


class Seat(SQLModel, table=True):
    """A place on a deal's team: filled by a member, or open."""

    id: int = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    role: str = Field(max_length=40)
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    since: date | None = None
    # Who was asked to take it, while they have not answered.
    asked_id: int | None = Field(default=None, foreign_key="person.id", index=True)


class PastSeat(SQLModel, table=True):
    """A seat that a member had and left: it keeps their part in the deal from vanishing."""

    id: int = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    person_id: int = Field(foreign_key="person.id", index=True)
    role: str = Field(max_length=40)
    since: date | None = None
    until: date
