"""Rows of other systems' exports, adapted to Dealkin's columns.

A function for each kind of file takes the cells of a row by the columns of its format.
"""

from workspace.deals.tables import CLOSED_OUTCOMES, Outcome
from workspace.imports.formats import Cells, column_name
from workspace.imports.stage_names import find_outcome
from workspace.keys import plain
from workspace.people.tables import Gathering

# What stands in a column 'Title' that holds forms of address instead of job titles.
_SALUTATIONS = frozenset(
    [*("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "herr", "frau", "pan", "pani", "mme", "m")]
)


def _full_name(cells: Cells) -> Cells:
    """First and last name together are the name."""
    parts = [cells.pop(column, "") for column in ("first_name", "middle_name", "last_name")]
    name = " ".join(part for part in parts if part)
    return cells if "name" in cells or not name else cells | {"name": name}


def located(cells: Cells) -> Cells:
    """The number of the house is part of the street, and so is a second line of it."""
    parts = [cells.pop(column, "") for column in ("street", "house_number")]
    street = " ".join(part for part in parts if part)
    lines = [line for line in (street, cells.pop("street_2", "")) if line]
    return cells | ({"street": ", ".join(lines)} if lines else {})


def contact(cells: Cells) -> Cells:
    """Names, numbers and addresses become one each; the row of a company is that of an account."""
    is_person = bool(cells.get("first_name") or cells.get("last_name"))
    cells = located(_full_name(cells))
    phones = [number for column in ("phone", "mobile") if (number := cells.pop(column, ""))]
    cells |= {"phone": "; ".join(phones)} if phones else {}
    if column_name(cells.get("title", "")) in _SALUTATIONS:
        del cells["title"]
    is_company = column_name(cells.pop("is_company", "")) in ("true", "yes", "1", "x", "company")
    if is_company and not is_person:
        # The row is a company's own, and what stands as its company is the parent.
        name, parent = cells.pop("name", ""), cells.pop("account", "")
        cells |= {"is_company": "yes", "account": name}
        cells |= {"parent": parent} if plain(parent) != plain(name) else {}
    return cells


def deal(cells: Cells) -> Cells:
    """The id is the key; a weighted amount stands in where there is no other.

    A status reason tells the stage where nothing else does, or that the deal is on hold.
    """
    record_id, weighted = cells.pop("record_id", ""), cells.pop("expected_revenue", "")
    if reason := cells.pop("status_reason", ""):
        held = find_outcome(reason) == Outcome.PARKED
        if held and find_outcome(cells.get("status", "")) not in CLOSED_OUTCOMES:
            cells["status"] = reason
        else:
            cells.setdefault("stage", reason)
    if record_id:
        cells.setdefault("deal", record_id)
    if weighted:
        cells.setdefault("amount", weighted)
    # 'Closed' is a date in some systems, and yes or no in others.
    if column_name(cells.get("closed", "")) in ("true", "false", "yes", "no", "1", "0"):
        cells.setdefault("is_closed", cells.pop("closed"))
    return cells


def company(cells: Cells) -> Cells:
    """The year of foundation and the revenue become a sentence of the description."""
    year, revenue = cells.pop("year_established", ""), cells.pop("revenue", "")
    facts = [f"founded in {year}"] if year else []
    facts += [f"annual revenue of {_grouped(revenue)} million US dollars"] if revenue else []
    sentence = ", ".join(facts)
    return cells | (
        {"add_to_description": f"{sentence[0].upper()}{sentence[1:]}."} if sentence else {}
    )


def _grouped(figure: str) -> str:
    try:
        return f"{float(figure):,.2f}".removesuffix(".00")
    except ValueError:
        return figure


def sales_team(cells: Cells) -> Cells:
    """The members of a sales team are sales representatives."""
    return cells | {"add_role": "rep"}


def opportunity(cells: Cells) -> Cells:
    """The stage 'Engaging' is our Qualification; the sales agent gets the owner's seat."""
    if column_name(cells.get("stage", "")) == "engaging":
        cells["stage"] = "Qualification"
    return cells | {"seat": "owner"}


def attendance(cells: Cells) -> Cells:
    """An event ends on the day on which it starts; an e-mail address is surer than a name."""
    cells = _full_name(cells)
    person = cells.get("email") or cells.get("person") or cells.get("name")
    day = {"end": cells["start"]} if "start" in cells else {}
    return cells | day | {"person": person or "", "kind": Gathering.EVENT.value}
