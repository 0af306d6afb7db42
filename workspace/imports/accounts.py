"""Applies the rows of products, competitors and accounts."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from workspace.accounts.accounts import Account, Relationship, edit_account
from workspace.accounts.size_bands import headcount_band
from workspace.audit import audit
from workspace.changes import assign, differing
from workspace.deals.products import add_competitor, add_product, respell
from workspace.deals.tables import Competitor, Product
from workspace.imports.cells import brief, read_choice, read_domain, read_whole
from workspace.imports.context import ImportContext, NamedRow
from workspace.imports.meanings import Topic
from workspace.imports.messages import Notice, in_column, tell
from workspace.imports.money import read_money, sign_of
from workspace.imports.own_fields import read_own
from workspace.imports.rows import Result, Row, apply_each, parents_first, without_empty
from workspace.keys import joined, plain
from workspace.own_fields.fields import FieldSubject


def apply_products(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by the name without regard to capitals and spaces."""

    def apply(row: Row) -> Result:
        name = row.need_name("product", Product, "name")
        price, currency = read_price(context, row, "list_price")
        facts = without_empty(
            {
                **row.read_lines(Product, "family"),
                **row.read_prose(Product, "description"),
                "list_price": price,
                "currency": currency,
            }
        )
        row.check()
        return _put(context, "product", context.products, add_product, name, facts)

    apply_each(rows, apply)


