"""Deals: what we hope to sell to whom, and how it went."""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Text
from sqlmodel import Field, Numeric, Session, SQLModel, col, select

from workspace.accounts import Account, Relationship
from workspace.activity import record, record_all
from workspace.clock import now, today
from workspace.errors import Conflict, Invalid
from workspace.keys import free_key, joined, slug
from workspace.people import Member


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


# The default stages and probabilities of Salesforce's opportunity pipeline.
DEFAULT_STAGES = (
    ("Prospecting", 10, Outcome.OPEN),
    ("Qualification", 10, Outcome.OPEN),
    ("Needs Analysis", 20, Outcome.OPEN),
    ("Value Proposition", 50, Outcome.OPEN),
    ("Id. Decision Makers", 60, Outcome.OPEN),
    ("Perception Analysis", 70, Outcome.OPEN),
    ("Proposal/Price Quote", 75, Outcome.OPEN),
    ("Negotiation/Review", 90, Outcome.OPEN),
    ("Closed Won", 100, Outcome.WON),
    ("Closed Lost", 0, Outcome.LOST),
)


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


# Addresses under /deals that are pages of their own: no deal is found there.
RESERVED_KEYS = frozenset({"new", "bulk", "views", "stages"})

_NUMBERED = re.compile("D-([0-9]{1,15})")
# Without 0, 1, i, l, o and u, which look like others.
_KEY_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"
# Said where the last one who sees a confidential deal would be gone.
NOBODY_SEES = "Somebody must still see this deal: it is confidential."

_Named = TypeVar("_Named", Product, Competitor)

# The columns that a form or a file may change, and that the timeline reports.
EDITABLE = (
    "name",
    "account_id",
    "owner_id",
    "amount",
    "currency",
    "opened",
    "expected_close",
    "closed",
    "use_case",
    "notes",
    "next_step",
    "next_step_on",
    "reason",
    "confidential",
)


def log(
    session: Session,
    name: str,
    account: Account | None,
    by: int | None,
    *,
    key: str | None = None,
    stage: Stage | None = None,
    products: Iterable[Product] = (),
    competitors: Iterable[Competitor] = (),
    **facts: Any,
) -> Deal:
    """Log a new deal. The one who logs it owns it unless `owner_id` says otherwise."""
    stage = stage or first_stage(session)
    facts.setdefault("owner_id", by)
    if not facts.get("opened"):
        facts["opened"] = today()
    new = NewDeal(name, account, stage, key, products, competitors, facts)
    return log_all(session, [new], by, "logged", stage.name)[0]


def log_all(
    session: Session, new: Sequence[NewDeal], by: int | None, kind: str, text: str
) -> list[Deal]:
    """Log many deals with a few statements for all of them; `kind` and `text` tell how."""
    made: list[Deal] = []
    for each, key in zip(new, _keys(session, new), strict=True):
        deal = Deal(
            key=key,
            name=each.name,
            account_id=each.account.id if each.account else None,
            stage_id=each.stage.id,
            outcome=each.stage.outcome,
            **each.facts,
        )
        deal.stage_since = deal.opened or today()
        if deal.outcome != Outcome.OPEN and deal.closed is None:
            deal.closed = today()
        _require_dates(deal.outcome, deal.opened, deal.closed)
        made.append(deal)
    session.add_all(made)
    session.flush()
    public_products: set[int] = set()
    public_competitors: set[int] = set()
    for each, deal in zip(new, made, strict=True):
        products = {product.id for product in each.products}
        session.add_all(DealProduct(deal_id=deal.id, product_id=row_id) for row_id in products)
        competitors = {competitor.id for competitor in each.competitors}
        session.add_all(
            DealCompetitor(deal_id=deal.id, competitor_id=row_id) for row_id in competitors
        )
        if each.account:
            _became_customer(deal, each.account)
        if not deal.confidential:
            public_products |= products
            public_competitors |= competitors
    session.flush()
    make_listed(session, Product, public_products)
    make_listed(session, Competitor, public_competitors)
    record_all(session, [deal.id for deal in made], by, kind, text)
    return made


