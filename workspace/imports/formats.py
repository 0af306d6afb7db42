"""Which kind of file a header means, and what its columns are called here.

A file is known by its columns, never by its name or their order. The names on the left are
ours, and what the README documents; those on the right are what else a column may be called.
A file of another system is one more `Format` of the kind that it holds, with the names that
its columns have there and a function that puts a row into our words.
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
    """One kind of file."""

    kind: str
    # Each set of columns that is enough to know it by.
    needs: tuple[frozenset[str], ...]
    columns: dict[str, tuple[str, ...]]
    # Of another system, whose names hold instead of ours; this puts a row into our words.
    adapt: Callable[[Cells], Cells] | None = None
    names: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        names = {
            column_name(name): column
            for column, others in self.columns.items()
            for name in (others if self.adapt and others else (column, *others))
        }
        object.__setattr__(self, "names", names)


@dataclass(frozen=True)
class RecognisedFile:
    """A file that is understood: its kind and its rows, in our words."""

    kind: str
    header: list[str]
    rows: list[Row]
    warnings: list[str]


def column_name(name: str) -> str:
    """A column's name however it is written: 'Close Date', 'close_date', 'E-mail'."""
    return plain(name).replace(" ", "_")


def columns(text: str, **others: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Columns, separated by commas, and the other names of some."""
    return {column: others.get(column, ()) for column in text.split(",")}


def needs(*alternatives: str) -> tuple[frozenset[str], ...]:
    """Sets of columns, each separated by commas."""
    return tuple(frozenset(columns.split(",")) for columns in alternatives)


def _company(cells: Cells) -> Cells:
    """The year of foundation and the revenue are told in the description."""
    year, revenue = cells.pop("year_established", ""), cells.pop("revenue", "")
    told = [f"founded in {year}"] if year else []
    told += [f"annual revenue of {_grouped(revenue)} million US dollars"] if revenue else []
    sentence = ", ".join(told)
    return cells | ({"told": f"{sentence[0].upper()}{sentence[1:]}."} if sentence else {})


def _grouped(figure: str) -> str:
    try:
        return f"{float(figure):,.2f}".removesuffix(".00")
    except ValueError:
        return figure


def _sales_team(cells: Cells) -> Cells:
    return cells | {"has_role": "rep"}


def _opportunity(cells: Cells) -> Cells:
    """Engaging is this pipeline's word for a first conversation; the agent sells the deal."""
    if column_name(cells.get("stage", "")) == "engaging":
        cells["stage"] = "Qualification"
    return cells | {"seat": "owner"}


def _attendance(cells: Cells) -> Cells:
    """An event is over on the day on which it began; an address tells who came better."""
    who = cells.get("email") or cells.get("person") or cells.get("name")
    day = {"end": cells["start"]} if "start" in cells else {}
    return cells | day | {"person": who or "", "kind": Gathering.EVENT.value}


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
            "name,email,title,roles,manager,region,city,country,timezone,languages,home_town,"
            "skills,about,profile",
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
    # Who came to an event, as its organiser has it.
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
        # A name alone could be anything's.
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
# What refers to other things comes after them.
ORDER = tuple(dict.fromkeys(each.kind for each in FORMATS))
# A title or a remark may stand above the header.
_SEARCHED = 10


def recognise(table: RawFile, formats: Sequence[Format] = FORMATS) -> RecognisedFile:
    """What a file means; `Invalid` where that is not clear."""
    if not table.rows:
        raise Invalid("It is empty.")
    for place, record in enumerate(table.rows[:_SEARCHED]):
        above = table.rows[:place]
        found = [each for each in _formats(record, formats) if _is_header(each, record, above)]
        if len(found) > 1:
            kinds = " or ".join(each.kind for each in found)
            raise Invalid(f"Its columns could be those of {kinds}: add one that tells which.")
        if found:
            return _rows_below(found[0], table, record, table.rows[place + 1 :])
    header = ", ".join(" ".join(cell.split())[:40] for cell in table.rows[0].cells[:12])
    raise Invalid(
        f"Its columns ({header}) are not those of any file that can be imported; the README"
        " lists them."
    )


def _is_header(found: Format, record: RawRow, above: list[RawRow]) -> bool:
    """Whether a line is a header: the first, or one below remarks; not a row with such words."""
    if not above:
        return True
    width = sum(map(bool, map(column_name, record.cells)))
    if any(sum(map(bool, map(column_name, each.cells))) >= width for each in above):
        return False
    known = {
        found.names[name] for cell in record.cells if (name := column_name(cell)) in found.names
    }
    return len(known) >= 2 and len(known) * 2 >= len(record.cells)


def _formats(record: RawRow, formats: Sequence[Format]) -> list[Format]:
    """The format that makes most of this header; several where they make the same of it."""
    written = [column_name(cell) for cell in record.cells]
    scores: dict[str, tuple[int, Format]] = {}
    for each in formats:
        columns = {each.names[name] for name in written if name in each.names}
        if any(needed <= columns for needed in each.needs):
            score = len(columns)
            if each.kind not in scores or score > scores[each.kind][0]:
                scores[each.kind] = (score, each)
    best = max((score for score, _ in scores.values()), default=0)
    return [each for score, each in scores.values() if score == best]


def _rows_below(
    found: Format, table: RawFile, header: RawRow, records: list[RawRow]
) -> RecognisedFile:
    """The rows below a header, in our words."""
    written = [column_name(cell) for cell in header.cells]
    # The error file of an earlier import may come back, mended.
    returned = written[:2] == [error_files.LINE, error_files.PROBLEM]
    places: dict[str, int] = {}
    unknown: list[int] = []
    for place, name in enumerate(written):
        column = found.names.get(name)
        if column in places:
            raise Invalid(f"Its column '{column}' is there more than once.")
        if column is not None:
            places[column] = place
        elif not (returned and place < 2):
            unknown.append(place)
    width = len(written)
    rows = []
    for record in records:
        cells = [error_files.unsafe(cell) for cell in record.cells] if returned else record.cells
        row = Row(record.line, cells, {})
        rows.append(row)
        if record.problem:
            row.fail(record.problem)
        elif any(cell.strip() for cell in cells[width:]):
            row.fail(f"It has {len(cells)} cells, but the header has {width}.")
        else:
            own = {
                column: text
                for column, place in places.items()
                if place < len(cells) and (text := cells[place].strip())
            }
            row.cells = found.adapt(own) if found.adapt else own
    warnings = [
        f"The column '{' '.join(header.cells[place].split())[:60]}' is not one of {found.kind}"
        " and was left out."
        for place in unknown
        if written[place] or any(place < len(r.cells) and r.cells[place].strip() for r in records)
    ]
    return RecognisedFile(found.kind, header.cells, rows, [*table.notes, *warnings])
