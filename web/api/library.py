"""Demos and collateral over the API."""

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import UNSET, UnsetType, field
from sqlmodel import Session

from references.removal import delete_asset
from web.api.calls import Call, Saved
from web.api.fields import Body, Day, Found, Key, Label, OwnValues, Required, Short, Text
from web.api.operations import act, change, create, for_programs, read, remove
from web.api.shown import Named, own_values, with_readable_own
from web.edit_conflicts import fingerprint
from web.pages.records.library import (
    asset_page,
    asset_values,
    change_asset,
    chosen_assets,
    products_about,
    publish_asset,
    withdraw_asset,
)
from web.policies import Policy
from workspace.assets import assets
from workspace.assets.assets import Asset, AssetRow, UseRow
from workspace.keys import row_of_key
from workspace.own_fields.fields import FieldSubject
from workspace.people.viewer import Viewer


@dataclass(frozen=True)
class AssetShown:
    """An asset, and the deals that it was used on and the caller may see."""

    key: str
    name: str
    kind: str
    summary: str
    url: str
    author: Named | None
    published: date | None
    expires: date | None
    withdrawn: bool
    language: str
    products: list[Named]
    uses: list[UseRow]
    won: int
    closed: int
    own: dict[str, str]
    may_edit: bool


class AssetQuery(Found, kw_only=True):
    """What the list is narrowed down to. `every` includes what is expired or withdrawn."""

    kind: Label = ""
    product: Short = ""
    every: Literal["", "yes"] = ""


class AssetChange(Body):
    """The facts to be changed; the others stay."""

    example: ClassVar[dict[str, Any]] = {"summary": "For ward managers."}
    name: Required | UnsetType = UNSET
    kind: Label | UnsetType = UNSET
    summary: Text | UnsetType = UNSET
    url: Text | UnsetType = UNSET
    published: Day | UnsetType | None = UNSET
    expires: Day | UnsetType | None = UNSET
    language: Label | UnsetType = UNSET
    product: list[Key] | UnsetType = field(default=UNSET, name="products")
    own: OwnValues | UnsetType = UNSET


class NewAsset(AssetChange, kw_only=True):
    """An asset to be published."""

    example: ClassVar[dict[str, Any]] = {
        "name": "Ward deck",
        "kind": "deck",
        "url": "https://example.com/deck",
    }
    name: Required
    kind: Label


class Withdrawal(Body):
    """Whether playbooks offer the asset no more."""

    example: ClassVar[dict[str, Any]] = {"withdrawn": "yes"}
    withdrawn: Literal["yes", "no"]


class AssetsController(Controller):
    """/api/v1/assets."""

    path = "/api/v1/assets"
    opt = for_programs("Assets", reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @read(summary="List assets", answers=AssetRow, paged=True, query=AssetQuery)
    def list(self, call: NamedDependency[Call]) -> Response[bytes]:
        with call.read() as session:
            rows, _ = chosen_assets(session, call.viewer, call.form, call.size + 1)
            return call.page(with_readable_own(session, call.viewer, FieldSubject.ASSET, rows))

    @create(summary="Publish an asset", answers=AssetShown, body=NewAsset, tagged=True)
    def publish(self, call: NamedDependency[Call]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            asset = publish_asset(session, call.viewer, call.form)
            return asset_shown(session, call.viewer, asset.key)

        return call.save(save)

    @read("/{key:str}", summary="Get an asset", answers=AssetShown, tagged=True)
    def get(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return call.show(asset_shown, key)

    @change(
        "/{key:str}",
        summary="Change an asset",
        answers=AssetShown,
        body=AssetChange,
        tagged=True,
        matches=True,
    )
    def change(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            asset = assets.editable_asset(session, call.viewer, key)
            values = asset_values(session, asset, viewer=call.viewer)
            # The form names products by their keys.
            call.form.sent.setdefault(
                "product", [product.key for product in products_about(session, asset)]
            )
            values.pop("products")
            call.fill(values)
            change_asset(session, call.viewer, key, call.form)
            return asset_shown(session, call.viewer, key)

        return call.save_over(save, lambda session: asset_shown(session, call.viewer, key))

    @act(
        "/{key:str}/withdrawal",
        summary="Withdraw an asset, or offer it again",
        answers=AssetShown,
        body=Withdrawal,
    )
    def withdraw(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            withdraw_asset(session, call.viewer, key, call.form)
            return asset_shown(session, call.viewer, key)

        return call.save(save)

    @remove("/{key:str}", summary="Delete an asset")
    def delete(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            delete_asset(session, call.viewer, row_of_key(session, Asset, key))
            return Saved()

        return call.save(save)


def asset_shown(session: Session, viewer: Viewer, key: str) -> Saved:
    """An asset as a viewer may know it, under the tag of its facts."""
    session.flush()
    page = asset_page(session, viewer, key)
    asset = page.asset
    shown = AssetShown(
        key=asset.key,
        name=asset.name,
        kind=asset.kind,
        summary=asset.summary,
        url=asset.url,
        author=Named(page.author.key, page.author.name) if page.author else None,
        published=asset.published,
        expires=asset.expires,
        withdrawn=asset.withdrawn,
        language=asset.language,
        products=[Named(row.key, row.name) for row in products_about(session, asset)],
        uses=page.uses,
        won=page.won,
        closed=page.closed,
        own=own_values(session, viewer, FieldSubject.ASSET, asset.own),
        may_edit=page.may_edit,
    )
    tag = fingerprint(asset_values(session, asset, viewer=viewer))
    return Saved(shown, tag, f"/api/v1/assets/{asset.key}")
