"""Assets: demos and collateral, and the deals they were used on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import JSON, Index, Text
from sqlmodel import Field, Session, SQLModel, col, or_, select

from workspace.audit import audit
from workspace.changes import assign, differing
from workspace.clock import now, today
from workspace.database import contains, fetch, page_by_name, select_row
from workspace.deals.access import visible_deals
from workspace.deals.products import make_listed
from workspace.deals.tables import CLOSED_OUTCOMES, Deal, Outcome, Product
from workspace.errors import Conflict, Forbidden, Invalid
from workspace.ids import uncounted_id
from workspace.keys import free_key, row_of_key
from workspace.people.tables import Person, Role
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import record

KINDS = (
    "demo",
    "deck",
    "case study",
    "white paper",
    "proposal",
    "battlecard",
    "ROI model",
    "RFP answer",
    "video",
)


class Asset(SQLModel, table=True):
    """A demo or a piece of collateral, reached by its link."""

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=80)
    name: str = Field(index=True, max_length=200)
    kind: str = Field(max_length=40)
    summary: str = Field(default="", sa_type=Text)
    url: str = Field(default="", max_length=2000)
    author_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    published: date | None = None
    expires: date | None = None
    withdrawn: bool = False
    language: str = Field(default="", max_length=10)
    # Values of own fields, by key.
    own: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = Field(default_factory=now)


class AssetProduct(SQLModel, table=True):
    """A product that an asset is about."""

    asset_id: int = Field(primary_key=True, foreign_key="asset.id", ondelete="CASCADE")
    product_id: int = Field(primary_key=True, foreign_key="product.id", index=True)


class Use(SQLModel, table=True):
    """An asset used on a deal, and whether it helped (None: nobody has said)."""

    # The library counts the deals of each asset, which takes half as long in their order.
    __table_args__ = (Index("ix_use_asset_deal", "asset_id", "deal_id"),)

    id: int = uncounted_id()
    asset_id: int = Field(foreign_key="asset.id", ondelete="CASCADE")
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    stage_id: int | None = Field(default=None, foreign_key="stage.id")
    by_id: int | None = Field(default=None, foreign_key="person.id")
    used_on: date | None = None
    helped: bool | None = None
    comment: str = Field(default="", max_length=1000)


def usable(on: date | None = None) -> sa.ColumnElement[bool]:
    """The condition for assets that can be used on a day: neither withdrawn nor expired."""
    day = on or today()
    return sa.and_(
        col(Asset.withdrawn).is_(False),
        or_(col(Asset.expires).is_(None), col(Asset.expires) >= day),
    )


def publish(
    session: Session, name: str, kind: str, by: int | None, product_ids: list[int], **facts: Any
) -> Asset:
    """Add an asset to the library."""
    if kind not in KINDS:
        raise Invalid(f"'{kind}' is not a kind of asset.", {"kind": f"One of {', '.join(KINDS)}."})
    facts.setdefault("author_id", by)
    if not facts.get("published"):
        facts["published"] = today()
    _require_dates(facts["published"], facts.get("expires"))
    asset = Asset(key=free_key(session, Asset, name), name=name, kind=kind, **facts)
    session.add(asset)
    session.flush()
    session.add_all(AssetProduct(asset_id=asset.id, product_id=row_id) for row_id in product_ids)
    session.flush()
    make_listed(session, Product, product_ids)
    audit(session, by, "asset added", f"asset {asset.id}")
    return asset


def use(
    session: Session,
    asset: Asset,
    deal: Deal,
    by: int | None,
    *,
    used_on: date | None = None,
    helped: bool | None = None,
    comment: str = "",
) -> Use:
    """Record the use of an asset on a deal, in the deal's present stage."""
    if asset.withdrawn or (asset.expires and asset.expires < (used_on or today())):
        raise Conflict("This asset is withdrawn or has expired: use a newer one.")
    asset_use = Use(
        asset_id=asset.id,
        deal_id=deal.id,
        stage_id=deal.stage_id,
        by_id=by,
        used_on=used_on or today(),
        helped=helped,
        comment=comment,
    )
    session.add(asset_use)
    record(session, deal.id, by, "use", asset.name, detail={"asset": asset.key})
    return asset_use


