"""Applies the rows of line items."""

from collections import Counter, defaultdict
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

# A deal, a product, and whether it is recurring.
_Key = tuple[int, int, bool]


def apply_line_items(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by deal, product and whether it is recurring.

    A product may be on a deal several times: its n-th row is about its n-th line item.
    """
    counted: Counter[_Key] = Counter()
    for batch in context.deal_batches(rows):
        query = select(LineItem).where(col(LineItem.deal_id).in_(batch.deal_ids))
        items: dict[_Key, list[LineItem]] = defaultdict(list)
        for item in context.session.exec(query.order_by(col(LineItem.id))):
            items[item.deal_id, item.product_id, item.recurring].append(item)
        apply_each(batch.rows, partial(_apply, context, batch, items, counted))


def _apply(
    context: ImportContext,
    batch: DealRows,
    items: dict[_Key, list[LineItem]],
    counted: Counter[_Key],
    row: Row,
) -> Result:
    name = row.need("product", read_name)
    quantity = row.read("quantity", read_number)
    price = row.read("price", lambda text: read_money(text).amount)
    recurring = bool(row.read("recurring", read_boolean))
    row.check()
    deal = context.editable_deal(row, batch)
    [product] = context.find_or_add_products([name])
    key = (deal.id, product.id, recurring)
    number = counted[key]
    counted[key] += 1
    if number >= len(items[key]):
        item = LineItem(
            deal_id=deal.id,
            product_id=product.id,
            quantity=quantity or Decimal(1),
            price=price or Decimal(0),
            recurring=recurring,
        )
        put_item(context.session, deal, context.by, item)
        items[key].append(item)
        return Result.CREATED
    item = items[key][number]
    new = (quantity or item.quantity, item.price if price is None else price)
    if new == (item.quantity, item.price):
        return Result.UNCHANGED
    item.quantity, item.price = new
    put_item(context.session, deal, context.by, item)
    return Result.UPDATED