def edit(
    session: Session,
    deal: Deal,
    by: int | None,
    changes: dict[str, object],
    *,
    version: int | None = None,
) -> bool:
    """Change some of a deal's own columns; whether anything differed.

    `version` is the version that the editor saw; `Conflict` where it is no longer that one.
    """
    hold(session, deal)
    if version is not None and version != deal.version:
        raise Conflict("Somebody else changed this deal in the meantime.")
    before = {name: getattr(deal, name) for name in changes if name in EDITABLE}
    changed = {name: value for name, value in changes.items() if before[name] != value}
    if not changed:
        return False
    _require_dates(
        deal.outcome, changed.get("opened", deal.opened), changed.get("closed", deal.closed)
    )
    check_seen(session, deal, changed)
    for name, value in changed.items():
        setattr(deal, name, value)
    if "confidential" in changed and not deal.confidential:
        _revealed(session, deal)
    deal.version += 1
    session.add(deal)
    record(
        session,
        deal.id,
        by,
        "edited",
        detail={name: [_plain(before[name]), _plain(value)] for name, value in changed.items()},
    )
    return True


def advance(
    session: Session,
    deal: Deal,
    to: Stage,
    by: int | None,
    *,
    reason: str = "",
    closed: date | None = None,
    quiet: bool = False,
) -> bool:
    """Move a deal to another stage; closing it sets its closing date. Whether it moved.

    `quiet` tells nobody: what a file says of the past is no news.
    """
    hold(session, deal)
    if deal.stage_id == to.id:
        return False
    if to.outcome != Outcome.OPEN:
        closed = closed or deal.closed or today()
        _require_dates(to.outcome, deal.opened, closed)
    before = session.get_one(Stage, deal.stage_id)
    deal.stage_id = to.id
    deal.stage_since = today()
    deal.outcome = to.outcome
    if to.outcome == Outcome.OPEN:
        deal.closed = None
    else:
        deal.closed = closed
        deal.reason = reason or deal.reason
        account = session.get(Account, deal.account_id) if deal.account_id else None
        if account:
            _became_customer(deal, account)
    deal.version += 1
    session.add(deal)
    # Whoever was on the team is credited with how it went, and hears of it.
    closes = to.outcome != Outcome.OPEN and not quiet
    told = dict.fromkeys(_team(session, deal), "credit") if closes else {}
    detail: dict[str, object] = {"stage": [before.name, to.name]}
    record(session, deal.id, by, "stage", reason, detail=detail, tell=told, quiet=quiet)
    return True


def set_products(session: Session, deal: Deal, products: Iterable[Product]) -> bool:
    """Have a deal be about exactly these products; whether that changed anything."""
    return _set_links(session, DealProduct, "product_id", deal, products)


def set_competitors(session: Session, deal: Deal, competitors: Iterable[Competitor]) -> bool:
    """Have a deal be against exactly these competitors; whether that changed anything."""
    return _set_links(session, DealCompetitor, "competitor_id", deal, competitors)


def invite(session: Session, deal: Deal, person_id: int, by: int | None) -> None:
    """Let a member outside the team see a confidential deal."""
    if session.get(DealInvitation, (deal.id, person_id)) is None:
        session.add(DealInvitation(deal_id=deal.id, person_id=person_id))
        record(session, deal.id, by, "invited", detail={"person_id": person_id})


def uninvite(session: Session, deal: Deal, person_id: int, by: int | None) -> None:
    """Take an invitation back."""
    hold(session, deal)
    invitation = session.get(DealInvitation, (deal.id, person_id))
    if invitation:
        if deal.confidential and not is_seen(session, deal, deal.owner_id, uninvited=person_id):
            raise Conflict(f"{NOBODY_SEES} Invite somebody else first.")
        session.delete(invitation)
        record(session, deal.id, by, "uninvited", detail={"person_id": person_id})


def add_default_stages(session: Session) -> None:
    """The default pipeline, where there is none yet."""
    if session.exec(select(Stage.id).limit(1)).first() is None:
        session.add_all(
            Stage(name=name, position=position, probability=probability, outcome=outcome)
            for position, (name, probability, outcome) in enumerate(DEFAULT_STAGES, start=1)
        )
        session.flush()


def stages(session: Session) -> list[Stage]:
    """The pipeline, first stage first."""
    return list(session.exec(select(Stage).order_by(col(Stage.position))))


