"""The products and competitors of deals."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import Session, col, select

from workspace.deals.access import confidential_seen, visible_deals
from workspace.deals.tables import Competitor, Deal, DealCompetitor, DealProduct, Product
from workspace.errors import Invalid
from workspace.keys import free_key, joined, slug
from workspace.people.viewer import Viewer
from workspace.reading import found_once

_Named = TypeVar("_Named", Product, Competitor)


def find_or_add_product(session: Session, name: str, **facts: Any) -> Product:
    """The product of that name, in any spacing and capitals; added where it is new.

    A new one is in nobody else's list until a deal that is not confidential has it.
    """
    return _find_or_add(session, Product, name, facts)


def find_or_add_competitor(session: Session, name: str, **facts: Any) -> Competitor:
    """The competitor of that name, in any spacing and capitals; added where it is new.

    A new one is in nobody else's list until a deal that is not confidential has it.
    """
    return _find_or_add(session, Competitor, name, facts)


def add_product(session: Session, name: str, **facts: Any) -> Product:
    """Add a product; the caller knows that there is none of that name."""
    return _add(session, Product(key=free_key(session, Product, name), name=name, **facts))


def add_competitor(session: Session, name: str, **facts: Any) -> Competitor:
    """Add a competitor; the caller knows that there is none of that name."""
    return _add(session, Competitor(key=free_key(session, Competitor, name), name=name, **facts))


def _find_or_add(session: Session, table: type[_Named], name: str, facts: dict[str, Any]) -> _Named:
    same = joined(name)
    for row in session.exec(select(table)):
        if joined(row.name) == same:
            respell(session, row, name)
            return row
    return _add(
        session, table(key=free_key(session, table, name), name=name, listed=False, **facts)
    )


def respell(session: Session, row: Product | Competitor, name: str) -> None:
    """Give a product or a competitor that is not listed the spelling of its latest writer.

    They may not know of the deal that has it, and must not learn its spelling there.
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
    """Put these into everybody's lists."""
    if ids := set(ids):
        unlisted = select(table).where(col(table.id).in_(ids), col(table.listed).is_(False))
        for row in session.exec(unlisted):
            row.listed = True
            session.add(row)
        session.flush()


def _add(session: Session, row: _Named) -> _Named:
    session.add(row)
    session.flush()
    return row


def products_of(session: Session, deal_id: int) -> list[tuple[str, str]]:
    """The products on a deal, as (key, name)."""
    query = select(Product.key, Product.name).join(
        DealProduct, col(DealProduct.product_id) == col(Product.id)
    )
    rows = session.exec(query.where(DealProduct.deal_id == deal_id).order_by(Product.name))
    return [(key, name) for key, name in rows]


def competitors_of(session: Session, deal_id: int) -> list[tuple[str, str]]:
    """The competitors on a deal, as (key, name)."""
    query = select(Competitor.key, Competitor.name).join(
        DealCompetitor, col(DealCompetitor.competitor_id) == col(Competitor.id)
    )
    rows = session.exec(query.where(DealCompetitor.deal_id == deal_id).order_by(Competitor.name))
    return [(key, name) for key, name in rows]


def all_products(session: Session) -> list[Product]:
    """All products by name."""
    return list(session.exec(select(Product).order_by(Product.name)))


def choose_products(
    session: Session, viewer: Viewer, keys: Iterable[str], new_name: str | None = None
) -> list[Product]:
    """The products of these keys, and the one of a name that may be new.

    `Invalid` where one of the keys is none that the viewer may know of.
    """
    rows = _choose(session, viewer, Product, keys)
    return [*rows, *([find_or_add_product(session, new_name)] if new_name else [])]


def choose_competitors(
    session: Session, viewer: Viewer, keys: Iterable[str], new_name: str | None = None
) -> list[Competitor]:
    """The competitors of these keys, and the one of a name that may be new.

    `Invalid` where one of the keys is none that the viewer may know of.
    """
    rows = _choose(session, viewer, Competitor, keys)
    return [*rows, *([find_or_add_competitor(session, new_name)] if new_name else [])]


def product_choices(session: Session, viewer: Viewer) -> list[tuple[str, str]]:
    """The products that a viewer may know of, as (key, name)."""
    return _choices(session, viewer, Product)


def competitor_choices(session: Session, viewer: Viewer) -> list[tuple[str, str]]:
    """The competitors that a viewer may know of, as (key, name)."""
    return _choices(session, viewer, Competitor)


def _choose(
    session: Session, viewer: Viewer, table: type[_Named], keys: Iterable[str]
) -> list[_Named]:
    chosen = set(keys)
    query = select(table).where(col(table.key).in_(chosen), _known_to(viewer, table))
    rows = list(session.exec(query)) if chosen else []
    if len(rows) < len(chosen):
        field = table.__name__.lower()
        raise Invalid("Some fields could not be saved.", {field: "Choose from the list."})
    return rows


def _choices(session: Session, viewer: Viewer, table: type[_Named]) -> list[tuple[str, str]]:
    query = _known(viewer, table)
    key = (table, confidential_seen(session, viewer))
    rows = found_once(session, key, lambda: session.exec(query).all())
    return [(key, name) for key, name in rows]


# Making the query takes longer than running it.
@lru_cache(maxsize=1000)
def _known(viewer: Viewer, table: type[_Named]) -> Any:
    return select(table.key, table.name).where(_known_to(viewer, table)).order_by(table.name)


def _known_to(viewer: Viewer, table: type[Product] | type[Competitor]) -> sa.ColumnElement[bool]:
    """Whether a viewer may know of a product or a competitor.

    One that came with a confidential deal would tell of it to viewers who do not see that deal.
    """
    link: Any = DealProduct if table is Product else DealCompetitor
    linked = link.product_id if table is Product else link.competitor_id
    on_visible = (
        select(link)
        .join(Deal, col(Deal.id) == link.deal_id)
        .where(linked == table.id, visible_deals(viewer))
        .exists()
    )
    return sa.or_(col(table.listed).is_(True), on_visible)
