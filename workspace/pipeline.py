"""Choosing deals: one filter for lists, search, kin and the command line."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from workspace import access
from workspace.access import Viewer
from workspace.accounts import Account, size_band_limits
from workspace.activity import record
from workspace.clock import now, today
from workspace.deals import (
    Competitor,
    Deal,
    DealCompetitor,
    DealInvitation,
    DealProduct,
    Outcome,
    Product,
    Stage,
    advance,
    edit,
    set_competitors,
    set_products,
    stages,
)
from workspace.errors import Conflict, DealkinError, Invalid
from workspace.people import Member, Person
from workspace.teams import Seat

# The outcome, for a filter, of deals that are won or lost.
CLOSED = "closed"
# Within which the same deal by the same member is a button that was pressed twice.
SAME_SUBMIT = timedelta(minutes=1)


@dataclass(frozen=True)
class DealFilter:
    """What deals to look at; a field that is None or empty does not restrict.

    Products, competitors, accounts and owners are named by their keys; an industry by the code
    of a section or a division, a size by the name of its band. The period is that of closing,
    or of opening for a deal that is still open; both ends are included.
    """

    outcome: str | None = None
    stage: str | None = None
    industry: str | None = None
    size: str | None = None
    product: str | None = None
    competitor: str | None = None
    region: str | None = None
    owner: str | None = None
    account: str | None = None
    since: date | None = None
    until: date | None = None
    # Part of the deal's or its account's name.
    text: str | None = None

    def __bool__(self) -> bool:
        return self != DealFilter()

    def takes(self, outcome: str) -> bool:
        """Whether a deal of this outcome is looked at, as far as that goes."""
        if self.outcome == CLOSED:
            return outcome != Outcome.OPEN
        return not self.outcome or outcome == self.outcome

    def where(self) -> list[sa.ColumnElement[bool]]:
        """The predicates of these deals, for any query that selects from Deal."""
        found: list[sa.ColumnElement[bool]] = []
        if self.outcome == CLOSED:
            found.append(col(Deal.outcome) != Outcome.OPEN)
        elif self.outcome:
            found.append(col(Deal.outcome) == self.outcome)
        if self.stage:
            stage = select(Stage.id).where(Stage.name == self.stage)
            found.append(col(Deal.stage_id).in_(stage))
        if accounts := self._accounts():
            found.append(col(Deal.account_id).in_(select(Account.id).where(*accounts)))
        if self.product:
            products = (
                select(DealProduct.deal_id)
                .join(Product, col(Product.id) == col(DealProduct.product_id))
                .where(Product.key == self.product)
            )
            found.append(col(Deal.id).in_(products))
        if self.competitor:
            competitors = (
                select(DealCompetitor.deal_id)
                .join(Competitor, col(Competitor.id) == col(DealCompetitor.competitor_id))
                .where(Competitor.key == self.competitor)
            )
            found.append(col(Deal.id).in_(competitors))
        if self.owner:
            owner = select(Person.id).where(Person.key == self.owner)
            found.append(col(Deal.owner_id).in_(owner))
        day = sa.func.coalesce(Deal.closed, Deal.opened)
        if self.since:
            found.append(day >= self.since)
        if self.until:
            found.append(day <= self.until)
        if self.text:
            named = select(Account.id).where(
                col(Account.name).icontains(self.text, autoescape=True)
            )
            found.append(
                sa.or_(
                    col(Deal.name).icontains(self.text, autoescape=True),
                    col(Deal.key) == self.text,
                    col(Deal.account_id).in_(named),
                )
            )
        return found

    def _accounts(self) -> list[sa.ColumnElement[bool]]:
        found: list[sa.ColumnElement[bool]] = []
        if self.account:
            found.append(col(Account.key) == self.account)
        if self.region:
            found.append(col(Account.region) == self.region)
        if self.industry:
            found.append(col(Account.industry).startswith(self.industry, autoescape=True))
        if self.size:
            low, high = size_band_limits(self.size)
            found.append(col(Account.headcount) >= low)
            if high is not None:
                found.append(col(Account.headcount) <= high)
        return found


@dataclass(frozen=True)
class DealRow:
    """A deal as a line of a list."""

    id: int
    key: str
    name: str
    account: str | None
    account_key: str | None
    stage: str
    outcome: str
    amount: Decimal | None
    currency: str | None
    opened: date | None
    expected_close: date | None
    closed: date | None
    owner: str | None
    owner_key: str | None
    next_step: str
    next_step_on: date | None
    confidential: bool
    stage_since: date | None
    rotting_days: int
    version: int

    @property
    def overdue(self) -> bool:
        """Whether an open deal should have been closed by now."""
        return (
            self.outcome == Outcome.OPEN
            and self.expected_close is not None
            and self.expected_close < today()
        )

    @property
    def unmoved(self) -> int | None:
        """For how many days an open deal has been at its stage."""
        if self.outcome != Outcome.OPEN or self.stage_since is None:
            return None
        return (today() - self.stage_since).days

    @property
    def rotting(self) -> bool:
        """Whether an open deal has been at its stage for longer than is usual there."""
        return self.unmoved is not None and self.unmoved > self.rotting_days


_OWNER = aliased(Person)
# A value for every row, so that paging by key needs no special case for what is unknown.
_ORDERS: dict[str, Any] = {
    "opened": sa.func.coalesce(Deal.opened, date.min),
    "name": sa.func.lower(Deal.name),
    "account": sa.func.lower(sa.func.coalesce(Account.name, "")),
    "stage": col(Stage.position),
    "amount": sa.func.coalesce(Deal.amount, -1),
    "next": sa.func.coalesce(Deal.next_step_on, date.max),
    "close": sa.func.coalesce(Deal.closed, Deal.expected_close, date.min),
    "owner": sa.func.lower(sa.func.coalesce(_OWNER.name, "")),
    "moved": sa.func.coalesce(Deal.stage_since, date.min),
}
DEAL_ORDERS = tuple(_ORDERS)


def deal_rows(
    session: Session,
    viewer: Viewer,
    chosen: DealFilter = DealFilter(),
    *,
    order: str = "opened",
    descending: bool = True,
    after: str | None = None,
    limit: int = 50,
) -> list[DealRow]:
    """The deals that a viewer may see and has chosen, in order, from after the deal `after`."""
    key = _ORDERS[order]
    # Which deals, before what is shown of them: what a list does not order by is looked up for
    # the deals of its page alone.
    query = _ordered(col(Deal.id)).where(access.visible_deals(viewer), *chosen.where())
    if after:
        place = session.exec(
            _ordered(key, col(Deal.id)).where(access.visible_deals(viewer), Deal.key == after)
        ).first()
        if place:
            here, there = sa.tuple_(key, col(Deal.id)), sa.tuple_(*map(sa.literal, place))
            query = query.where(here < there if descending else here > there)
    turn = sa.desc if descending else sa.asc
    page = query.order_by(turn(key), turn(col(Deal.id))).limit(limit).subquery()
    rows = _rows().join(page, page.c.id == Deal.id).order_by(turn(key), turn(col(Deal.id)))
    return [DealRow(*row) for row in session.exec(rows)]


def deals_of_member(
    session: Session,
    viewer: Viewer,
    person_id: int,
    *,
    outcome: str | None = None,
    limit: int = 50,
) -> list[DealRow]:
    """The deals, of those the viewer may see, that a member owns or has a seat on.

    The ones that should be closed first come first; those with no date come last.
    """
    on_team = select(Seat.deal_id).where(Seat.person_id == person_id)
    query = _rows().where(
        access.visible_deals(viewer),
        sa.or_(col(Deal.owner_id) == person_id, col(Deal.id).in_(on_team)),
    )
    if outcome:
        query = query.where(col(Deal.outcome) == outcome)
        day = Deal.expected_close if outcome == Outcome.OPEN else Deal.closed
        order = sa.asc if outcome == Outcome.OPEN else sa.desc
        query = query.order_by(col(day).is_(None), order(col(day)))
    else:
        query = query.order_by(sa.desc(_ORDERS["opened"]))
    return [DealRow(*row) for row in session.exec(query.order_by(col(Deal.id)).limit(limit))]


def closed_deals(session: Session, viewer: Viewer, *, limit: int = 6) -> list[DealRow]:
    """What was won or lost last."""
    query = _rows().where(access.visible_deals(viewer), col(Deal.outcome) != Outcome.OPEN)
    newest = query.order_by(sa.desc(_ORDERS["close"]), sa.desc(col(Deal.id)))
    return [DealRow(*row) for row in session.exec(newest.limit(limit))]


@dataclass(frozen=True)
class StageTotal:
    """How many open deals are at a stage, and their amounts: one sum for each currency."""

    count: int
    overdue: int
    sums: dict[str, Decimal]


# Deals of a column are in the order in which they should close; those with no date come last.
_SOONEST = sa.func.coalesce(Deal.expected_close, date.max)


def stage_totals(
    session: Session, viewer: Viewer, chosen: DealFilter = DealFilter()
) -> dict[int, StageTotal]:
    """The totals of each stage that has open deals which a viewer may see and has chosen."""
    late = sa.func.sum(sa.case((col(Deal.expected_close) < today(), 1), else_=0))
    query = (
        sa.select(
            col(Deal.stage_id),
            col(Deal.currency),
            sa.func.count(),
            late,
            sa.func.sum(col(Deal.amount)),
        )
        .where(access.visible_deals(viewer), *_open_ones(chosen))
        .group_by(col(Deal.stage_id), col(Deal.currency))
        .order_by(col(Deal.currency))
    )
    found: dict[int, StageTotal] = {}
    for stage_id, currency, count, overdue, amount in session.execute(query):
        so_far = found.get(stage_id, StageTotal(0, 0, {}))
        sums = {currency: amount} if currency and amount else {}
        found[stage_id] = StageTotal(
            so_far.count + count, so_far.overdue + overdue, {**so_far.sums, **sums}
        )
    return found


def stage_cards(
    session: Session,
    viewer: Viewer,
    chosen: DealFilter = DealFilter(),
    *,
    limit: int,
    moved: str | None = None,
) -> list[DealRow]:
    """The first `limit` open deals of each stage, and the one of the key `moved`, which is put
    before the others: whoever has moved it must find it."""
    place = sa.func.row_number().over(
        partition_by=col(Deal.stage_id), order_by=[_SOONEST, col(Deal.id)]
    )
    placed = (
        sa.select(col(Deal.id), place.label("place"), (col(Deal.key) == moved).label("moved"))
        .where(access.visible_deals(viewer), *_open_ones(chosen))
        .subquery()
    )
    query = (
        _rows()
        .join(placed, placed.c.id == Deal.id)
        .where(sa.or_(placed.c.place <= limit, placed.c.moved))
        .order_by(sa.desc(placed.c.moved), placed.c.place)
    )
    return [DealRow(*row) for row in session.exec(query)]


def more_cards(
    session: Session,
    viewer: Viewer,
    chosen: DealFilter,
    stage_id: int,
    after: str,
    *,
    limit: int,
) -> list[DealRow]:
    """The open deals of one stage that come after the deal of the key `after`."""
    query = _rows().where(
        access.visible_deals(viewer), *_open_ones(chosen), Deal.stage_id == stage_id
    )
    last = session.exec(
        select(_SOONEST, Deal.id).where(access.visible_deals(viewer), Deal.key == after)
    ).first()
    if last:
        query = query.where(sa.tuple_(_SOONEST, Deal.id) > sa.tuple_(*map(sa.literal, last)))
    return [DealRow(*row) for row in session.exec(query.order_by(_SOONEST, Deal.id).limit(limit))]


def closed_since(
    session: Session, viewer: Viewer, day: date, chosen: DealFilter = DealFilter()
) -> dict[str, int]:
    """How many deals, of those a viewer may see and has chosen, closed since a day, by outcome.

    Neither the stage nor the outcome of the filter counts: a board is chosen by them, and what
    closed has left it.
    """
    query = (
        sa.select(col(Deal.outcome), sa.func.count())
        .where(
            access.visible_deals(viewer),
            *replace(chosen, stage=None, outcome=CLOSED).where(),
            col(Deal.closed) >= day,
        )
        .group_by(col(Deal.outcome))
    )
    return dict(session.execute(query).all())


def change_all(
    session: Session,
    viewer: Viewer,
    chosen: Iterable[tuple[str, int]],
    *,
    stage: Stage | None,
    changes: dict[str, object],
) -> int:
    """Change all of these deals, each a key and the version that was seen, or none of them.

    `Invalid` names every deal that stands in the way, with its reason; the caller's transaction
    must end then. How many deals are otherwise now.
    """
    refused: dict[str, str] = {}
    changed = 0
    # In one order, so that two who change the same deals do not wait for each other.
    for key, version in sorted(chosen):
        try:
            deal = access.editable_deal(session, viewer, key)
            differs = edit(session, deal, viewer.person_id, changes, version=version)
            if stage:
                if deal.outcome != Outcome.OPEN:
                    raise Conflict("It is closed: open it again on its own page.")
                differs |= advance(session, deal, stage, viewer.person_id)
            changed += differs
        except DealkinError as why:
            refused[key] = str(why)
    if refused:
        raise Invalid("Nothing was changed: some of these deals cannot be.", refused)
    return changed


def _open_ones(chosen: DealFilter) -> list[sa.ColumnElement[bool]]:
    return replace(chosen, outcome=Outcome.OPEN).where()


@dataclass(frozen=True)
class Choices:
    """What a filter or a form on deals may choose from, as (value, what people read)."""

    stages: list[tuple[str, str]]
    products: list[tuple[str, str]]
    competitors: list[tuple[str, str]]
    owners: list[tuple[str, str]]
    regions: list[str]


def choices(session: Session, viewer: Viewer) -> Choices:
    """The choices of a viewer.

    A competitor or a product that came with a confidential deal is left out unless the viewer
    sees that deal: its appearance would tell of it.
    """
    regions = select(Account.region).where(col(Account.region).is_not(None)).distinct()
    owners = (
        select(Person.key, Person.name)
        .join(Member, col(Member.person_id) == col(Person.id))
        .order_by(Person.name)
    )
    return Choices(
        stages=[(row.name, row.name) for row in stages(session)],
        products=_named(session, viewer, Product, DealProduct, "product_id"),
        competitors=_named(session, viewer, Competitor, DealCompetitor, "competitor_id"),
        owners=[(key, name) for key, name in session.exec(owners)],
        regions=sorted(region for region in session.exec(regions) if region),
    )


def just_logged(session: Session, viewer: Viewer, name: str, account: Account) -> Deal | None:
    """The deal of this name and account that the same member has logged a moment ago."""
    query = select(Deal).where(
        access.visible_deals(viewer),
        Deal.owner_id == viewer.person_id,
        Deal.name == name,
        Deal.account_id == account.id,
        col(Deal.created_at) > now() - SAME_SUBMIT,
    )
    return session.exec(query.order_by(sa.desc(col(Deal.id))).limit(1)).first()


def usual_currency(session: Session, viewer: Viewer) -> str:
    """The currency that this viewer's last deal was in, or anybody's."""
    mine = sa.case((col(Deal.owner_id) == viewer.person_id, 0), else_=1)
    found = session.exec(
        select(Deal.currency)
        .where(access.visible_deals(viewer), col(Deal.currency).is_not(None))
        .order_by(mine, sa.desc(col(Deal.id)))
        .limit(1)
    ).first()
    return found or "EUR"


def products_of(session: Session, deal_id: int) -> list[tuple[str, str]]:
    """The products on a deal, as (key, name)."""
    query = select(Product.key, Product.name).join(
        DealProduct, col(DealProduct.product_id) == col(Product.id)
    )
    found = session.exec(query.where(DealProduct.deal_id == deal_id).order_by(Product.name))
    return [(key, name) for key, name in found]


def competitors_of(session: Session, deal_id: int) -> list[tuple[str, str]]:
    """The competitors on a deal, as (key, name)."""
    query = select(Competitor.key, Competitor.name).join(
        DealCompetitor, col(DealCompetitor.competitor_id) == col(Competitor.id)
    )
    found = session.exec(query.where(DealCompetitor.deal_id == deal_id).order_by(Competitor.name))
    return [(key, name) for key, name in found]


def deal_names(
    session: Session, viewer: Viewer, deal_ids: Iterable[int]
) -> dict[int, tuple[str, str]]:
    """The key and the name of those of these deals that the viewer may see."""
    query = select(Deal.id, Deal.key, Deal.name).where(
        access.visible_deals(viewer), col(Deal.id).in_(list(deal_ids))
    )
    return {deal_id: (key, name) for deal_id, key, name in session.exec(query)}


def all_products(session: Session) -> list[Product]:
    """Everything that we sell, by name."""
    return list(session.exec(select(Product).order_by(Product.name)))


def choose_products(session: Session, keys: Iterable[str]) -> list[Product]:
    """The products of these keys."""
    return list(session.exec(select(Product).where(col(Product.key).in_(list(keys)))))


def choose_competitors(session: Session, keys: Iterable[str]) -> list[Competitor]:
    """The competitors of these keys."""
    return list(session.exec(select(Competitor).where(col(Competitor.key).in_(list(keys)))))


def change_links(
    session: Session,
    deal: Deal,
    by: int | None,
    products: Iterable[Product],
    competitors: Iterable[Competitor],
) -> bool:
    """Change what a deal is about and against, with its timeline; whether anything differed."""
    detail: dict[str, object] = {}
    sold, against = products_of(session, deal.id), competitors_of(session, deal.id)
    if set_products(session, deal, products):
        detail["products"] = [_titles(sold), _titles(products_of(session, deal.id))]
    if set_competitors(session, deal, competitors):
        detail["competitors"] = [_titles(against), _titles(competitors_of(session, deal.id))]
    if detail:
        deal.version += 1
        session.add(deal)
        record(session, deal.id, by, "edited", detail=detail)
    return bool(detail)


@dataclass(frozen=True)
class SeatRow:
    """A seat as a line of a deal's team."""

    id: int
    role: str
    person_id: int | None
    person_key: str | None
    name: str | None
    title: str | None
    since: date | None
    # Who was asked to take it and has not answered.
    asked: str | None
    asked_key: str | None


