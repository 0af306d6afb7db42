"""The people on the buyers' side of deals, from a file."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, select

from workspace.deals.stakeholders import (
    BUYING_ROLES,
    COVERAGES,
    INFLUENCES,
    STANCES,
    Stakeholder,
    add_stakeholder,
    edit_stakeholder,
)
from workspace.deals.tables import Deal
from workspace.errors import Invalid
from workspace.imports.cells import quoted, read_choice
from workspace.imports.context import CHUNK, ImportContext
from workspace.imports.rows import Result, Row, apply_each, parents_first, without_empty
from workspace.keys import plain


def apply_stakeholders(context: ImportContext, rows: Sequence[Row]) -> None:
    """Key: deal and person."""
    ordered = _superiors_first(context, rows)
    for start in range(0, len(ordered), CHUNK):
        some = ordered[start : start + CHUNK]
        found = context.find_deals(some)
        ids = [deal.id for deals in found.values() for deal in deals]
        there: dict[tuple[int, int], Stakeholder] = {}
        for row in context.session.exec(
            select(Stakeholder).where(col(Stakeholder.deal_id).in_(ids))
        ):
            there[row.deal_id, row.person_id] = row

        def apply(
            row: Row,
            found: dict[str, list[Deal]] = found,
            there: dict[tuple[int, int], Stakeholder] = there,
        ) -> Result:
            person_id = row.need("person", context.person_id)
            facts: dict[str, Any] = without_empty(
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
            deal = context.editable_deal(row, found)
            if superior_id is not None:
                superior = there.get((deal.id, superior_id))
                if superior is None:
                    name = quoted(row.cells["reports_to"])
                    raise Invalid(f"reports_to: {name} is no stakeholder of this deal.")
                facts["reports_to_id"] = superior.id
            stakeholder = there.get((deal.id, person_id))
            if stakeholder is None:
                there[deal.id, person_id] = add_stakeholder(
                    context.session, deal, person_id, context.by, **facts
                )
                return Result.CREATED
            if all(getattr(stakeholder, name) == value for name, value in facts.items()):
                return Result.UNCHANGED
            edit_stakeholder(context.session, stakeholder, context.by, facts)
            return Result.UPDATED

        apply_each(some, apply)


def _superiors_first(context: ImportContext, rows: Sequence[Row]) -> list[Row]:
    """The rows in an order in which nobody comes before the one whom they report to."""

    def same(text: str) -> str:
        try:
            return str(context.person_id(text))
        except Invalid:
            return plain(text)

    of_deals: dict[str, list[Row]] = {}
    for row in rows:
        of_deals.setdefault(row.cells.get("deal", ""), []).append(row)
    return [
        row
        for group in of_deals.values()
        for row in parents_first(group, "person", "reports_to", same)
    ]


def _word(row: Row, column: str, words: Sequence[str]) -> str | None:
    return row.read(column, lambda text: read_choice(text, words))
