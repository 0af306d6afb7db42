"""Deals, their teams and what happened on them, from a file."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from workspace.accounts.accounts import Account, Relationship
from workspace.audit import audit
from workspace.clock import now, today
from workspace.deals import access
from workspace.deals import lifecycle as record_of_deals
from workspace.deals.tables import (
    Deal,
    DealCompetitor,
    DealProduct,
    NewDeal,
    Outcome,
    Product,
    Seat,
    Stage,
)
from workspace.deals.team import add_seat
from workspace.errors import Invalid
from workspace.imports.accounts import read_row_currency
from workspace.imports.cells import (
    quoted,
    read_boolean,
    read_choice,
    read_day,
    read_key,
    read_line,
    read_moment,
    read_money,
    read_name,
    read_prose,
)
from workspace.imports.context import CHUNK, ImportContext
from workspace.imports.rows import Result, Row, apply_each, max_length, without_empty
from workspace.keys import plain
from workspace.timeline.timeline import WRITTEN_KINDS, TimelineEntry, record


def apply_deals(context: ImportContext, rows: Sequence[Row]) -> None:
    """Key: the deal's key, or without one the name and the account."""
    # Those with a key come first, so that no new key of ours takes one that a later row has.
    keyed = [row for row in rows if "deal" in row]
    others = [row for row in rows if "deal" not in row]
    for some in (keyed, others):
        for start in range(0, len(some), CHUNK):
            _DealBatch(context, some[start : start + CHUNK]).apply()


