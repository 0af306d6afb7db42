"""Assets, and the deals that they were used on, from a file."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlmodel import col, select

from workspace import assets as record_of_assets
from workspace.assets import KINDS, Asset, Use
from workspace.audit import audit
from workspace.deals.tables import Deal
from workspace.errors import Forbidden, Invalid
from workspace.imports.cells import quoted, read_boolean, read_choice, read_day, read_link
from workspace.imports.context import CHUNK, ImportContext
from workspace.imports.deals import add_past_event
from workspace.imports.rows import Result, Row, apply_each, max_length, without_empty
from workspace.keys import plain


def apply_assets(context: ImportContext, rows: Sequence[Row]) -> None:
    """Key: the name, without regard to capitals and accents."""

    def apply(row: Row) -> Result:
        name = row.need_name("asset", Asset, "name")
        kind = row.read("kind", lambda text: read_choice(text, KINDS))
        products = context.read_names(row, "products")
        facts: dict[str, Any] = without_empty(
            {
                "url": row.read("url", lambda text: read_link(text, max_length(Asset, "url"))),
                "published": row.read("published", read_day),
                "expires": row.read("expires", read_day),
                "withdrawn": row.read("withdrawn", read_boolean),
                **row.read_lines(Asset, "language"),
                **row.read_prose(Asset, "summary"),
            }
        )
        if "author" in row:
            try:
                facts["author_id"] = context.member_id(row.cells["author"])
            except Invalid as problem:
                context.warn(f"{problem} Their assets were imported without an author.")
        found_id = context.asset_ids.get(plain(name))
        found = context.get(Asset, found_id) if found_id is not None else None
        if found is None and kind is None and "kind" not in row:
            row.add_problem("kind: It is missing.")
        published = facts.get("published", found.published if found else None)
        expires = facts.get("expires", found.expires if found else None)
        if published and expires and expires < published:
            row.add_problem("expires: It cannot expire before it was published.")
        row.check()
        if found and context.viewer and not record_of_assets.may_edit(context.viewer, found):
            raise Forbidden("Only its author and those who keep the library may change it.")
        product_ids = (
            None
            if products is None
            else [each.id for each in context.find_or_add_products(products)]
        )
        if found is None:
            facts.setdefault("author_id", None)
            # Nothing is made up for a file: an asset without a date is not taken for new.
            published = facts.pop("published", None)
            facts["published"] = published or facts.get("expires")
            found = record_of_assets.publish(
                context.session, name, str(kind), context.by, product_ids or [], **facts
            )
            found.published = published
            context.asset_ids[plain(name)] = found.id
            context.remember(found)
            return Result.CREATED
        facts |= {"kind": kind} if kind else {}
        changed = record_of_assets.edit_asset(
            context.session, found, context.by, facts, product_ids
        )
        return Result.UPDATED if changed else Result.UNCHANGED

    apply_each(rows, apply)


def apply_uses(context: ImportContext, rows: Sequence[Row]) -> None:
    """Key: asset, deal, person and day."""
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        found = context.find_deals(some)
        ids = [deal.id for deals in found.values() for deal in deals]
        there: dict[tuple[int, int, int | None, date | None], Use] = {}
        for use in context.session.exec(select(Use).where(col(Use.deal_id).in_(ids))):
            there[use.asset_id, use.deal_id, use.by_id, use.used_on] = use

        def apply(
            row: Row,
            found: dict[str, list[Deal]] = found,
            there: dict[tuple[int, int, int | None, date | None], Use] = there,
        ) -> Result:
            asset_id = row.need("asset", lambda text: _asset_id(context, text))
            by_id = row.read("by", context.member_id)
            used_on = row.read("used_on", read_day)
            stage = row.read("stage", context.stage)
            facts: dict[str, Any] = without_empty(
                {
                    "stage_id": stage.id if stage else None,
                    "helped": row.read("helped", read_boolean),
                    **row.read_prose(Use, "comment"),
                }
            )
            row.check()
            deal = context.editable_deal(row, found)
            place = (asset_id, deal.id, by_id, used_on)
            use = there.get(place)
            if use is None:
                use = Use(asset_id=asset_id, deal_id=deal.id, by_id=by_id, used_on=used_on, **facts)
                context.session.add(use)
                there[place] = use
                asset = context.get(Asset, asset_id)
                at = datetime.combine(used_on, time(), UTC) if used_on else None
                detail: dict[str, object] = {"asset": asset.key}
                add_past_event(context, deal, "use", asset.name, by_id=by_id, at=at, detail=detail)
                return Result.CREATED
            changed = {name: value for name, value in facts.items() if getattr(use, name) != value}
            if not changed:
                return Result.UNCHANGED
            for name, value in changed.items():
                setattr(use, name, value)
            context.session.add(use)
            detail = {"use": use.id, "changed": sorted(changed)}
            audit(context.session, context.by, "deal use", f"deal {deal.id}", detail)
            return Result.UPDATED

        apply_each(some, apply)


def _asset_id(context: ImportContext, text: str) -> int:
    found = context.asset_ids.get(plain(text))
    if found is None:
        raise Invalid(f"{quoted(text)} is no asset in the library.")
    return found
