"""The life of a deal: logged, edited, moved through the stages, closed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.accounts import accounts
from workspace.accounts.accounts import Account, Relationship, find_account
from workspace.audit import audit
from workspace.clock import now, today
from workspace.database import insert_rows
from workspace.deals import access
from workspace.deals.access import NOBODY_SEES, has_reader, require_reader_after
from workspace.deals.keys import new_keys
from workspace.deals.products import (
    choose_competitors,
    choose_products,
    competitors_of,
    make_listed,
    products_of,
)
from workspace.deals.stages import first_stage, stage_of
from workspace.deals.tables import (
    CLOSED_OUTCOMES,
    Competitor,
    Deal,
    DealCompetitor,
    DealInvitation,
    DealProduct,
    NewDeal,
    Outcome,
    PastSeat,
    Product,
    Seat,
    Stage,
    Stakeholder,
)
from workspace.errors import Conflict, Invalid
from workspace.new_rows import new_row, number_rows
from workspace.people.people import list_account, list_people
from workspace.people.tables import Person
from workspace.people.viewer import Viewer, require_writer
from workspace.timeline.timeline import record, record_all

# Addresses under /deals that are pages of their own, so that no deal may have them as keys.
RESERVED_KEYS = frozenset({"new", "bulk", "views", "stages", "targets"})

# The same deal by the same member within this time is a button that was pressed twice.
SAME_SUBMIT = timedelta(minutes=1)

SAY_WHY = "Enter a reason for the win or loss: it helps the next deal."

# The columns that a form or a file may change, and that the timeline reports.
EDITABLE = (
    "name", "account_id", "owner_id", "amount", "currency", "yearly", "term_months",
    "renews_on", "opened", "expected_close", "closed",
    "use_case", "notes", "next_step", "next_step_on", "reason", "confidential", "own",
)  # fmt: skip


def log_one(
    session: Session,
    viewer: Viewer,
    name: str,
    account_name: str,
    *,
    account_facts: Mapping[str, Any] | None = None,
    stage: str | None = None,
    products: Iterable[str] = (),
    new_product: str | None = None,
    competitors: Iterable[str] = (),
    new_competitor: str | None = None,
    **facts: Any,
) -> tuple[Deal, bool]:
    """Log the deal of a viewer, who owns it; the deal, and whether it is new.

    The account is the one of that name; where there is none it is added, with `account_facts`.
    The stage is named, products and competitors are keys that the viewer may know of, and new
    ones are names. A button without scripts can be pressed twice: the same name and account by
    the same member within a minute is the same deal, and is logged once. A deal that is closed
    already takes a reason, as closing it would.
    """
    require_writer(viewer)
    needed = {"name": name, "account": account_name}
    if missing := [field for field, text in needed.items() if not text]:
        raise Invalid("A deal has a name and an account.", dict.fromkeys(missing, "Required."))
    if lacks_currency(facts.get("amount"), facts.get("currency")):
        raise Invalid("An amount has a currency.", {"currency": "Required with an amount."})
    if facts.get("amount") is None:
        facts["currency"] = None
    at = stage_of(session, stage) if stage else None
    if at and at.outcome != Outcome.OPEN and not facts.get("reason"):
        raise Invalid("Some fields could not be saved.", {"reason": SAY_WHY})
    # A second press waits here until the first one has logged its deal.
    member = select(Person.id).where(Person.id == viewer.person_id)
    session.exec(member.with_for_update(key_share=True)).first()
    account = find_account(session, account_name)
    if account is None:
        listed = not facts.get("confidential")
        account = accounts.add(
            session, account_name, viewer.person_id, listed=listed, **(account_facts or {})
        )
    elif earlier := _just_logged(session, viewer, name, account):
        return earlier, False
    deal = log(
        session,
        name,
        account,
        viewer.person_id,
        stage=at,
        products=choose_products(session, viewer, products, new_product),
        competitors=choose_competitors(session, viewer, competitors, new_competitor),
        **facts,
    )
    return deal, True


def lacks_currency(amount: object, currency: object) -> bool:
    """Whether an amount is given without the currency that it needs."""
    return amount is not None and not currency


def _just_logged(session: Session, viewer: Viewer, name: str, account: Account) -> Deal | None:
    """The deal of this name and account that the same member logged a moment ago."""
    query = select(Deal).where(
        access.visible_deals(viewer),
        Deal.owner_id == viewer.person_id,
        Deal.name == name,
        Deal.account_id == account.id,
        col(Deal.created_at) > now() - SAME_SUBMIT,
    )
    return session.exec(query.order_by(sa.desc(col(Deal.id))).limit(1)).first()


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
    """Log a deal without asking who may. `by` owns it unless `owner_id` says otherwise."""
    stage = stage or first_stage(session)
    facts.setdefault("owner_id", by)
    if not facts.get("opened"):
        facts["opened"] = today()
    new = NewDeal(name, account, stage, key, products, competitors, facts)
    return log_all(session, [new], by, "logged", {"stage": stage.name})[0]


def log_all(
    session: Session,
    new: Sequence[NewDeal],
    by: int | None,
    kind: str,
    detail: dict[str, object],
    *,
    stage_since: date | None = None,
) -> list[Deal]:
    """Log many deals with few statements; `kind` and `detail` are for their timelines.

    Without `stage_since`, a deal is at its stage since it was opened.
    """
    deals: list[Deal] = []
    for plan, key in zip(new, new_keys(session, new), strict=True):
        outcome = Outcome.PARKED if plan.parked else plan.stage.outcome
        opened, closed = plan.facts.get("opened"), plan.facts.get("closed")
        if outcome in CLOSED_OUTCOMES and closed is None:
            closed = today()
        _require_dates(outcome, opened, closed)
        values = {
            **plan.facts,
            "key": key,
            "name": plan.name,
            "account_id": plan.account.id if plan.account else None,
            "stage_id": plan.stage.id,
            "stage_since": stage_since or opened or today(),
            "outcome": outcome,
            "closed": closed,
        }
        deals.append(new_row(Deal, **values))
    number_rows(session, Deal, deals)
    session.add_all(deals)
    session.flush()
    public_products: set[int] = set()
    public_competitors: set[int] = set()
    product_links: list[dict[str, int]] = []
    competitor_links: list[dict[str, int]] = []
    for plan, deal in zip(new, deals, strict=True):
        products = {product.id for product in plan.products}
        product_links += [{"deal_id": deal.id, "product_id": row_id} for row_id in products]
        competitors = {competitor.id for competitor in plan.competitors}
        competitor_links += [
            {"deal_id": deal.id, "competitor_id": row_id} for row_id in competitors
        ]
        if plan.account:
            _became_customer(deal, plan.account)
        if not deal.confidential:
            if plan.account and not plan.account.listed:
                list_account(session, plan.account.id)
            public_products |= products
            public_competitors |= competitors
    session.flush()
    # The documents of new deals are written anyway, whatever they are linked to.
    insert_rows(session, DealProduct, product_links)
    insert_rows(session, DealCompetitor, competitor_links)
    make_listed(session, Product, public_products)
    make_listed(session, Competitor, public_competitors)
    record_all(session, [deal.id for deal in deals], by, kind, detail)
    return deals


def edit(
    session: Session,
    deal: Deal,
    by: int | None,
    changes: dict[str, object],
    *,
    version: int | None = None,
    tell: Mapping[int, str] | None = None,
    own: Mapping[str, object] | None = None,
) -> bool:
    """Change some columns of a deal; whether anything differed.

    `own` is what the timeline says of changed own fields: nothing of those that not all may see.

    `version` is the version that the editor saw; `Conflict` where it is no longer that one.
    `tell` has the members to notify, each with the reason.
    """
    lock_deal(session, deal)
    if version is not None and version != deal.version:
        raise Conflict("This deal was changed in the meantime.")
    before = {name: getattr(deal, name) for name in changes if name in EDITABLE}
    changed = {name: value for name, value in changes.items() if before[name] != value}
    if not changed:
        return False
    _require_dates(
        deal.outcome, changed.get("opened", deal.opened), changed.get("closed", deal.closed)
    )
    require_reader_after(session, deal, changed)
    for name, value in changed.items():
        setattr(deal, name, value)
    if "confidential" in changed and not deal.confidential:
        _reveal(session, deal)
    elif "account_id" in changed and not deal.confidential:
        list_account(session, deal.account_id)
    deal.version += 1
    session.add(deal)
    detail: dict[str, object] = {
        name: [_plain(before[name]), _plain(value)]
        for name, value in changed.items()
        if name != "own"
    }
    if own:
        # Apart, as an own field can be called like a column.
        detail["own"] = dict(own)
    if detail:
        record(session, deal.id, by, "edited", detail=detail, tell=tell)
    else:
        audit(session, by, "deal edited", f"deal {deal.id}", {"own": True})
    return True


def change_stage(
    session: Session,
    viewer: Viewer,
    key: str,
    name: str,
    *,
    reason: str = "",
    closed: date | None = None,
    version: int | None = None,
) -> Deal:
    """Move a viewer's deal to the stage of that name. Closing it takes a reason.

    `version` is the version that the viewer saw; `Conflict` where it is no longer that one.
    """
    deal = access.editable_deal(session, viewer, key)
    to = stage_of(session, name)
    lock_deal(session, deal)
    if lacks_reason(deal, to, reason):
        raise Invalid("Some fields could not be saved.", {"reason": SAY_WHY})
    if version is not None and version != deal.version:
        raise Conflict(
            f"Not moved to {name}, because this deal was changed in the meantime:"
            f" it is at {session.get_one(Stage, deal.stage_id).name}. Reload the page."
        )
    advance(session, deal, to, viewer.person_id, reason=reason, closed=closed)
    return deal


def lacks_reason(deal: Deal, to: Stage, reason: str = "") -> bool:
    """Whether a deal would close without a reason."""
    return to.outcome != Outcome.OPEN and not (reason or deal.reason)


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

    Members move a deal by `change_stage`. This step asks for no reason: files of closed deals
    often have none. `quiet` tells nobody: what a file says of the past is no news.
    """
    lock_deal(session, deal)
    if deal.stage_id == to.id:
        return False
    if to.outcome != Outcome.OPEN:
        closed = closed or deal.closed or today()
        _require_dates(to.outcome, deal.opened, closed)
    before = session.get_one(Stage, deal.stage_id)
    deal.stage_id = to.id
    deal.stage_since = today()
    deal.outcome = to.outcome
    # A parked deal that moves is awake.
    stop_parking(deal)
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
    # The team is credited with a deal that closes, and is told.
    closes = to.outcome != Outcome.OPEN and not quiet
    tell = dict.fromkeys(_team(session, deal), "credit") if closes else {}
    detail: dict[str, object] = {"stage": [before.name, to.name]}
    record(session, deal.id, by, "stage", reason, detail=detail, tell=tell, quiet=quiet)
    return True