class _DealBatch:
    """Some rows of deals, whose deals are looked up and added together."""

    def __init__(self, context: ImportContext, rows: Sequence[Row]) -> None:
        self.context = context
        self.session = context.session
        self.rows = rows
        self.new: dict[object, tuple[Row, NewDeal]] = {}
        self.found: dict[object, list[Deal]] = {}
        self.products: dict[int, set[int]] = {}
        self.competitors: dict[int, set[int]] = {}
        self.seats: dict[int, set[tuple[str, int | None]]] = {}

    def apply(self) -> None:
        """Bring the record in line with these rows."""
        self._look_up()
        apply_each(self.rows, self._row)
        self._add()

    def _look_up(self) -> None:
        keys: set[str] = set()
        names: set[str] = set()
        accounts: set[int] = set()
        for row in self.rows:
            try:
                if "deal" in row:
                    keys.add(read_key(row.cells["deal"]))
                elif "name" in row:
                    names.add(read_line(row.cells["name"]))
            except Invalid:
                # The row will be refused for it.
                continue
            named = plain(row.cells.get("account", ""))
            if named in self.context.account_ids:
                accounts.add(self.context.account_ids[named])
        there: list[Deal] = []
        for deal in self.session.exec(select(Deal).where(col(Deal.key).in_(keys))):
            self.found[deal.key] = [deal]
            there.append(deal)
        for deal in self.session.exec(select(Deal).where(col(Deal.name).in_(names))):
            if not self.context.may_see(deal):
                # A name that finds it would tell that it is there.
                continue
            self.found.setdefault((deal.name, deal.account_id), []).append(deal)
            there.append(deal)
        self.context.prefetch(Account, accounts | {d.account_id for d in there if d.account_id})
        ids = [deal.id for deal in there]
        self.context.look_up_rights(ids)
        for table, column, links in (
            (DealProduct, DealProduct.product_id, self.products),
            (DealCompetitor, DealCompetitor.competitor_id, self.competitors),
        ):
            pairs = select(table.deal_id, column).where(col(table.deal_id).in_(ids))
            for deal_id, linked in self.session.exec(pairs):
                links.setdefault(deal_id, set()).add(linked)
        if any("seat" in row for row in self.rows):
            seats = select(Seat.deal_id, Seat.role, Seat.person_id)
            for deal_id, role, person_id in self.session.exec(
                seats.where(col(Seat.deal_id).in_(ids))
            ):
                self.seats.setdefault(deal_id, set()).add((role, person_id))

    def _row(self, row: Row) -> Result:
        key = row.read("deal", read_key)
        name = row.read("name", lambda text: read_name(text, max_length(Deal, "name")))
        account_name = self.context.read_account_name(row, "account")
        stage = row.read("stage", self.context.stage)
        closed = row.read("closed", read_day)
        products = self.context.read_names(row, "products")
        competitors = self.context.read_names(row, "competitors")
        facts = self._facts(row)
        if key and key in record_of_deals.RESERVED_KEYS and key not in self.found:
            row.add_problem(f"deal: {quoted(key)} is kept for a page of ours: give another key.")
        if not key and not name:
            row.add_problem("It has neither a key nor a name.")
        row.check()

        account = self.context.find_account(account_name) if account_name else None
        place: object = key or (name, account.id if account else account_name)
        if place in self.new:
            self._add()
        found = self.found.get(place, [])
        if len(found) > 1:
            raise Invalid(f"Several deals are called {quoted(name or '')}: give the key.")
        deal = found[0] if found else None
        if deal:
            self.context.require_edit(deal)
        _check_dates(self.context, deal, stage, facts, closed)
        if deal and any(getattr(deal, column) != value for column, value in facts.items()):
            access.require_reader_after(self.session, deal, facts)

        if account_name:
            account = account or self.context.add_account(account_name, mentioned=True)
            facts["account_id"] = account.id
        if deal:
            if name:
                facts["name"] = name
            return self._change(row, deal, stage, closed, facts, products, competitors)
        facts.pop("account_id", None)
        stage = stage or self.context.stages[0]
        # Nothing is made up for a file: what it does not tell stays open.
        facts.setdefault("owner_id", None)
        sold = self.context.find_or_add_products(products or [])
        new = NewDeal(
            name=name or _default_name(sold, account) or str(key),
            account=account,
            stage=stage,
            key=key,
            products=sold,
            competitors=self.context.find_or_add_competitors(competitors or []),
            facts=facts | {"closed": self._closing(stage, closed, facts)},
        )
        if not key:
            place = (name, account.id if account else None)
        self.new[place] = (row, new)
        return Result.CREATED

    def _facts(self, row: Row) -> dict[str, Any]:
        amount = row.read("amount", read_money)
        facts = without_empty(
            {
                "amount": amount.amount if amount else None,
                "currency": read_row_currency(row, amount),
                "opened": row.read("opened", read_day),
                "expected_close": row.read("expected_close", read_day),
                "confidential": row.read("confidential", read_boolean),
                "next_step_on": row.read("next_step_on", read_day),
                **row.read_lines(Deal, "next_step", "reason"),
                **row.read_prose(Deal, "use_case", "notes"),
            }
        )
        owner = row.cells.get("owner", "")
        if owner:
            try:
                facts["owner_id"] = self.context.member_id(owner)
            except Invalid as problem:
                self.context.warn(f"{problem} Their deals were imported without an owner.")
        return facts

    def _closing(self, stage: Stage, closed: date | None, facts: dict[str, Any]) -> date | None:
        """The closing date of a deal that is now in this stage."""
        if stage.outcome == Outcome.OPEN or closed:
            return closed
        expected: date | None = facts.get("expected_close")
        opened: date | None = facts.get("opened")
        if expected and expected <= today() and not (opened and expected < opened):
            return expected
        self.context.warn("A closed deal has no closing date: the day of the import was taken.")
        return today()

    def _add(self) -> None:
        """Add the new deals so far."""
        rows = [row for row, _ in self.new.values()]
        new = [deal for _, deal in self.new.values()]
        places = list(self.new)
        self.new = {}
        former = [
            each.account
            for each in new
            if each.account and each.account.relationship == Relationship.FORMER_CUSTOMER
        ]
        made = record_of_deals.log_all(
            self.session, new, self.context.by, "imported", self.context.file_name
        )
        # A deal of the past makes nobody a customer again.
        for account in former:
            account.relationship = Relationship.FORMER_CUSTOMER
        for place, row, plan, deal in zip(places, rows, new, made, strict=True):
            self.found[place] = [deal]
            self.products[deal.id] = {product.id for product in plan.products}
            self.competitors[deal.id] = {competitor.id for competitor in plan.competitors}
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
        stage: Stage | None,
        closed: date | None,
        facts: dict[str, Any],
        products: list[str] | None,
        competitors: list[str] | None,
    ) -> Result:
        session, by = self.session, self.context.by
        before = "" if "name" in facts else self._default_name_of(deal)
        account = self.context.get(Account, deal.account_id) if deal.account_id else None
        if facts.get("account_id"):
            account = self.context.get(Account, facts["account_id"])
        links = False
        if products is not None:
            sold = self.context.find_or_add_products(products)
            if self._differs(self.products, deal, {each.id for each in sold}):
                links = record_of_deals.set_products(session, deal, sold)
        if competitors is not None:
            rivals = self.context.find_or_add_competitors(competitors)
            if self._differs(self.competitors, deal, {each.id for each in rivals}):
                links |= record_of_deals.set_competitors(session, deal, rivals)
        if links:
            record(session, deal.id, by, "edited", self.context.file_name)
        if before and deal.name == before:
            # A name that was made of product and account stays one.
            facts["name"] = self._default_name_of(deal, account) or deal.name
        moves = stage is not None and stage.id != deal.stage_id
        was_former = account is not None and account.relationship == Relationship.FORMER_CUSTOMER
        changed = False
        if stage and moves and stage.outcome == Outcome.OPEN:
            changed |= record_of_deals.advance(session, deal, stage, by, quiet=True)
        if deal.outcome != Outcome.OPEN and closed:
            facts["closed"] = closed
        # Reading a deal anew for every row that says nothing new would take most of the time.
        if any(getattr(deal, column) != value for column, value in facts.items()):
            changed |= record_of_deals.edit(session, deal, by, facts)
            self.context.forget_rights(deal)
        if stage and moves and stage.outcome != Outcome.OPEN:
            closing = closed or deal.closed or self._closing(stage, closed, facts)
            changed |= record_of_deals.advance(session, deal, stage, by, closed=closing, quiet=True)
        if account and was_former:
            account.relationship = Relationship.FORMER_CUSTOMER
        if "seat" in row and "owner_id" in facts:
            place = (self.context.owners_role, facts["owner_id"])
            if place not in self.seats.setdefault(deal.id, set()):
                add_seat(session, deal, *place, by, deal.opened, quiet=True)
                self.seats[deal.id].add(place)
                changed = True
        return Result.UPDATED if changed or links else Result.UNCHANGED

    def _differs(self, there: dict[int, set[int]], deal: Deal, wanted: set[int]) -> bool:
        """Whether these are other links than the deal has; from now on they are context."""
        before = there.get(deal.id, set())
        there[deal.id] = wanted
        return before != wanted

    def _default_name_of(self, deal: Deal, account: Account | None = None) -> str:
        if account is None and deal.account_id:
            account = self.context.get(Account, deal.account_id)
        ids = self.products.get(deal.id, set())
        return _default_name([self.context.get(Product, each) for each in ids], account)


