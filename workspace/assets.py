"""Assets: demos and collateral, and the deals they were used on."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel, col, or_, select

from workspace.activity import record
from workspace.clock import now, today
from workspace.deals import Deal
from workspace.errors import Conflict, Invalid
from workspace.keys import free_key

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
    created_at: datetime = Field(default_factory=now)


class AssetProduct(SQLModel, table=True):
    """A product that an asset is about."""

    asset_id: int = Field(primary_key=True, foreign_key="asset.id", ondelete="CASCADE")
    product_id: int = Field(primary_key=True, foreign_key="product.id", index=True)


class Use(SQLModel, table=True):
    """An asset used on a deal, and whether it helped (None: nobody has said)."""

    id: int = Field(default=None, primary_key=True)
    asset_id: int = Field(foreign_key="asset.id", index=True, ondelete="CASCADE")
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    stage_id: int | None = Field(default=None, foreign_key="stage.id")
    by_id: int | None = Field(default=None, foreign_key="person.id")
    used_on: date | None = None
    helped: bool | None = None
    comment: str = Field(default="", max_length=1000)


def usable(on: date | None = None) -> sa.ColumnElement[bool]:
    """The predicate of assets that may be offered: neither withdrawn nor expired."""
    day = on or today()
    return sa.and_(
        col(Asset.withdrawn).is_(False),
        or_(col(Asset.expires).is_(None), col(Asset.expires) >= day),
    )


def publish(
    session: Session, name: str, kind: str, by: int | None, product_ids: list[int], **facts: Any
) -> Asset:
    """Put a new asset into the library."""
    if kind not in KINDS:
        raise Invalid(f"'{kind}' is not a kind of asset.", {"kind": f"One of {', '.join(KINDS)}."})
    facts.setdefault("author_id", by)
    if not facts.get("published"):
        facts["published"] = today()
    asset = Asset(key=free_key(session, Asset, name), name=name, kind=kind, **facts)
    session.add(asset)
    session.flush()
    session.add_all(AssetProduct(asset_id=asset.id, product_id=each) for each in product_ids)
    session.flush()
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
    """Note that an asset is used on a deal, at the stage that the deal is in."""
    if asset.withdrawn or (asset.expires and asset.expires < (used_on or today())):
        raise Conflict("This asset is withdrawn or has expired: use a newer one.")
    made = Use(
        asset_id=asset.id,
        deal_id=deal.id,
        stage_id=deal.stage_id,
        by_id=by,
        used_on=used_on or today(),
        helped=helped,
        comment=comment,
    )
    session.add(made)
    record(session, deal.id, by, "use", asset.name, detail={"asset": asset.key})
    return made


def say_helped(session: Session, made: Use, by: int | None, helped: bool | None) -> None:
    """Note whether a use helped."""
    made.helped = helped
    session.add(made)
    record(session, made.deal_id, by, "use", detail={"use": made.id, "helped": helped})


def products_of(session: Session, asset_ids: list[int]) -> dict[int, list[int]]:
    """The products of each of these assets."""
    found: dict[int, list[int]] = {each: [] for each in asset_ids}
    for link in session.exec(select(AssetProduct).where(col(AssetProduct.asset_id).in_(asset_ids))):
        found[link.asset_id].append(link.product_id)
    return found