def stop_parking(deal: Deal) -> None:
    """Forget why a deal was parked, and what was to wake it."""
    deal.parked_reason, deal.wakes_on, deal.wakes_when = "", None, ""


def change_links(
    session: Session,
    deal: Deal,
    by: int | None,
    products: Iterable[Product],
    competitors: Iterable[Competitor],
) -> bool:
    """Set the products and competitors of a deal, with its timeline; whether anything differed."""
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


def set_products(session: Session, deal: Deal, products: Iterable[Product]) -> bool:
    """Set the products of a deal; whether anything differed."""
    return _set_links(session, DealProduct, "product_id", deal, products)


def set_competitors(session: Session, deal: Deal, competitors: Iterable[Competitor]) -> bool:
    """Set the competitors of a deal; whether anything differed."""
    return _set_links(session, DealCompetitor, "competitor_id", deal, competitors)


def invite(
    session: Session,
    deal: Deal,
    person_id: int,
    by: int | None,
    *,
    tell: Mapping[int, str] | None = None,
) -> None:
    """Let a member outside the team see a confidential deal; `tell` has the members to notify."""
    if session.get(DealInvitation, (deal.id, person_id)) is None:
        session.add(DealInvitation(deal_id=deal.id, person_id=person_id))
        detail: dict[str, object] = {"person_id": person_id}
        record(session, deal.id, by, "invited", detail=detail, tell=tell)