def say_helped(session: Session, asset_use: Use, by: int | None, helped: bool | None) -> None:
    """Record whether an asset helped on a deal."""
    asset_use.helped = helped
    session.add(asset_use)
    detail: dict[str, object] = {"use": asset_use.id, "helped": helped}
    record(session, asset_use.deal_id, by, "use", detail=detail)


def products_of(session: Session, asset_ids: list[int]) -> dict[int, list[int]]:
    """The ids of the products that each of these assets is about."""
    product_ids: dict[int, list[int]] = {asset_id: [] for asset_id in asset_ids}
    for link in session.exec(select(AssetProduct).where(col(AssetProduct.asset_id).in_(asset_ids))):
        product_ids[link.asset_id].append(link.product_id)
    return product_ids


@dataclass(frozen=True)
class AssetRow:
    """An asset as a line of the library, counted over the deals that the viewer can see."""

    id: int
    key: str
    name: str
    kind: str
    summary: str
    url: str
    author: str | None
    published: date | None
    expires: date | None
    withdrawn: bool
    uses: int
    won: int
    closed: int
    own: dict[str, Any]

    @property
    def state(self) -> str:
        """Withdrawn, expired or current."""
        if self.withdrawn:
            return "withdrawn"
        return "expired" if self.expires and self.expires < today() else "current"


# No order column is null, so that a page can begin after any row.
_ORDERS: dict[str, Any] = {
    "name": sa.func.lower(Asset.name),
    "kind": col(Asset.kind),
    "author": sa.func.lower(sa.func.coalesce(Person.name, "")),
    "published": sa.func.coalesce(Asset.published, date.min),
    "expires": sa.func.coalesce(Asset.expires, date.max),
}
ASSET_ORDERS = (*_ORDERS, "won", "uses")


def asset_rows(
    session: Session,
    viewer: Viewer,
    *,
    kind: str | None = None,
    product: str | None = None,
    text: str | None = None,
    author_id: int | None = None,
    asset_id: int | None = None,
    every: bool = False,
    own: Sequence[sa.ColumnElement[bool]] = (),
    order: str = "name",
    own_order: sa.ColumnElement[Any] | None = None,
    descending: bool = False,
    after: str | None = None,
    limit: int = 50,
) -> list[AssetRow]:
    """The library in order, after the asset of the key `after`.

    With `every`, withdrawn and expired assets are included. `own` is about own fields, and
    `own_order` takes the place of `order`: what an own field makes of its column.
    """
    no_uses = dict.fromkeys(("uses", "won", "closed"), sa.literal(0))
    query = select_row(AssetRow, Asset, author=Person.name, **no_uses).outerjoin(
        Person, col(Person.id) == col(Asset.author_id)
    )
    orders = _ORDERS
    if order not in _ORDERS and own_order is None:
        # Only these orders need the uses of all assets.
        counts = _use_counts(viewer).subquery()
        query = query.outerjoin(counts, counts.c.asset_id == Asset.id)
        rate = 1.0 * counts.c.won / sa.func.nullif(counts.c.closed, 0)
        orders = {"won": sa.func.coalesce(rate, -1.0), "uses": sa.func.coalesce(counts.c.uses, 0)}
    where = list(own)
    if not every:
        where.append(usable())
    if kind:
        where.append(col(Asset.kind) == kind)
    if product:
        about = (
            select(AssetProduct.asset_id)
            .join(Product, col(Product.id) == col(AssetProduct.product_id))
            .where(Product.key == product)
        )
        where.append(col(Asset.id).in_(about))
    if text:
        where.append(contains(text, Asset.name, Asset.summary))
    if author_id is not None:
        where.append(col(Asset.author_id) == author_id)
    if asset_id is not None:
        where.append(col(Asset.id) == asset_id)
    rows = page_by_name(
        session,
        AssetRow,
        query,
        Asset,
        where=where,
        order=orders[order] if own_order is None else own_order,
        descending=descending,
        after=after,
        limit=limit,
    )
    shown = col(Use.asset_id).in_([row.id for row in rows])
    counted = {each.asset_id: each for each in session.execute(_use_counts(viewer).where(shown))}
    return [
        replace(row, uses=count.uses, won=count.won, closed=count.closed)
        if (count := counted.get(row.id))
        else row
        for row in rows
    ]


