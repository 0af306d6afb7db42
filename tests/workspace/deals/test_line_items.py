"""Amounts once and recurring: line items, and the amounts that follow from them."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import Session, select

from tests.workspace.imports.files import counts, load_text
from tests.world import World
from workspace.database import Database
from workspace.deals import line_items
from workspace.deals.line_items import add_item, items_of, remove_item
from workspace.deals.products import products_of
from workspace.deals.tables import Deal, Product
from workspace.errors import Forbidden, Invalid, NotFound


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as session:
        yield session


def product(session: Session, name: str = "Atlas Warehouse") -> Product:
    return session.exec(select(Product).where(Product.name == name)).one()


def add(session: Session, world: World, quantity: str, price: str, *, recurring: bool) -> int:
    item = add_item(
        session,
        world.viewer("alice"),
        world.deals["wards"],
        product(session),
        Decimal(quantity),
        Decimal(price),
        recurring=recurring,
    )
    return item.id


def test_should_make_the_amounts_of_line_items(world: World, session: Session) -> None:
    deal = world.deal(session, "wards")
    deal.term_months = 36
    session.flush()
    first = add(session, world, "1", "15000", recurring=False)
    add(session, world, "12.5", "800.10", recurring=True)
    assert (deal.yearly, deal.amount) == (Decimal("10001.25"), Decimal("45003.75"))
    assert "Atlas Warehouse" in dict(products_of(session, deal.id)).values()
    remove_item(session, world.viewer("alice"), deal.key, first)
    assert deal.amount == Decimal("30003.75")


def test_should_keep_the_amounts_of_a_deal_without_line_items(
    world: World, session: Session
) -> None:
    deal = world.deal(session, "wards")
    only = add(session, world, "2", "500", recurring=False)
    remove_item(session, world.viewer("alice"), deal.key, only)
    assert (items_of(session, deal.id), deal.amount) == ([], Decimal("1000.00"))


def test_should_refuse_what_is_no_line_item(world: World, session: Session) -> None:
    with pytest.raises(Invalid):
        add(session, world, "0", "500", recurring=False)
    with pytest.raises(Invalid):
        add(session, world, "999999999", "999999999", recurring=False)
    charlie, one, key = world.viewer("charlie"), Decimal(1), world.deals["wards"]
    with pytest.raises(Forbidden):
        add_item(session, charlie, key, product(session), one, one, recurring=False)
    with pytest.raises(NotFound):
        remove_item(session, world.viewer("alice"), world.deals["wards"], 999)


@pytest.mark.parametrize(
    ("once", "yearly", "term", "value"),
    [("0", "1200", None, "1200.00"), ("100", "1200", 18, "1900.00"), ("0.01", "1", 1, "0.09")],
)
def test_should_value_a_contract_by_its_term(
    once: str, yearly: str, term: int | None, value: str
) -> None:
    assert line_items.contract_value(Decimal(once), Decimal(yearly), term) == Decimal(value)


def test_should_import_line_items_and_recurring_amounts(database: Database, tmp_path: Path) -> None:
    deals = (
        "deal,name,currency,amount,arr,term,renewal date\n"
        "1,One,EUR,36000,12000,36,2029-03-01\n2,Two,EUR,500,,,\n"
    )
    assert counts(load_text(database, tmp_path, deals)) == (2, 0, 0, 0)
    items = "deal,product,quantity,price,recurring\n2,Atlas,3,100,yes\n2,Atlas,1,50.50,no\n"
    assert counts(load_text(database, tmp_path, items)) == (2, 0, 0, 0)
    assert counts(load_text(database, tmp_path, items)) == (0, 0, 2, 0)
    # The amount follows from the line items, whatever a file says of it.
    assert counts(load_text(database, tmp_path, deals)) == (0, 0, 2, 0)
    with database.read() as session:
        one, two = session.exec(select(Deal).order_by(Deal.key))
        assert (one.amount, one.yearly, one.term_months) == (Decimal(36000), Decimal(12000), 36)
        assert str(one.renews_on) == "2029-03-01"
        assert (two.amount, two.yearly) == (Decimal("350.50"), Decimal(300))


def test_should_match_rows_of_one_product_with_its_line_items_in_order(
    database: Database, tmp_path: Path
) -> None:
    deals = "deal,name,currency\n7,Seven,EUR\n"
    assert counts(load_text(database, tmp_path, deals)) == (1, 0, 0, 0)
    items = "deal,product,quantity,price\n7,Atlas,3,100\n7,Atlas,1,80\n"
    assert counts(load_text(database, tmp_path, items)) == (2, 0, 0, 0)
    assert counts(load_text(database, tmp_path, items)) == (0, 0, 2, 0)
    items = "deal,product,quantity,price\n7,Atlas,3,100\n7,Atlas,2,80\n7,Atlas,1,5\n"
    assert counts(load_text(database, tmp_path, items)) == (1, 1, 1, 0)
    with database.read() as session:
        deal = session.exec(select(Deal)).one()
        rows = [(row.quantity, row.price) for row in items_of(session, deal.id)]
        assert rows == [(3, 100), (2, 80), (1, 5)]
