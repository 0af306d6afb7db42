"""Applies the rows of deals and their seats."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from sqlmodel import col, select

from workspace.accounts.accounts import Account, Relationship
from workspace.audit import audit
from workspace.changes import differing
from workspace.clock import today
from workspace.database import batches
from workspace.deals import access, lifecycle
from workspace.deals.line_items import amounts_of_items
from workspace.deals.parking import Parking, set_awake, set_parked
from workspace.deals.tables import (
    CLOSED_OUTCOMES,
    Deal,
    DealCompetitor,
    DealProduct,
    LineItem,
    NewDeal,
    Outcome,
    Product,
    Seat,
    Stage,
)
from workspace.deals.team import add_seat
from workspace.errors import Invalid
from workspace.imports.accounts import read_price
from workspace.imports.activity import add_past_event, start_of
from workspace.imports.cells import (
    brief,
    read_boolean,
    read_choice,
    read_key,
    read_line,
    read_name,
    read_whole,
)
from workspace.imports.context import DealRows, ImportContext
from workspace.imports.dates import read_day
from workspace.imports.deal_outcomes import read_parking, read_stage
from workspace.imports.messages import Notice, in_column, said, tell
from workspace.imports.own_fields import read_own
from workspace.imports.rows import Result, Row, apply_each, max_length, without_empty
from workspace.own_fields.fields import FieldSubject
from workspace.own_fields.values import changed_values
from workspace.timeline.timeline import record


def apply_deals(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by the deal's key; a row without a key by the name and the account."""
    # Rows with a key come first, so that no generated key equals the key of a later row.
    keyed = [row for row in rows if "deal" in row]
    others = [row for row in rows if "deal" not in row]
    for group in (keyed, others):
        for batch in batches(group):
            _DealBatch(context, batch).apply()


@dataclass(frozen=True)
class _Changes:
    """What a row says of a deal that is there."""

    stage: Stage | None
    closed: date | None
    facts: dict[str, Any]
    products: list[str] | None
    competitors: list[str] | None
    # How it is parked; False if it is not, None where the row says nothing of it.
    parking: Parking | bool | None


