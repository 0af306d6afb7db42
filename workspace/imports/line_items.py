"""Applies the rows of line items."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from sqlmodel import col, select

from workspace.deals.line_items import put_item
from workspace.deals.tables import LineItem
from workspace.imports.cells import read_boolean, read_name, read_number
from workspace.imports.context import DealRows, ImportContext
from workspace.imports.money import read_money
from workspace.imports.rows import Result, Row, apply_each


def apply_line_items(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by deal, product and whether it is recurring."""
    for batch in context.deal_batches(rows):
        query = select(LineItem).where(col(LineItem.deal_id).in_(batch.deal_ids))
        items = {
            (item.deal_id, item.product_id, item.recurring): item
            for item in context.session.exec(query)
        }
        apply_each(batch.rows, partial(_apply, context, batch, items))


def _apply(
    context: ImportContext,
    batch: DealRows,
    items: dict[tuple[int, int, bool], LineItem],
    row: Row,
) -> Result:
    name = row.need("product", read_name)
    quantity = row.read("quantity", read_number)
    price = row.read("price", lambda text: read_money(text).amount)
    recurring = bool(row.read("recurring", read_boolean))
    row.check()
    deal = context.editable_deal(row, batch)
    [product] = context.find_or_add_products([name])
    item = items.get((deal.id, product.id, recurring))
    if item is None:
        item = LineItem(
            deal_id=deal.id,
            product_id=product.id,
            quantity=quantity or Decimal(1),
            price=price or Decimal(0),
            recurring=recurring,
        )
        put_item(context.session, deal, context.by, item)
        items[deal.id, product.id, recurring] = item
        return Result.CREATED
    new = (quantity or item.quantity, item.price if price is None else price)
    if new == (item.quantity, item.price):
        return Result.UNCHANGED
    item.quantity, item.price = new
    put_item(context.session, deal, context.by, item)
    return Result.UPDATED