def _use_counts(viewer: Viewer) -> Any:
    """For each asset the deals that the viewer can see and that used it: all, won and closed."""
    return (
        sa.select(
            col(Use.asset_id).label("asset_id"),
            sa.func.count(sa.distinct(col(Use.deal_id))).label("uses"),
            sa.func.count(
                sa.distinct(sa.case((col(Deal.outcome) == Outcome.WON, Use.deal_id)))
            ).label("won"),
            sa.func.count(
                sa.distinct(sa.case((col(Deal.outcome).in_(CLOSED_OUTCOMES), Use.deal_id)))
            ).label("closed"),
        )
        .join(Deal, col(Deal.id) == col(Use.deal_id))
        .where(visible_deals(viewer))
        .group_by(col(Use.asset_id))
    )


@dataclass(frozen=True)
class UseRow:
    """A use of an asset as a line on the asset's or the deal's page."""

    id: int
    asset_key: str
    asset_name: str
    asset_kind: str
    deal_key: str
    deal_name: str
    outcome: str
    amount: Decimal | None
    currency: str | None
    by: str | None
    used_on: date | None
    helped: bool | None
    comment: str


def use_rows(
    session: Session,
    viewer: Viewer,
    *,
    asset_id: int | None = None,
    deal_id: int | None = None,
    limit: int = 50,
) -> list[UseRow]:
    """The uses of an asset, or on a deal, that the viewer can see, the newest first."""
    query = (
        select_row(UseRow, Use, Asset, Deal, by=Person.name)
        .join(Asset, col(Asset.id) == col(Use.asset_id))
        .join(Deal, col(Deal.id) == col(Use.deal_id))
        .outerjoin(Person, col(Person.id) == col(Use.by_id))
        .where(visible_deals(viewer))
    )
    if asset_id is not None:
        query = query.where(col(Use.asset_id) == asset_id)
    if deal_id is not None:
        query = query.where(col(Use.deal_id) == deal_id)
    newest = query.order_by(sa.desc(col(Use.used_on)), sa.desc(col(Use.id)))
    return fetch(session, UseRow, newest.limit(limit))


def may_edit(viewer: Viewer, asset: Asset) -> bool:
    """Whether a viewer can edit this asset: its author, and the roles that keep the library."""
    if not viewer.may_write:
        return False
    keepers = {Role.MARKETER, Role.EXPERT, Role.MANAGER, Role.ADMIN}
    return bool(viewer.roles & keepers) or asset.author_id == viewer.person_id


def editable_asset(session: Session, viewer: Viewer, key: str) -> Asset:
    """The asset of that key; Forbidden unless the viewer can edit it."""
    asset = row_of_key(session, Asset, key)
    if not may_edit(viewer, asset):
        raise Forbidden("Only its author and the library’s editors can change this content.")
    return asset


def edit_asset(
    session: Session,
    asset: Asset,
    by: int | None,
    changes: dict[str, Any],
    product_ids: Sequence[int] | None = None,
) -> bool:
    """Change columns of an asset, and its products if given; whether anything differed."""
    changed = differing(asset, changes)
    if {"published", "expires"} & changed.keys():
        _require_dates(
            changed.get("published", asset.published), changed.get("expires", asset.expires)
        )
    detail: dict[str, object] = {
        name: [str(getattr(asset, name)), str(value)] for name, value in changed.items()
    }
    assign(asset, changed)
    session.add(asset)
    if product_ids is not None:
        before = set(products_of(session, [asset.id])[asset.id])
        after = set(product_ids)
        if before != after:
            detail["products"] = [sorted(before), sorted(after)]
            for product_id in before - after:
                session.delete(session.get_one(AssetProduct, (asset.id, product_id)))
            session.add_all(
                AssetProduct(asset_id=asset.id, product_id=product_id)
                for product_id in after - before
            )
            make_listed(session, Product, after)
    if detail:
        audit(session, by, "asset edited", f"asset {asset.id}", detail)
    session.flush()
    return bool(detail)


def _require_dates(published: date | None, expires: date | None) -> None:
    if published and expires and expires < published:
        raise Invalid(
            "An asset cannot expire before it was published.",
            {"expires": "Before it was published."},
        )