def first_stage(session: Session) -> Stage:
    """Where a new deal starts."""
    return session.exec(select(Stage).order_by(col(Stage.position)).limit(1)).one()


def find_or_add_product(session: Session, name: str, **facts: Any) -> Product:
    """The product of that name, however it is spaced and capitalised; made where it is new.

    Nobody else's list has a new one before a deal that is not confidential does.
    """
    return _find_or_add(session, Product, name, facts)


def find_or_add_competitor(session: Session, name: str, **facts: Any) -> Competitor:
    """The competitor of that name, however it is spaced and capitalised; made where new.

    Nobody else's list has a new one before a deal that is not confidential does.
    """
    return _find_or_add(session, Competitor, name, facts)


def add_product(session: Session, name: str, **facts: Any) -> Product:
    """A new product; the caller knows that there is none of that name."""
    return _add(session, Product(key=free_key(session, Product, name), name=name, **facts))


def add_competitor(session: Session, name: str, **facts: Any) -> Competitor:
    """A new competitor; the caller knows that there is none of that name."""
    return _add(session, Competitor(key=free_key(session, Competitor, name), name=name, **facts))


def _find_or_add(session: Session, table: type[_Named], name: str, facts: dict[str, Any]) -> _Named:
    wanted = joined(name)
    for row in session.exec(select(table)):
        if joined(row.name) == wanted:
            respell(session, row, name)
            return row
    return _add(
        session, table(key=free_key(session, table, name), name=name, listed=False, **facts)
    )


def respell(session: Session, row: Product | Competitor, name: str) -> None:
    """Write one that is not listed as its latest writer does.

    They may not know of the deal that has it, and must not learn how it is written there.
    """
    if not row.listed and row.name != name:
        if slug(row.name) != slug(name):
            row.key = free_key(session, type(row), name)
        row.name = name
        session.add(row)
        session.flush()


def make_listed(
    session: Session, table: type[Product] | type[Competitor], ids: Iterable[int]
) -> None:
    """Have everybody's lists offer these from now on."""
    if ids := set(ids):
        rows = sa.update(table).where(col(table.id).in_(ids), col(table.listed).is_(False))
        session.execute(rows.values(listed=True))


def _add(session: Session, row: _Named) -> _Named:
    session.add(row)
    session.flush()
    return row


def _set_links(
    session: Session,
    table: type[Any],
    column: str,
    deal: Deal,
    things: Iterable[Product] | Iterable[Competitor],
) -> bool:
    wanted = {thing.id for thing in things}
    rows = {
        getattr(row, column): row
        for row in session.exec(select(table).where(table.deal_id == deal.id))
    }
    for gone in rows.keys() - wanted:
        session.delete(rows[gone])
    session.add_all(table(**{"deal_id": deal.id, column: new}) for new in wanted - rows.keys())
    session.flush()
    if not deal.confidential:
        make_listed(session, Product if table is DealProduct else Competitor, wanted)
    return rows.keys() != wanted


def _keys(session: Session, new: Sequence[NewDeal]) -> list[str]:
    """A key for each of these deals: its own, or the next one of ours.

    A confidential deal gets no number: the gap would tell everybody else of it.
    """
    hidden = [bool(each.facts.get("confidential")) for each in new]
    given = [each.key for each, secret in zip(new, hidden, strict=True) if each.key and not secret]
    numbers = [int(found[1]) for key in given if (found := _NUMBERED.fullmatch(key))]
    if numbers:
        counter = sa.update(DealCounter).where(col(DealCounter.last) < max(numbers))
        session.execute(counter.values(last=max(numbers)))
    wanted = sum(each.key is None and not secret for each, secret in zip(new, hidden, strict=True))
    numbered = iter(_numbered_keys(session, wanted))
    return [
        each.key or (_random_key(session) if secret else next(numbered))
        for each, secret in zip(new, hidden, strict=True)
    ]


def _numbered_keys(session: Session, count: int) -> list[str]:
    """The next keys with a number that no deal has."""
    found: list[str] = []
    while missing := count - len(found):
        # Whoever else is about to take a number waits until this transaction ends.
        taking = sa.update(DealCounter).values(last=DealCounter.last + missing)
        last = session.execute(taking.returning(col(DealCounter.last))).scalar_one()
        keys = [f"D-{number:04d}" for number in range(last - missing + 1, last + 1)]
        taken = set(session.exec(select(Deal.key).where(col(Deal.key).in_(keys))))
        found += [key for key in keys if key not in taken]
    return found