def seats_of(session: Session, deal_id: int) -> list[SeatRow]:
    """The seats on a deal's team: the filled ones first."""
    asked = aliased(Person)
    columns: tuple[Any, ...] = (
        Seat.id,
        Seat.role,
        Seat.person_id,
        Person.key,
        Person.name,
        Person.title,
        Seat.since,
        asked.name,
        asked.key,
    )
    query: Any = (
        sa.select(*columns)
        .select_from(Seat)
        .outerjoin(Person, col(Person.id) == col(Seat.person_id))
        .outerjoin(asked, col(asked.id) == col(Seat.asked_id))
        .where(col(Seat.deal_id) == deal_id)
        .order_by(col(Seat.person_id).is_(None), col(Seat.id))
    )
    return [SeatRow(*row) for row in session.exec(query)]


@dataclass(frozen=True)
class AskedSeat:
    """A seat that somebody is asked to take."""

    seat_id: int
    role: str
    deal_key: str
    deal_name: str
    account: str | None


def asked_seats(session: Session, viewer: Viewer) -> list[AskedSeat]:
    """The seats that the viewer is asked to take, on deals that they may see."""
    rows = session.execute(
        sa.select(col(Seat.id), col(Seat.role), col(Deal.key), col(Deal.name), col(Account.name))
        .join(Deal, col(Deal.id) == col(Seat.deal_id))
        .outerjoin(Account, col(Account.id) == col(Deal.account_id))
        .where(access.visible_deals(viewer), col(Seat.asked_id) == viewer.person_id)
        .order_by(col(Seat.id))
    )
    return [AskedSeat(*row) for row in rows]


