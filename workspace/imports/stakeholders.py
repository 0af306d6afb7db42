"""Applies the rows of stakeholders."""

from collections.abc import Sequence
from functools import partial

from sqlmodel import col, select

from workspace.changes import differing
from workspace.deals.stakeholders import (
    BUYING_ROLES,
    COVERAGES,
    INFLUENCES,
    STANCES,
    add_stakeholder,
    edit_stakeholder,
)
from workspace.deals.tables import Stakeholder
from workspace.errors import Invalid
from workspace.imports.cells import brief, read_choice
from workspace.imports.context import DealRows, ImportContext
from workspace.imports.messages import Notice, in_column, tell
from workspace.imports.rows import Result, Row, apply_each, parents_first, without_empty
from workspace.keys import plain


def apply_stakeholders(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by deal and person."""
    for batch in context.deal_batches(_superiors_first(context, rows)):
        query = select(Stakeholder).where(col(Stakeholder.deal_id).in_(batch.deal_ids))
        stakeholders = {
            (stakeholder.deal_id, stakeholder.person_id): stakeholder
            for stakeholder in context.session.exec(query)
        }
        apply_each(batch.rows, partial(_apply_stakeholder, context, batch, stakeholders))


def _apply_stakeholder(
    context: ImportContext,
    batch: DealRows,
    stakeholders: dict[tuple[int, int], Stakeholder],
    row: Row,
) -> Result:
    person_id = row.need("person", context.person_id)
    facts = without_empty(
        {
            "buying_role": _word(row, "buying_role", BUYING_ROLES),
            "stance": _word(row, "stance", STANCES),
            "influence": _word(row, "influence", INFLUENCES),
            "coverage": _word(row, "coverage", COVERAGES),
            **row.read_lines(Stakeholder, "note"),
        }
    )
    superior_id = row.read("reports_to", context.person_id)
    row.check()
    deal = context.editable_deal(row, batch)
    if superior_id is not None:
        superior = stakeholders.get((deal.id, superior_id))
        if superior is None:
            nobody = tell(Notice.NO_STAKEHOLDER, name=brief(row.cells["reports_to"]))
            raise Invalid(in_column("reports_to", nobody))
        facts["reports_to_id"] = superior.id
    stakeholder = stakeholders.get((deal.id, person_id))
    if stakeholder is None:
        stakeholders[deal.id, person_id] = add_stakeholder(
            context.session, deal, person_id, context.by, **facts
        )
        return Result.CREATED
    if not differing(stakeholder, facts):
        return Result.UNCHANGED
    edit_stakeholder(context.session, stakeholder, context.by, facts)
    return Result.UPDATED


def _superiors_first(context: ImportContext, rows: Sequence[Row]) -> list[Row]:
    """The rows in an order in which no stakeholder comes before their superior."""

    def identity(text: str) -> str:
        try:
            return str(context.person_id(text))
        except Invalid:
            return plain(text)

    by_deal: dict[str, list[Row]] = {}
    for row in rows:
        by_deal.setdefault(row.cells.get("deal", ""), []).append(row)
    return [
        row
        for deal_rows in by_deal.values()
        for row in parents_first(deal_rows, "person", "reports_to", identity)
    ]


def _word(row: Row, column: str, words: Sequence[str]) -> str | None:
    return row.read(column, lambda text: read_choice(text, words))
