"""Applies the rows of assets and their uses on deals."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from sqlmodel import col, select

from workspace.assets.assets import KINDS, Asset, Use, edit_asset, may_edit, publish
from workspace.audit import audit
from workspace.changes import assign, differing
from workspace.errors import Forbidden, Invalid
from workspace.imports.activity import add_past_event, start_of
from workspace.imports.cells import brief, read_boolean, read_choice, read_link
from workspace.imports.context import DealRows, ImportContext
from workspace.imports.dates import read_day
from workspace.imports.messages import Notice, in_column, said, tell
from workspace.imports.own_fields import read_own
from workspace.imports.rows import Result, Row, apply_each, max_length, without_empty
from workspace.keys import plain
from workspace.own_fields.fields import FieldSubject


def apply_assets(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by the name without regard to capitals and accents."""

    def apply(row: Row) -> Result:
        name = row.need_name("asset", Asset, "name")
        kind = row.read("kind", lambda text: read_choice(text, KINDS))
        products = context.read_names(row, "products")
        facts = _asset_facts(context, row)
        asset_id = context.asset_ids.get(plain(name))
        asset = context.get(Asset, asset_id) if asset_id is not None else None
        if asset is None and kind is None and "kind" not in row:
            row.add_problem(in_column("kind", tell(Notice.MISSING)))
        published = facts.get("published", asset.published if asset else None)
        expires = facts.get("expires", asset.expires if asset else None)
        if published and expires and expires < published:
            row.add_problem(in_column("expires", tell(Notice.EXPIRES_BEFORE)))
        row.check()
        if asset and context.viewer and not may_edit(context.viewer, asset):
            raise Forbidden(tell(Notice.ASSET_NOT_YOURS))
        facts |= read_own(context, row, FieldSubject.ASSET, asset.own if asset else {})
        product_ids = None
        if products is not None:
            product_ids = [product.id for product in context.find_or_add_products(products)]
        if asset is None:
            facts.setdefault("author_id", None)
            # `publish` would take today for an asset without a date, but a file tells of the past.
            published = facts.pop("published", None)
            facts["published"] = published or facts.get("expires")
            asset = publish(
                context.session, name, str(kind), context.by, product_ids or [], **facts
            )
            asset.published = published
            context.asset_ids[plain(name)] = asset.id
            context.remember(asset)
            return Result.CREATED
        facts |= {"kind": kind} if kind else {}
        changed = edit_asset(context.session, asset, context.by, facts, product_ids)
        return Result.UPDATED if changed else Result.UNCHANGED

    apply_each(rows, apply)


def _asset_facts(context: ImportContext, row: Row) -> dict[str, Any]:
    facts = without_empty(
        {
            "url": row.read_optional("url", lambda text: read_link(text, max_length(Asset, "url"))),
            "published": row.read_optional("published", read_day),
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
            context.warn(tell(Notice.WITHOUT_AUTHOR, message=said(problem)))
    return facts


def apply_uses(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by asset, deal, person and day."""
    for batch in context.deal_batches(rows):
        query = select(Use).where(col(Use.deal_id).in_(batch.deal_ids))
        uses = {
            (use.asset_id, use.deal_id, use.by_id, use.used_on): use
            for use in context.session.exec(query)
        }
        apply_each(batch.rows, partial(_apply_use, context, batch, uses))


def _apply_use(
    context: ImportContext,
    batch: DealRows,
    uses: dict[tuple[int, int, int | None, date | None], Use],
    row: Row,
) -> Result:
    asset_id = row.need("asset", lambda text: _asset_id(context, text))
    by_id = row.read("by", context.member_id)
    used_on = row.read("used_on", read_day)
    stage = row.read_optional("stage", context.stage)
    facts = without_empty(
        {
            "stage_id": stage.id if stage else None,
            "helped": row.read_optional("helped", read_boolean),
            **row.read_prose(Use, "comment"),
        }
    )
    row.check()
    deal = context.editable_deal(row, batch)
    key = (asset_id, deal.id, by_id, used_on)
    use = uses.get(key)
    if use is None:
        use = Use(asset_id=asset_id, deal_id=deal.id, by_id=by_id, used_on=used_on, **facts)
        context.session.add(use)
        uses[key] = use
        asset = context.get(Asset, asset_id)
        detail: dict[str, object] = {"asset": asset.key}
        add_past_event(
            context, deal, "use", asset.name, by_id=by_id, at=start_of(used_on), detail=detail
        )
        return Result.CREATED
    changes = differing(use, facts)
    if not changes:
        return Result.UNCHANGED
    assign(use, changes)
    context.session.add(use)
    detail = {"use": use.id, "changed": sorted(changes)}
    audit(context.session, context.by, "deal use", f"deal {deal.id}", detail)
    return Result.UPDATED


def _asset_id(context: ImportContext, text: str) -> int:
    asset_id = context.asset_ids.get(plain(text))
    if asset_id is None:
        raise Invalid(tell(Notice.NO_ASSET, name=brief(text)))
    return asset_id