def apply_seats(context: ImportContext, rows: Sequence[Row]) -> None:
    """Key: deal, role and person; without a person, an open seat in that role."""
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        found = context.find_deals(some)
        ids = _ids(found)
        there: dict[tuple[int, str, int | None], Seat] = {}
        for seat in context.session.exec(select(Seat).where(col(Seat.deal_id).in_(ids))):
            there[seat.deal_id, seat.role, seat.person_id] = seat

        def apply(
            row: Row,
            found: dict[str, list[Deal]] = found,
            there: dict[tuple[int, str, int | None], Seat] = there,
        ) -> Result:
            role = row.need("role", lambda text: read_choice(text, context.seat_roles))
            person_id = row.read("person", context.member_id)
            since = row.read("since", read_day)
            row.check()
            deal = context.editable_deal(row, found)
            place = (deal.id, role, person_id)
            seat = there.get(place)
            detail: dict[str, object] = {"role": role, "person_id": person_id}
            if seat is None:
                seat = Seat(deal_id=deal.id, role=role, person_id=person_id, since=since)
                context.session.add(seat)
                there[place] = seat
                add_past_event(
                    context, deal, "seat", by_id=context.by, at=_start_of(since), detail=detail
                )
                return Result.CREATED
            if since is None or seat.since == since:
                return Result.UNCHANGED
            detail["since"] = [str(seat.since), str(since)]
            seat.since = since
            context.session.add(seat)
            audit(context.session, context.by, "deal seat", f"deal {deal.id}", detail)
            return Result.UPDATED

        apply_each(some, apply)