class _DealBatch:
    """A batch of rows, whose deals are looked up and added together.

    The identity of a row is what it is matched by: the deal's key, or its name and account.
    """

    def __init__(self, context: ImportContext, rows: Sequence[Row]) -> None:
        self.context = context
        self.session = context.session
        self.rows = rows
        # New deals that are not written yet, and existing deals, by identity.
        self.new: dict[object, tuple[Row, NewDeal]] = {}
        self.existing: dict[object, list[Deal]] = {}
        # What existing deals are linked to, by the deal's id.
        self.products: dict[int, set[int]] = {}
        self.competitors: dict[int, set[int]] = {}
        self.seats: dict[int, set[tuple[str, int | None]]] = {}
        # Their amounts follow from line items.
        self.with_items: set[int] = set()

    def apply(self) -> None:
        """Apply the rows."""
        self._look_up()
        apply_each(self.rows, self._apply_row)
        self._add_new()

    def _look_up(self) -> None:
        keys: set[str] = set()
        names: set[str] = set()
        account_ids: set[int] = set()
        for row in self.rows:
            try:
                if "deal" in row:
                    keys.add(read_key(row.cells["deal"]))
                elif "name" in row:
                    names.add(read_line(row.cells["name"]))
            except Invalid:
                # Applying the row refuses it.
                continue
            account_ids |= self.context.accounts.ids_named(row.cells.get("account", ""))
        deals: list[Deal] = []
        for deal in self.session.exec(select(Deal).where(col(Deal.key).in_(keys))):
            self.existing[deal.key] = [deal]
            deals.append(deal)
        for deal in self.session.exec(select(Deal).where(col(Deal.name).in_(names))):
            # Matching a hidden deal by its name would reveal it.
            if self.context.may_see(deal):
                self.existing.setdefault((deal.name, deal.account_id), []).append(deal)
                deals.append(deal)
        account_ids |= {deal.account_id for deal in deals if deal.account_id}
        self.context.prefetch(Account, account_ids)
        ids = [deal.id for deal in deals]
        self.context.look_up_rights(ids)
        for table, column, links in (
            (DealProduct, DealProduct.product_id, self.products),
            (DealCompetitor, DealCompetitor.competitor_id, self.competitors),
        ):
            pairs = select(table.deal_id, column).where(col(table.deal_id).in_(ids))
            for deal_id, linked_id in self.session.exec(pairs):
                links.setdefault(deal_id, set()).add(linked_id)
        items = select(LineItem.deal_id).where(col(LineItem.deal_id).in_(ids)).distinct()
        self.with_items = set(self.session.exec(items))
        if any("seat" in row for row in self.rows):
            seats = select(Seat.deal_id, Seat.role, Seat.person_id)
            for deal_id, role, person_id in self.session.exec(
                seats.where(col(Seat.deal_id).in_(ids))
            ):
                self.seats.setdefault(deal_id, set()).add((role, person_id))

    def _apply_row(self, row: Row) -> Result:
        key = row.read("deal", read_key)
        name = row.read("name", lambda text: read_name(text, max_length(Deal, "name")))
        account_name = self.context.read_account_name(row, "account")
        if not account_name and "account_id" in row:
            account_name = self.context.account_name_of_ids(row.cells["account_id"])
        stage = read_stage(self.context, row)
        parking = read_parking(self.context, row)
        closed = row.read("closed", read_day)
        products = self.context.read_names(row, "products")
        competitors = self.context.read_names(row, "competitors")
        facts = self._facts(row)
        if key and key in lifecycle.RESERVED_KEYS and key not in self.existing:
            row.add_problem(in_column("deal", tell(Notice.KEY_RESERVED, key=brief(key))))
        if not key and not name:
            row.add_problem(tell(Notice.NEITHER_KEY_NOR_NAME))
        row.check()

        account = self.context.find_account(account_name) if account_name else None
        identity: object = key or (name, account.id if account else account_name)
        if identity in self.new:
            self._add_new()
            identity = key or (name, account.id if account else account_name)
        deals = self.existing.get(identity, [])
        if len(deals) > 1:
            raise Invalid(tell(Notice.DEAL_UNCLEAR, name=brief(name or "")))
        deal = deals[0] if deals else None
        if deal:
            self.context.require_edit(deal)
        facts |= read_own(self.context, row, FieldSubject.DEAL, deal.own if deal else {})
        final = stage or (self.context.get(Stage, deal.stage_id) if deal else None)
        if final is None or final.outcome == Outcome.OPEN:
            if close_date := row.read_optional("close_date", read_day):
                facts.setdefault("expected_close", close_date)
        else:
            column = "won_on" if final.outcome == Outcome.WON else "lost_on"
            closed = closed or row.read(column, read_day) or row.read("close_date", read_day)
            row.check()
        _check_dates(self.context, deal, stage, facts, closed)
        if deal and differing(deal, facts):
            access.require_reader_after(self.session, deal, facts)
        elif not deal:
            access.require_reader_of_new(self.session, facts)

        if account_name:
            confidential = facts.get("confidential", deal.confidential if deal else False)
            account = account or self.context.mention_account(account_name, listed=not confidential)
            if deal and account.id < 0:
                # New deals are known by the ids of their accounts: they are written together.
                self._add_new()
            facts["account_id"] = account.id
        if deal:
            if name:
                facts["name"] = name
            changes = _Changes(stage, closed, facts, products, competitors, parking)
            return self._change(row, deal, changes)
        facts.pop("account_id", None)
        stage = stage or self.context.stages[0]
        # The importer does not become the owner of a deal for which the file names none.
        facts.setdefault("owner_id", None)
        deal_products = self.context.find_or_add_products(products or [])
        new = NewDeal(
            name=name or _default_name(deal_products, account) or str(key),
            account=account,
            stage=stage,
            key=key,
            products=deal_products,
            competitors=self.context.find_or_add_competitors(competitors or []),
            facts=facts | {"closed": self._closing(stage, closed, facts)} | _parked_facts(parking),
            parked=isinstance(parking, Parking),
        )
        if not key:
            identity = (name, account.id if account else None)
        self.new[identity] = (row, new)
        return Result.CREATED

    def _facts(self, row: Row) -> dict[str, Any]:
        amount, currency = read_price(self.context, row, "amount")
        yearly = read_price(self.context, row, "yearly")[0] if "yearly" in row else None
        facts = without_empty(
            {
                "amount": amount,
                "currency": currency,
                "yearly": yearly,
                "term_months": row.read_optional("term_months", read_whole),
                "renews_on": row.read_optional("renews_on", read_day),
                "opened": row.read_optional("opened", read_day),
                "expected_close": row.read_optional("expected_close", read_day),
                "confidential": row.read("confidential", read_boolean),
                "next_step_on": row.read_optional("next_step_on", read_day),
                **row.read_lines(Deal, "next_step", "reason"),
                **row.read_prose(Deal, "use_case", "notes"),
            }
        )
        owner = row.cells.get("owner", "")
        if owner:
            try:
                facts["owner_id"] = self.context.member_id(owner)
            except Invalid as problem:
                self.context.warn(tell(Notice.WITHOUT_OWNER, message=said(problem)))
        return facts

    def _closing(self, stage: Stage, closed: date | None, facts: dict[str, Any]) -> date | None:
        """The closing date of a deal that a row puts into a stage."""
        if stage.outcome == Outcome.OPEN or closed:
            return closed
        expected: date | None = facts.get("expected_close")
        opened: date | None = facts.get("opened")
        if expected and expected <= today() and not (opened and expected < opened):
            return expected
        self.context.warn(tell(Notice.NO_CLOSING))
        return today()

    def _add_new(self) -> None:
        """Write the new deals so far."""
        self.context.write_accounts()
        new, self.new = self.new, {}
        former_customers = [
            new_deal.account
            for _, new_deal in new.values()
            if new_deal.account and new_deal.account.relationship == Relationship.FORMER_CUSTOMER
        ]
        new_deals = [new_deal for _, new_deal in new.values()]
        deals = lifecycle.log_all(
            self.session,
            new_deals,
            self.context.by,
            "imported",
            {"file": self.context.file_name},
            stage_since=today(),
        )
        # A deal of the past does not make a former customer a customer again.
        for account in former_customers:
            account.relationship = Relationship.FORMER_CUSTOMER
        for (row, new_deal), deal in zip(new.values(), deals, strict=True):
            identity = new_deal.key or (deal.name, deal.account_id)
            self.existing[identity] = [deal]
            self.products[deal.id] = {product.id for product in new_deal.products}
            self.competitors[deal.id] = {competitor.id for competitor in new_deal.competitors}
            if "seat" in row and deal.owner_id is not None:
                role = self.context.owners_role
                self.session.add(
                    Seat(deal_id=deal.id, role=role, person_id=deal.owner_id, since=deal.opened)
                )
                self.seats.setdefault(deal.id, set()).add((role, deal.owner_id))

    def _change(
        self,
        row: Row,
        deal: Deal,
        changes: "_Changes",
    ) -> Result:
        session, by = self.session, self.context.by
        stage, closed, facts = changes.stage, changes.closed, changes.facts
        if deal.id in self.with_items:
            facts.pop("amount", None)
            facts.pop("yearly", None)
            months = facts.get("term_months", deal.term_months)
            facts |= amounts_of_items(session, deal, months)
        default_name = "" if "name" in facts else self._default_name_of(deal)
        account = self.context.get(Account, deal.account_id) if deal.account_id else None
        if facts.get("account_id"):
            account = self.context.get(Account, facts["account_id"])
        links_changed = self._change_links(deal, changes.products, changes.competitors)
        if links_changed:
            record(session, deal.id, by, "edited", detail={"file": self.context.file_name})
        if default_name and deal.name == default_name:
            # A default name follows the products and the account.
            facts["name"] = self._default_name_of(deal, account) or deal.name
        moves = stage is not None and stage.id != deal.stage_id
        was_former = account is not None and account.relationship == Relationship.FORMER_CUSTOMER
        changed = False
        if stage and moves and stage.outcome == Outcome.OPEN:
            changed |= lifecycle.advance(session, deal, stage, by, quiet=True)
        if deal.outcome in CLOSED_OUTCOMES and closed:
            facts["closed"] = closed
        # `edit` reads the deal again, which would take most of the time for unchanged rows.
        if differing(deal, facts):
            fields = self.context.own_fields(FieldSubject.DEAL)
            told = changed_values(fields, deal.own, facts.get("own", deal.own))
            changed |= lifecycle.edit(session, deal, by, facts, own=told)
            self.context.forget_rights(deal)
        if stage and moves and stage.outcome != Outcome.OPEN:
            closing = closed or deal.closed or self._closing(stage, closed, facts)
            changed |= lifecycle.advance(session, deal, stage, by, closed=closing, quiet=True)
        changed |= self._park(deal, changes.parking)
        if account and was_former:
            account.relationship = Relationship.FORMER_CUSTOMER
        if "seat" in row and "owner_id" in facts:
            seat = (self.context.owners_role, facts["owner_id"])
            if seat not in self.seats.setdefault(deal.id, set()):
                add_seat(session, deal, *seat, by, deal.opened, quiet=True)
                self.seats[deal.id].add(seat)
                changed = True
        return Result.UPDATED if changed or links_changed else Result.UNCHANGED

    def _park(self, deal: Deal, stated: Parking | bool | None) -> bool:
        """Park or wake an existing deal as its row says; whether it differed."""
        session, by = self.session, self.context.by
        if isinstance(stated, Parking) and deal.outcome not in CLOSED_OUTCOMES:
            known = Parking(deal.parked_reason, deal.wakes_on, deal.wakes_when)
            if deal.outcome == Outcome.OPEN or known != stated:
                set_parked(session, deal, by, stated, quiet=True)
                return True
        if stated is False and deal.outcome == Outcome.PARKED:
            set_awake(session, deal, by, quiet=True)
            return True
        return False

    def _change_links(
        self, deal: Deal, products: list[str] | None, competitors: list[str] | None
    ) -> bool:
        """Give a deal the products and competitors that a row names; whether any differed."""
        changed = False
        if products is not None:
            new_products = self.context.find_or_add_products(products)
            if _replace(self.products, deal, {product.id for product in new_products}):
                changed = lifecycle.set_products(self.session, deal, new_products)
        if competitors is not None:
            new_competitors = self.context.find_or_add_competitors(competitors)
            if _replace(self.competitors, deal, {competitor.id for competitor in new_competitors}):
                changed |= lifecycle.set_competitors(self.session, deal, new_competitors)
        return changed

    def _default_name_of(self, deal: Deal, account: Account | None = None) -> str:
        if account is None and deal.account_id:
            account = self.context.get(Account, deal.account_id)
        ids = self.products.get(deal.id, set())
        return _default_name([self.context.get(Product, row_id) for row_id in ids], account)