def uninvite(session: Session, deal: Deal, person_id: int, by: int | None) -> None:
    """Take an invitation back."""
    lock_deal(session, deal)
    invitation = session.get(DealInvitation, (deal.id, person_id))
    if invitation:
        if deal.confidential and not has_reader(session, deal, deal.owner_id, uninvited=person_id):
            raise Conflict(f"{NOBODY_SEES} Invite another member first.")
        session.delete(invitation)
        record(session, deal.id, by, "uninvited", detail={"person_id": person_id})


def _set_links(
    session: Session,
    table: type[Any],
    column: str,
    deal: Deal,
    things: Iterable[Product] | Iterable[Competitor],
) -> bool:
    chosen = {thing.id for thing in things}
    rows = {
        getattr(row, column): row
        for row in session.exec(select(table).where(table.deal_id == deal.id))
    }
    for gone in rows.keys() - chosen:
        session.delete(rows[gone])
    session.add_all(table(**{"deal_id": deal.id, column: new}) for new in chosen - rows.keys())
    session.flush()
    if not deal.confidential:
        make_listed(session, Product if table is DealProduct else Competitor, chosen)
    return rows.keys() != chosen


def _team(session: Session, deal: Deal) -> set[int]:
    """The members who have a seat on a deal, or had one and left it."""
    present = session.exec(select(Seat.person_id).where(Seat.deal_id == deal.id))
    past = session.exec(select(PastSeat.person_id).where(PastSeat.deal_id == deal.id))
    return {person_id for person_id in (*present, *past) if person_id is not None}


