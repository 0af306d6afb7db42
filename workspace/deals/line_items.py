"""Line items: what a deal sells at which price, once or each year; its amounts follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlmodel import Session, col, select

from workspace.database import fetch, select_row
from workspace.deals.access import editable_deal
from workspace.deals.lifecycle import edit, lock_deal, set_products
from workspace.deals.tables import Deal, DealProduct, LineItem, Product
from workspace.errors import Conflict, Invalid, NotFound
from workspace.people.viewer import Viewer

# The term of a contract that says none.
USUAL_TERM = 12
LONGEST_TERM = 600
MOST_ITEMS = 100
_CENT = Decimal("0.01")
_LARGEST = Decimal(10) ** 12


@dataclass(frozen=True)
class ItemRow:
    """A line item as pages show it."""

    id: int
    product_key: str
    product: str
    quantity: Decimal
    price: Decimal
    recurring: bool

    @property
    def total(self) -> Decimal:
        """Its price: once, or each year."""
        return _rounded(self.quantity * self.price)


def items_of(session: Session, deal_id: int) -> list[ItemRow]:
    """The line items of a deal, in the order in which they were added."""
    query = (
        select_row(ItemRow, LineItem, product_key=col(Product.key), product=col(Product.name))
        .join(Product, col(Product.id) == col(LineItem.product_id))
        .where(col(LineItem.deal_id) == deal_id)
        .order_by(col(LineItem.id))
    )
    return fetch(session, ItemRow, query)


def has_items(session: Session, deal_id: int) -> bool:
    """Whether a deal's amounts follow from line items."""
    query = select(LineItem.id).where(LineItem.deal_id == deal_id).limit(1)
    return session.exec(query).first() is not None


def contract_value(once: Decimal, yearly: Decimal, term_months: int | None) -> Decimal:
    """What a contract is worth: what is paid once, and each year of its term."""
    return _rounded(once + yearly * (term_months or USUAL_TERM) / 12)


def add_item(
    session: Session,
    viewer: Viewer,
    key: str,
    product: Product,
    quantity: Decimal,
    price: Decimal,
    *,
    recurring: bool,
) -> LineItem:
    """Add a line item to a viewer's deal."""
    deal = editable_deal(session, viewer, key)
    return put_item(
        session,
        deal,
        viewer.person_id,
        LineItem(
            deal_id=deal.id,
            product_id=product.id,
            quantity=quantity,
            price=price,
            recurring=recurring,
        ),
    )


def put_item(session: Session, deal: Deal, by: int | None, item: LineItem) -> LineItem:
    """Add or change a line item without asking who may; the product is one of the deal's then."""
    lock_deal(session, deal)
    if not item.quantity > 0:
        raise Invalid("The line item is not saved.", {"quantity": "Enter a quantity above 0."})
    if item.quantity * item.price >= _LARGEST:
        raise Invalid("The line item is not saved.", {"price": "The amount is too large."})
    if not deal.currency:
        raise Invalid("The line item is not saved.", {"price": "Set the deal's currency first."})
    if item.id is None and len(items_of(session, deal.id)) >= MOST_ITEMS:
        raise Conflict(f"A deal has at most {MOST_ITEMS} line items.")
    session.add(item)
    session.flush()
    sold = select(Product).join(DealProduct).where(DealProduct.deal_id == deal.id)
    products = {product.id: product for product in session.exec(sold)}
    if item.product_id not in products:
        new = session.get_one(Product, item.product_id)
        set_products(session, deal, [*products.values(), new])
    follow_items(session, deal, by)
    return item


def remove_item(session: Session, viewer: Viewer, key: str, item_id: int) -> None:
    """Remove a line item of a viewer's deal; the amounts stay with the last one."""
    deal = editable_deal(session, viewer, key)
    lock_deal(session, deal)
    item = session.get(LineItem, item_id)
    if item is None or item.deal_id != deal.id:
        raise NotFound("There is no such line item.")
    session.delete(item)
    session.flush()
    follow_items(session, deal, viewer.person_id)


def follow_items(session: Session, deal: Deal, by: int | None) -> None:
    """Have a deal's amounts follow from its line items, if it has any."""
    edit(session, deal, by, dict(amounts_of_items(session, deal, deal.term_months)))


def amounts_of_items(session: Session, deal: Deal, term_months: int | None) -> Mapping[str, Any]:
    """The amounts that follow from a deal's line items and a term; empty without line items."""
    items = items_of(session, deal.id)
    if not items:
        return {}
    once = sum((item.total for item in items if not item.recurring), Decimal(0))
    yearly = sum((item.total for item in items if item.recurring), Decimal(0))
    return {
        "amount": contract_value(once, yearly, term_months),
        "yearly": yearly or None,
    }


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)
