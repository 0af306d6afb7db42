"""Formats: which kind of data a file holds, and which columns it has; here those of Dealkin itself.

A format maps Dealkin's column names, which docs/importing.md documents, to other names for the same
columns. A file of another system is a `Format` of its own for an existing kind, with that system's
column names and a function that adapts a row to Dealkin's columns (`adapted_rows.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from workspace.keys import plain

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


def column_name(name: str) -> str:
    """The normal form of a column's name: 'close_date' for 'Close Date', 'e_mail' for 'E-mail'."""
    # A longer text names no column, and a cell may be as long as a file.
    return plain(name[:200]).replace(" ", "_")


def columns(text: str, **others: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The columns of a format, separated by commas, and other names for some of them."""
    return {column: others.get(column, ()) for column in text.split(",")}


def needs(*alternatives: str) -> tuple[frozenset[str], ...]:
    """Sets of columns for `Format.needs`, each separated by commas."""
    return tuple(frozenset(columns.split(",")) for columns in alternatives)


_PHONE = ("telephone", "phone number")
_POSTCODE = ("postal code", "zip code")

OWN_FORMATS = (
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
            "account,domain,industry,headcount,phone,street,postcode,city,country,region,parent,"
            "relationship,description",
            account=("account name", "company", "company name"),
            domain=("website",),
            headcount=("employees", "number of employees"),
            phone=_PHONE,
            postcode=_POSTCODE,
        ),
    ),
    Format(
        "members",
        needs("name,roles"),
        columns(
            "name,email,title,roles,active,manager,region,phone,city,country,timezone,languages,"
            "home_town,skills,about,profile",
            email=("e-mail", "email address"),
            phone=_PHONE,
        ),
    ),
    Format(
        "people",
        needs("name,email", "name,account"),
        columns(
            "name,email,account,title,department,phone,street,postcode,city,country,languages,"
            "home_town,about,profile",
            email=("e-mail", "email address"),
            account=("account name", "company", "company name"),
            phone=_PHONE,
            postcode=_POSTCODE,
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
            "competitors,use_case,notes,reason,confidential,next_step,next_step_on,status,"
            "parked_reason,wakes_on,wakes_when,yearly,term_months,renews_on",
            deal=("deal key",),
            status=("outcome",),
            yearly=("annual value", "arr", "value per year", "recurring amount"),
            term_months=("term", "contract term"),
            renews_on=("renewal date", "renewal"),
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
    Format(
        "items",
        needs("deal,product,price", "deal,product,quantity"),
        columns(
            "deal,product,quantity,price,recurring",
            deal=("deal key",),
            price=("unit price",),
            quantity=("qty",),
        ),
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
)