def lock_deal(session: Session, deal: Deal) -> None:
    """Lock a deal until this transaction ends, and read it as it is now."""
    # Refreshing discards changes that are not flushed.
    session.flush()
    session.refresh(deal, with_for_update={"key_share": True})


def _require_dates(outcome: str, opened: object, closed: object) -> None:
    if closed and outcome not in CLOSED_OUTCOMES:
        raise Invalid("An open deal has no closing date.", {"closed": "The deal is open."})
    if isinstance(opened, date) and isinstance(closed, date) and closed < opened:
        raise Invalid(
            "A deal cannot close before it was opened.", {"closed": "Before it was opened."}
        )


def _reveal(session: Session, deal: Deal) -> None:
    """Let everybody know what a deal hid while it was confidential."""
    if deal.account_id:
        _became_customer(deal, session.get_one(Account, deal.account_id))
        list_account(session, deal.account_id)
    people = select(Stakeholder.person_id).where(Stakeholder.deal_id == deal.id)
    list_people(session, session.exec(people))
    products = select(DealProduct.product_id).where(DealProduct.deal_id == deal.id)
    make_listed(session, Product, session.exec(products))
    competitors = select(DealCompetitor.competitor_id).where(DealCompetitor.deal_id == deal.id)
    make_listed(session, Competitor, session.exec(competitors))


def _became_customer(deal: Deal, account: Account) -> None:
    """Make the account of a won deal a customer, unless the deal is confidential: it would show."""
    former = account.relationship in (Relationship.PROSPECT, Relationship.FORMER_CUSTOMER)
    if deal.outcome == Outcome.WON and not deal.confidential and former:
        account.relationship = Relationship.CUSTOMER


def _plain(value: object) -> object:
    return value if isinstance(value, str | bool | int | None) else str(value)


def _titles(named: Iterable[tuple[str, str]]) -> str:
    return ", ".join(title for _, title in named)