def apply_seats(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by deal, role and person; a row without a person is an open seat of that role."""
    for batch in context.deal_batches(rows):
        query = select(Seat).where(col(Seat.deal_id).in_(batch.deal_ids))
        seats = {
            (seat.deal_id, seat.role, seat.person_id): seat for seat in context.session.exec(query)
        }
        apply_each(batch.rows, partial(_apply_seat, context, batch, seats))


def _apply_seat(
    context: ImportContext,
    batch: DealRows,
    seats: dict[tuple[int, str, int | None], Seat],
    row: Row,
) -> Result:
    role = row.need("role", lambda text: read_choice(text, context.seat_roles))
    person_id = row.read("person", context.member_id)
    since = row.read_optional("since", read_day)
    row.check()
    deal = context.editable_deal(row, batch)
    key = (deal.id, role, person_id)
    seat = seats.get(key)
    detail: dict[str, object] = {"role": role, "person_id": person_id}
    if seat is None:
        seat = Seat(deal_id=deal.id, role=role, person_id=person_id, since=since)
        context.session.add(seat)
        seats[key] = seat
        add_past_event(context, deal, "seat", by_id=context.by, at=start_of(since), detail=detail)
        return Result.CREATED
    if since is None or seat.since == since:
        return Result.UNCHANGED
    detail["since"] = [str(seat.since), str(since)]
    seat.since = since
    context.session.add(seat)
    audit(context.session, context.by, "deal seat", f"deal {deal.id}", detail)
    return Result.UPDATED


def _check_dates(
    context: ImportContext,
    deal: Deal | None,
    stage: Stage | None,
    facts: dict[str, Any],
    closed: date | None,
) -> None:
    """Refuse dates that contradict each other or the stage."""
    if stage is None:
        stage = context.get(Stage, deal.stage_id) if deal else context.stages[0]
    opened = facts.get("opened", deal.opened if deal else None)
    if stage.outcome == Outcome.OPEN:
        if closed:
            raise Invalid(in_column("closed", tell(Notice.STILL_OPEN, stage=stage.name)))
        return
    closed = closed or (deal.closed if deal else None) or today()
    if opened and closed < opened:
        days = {"closed": str(closed), "opened": str(opened)}
        raise Invalid(in_column("closed", tell(Notice.CLOSED_BEFORE_OPENED, **days)))


def _parked_facts(stated: Parking | bool | None) -> dict[str, Any]:
    if not isinstance(stated, Parking):
        return {}
    return {
        "parked_reason": stated.reason,
        "wakes_on": stated.wakes_on,
        "wakes_when": stated.wakes_when,
    }


def _default_name(products: Iterable[Product], account: Account | None) -> str:
    """The name of a deal for which no file has a name: 'GTX Pro for Isdom'."""
    names = ", ".join(product.name for product in sorted(products, key=lambda row: row.id))
    name = f"{names} for {account.name}" if names and account else names
    return name[: max_length(Deal, "name")]


def _replace(links: dict[int, set[int]], deal: Deal, linked_ids: set[int]) -> bool:
    """Keep a deal's new links; whether they differ from its former links."""
    before = links.get(deal.id, set())
    links[deal.id] = linked_ids
    return before != linked_ids
