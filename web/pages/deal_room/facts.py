"""The form with a deal's facts: what it shows, what it changes, and what another member changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from web.edit_conflicts import Difference, EditForm, differences
from web.forms import Form
from web.own_fields import form_values, labels_of, read_own
from web.pages.deal_room.header import DealHeader
from web.rendering import money
from workspace.accounts.accounts import Account, find_account
from workspace.deals import lifecycle, lists
from workspace.deals.line_items import LONGEST_TERM, amounts_of_items, contract_value
from workspace.deals.lists import Choices
from workspace.deals.products import (
    choose_competitors,
    choose_products,
    competitors_of,
    products_of,
)
from workspace.deals.tables import Deal
from workspace.errors import Invalid, NotFound
from workspace.keys import row_of_key
from workspace.own_fields.fields import FieldSubject, OwnField, editable, fields_of
from workspace.own_fields.values import changed_values
from workspace.people import people
from workspace.people.tables import Person
from workspace.people.viewer import Viewer

# What the page calls a fact, where that is not the field's name.
LABELS = {
    "amount": "Contract value",
    "yearly": "Value per year",
    "term_months": "Term in months",
    "renews_on": "Renewal date",
    "next_step_on": "Due date",
    "product": "Products",
    "competitor": "Competitors",
}
# The facts that the card of details has a pencil for.
CARD_FACTS = (
    "account",
    "amount",
    "yearly",
    "term_months",
    "renews_on",
    "product",
    "competitor",
    "owner",
    "opened",
    "expected_close",
    "confidential",
)


@dataclass(frozen=True)
class FactsForm:
    """The form over a deal's facts."""

    form: EditForm
    chosen_products: list[str]
    chosen_competitors: list[str]
    # The field that takes the focus: the address of the form names it.
    focus: str
    version: int
    choices: Choices
    owners: list[tuple[str, str]]
    own: list[OwnField]


def facts_form(session: Session, viewer: Viewer, header: DealHeader, form: Form) -> FactsForm:
    """The form over a deal's facts: the saved ones, and what was sent over them."""
    deal = header.deal
    choices = lists.choices(session, viewer)
    products, competitors = products_of(session, deal.id), competitors_of(session, deal.id)
    own = editable(session, viewer, FieldSubject.DEAL)
    saved = {
        "name": deal.name,
        "account": header.account.name if header.account else "",
        "owner": header.owner_key or "",
        "amount": money(deal.amount).replace(",", ""),
        "currency": deal.currency or "",
        "yearly": money(deal.yearly).replace(",", ""),
        "term_months": str(deal.term_months or ""),
        "renews_on": str(deal.renews_on or ""),
        "opened": str(deal.opened or ""),
        "expected_close": str(deal.expected_close or ""),
        "use_case": deal.use_case,
        "notes": deal.notes,
        "next_step": deal.next_step,
        "next_step_on": str(deal.next_step_on or ""),
        "reason": deal.reason,
        "confidential": "on" if deal.confidential else "off",
        **form_values(own, deal.own),
    }
    sent = {name: value for name, value in form.values.items() if name in saved}
    linked = "links" in form.sent
    if form.is_conflict:
        theirs = {
            **saved,
            "owner": header.owner or "",
            "confidential": _yes_or_no(saved["confidential"]),
        }
        if linked:
            theirs |= {"product": _names(products), "competitor": _names(competitors)}
        changed = _differences(session, form, choices, theirs, {**LABELS, **labels_of(own)})
    return FactsForm(
        form=EditForm(
            values={**saved, **sent},
            wrong=form.wrong,
            differences=changed if form.is_conflict else None,
        ),
        chosen_products=form.sent.get("product", []) if linked else [key for key, _ in products],
        chosen_competitors=form.sent.get("competitor", [])
        if linked
        else [key for key, _ in competitors],
        focus=form.values.get("field", ""),
        version=deal.version,
        choices=choices,
        owners=_owners(session, header),
        own=own,
    )


