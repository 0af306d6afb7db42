"""Formats: which kind of data a file holds, and which columns it has.

A file is recognised by its columns, never by its name or the order of its columns. A format maps
Dealkin's column names, which docs/importing.md documents, to other names for the same columns. A
file of another system is a `Format` of its own for an existing kind, with that system's column
names and a function that adapts a row to Dealkin's columns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from workspace.errors import Invalid
from workspace.imports import error_files
from workspace.imports.files import RawFile, RawRow
from workspace.imports.rows import Row
from workspace.keys import plain
from workspace.people.tables import Gathering

Cells = dict[str, str]


@dataclass(frozen=True)
class Format:
    """A kind of data, and the columns of a file that holds it."""

    kind: str
    # The file has this format if it has all columns of one of these sets.
    needs: tuple[frozenset[str], ...]
    # Dealkin's name of each column, with other names for it.
    columns: dict[str, tuple[str, ...]]
    # For a file of another system, whose column names replace Dealkin's: adapts a row's cells.
    adapt: Callable[[Cells], Cells] | None = None
    # Dealkin's name of each column, by the names that a header may have.
    by_header: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        by_header = {
            column_name(name): column
            for column, others in self.columns.items()
            for name in (others if self.adapt and others else (column, *others))
        }
        object.__setattr__(self, "by_header", by_header)


@dataclass(frozen=True)
class RecognisedFile:
    """A file whose format is known: its kind, and its rows by Dealkin's column names."""

    name: str
    digest: str
    kind: str
    header: list[str]
    rows: list[Row]
    warnings: list[str]


def column_name(name: str) -> str:
    """The normal form of a column's name: 'close_date' for 'Close Date', 'e_mail' for 'E-mail'."""
    return plain(name).replace(" ", "_")