def apply_activity(context: ImportContext, rows: Sequence[Row]) -> None:
    """Key: everything: deal, time, person, kind and text."""
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        found = context.find_deals(some)
        columns: tuple[Any, ...] = (
            TimelineEntry.deal_id,
            TimelineEntry.at,
            TimelineEntry.by_id,
            TimelineEntry.kind,
            TimelineEntry.text,
        )
        entries: Any = sa.select(*columns).where(
            col(TimelineEntry.deal_id).in_(_ids(found)),
            col(TimelineEntry.kind).in_(WRITTEN_KINDS),
        )
        there: set[tuple[object, ...]] = {tuple(entry) for entry in context.session.exec(entries)}

        def apply(
            row: Row,
            found: dict[str, list[Deal]] = found,
            there: set[tuple[object, ...]] = there,
        ) -> Result:
            at = row.need("at", read_moment)
            text = row.need("text", read_prose)
            kind = row.read("kind", lambda cell: read_choice(cell, WRITTEN_KINDS)) or "note"
            by_id = row.read("by", context.member_id)
            row.check()
            deal = context.editable_deal(row, found)
            entry = (deal.id, at, by_id, kind, text)
            if entry in there:
                return Result.UNCHANGED
            there.add(entry)
            add_past_event(context, deal, kind, text, by_id=by_id, at=at)
            return Result.CREATED

        apply_each(some, apply)


def add_past_event(
    context: ImportContext,
    deal: Deal,
    kind: str,
    text: str = "",
    *,
    by_id: int | None,
    at: datetime | None = None,
    detail: dict[str, object] | None = None,
) -> None:
    """Put something of the past on a deal's timeline; the audit log says who imported it."""
    context.session.add(
        TimelineEntry(
            deal_id=deal.id, at=at or now(), by_id=by_id, kind=kind, text=text, detail=detail or {}
        )
    )
    audit(context.session, context.by, f"deal {kind}", f"deal {deal.id}", detail)


def _check_dates(
    context: ImportContext,
    deal: Deal | None,
    stage: Stage | None,
    facts: dict[str, Any],
    closed: date | None,
) -> None:
    """Refuse dates that contradict each other or the stage, before anything is written."""
    if stage is None:
        stage = context.get(Stage, deal.stage_id) if deal else context.stages[0]
    opened = facts.get("opened", deal.opened if deal else None)
    if stage.outcome == Outcome.OPEN:
        if closed:
            raise Invalid(f"closed: The deal is still open, in the stage {stage.name}.")
        return
    closed = closed or (deal.closed if deal else None) or today()
    if opened and closed < opened:
        raise Invalid(f"closed: It cannot close on {closed} before it was opened on {opened}.")


def _default_name(products: Iterable[Product], account: Account | None) -> str:
    """What a deal is called that has no name: 'GTX Pro for Isdom'."""
    sold = ", ".join(each.name for each in sorted(products, key=lambda each: each.id))
    name = f"{sold} for {account.name}" if sold and account else sold
    return name[: max_length(Deal, "name")]


def _ids(found: dict[str, list[Deal]]) -> list[int]:
    return [deal.id for deals in found.values() for deal in deals]


def _start_of(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