def change_deal(session: Session, viewer: Viewer, deal: Deal, form: Form) -> None:
    """Change those facts of a deal that a form sends, and no others."""
    version = form.integer("version", 1)
    if version is None:
        form.refuse("version", "Required.")
    readers: dict[str, Any] = {
        "name": lambda: form.text("name", 200, required=True),
        "amount": lambda: form.money("amount"),
        "currency": lambda: form.currency("currency"),
        "yearly": lambda: form.money("yearly"),
        "term_months": lambda: form.integer("term_months", 1, LONGEST_TERM),
        "renews_on": lambda: form.day("renews_on"),
        "opened": lambda: form.day("opened"),
        "expected_close": lambda: form.day("expected_close"),
        "use_case": lambda: form.lines("use_case", 5_000),
        "notes": lambda: form.lines("notes", 20_000),
        "next_step": lambda: form.text("next_step", 500),
        "next_step_on": lambda: form.day("next_step_on"),
        "reason": lambda: form.text("reason", 500),
        "confidential": lambda: form.choice("confidential", ("on", "off")) == "on",
        "account_id": lambda: _account_id(session, form),
        "owner_id": lambda: _owner_id(session, deal, form),
    }
    sent = {"account_id": "account", "owner_id": "owner"}
    changes = {name: read() for name, read in readers.items() if sent.get(name, name) in form.sent}
    own = read_own(session, viewer, FieldSubject.DEAL, form, deal.own)
    if own != deal.own:
        changes["own"] = own
    linked = form.flag("links")
    choices = lists.choices(session, viewer)
    products = form.choices("product", [value for value, _ in choices.products])
    competitors = form.choices("competitor", [value for value, _ in choices.competitors])
    new_product = form.maybe("new_product", 200)
    new_competitor = form.maybe("new_competitor", 200)
    worth = changes.get("amount") or changes.get("yearly")
    if lifecycle.lacks_currency(worth, changes.get("currency", deal.currency)):
        form.refuse("currency", "Required with an amount.")
    form.done()
    changes |= _amounts(session, deal, changes)
    told = changed_values(fields_of(session, FieldSubject.DEAL), deal.own, own)
    lifecycle.edit(session, deal, viewer.person_id, changes, version=version, own=told)
    if linked:
        sold = choose_products(session, viewer, products, new_product)
        against = choose_competitors(session, viewer, competitors, new_competitor)
        lifecycle.change_links(session, deal, viewer.person_id, sold, against)


def _amounts(session: Session, deal: Deal, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The amounts that follow from line items and the term, or from a year's value."""
    term = changes.get("term_months", deal.term_months)
    if items := amounts_of_items(session, deal, term):
        return items
    yearly = changes.get("yearly", deal.yearly)
    if yearly and "amount" in changes and changes["amount"] is None:
        return {"amount": contract_value(Decimal(0), yearly, term)}
    return {}


def _account_id(session: Session, form: Form) -> int | None:
    name = form.text("account", 200)
    account: Account | None = find_account(session, name) if name else None
    if name and account is None:
        form.refuse("account", "There is no account of this name yet. Add it first.")
    return account.id if account else None


def _owners(session: Session, header: DealHeader) -> list[tuple[str, str]]:
    """Who may own a deal: active members, and who owns it already, though they have left."""
    active = people.active_members(session)
    if header.owner_key is None or any(key == header.owner_key for key, _ in active):
        return active
    return [(header.owner_key, f"{header.owner} (no longer active)"), *active]


def _owner_id(session: Session, deal: Deal, form: Form) -> int | None:
    key = form.text("owner", 80)
    if not key:
        return None
    owner = session.get(Person, deal.owner_id) if deal.owner_id else None
    if owner and owner.key == key:
        return owner.id
    try:
        return people.member_of(session, key).id
    except Invalid:
        form.refuse("owner", "Choose one of our members.")
        return None


def _differences(
    session: Session,
    form: Form,
    choices: Choices,
    theirs: Mapping[str, str],
    labels: Mapping[str, str],
) -> list[Difference]:
    """What was sent beside what is saved now, both in words: names in place of keys."""
    yours = {
        **form.values,
        "owner": _owner_name(session, form.values.get("owner", "")),
        "confidential": _yes_or_no(form.values.get("confidential")),
        "product": _chosen_names(form, "product", choices.products),
        "competitor": _chosen_names(form, "competitor", choices.competitors),
    }
    sent = {*form.values, "product", "competitor"}
    return differences(
        {name: value for name, value in yours.items() if name in sent}, theirs, labels
    )


def _yes_or_no(value: str | None) -> str:
    return "yes" if value == "on" else "no"


def _chosen_names(form: Form, field: str, options: list[tuple[str, str]]) -> str:
    selected = form.sent.get(field, [])
    added = form.values.get(f"new_{field}", "")
    names = [name for key, name in options if key in selected]
    return ", ".join(sorted(filter(None, [*names, added])))


def _names(linked: list[tuple[str, str]]) -> str:
    return ", ".join(sorted(name for _, name in linked))


def _owner_name(session: Session, key: str) -> str:
    """The name of the owner whose key a form sent."""
    try:
        person: Person = row_of_key(session, Person, key)
    except NotFound:
        return ""
    return person.name