def columns(text: str, **others: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The columns of a format, separated by commas, and other names for some of them."""
    return {column: others.get(column, ()) for column in text.split(",")}


def needs(*alternatives: str) -> tuple[frozenset[str], ...]:
    """Sets of columns for `Format.needs`, each separated by commas."""
    return tuple(frozenset(columns.split(",")) for columns in alternatives)


def _company(cells: Cells) -> Cells:
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


def _sales_team(cells: Cells) -> Cells:
    return cells | {"add_role": "rep"}


def _opportunity(cells: Cells) -> Cells:
    """The stage 'Engaging' is our Qualification; the sales agent gets the owner's seat."""
    if column_name(cells.get("stage", "")) == "engaging":
        cells["stage"] = "Qualification"
    return cells | {"seat": "owner"}


def _attendance(cells: Cells) -> Cells:
    """An event ends on the day on which it starts; an e-mail address is surer than a name."""
    person = cells.get("email") or cells.get("person") or cells.get("name")
    day = {"end": cells["start"]} if "start" in cells else {}
    return cells | day | {"person": person or "", "kind": Gathering.EVENT.value}


FORMATS = (
    Format(
        "products",
        needs("product"),
        columns("product,family,description,list_price,currency"),
    ),
    Format("competitors", needs("competitor"), columns("competitor,domain,description")),
    Format(
        "accounts",
        needs("account"),
        columns(
            "account,domain,industry,headcount,country,region,parent,relationship,description",
            account=("account name", "company", "company name"),
            domain=("website",),
            headcount=("employees", "number of employees"),
        ),
    ),
    Format(
        "members",
        needs("name,roles"),
        columns(
            "name,email,title,roles,active,manager,region,city,country,timezone,languages,"
            "home_town,skills,about,profile",
            email=("e-mail", "email address"),
        ),
    ),
    Format(
        "people",
        needs("name,email", "name,account"),
        columns(
            "name,email,account,title,department,city,country,languages,home_town,about,profile",
            email=("e-mail", "email address"),
            account=("account name", "company", "company name"),
            profile=("profile url", "linkedin", "linkedin url"),
        ),
    ),
    Format(
        "employment",
        needs("person,organisation"),
        columns(
            "person,organisation,title,department,start,end,source",
            organisation=("organization",),
        ),
    ),
    Format(
        "education",
        needs("person,institution"),
        columns("person,institution,degree,field,start,end,source"),
    ),
    Format(
        "memberships",
        needs("person,kind,organisation"),
        columns(
            "person,kind,organisation,role,start,end,source",
            organisation=("organization",),
        ),
    ),
    # The list of attendees that the organiser of an event exports.
    Format(
        "memberships",
        needs("person,organisation", "name,organisation", "email,organisation"),
        {
            "person": (),
            "name": ("name", "attendee"),
            "email": ("email", "e-mail", "email address"),
            "account": ("account", "company", "company name", "account name"),
            "title": ("title", "job title", "position"),
            "organisation": ("event",),
            "start": ("date",),
            "role": (),
            "source": (),
        },
        _attendance,
    ),
    Format(
        "deals",
        # Many kinds of files have a name, so a second column has to tell.
        needs(
            "deal",
            *(
                f"name,{column}"
                for column in [
                    "account",
                    "owner",
                    "stage",
                    "amount",
                    "opened",
                    "expected_close",
                    "closed",
                    "products",
                    "competitors",
                    "use_case",
                    "reason",
                    "next_step",
                    "next_step_on",
                ]
            ),
        ),
        columns(
            "deal,name,account,owner,stage,amount,currency,opened,expected_close,closed,products,"
            "competitors,use_case,notes,reason,confidential,next_step,next_step_on",
            deal=("deal key",),
            name=("deal name",),
            account=("account name",),
            products=("product",),
            competitors=("competitor",),
        ),
    ),
    Format(
        "stakeholders",
        needs(
            *(
                f"deal,person,{column}"
                for column in ["buying_role", "stance", "influence", "coverage", "reports_to"]
            )
        ),
        columns("deal,person,buying_role,stance,influence,coverage,reports_to,note"),
    ),
    Format("seats", needs("deal,role"), columns("deal,role,person,since")),
    Format(
        "assets",
        needs("asset"),
        columns(
            "asset,kind,summary,url,products,author,published,expires,withdrawn,language",
            products=("product",),
            url=("link",),
        ),
    ),
    Format(
        "uses",
        needs("asset,deal"),
        columns("asset,deal,stage,by,used_on,helped,comment"),
    ),
    Format("activity", needs("deal,text"), columns("deal,at,by,kind,text")),
    # The four files of the sales data set that many CRM courses use.
    Format(
        "products",
        needs("product,family,list_price"),
        {"product": (), "family": ("series",), "list_price": ("sales_price",)},
        dict,
    ),
    Format(
        "accounts",
        needs("account,industry,year_established"),
        {
            "account": (),
            "industry": ("sector",),
            "year_established": (),
            "revenue": (),
            "headcount": ("employees",),
            "country": ("office_location",),
            "parent": ("subsidiary_of",),
        },
        _company,
    ),
    Format(
        "members",
        needs("name,manager"),
        {"name": ("sales_agent",), "manager": (), "region": ("regional_office",)},
        _sales_team,
    ),
    Format(
        "deals",
        needs("deal,owner,stage"),
        {
            "deal": ("opportunity_id",),
            "owner": ("sales_agent",),
            "products": ("product",),
            "account": (),
            "stage": ("deal_stage",),
            "opened": ("engage_date",),
            "closed": ("close_date",),
            "amount": ("close_value",),
        },
        _opportunity,
    ),
)
# The order in which kinds are applied: a kind comes after the kinds that it refers to.
ORDER = tuple(dict.fromkeys(file_format.kind for file_format in FORMATS))
# A title or a remark may stand above the header, which is among the first rows.
_SEARCHED_ROWS = 10


def recognise(file: RawFile, formats: Sequence[Format] = FORMATS) -> RecognisedFile:
    """A file's kind and rows; `Invalid` if no format, or more than one, fits its columns."""
    if not file.rows:
        raise Invalid("It is empty.")
    for number, row in enumerate(file.rows[:_SEARCHED_ROWS]):
        above = file.rows[:number]
        matches = [
            file_format
            for file_format in _best_formats(row, formats)
            if _is_header(file_format, row, above)
        ]
        if len(matches) > 1:
            kinds = " or ".join(file_format.kind for file_format in matches)
            raise Invalid(f"Its columns could be those of {kinds}: add one that tells which.")
        if matches:
            return _rows_below(matches[0], file, row, file.rows[number + 1 :])
    header = ", ".join(" ".join(cell.split())[:40] for cell in file.rows[0].cells[:12])
    raise Invalid(
        f"Its columns ({header}) are not those of any file that can be imported; docs/importing.md"
        " lists them."
    )


def _is_header(file_format: Format, row: RawRow, above: list[RawRow]) -> bool:
    """Whether a row is the header: the first row, or the first wide row below remarks.

    Below the first row, at least half of the cells have to be columns of the format: a row of
    data may happen to contain the word that names a column.
    """
    if not above:
        return True
    width = _width(row)
    if any(_width(remark) >= width for remark in above):
        return False
    columns = _columns_of(file_format, row)
    return len(columns) >= 2 and len(columns) * 2 >= len(row.cells)


def _width(row: RawRow) -> int:
    """How many cells of a row have a text."""
    return sum(map(bool, map(column_name, row.cells)))


def _columns_of(file_format: Format, row: RawRow) -> set[str]:
    """The format's columns that a row names."""
    return {
        file_format.by_header[name]
        for name in map(column_name, row.cells)
        if name in file_format.by_header
    }


def _best_formats(header: RawRow, formats: Sequence[Format]) -> list[Format]:
    """The format with the most columns of this header, at most one a kind; several if tied."""
    best_of_kind: dict[str, tuple[int, Format]] = {}
    for file_format in formats:
        columns = _columns_of(file_format, header)
        if any(needed <= columns for needed in file_format.needs):
            score = len(columns)
            if file_format.kind not in best_of_kind or score > best_of_kind[file_format.kind][0]:
                best_of_kind[file_format.kind] = (score, file_format)
    best = max((score for score, _ in best_of_kind.values()), default=0)
    return [file_format for score, file_format in best_of_kind.values() if score == best]


def _rows_below(
    file_format: Format, file: RawFile, header: RawRow, raw_rows: list[RawRow]
) -> RecognisedFile:
    """The rows below a header, with their cells by Dealkin's column names."""
    names = [column_name(cell) for cell in header.cells]
    # An error file of an earlier import can be corrected and imported.
    is_error_file = names[:2] == [error_files.LINE, error_files.PROBLEM]
    positions: dict[str, int] = {}
    unknown: list[int] = []
    for position, name in enumerate(names):
        column = file_format.by_header.get(name)
        if column in positions:
            raise Invalid(f"Its column '{column}' is there more than once.")
        if column is not None:
            positions[column] = position
        elif not (is_error_file and position < 2):
            unknown.append(position)
    rows = [_row(file_format, raw, positions, len(names), is_error_file) for raw in raw_rows]
    warnings = [
        f"The column '{' '.join(header.cells[position].split())[:60]}' is not one of"
        f" {file_format.kind} and was left out."
        for position in unknown
        if names[position]
        or any(position < len(raw.cells) and raw.cells[position].strip() for raw in raw_rows)
    ]
    return RecognisedFile(
        name=file.name,
        digest=file.digest,
        kind=file_format.kind,
        header=header.cells,
        rows=rows,
        warnings=[*file.warnings, *warnings],
    )


def _row(
    file_format: Format, raw: RawRow, positions: dict[str, int], width: int, is_error_file: bool
) -> Row:
    cells = [error_files.unsafe(cell) for cell in raw.cells] if is_error_file else raw.cells
    row = Row(raw.line, cells, {})
    if raw.problem:
        row.fail(raw.problem)
    elif any(cell.strip() for cell in cells[width:]):
        row.fail(f"It has {len(cells)} cells, but the header has {width}.")
    else:
        by_column = {
            column: text
            for column, position in positions.items()
            if position < len(cells) and (text := cells[position].strip())
        }
        row.cells = file_format.adapt(by_column) if file_format.adapt else by_column
    return row