def _random_key(session: Session) -> str:
    while True:
        # A letter comes first, so that it is never taken for a number.
        letters = secrets.choice(_KEY_LETTERS[8:]) + "".join(
            secrets.choice(_KEY_LETTERS) for _ in range(4)
        )
        key = f"D-{letters}"
        if session.exec(select(Deal.id).where(Deal.key == key)).first() is None:
            return key


def check_seen(session: Session, deal: Deal, changes: Mapping[str, object]) -> None:
    """Refuse changes after which nobody would see a deal that is confidential."""
    if not {"confidential", "owner_id"} & changes.keys():
        return
    owner_id = changes.get("owner_id", deal.owner_id)
    if changes.get("confidential", deal.confidential) and not is_seen(session, deal, owner_id):
        field = "owner" if "owner_id" in changes else "confidential"
        raise Invalid(
            f"{NOBODY_SEES} Give it an owner, or invite somebody, before it is confidential.",
            {field: NOBODY_SEES},
        )


def is_seen(
    session: Session,
    deal: Deal,
    owner_id: object,
    *,
    freed: int | None = None,
    uninvited: int | None = None,
) -> bool:
    """Whether an active member is involved in a deal of this owner.

    A seat that is about to be freed and a member who is about to be uninvited do not count.
    """
    # Teams are built upon deals.
    from workspace.teams import Seat

    seats = select(Seat.person_id).where(Seat.deal_id == deal.id)
    if freed is not None:
        seats = seats.where(Seat.id != freed)
    invited = select(DealInvitation.person_id).where(DealInvitation.deal_id == deal.id)
    if uninvited is not None:
        invited = invited.where(DealInvitation.person_id != uninvited)
    person = col(Member.person_id)
    involved = sa.or_(person == owner_id, person.in_(seats), person.in_(invited))
    found = select(Member.person_id).where(col(Member.active).is_(True), involved)
    return session.exec(found.limit(1)).first() is not None


def _team(session: Session, deal: Deal) -> set[int]:
    """Who has a seat on a deal, or had one and left it."""
    from workspace.teams import PastSeat, Seat

    there = session.exec(select(Seat.person_id).where(Seat.deal_id == deal.id))
    left = session.exec(select(PastSeat.person_id).where(PastSeat.deal_id == deal.id))
    return {person_id for person_id in (*there, *left) if person_id is not None}


def hold(session: Session, deal: Deal) -> None:
    """See a deal as it is now, and keep others from changing it until this transaction ends."""
    # Refreshing throws away what has not been written yet.
    session.flush()
    session.refresh(deal, with_for_update={"key_share": True})


def _require_dates(outcome: str, opened: object, closed: object) -> None:
    if closed and outcome == Outcome.OPEN:
        raise Invalid("An open deal has no closing date.", {"closed": "The deal is open."})
    if isinstance(opened, date) and isinstance(closed, date) and closed < opened:
        raise Invalid(
            "A deal cannot close before it was opened.", {"closed": "Before it was opened."}
        )


def _revealed(session: Session, deal: Deal) -> None:
    """What a deal kept to itself while it was confidential may be known now."""
    if deal.account_id:
        _became_customer(deal, session.get_one(Account, deal.account_id))
    sold = select(DealProduct.product_id).where(DealProduct.deal_id == deal.id)
    make_listed(session, Product, session.exec(sold))
    against = select(DealCompetitor.competitor_id).where(DealCompetitor.deal_id == deal.id)
    make_listed(session, Competitor, session.exec(against))


def _became_customer(deal: Deal, account: Account) -> None:
    """A deal that was won makes a customer. A confidential one does not: everybody would see."""
    former = account.relationship in (Relationship.PROSPECT, Relationship.FORMER_CUSTOMER)
    if deal.outcome == Outcome.WON and not deal.confidential and former:
        account.relationship = Relationship.CUSTOMER


def _plain(value: object) -> object:
    return value if isinstance(value, str | bool | int | None) else str(value)