def apply_competitors(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by the name without regard to capitals and spaces."""

    def apply(row: Row) -> Result:
        name = row.need_name("competitor", Competitor, "name")
        facts = without_empty(
            {
                "domain": row.read_optional("domain", read_domain),
                **row.read_prose(Competitor, "description"),
            }
        )
        row.check()
        return _put(context, "competitor", context.competitors, add_competitor, name, facts)

    apply_each(rows, apply)


def apply_accounts(context: ImportContext, rows: Sequence[Row]) -> None:
    """Matched by the name without regard to capitals and accents."""

    def apply(row: Row) -> Result:
        name = row.need_name("account", Account, "name")
        parent = context.read_account_name(row, "parent")
        relationship = row.read_optional(
            "relationship", lambda text: read_choice(text, map(str, Relationship))
        )
        facts = without_empty(
            {
                "domain": row.read_optional("domain", read_domain),
                "industry": row.read_optional("industry", context.codes.industry),
                "country": row.read_optional("country", context.codes.country),
                "relationship": relationship,
                "phone": row.read_phones(),
                **row.read_lines(Account, "street", "postcode", "city", "region"),
                **row.read_prose(Account, "description"),
            }
        )
        headcount, band = read_headcount(context, row)
        if headcount:
            facts["headcount"] = headcount
        addition = row.cells.get("add_to_description", "")
        if parent and plain(parent) == plain(name):
            row.leave_out("parent", tell(Notice.ITS_OWN_PARENT))
            parent = None
        row.check()
        match = context.accounts.described(name, facts.get("domain"), facts.get("country"))
        account = context.account_of(match, name)
        parent_account = context.find_account(parent) if parent else None
        if account and parent_account and _is_ancestor(context, account, parent_account):
            row.leave_out("parent", tell(Notice.PARENT_BELOW, parent=parent_account.name))
            parent = None
        facts |= read_own(context, row, FieldSubject.ACCOUNT, account.own if account else {})
        if band:
            facts |= _usual_headcount(context, row, account, band)
        if parent:
            parent_account = parent_account or context.add_account(parent, mentioned=True)
            facts["parent_id"] = parent_account.id
        if account is None:
            if addition:
                facts["description"] = addition
            if match.similar:
                similar = match.similar.name
                context.warn(tell(Notice.OTHER_ACCOUNT, name=brief(name), similar=similar))
            account = context.add_account(name, **facts)
            context.account_of_record_id[row.cells.get("record_id", "")] = account.id
            return Result.CREATED
        context.account_of_record_id[row.cells.get("record_id", "")] = account.id
        if addition and addition not in account.description:
            facts["description"] = f"{account.description}\n{addition}".strip()
        if (
            facts.get("relationship") == Relationship.PROSPECT
            and account.relationship == Relationship.CUSTOMER
            and account.id in context.won_account_ids
        ):
            # A won deal made the account a customer; an older file does not undo that.
            del facts["relationship"]
        changed = edit_account(context.session, account, context.by, facts)
        context.accounts.remember(account)
        return Result.UPDATED if changed else Result.UNCHANGED

    names = [row.cells.get("account", "") for row in rows]
    context.prefetch(Account, set().union(*map(context.accounts.ids_named, names)))
    apply_each(parents_first(list(rows), "account", "parent", plain), apply)


def _usual_headcount(
    context: ImportContext, row: Row, account: Account | None, band: tuple[int, int, int]
) -> dict[str, int]:
    """The headcount that a band gives an account, unless it has one in that band already."""
    low, high, usual = band
    if account and account.headcount is not None and low <= account.headcount <= high:
        return {}
    if low != high:
        text = brief(row.cells["headcount"])
        context.warn(tell(Notice.HEADCOUNT_READ, text=text, headcount=usual))
    return {"headcount": usual}


def read_headcount(
    context: ImportContext, row: Row
) -> tuple[int | None, tuple[int, int, int] | None]:
    """A headcount, or a band of them; neither where the cell is empty or cannot be read."""
    text = row.cells.get("headcount", "")
    if band := headcount_band(text):
        return None, band
    said = context.meanings.find(Topic.HEADCOUNT, text)
    if said is not None:
        return None, headcount_band(said)
    headcount = row.read_optional("headcount", read_whole)
    if headcount is None:
        context.meanings.ask(Topic.HEADCOUNT, text)
    return headcount, None


def read_price(context: ImportContext, row: Row, column: str) -> tuple[Decimal | None, str | None]:
    """An amount and its currency, from the currency column or from the amount's cell.

    An amount without its currency would be a wrong one, so that both are left out together.
    """
    money = row.read_optional(column, read_money)
    stated = None
    if "currency" in row:
        stated = row.read_optional("currency", context.codes.currency)
        if stated is None:
            return None, None
    if money is None or not money.possible:
        return (money.amount if money else None), stated
    if stated and stated not in money.possible:
        differ = tell(Notice.CURRENCIES_DIFFER, codes=sorted(money.possible), stated=stated)
        row.add_problem(in_column("currency", differ))
    if stated is None and money.currency is None:
        sign = sign_of(row.cells[column])
        said = context.meanings.find(Topic.CURRENCY, sign)
        if said in money.possible:
            return money.amount, said
        if said is None:
            context.meanings.ask(Topic.CURRENCY, sign)
        text, codes = brief(row.cells[column]), sorted(money.possible)
        row.leave_out(column, tell(Notice.ADD_CURRENCY, text=text, codes=codes))
        return None, None
    return money.amount, stated or money.currency


def _put(
    context: ImportContext,
    noun: str,
    by_name: dict[str, NamedRow],
    add: Callable[..., NamedRow],
    name: str,
    facts: dict[str, Any],
) -> Result:
    """Add the product or competitor of that name, or change the one that is there."""
    row = by_name.get(joined(name))
    if row is None:
        row = by_name[joined(name)] = add(context.session, name, **facts)
        audit(context.session, context.by, f"{noun} added", f"{noun} {row.id}")
        return Result.CREATED
    if row.listed:
        return _update(context, noun, row, facts)
    # An unlisted row may come from a deal that the importer cannot see, so the import reports it
    # like a new one.
    respell(context.session, row, name)
    _update(context, noun, row, facts | {"listed": True})
    return Result.CREATED


def _update(
    context: ImportContext, noun: str, row: Product | Competitor, facts: dict[str, Any]
) -> Result:
    changes = differing(row, facts)
    if not changes:
        return Result.UNCHANGED
    detail: dict[str, object] = {
        column: [str(getattr(row, column) or ""), str(value)] for column, value in changes.items()
    }
    assign(row, changes)
    context.session.add(row)
    audit(context.session, context.by, f"{noun} edited", f"{noun} {row.id}", detail)
    return Result.UPDATED


def _is_ancestor(context: ImportContext, account: Account, descendant: Account) -> bool:
    """Whether an account is `descendant` or one of its ancestors."""
    seen: set[int] = set()
    ancestor: Account | None = descendant
    while ancestor is not None and ancestor.id not in seen:
        if ancestor.id == account.id:
            return True
        seen.add(ancestor.id)
        parent_id = ancestor.parent_id
        ancestor = context.get(Account, parent_id) if parent_id else None
    return False
