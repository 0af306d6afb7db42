"""Products, competitors and accounts from a file."""

from collections.abc import Sequence

from workspace.accounts.accounts import Account, Relationship, edit_account
from workspace.audit import audit
from workspace.deals.products import add_competitor, add_product, respell
from workspace.deals.tables import Competitor, Product
from workspace.imports.cells import (
    Money,
    read_choice,
    read_currency,
    read_domain,
    read_money,
    read_whole,
)
from workspace.imports.context import CHUNK, ImportContext
from workspace.imports.rows import Result, Row, apply_each, parents_first, without_empty
from workspace.keys import joined, plain


def apply_products(context: ImportContext, rows: Sequence[Row]) -> None:
    """Key: the name, without regard to capitals and spaces."""

    def apply(row: Row) -> Result:
        name = row.need_name("product", Product, "name")
        price = row.read("list_price", read_money)
        facts = without_empty(
            {
                **row.read_lines(Product, "family"),
                **row.read_prose(Product, "description"),
                "list_price": price.amount if price else None,
                "currency": read_row_currency(row, price),
            }
        )
        row.check()
        found = context.products.get(joined(name))
        if found is None:
            found = add_product(context.session, name, **facts)
            context.products[joined(name)] = found
            audit(context.session, context.by, "product added", f"product {found.id}")
            return Result.CREATED
        if not found.listed:
            # As if it were new: it may be on a deal that is hidden from the one who imports.
            respell(context.session, found, name)
            _update(context, found, "product", facts | {"listed": True})
            return Result.CREATED
        return _update(context, found, "product", facts)

    apply_each(rows, apply)


def apply_competitors(context: ImportContext, rows: Sequence[Row]) -> None:
    """Key: the name, without regard to capitals and spaces."""

    def apply(row: Row) -> Result:
        name = row.need_name("competitor", Competitor, "name")
        facts = without_empty(
            {
                "domain": row.read("domain", read_domain),
                **row.read_prose(Competitor, "description"),
            }
        )
        row.check()
        found = context.competitors.get(joined(name))
        if found is None:
            found = add_competitor(context.session, name, **facts)
            context.competitors[joined(name)] = found
            audit(context.session, context.by, "competitor added", f"competitor {found.id}")
            return Result.CREATED
        if not found.listed:
            # As if it were new: it may be on a deal that is hidden from the one who imports.
            respell(context.session, found, name)
            _update(context, found, "competitor", facts | {"listed": True})
            return Result.CREATED
        return _update(context, found, "competitor", facts)

    apply_each(rows, apply)


def apply_accounts(context: ImportContext, rows: Sequence[Row]) -> None:
    """Key: the name, without regard to capitals and accents."""

    def apply(row: Row) -> Result:
        name = row.need_name("account", Account, "name")
        parent = context.read_account_name(row, "parent")
        relationship = row.read(
            "relationship", lambda text: read_choice(text, map(str, Relationship))
        )
        facts = without_empty(
            {
                "domain": row.read("domain", read_domain),
                "industry": row.read("industry", context.industry),
                "headcount": row.read("headcount", read_whole),
                "country": row.read("country", context.country),
                "relationship": relationship,
                **row.read_lines(Account, "region"),
                **row.read_prose(Account, "description"),
            }
        )
        told = row.cells.get("told", "")
        if parent and plain(parent) == plain(name):
            row.add_problem("parent: An account cannot belong to itself.")
        row.check()
        found = context.find_account(name)
        if parent:
            above = context.find_account(parent)
            if above is not None and found is not None and _is_above(context, found, above):
                row.add_problem("parent: It belongs to this account already.")
                row.check()
            facts["parent_id"] = (above or context.add_account(parent, mentioned=True)).id
        if found is None:
            if told:
                facts["description"] = told
            context.add_account(name, **facts)
            return Result.CREATED
        if told and told not in found.description:
            facts["description"] = f"{found.description}\n{told}".strip()
        if (
            facts.get("relationship") == Relationship.PROSPECT
            and found.relationship == Relationship.CUSTOMER
            and found.id in context.won_account_ids
        ):
            # A deal that was won has made it a customer; a file from before does not undo it.
            del facts["relationship"]
        changed = edit_account(context.session, found, context.by, facts)
        return Result.UPDATED if changed else Result.UNCHANGED

    for start in range(0, len(rows), CHUNK):
        names = (plain(row.cells.get("account", "")) for row in rows[start : start + CHUNK])
        context.prefetch(
            Account, (context.account_ids[name] for name in names if name in context.account_ids)
        )
    apply_each(parents_first(list(rows), "account", "parent", plain), apply)


def read_row_currency(row: Row, money: Money | None) -> str | None:
    """The currency of an amount, from its own column or from its cell."""
    stated = row.read("currency", read_currency)
    written = money.currency if money else None
    # A plain dollar sign is that of any dollar.
    if stated and written and stated != written and written != "USD":
        row.add_problem(f"currency: The amount is in {written}, the column says {stated}.")
    return stated or written


def _update(
    context: ImportContext, found: Product | Competitor, noun: str, facts: dict[str, object]
) -> Result:
    changed = {name: value for name, value in facts.items() if getattr(found, name) != value}
    if not changed:
        return Result.UNCHANGED
    detail: dict[str, object] = {
        name: [str(getattr(found, name) or ""), str(value)] for name, value in changed.items()
    }
    for name, value in changed.items():
        setattr(found, name, value)
    context.session.add(found)
    audit(context.session, context.by, f"{noun} edited", f"{noun} {found.id}", detail)
    return Result.UPDATED


def _is_above(context: ImportContext, account: Account, other: Account) -> bool:
    """Whether `other` is `account` or belongs to it, however far down."""
    seen: set[int] = set()
    at: Account | None = other
    while at is not None and at.id not in seen:
        if at.id == account.id:
            return True
        seen.add(at.id)
        at = context.get(Account, at.parent_id) if at.parent_id else None
    return False