def invited_to(session: Session, deal_id: int) -> list[tuple[str, str]]:
    """The members outside the team who may see a confidential deal, as (key, name)."""
    query = select(Person.key, Person.name).join(
        DealInvitation, col(DealInvitation.person_id) == col(Person.id)
    )
    found = session.exec(query.where(DealInvitation.deal_id == deal_id).order_by(Person.name))
    return [(key, name) for key, name in found]


def _titles(named: Iterable[tuple[str, str]]) -> str:
    return ", ".join(title for _, title in named)


def _rows() -> Any:
    columns: tuple[Any, ...] = (
        Deal.id,
        Deal.key,
        Deal.name,
        Account.name,
        Account.key,
        Stage.name,
        Deal.outcome,
        Deal.amount,
        Deal.currency,
        Deal.opened,
        Deal.expected_close,
        Deal.closed,
        _OWNER.name,
        _OWNER.key,
        Deal.next_step,
        Deal.next_step_on,
        Deal.confidential,
        Deal.stage_since,
        Stage.rotting_days,
        Deal.version,
    )
    return _joined(sa.select(*columns))


def _joined(query: Any) -> Any:
    return (
        query.select_from(Deal)
        .join(Stage, col(Stage.id) == col(Deal.stage_id))
        .outerjoin(Account, col(Account.id) == col(Deal.account_id))
        .outerjoin(_OWNER, _OWNER.id == Deal.owner_id)
    )


def _ordered(*columns: Any) -> Any:
    """Deals with all that a list may order by. Databases leave out the outer joins that an
    order does not need, so each is one, though every deal has a stage."""
    query: Any = sa.select(*columns).select_from(Deal)
    return (
        query.outerjoin(Stage, col(Stage.id) == col(Deal.stage_id))
        .outerjoin(Account, col(Account.id) == col(Deal.account_id))
        .outerjoin(_OWNER, _OWNER.id == Deal.owner_id)
    )


def _named(
    session: Session, viewer: Viewer, table: Any, link: Any, column: str
) -> list[tuple[str, str]]:
    on_visible = (
        select(link)
        .join(Deal, col(Deal.id) == link.deal_id)
        .where(getattr(link, column) == table.id, access.visible_deals(viewer))
        .exists()
    )
    query = select(table.key, table.name).where(sa.or_(table.listed.is_(True), on_visible))
    return [(key, name) for key, name in session.exec(query.order_by(table.name))]
