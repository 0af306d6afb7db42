"""The types of fields in bodies and queries, with their limits."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct

Key = Annotated[str, Meta(min_length=1, max_length=80, description="The key of a record.")]
Label = Annotated[str, Meta(max_length=60)]
Postcode = Annotated[str, Meta(max_length=20)]
Short = Annotated[str, Meta(max_length=200)]
Required = Annotated[str, Meta(min_length=1, max_length=200)]
Line = Annotated[str, Meta(max_length=500)]
Text = Annotated[str, Meta(max_length=5_000)]
LongText = Annotated[str, Meta(max_length=20_000)]
Money = Annotated[
    Decimal, Meta(description="A number, or a text: at most 12 digits and 2 decimals.")
]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="A code of ISO 4217.")]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", description="A code of ISO 3166.")]
Day = date
Id = Annotated[str, Meta(pattern="^[0-9]{1,19}$", description="The `id` of a row.")]
Number = Annotated[int, Meta(ge=1, le=2**63 - 1)]
OwnValues = Annotated[
    dict[Key, str | list[str] | None],
    Meta(description="Values of own fields by their keys; null empties one."),
]


class Body(Struct, forbid_unknown_fields=True, kw_only=True):
    """A body: what it does not know, it refuses."""

    example: ClassVar[dict[str, Any]]


class Query(Struct, kw_only=True):
    """The parameters of a query."""


class DealFilters(Query):
    """What deals are narrowed down to."""

    q: Short = ""
    outcome: Literal["", "open", "won", "lost", "parked"] = ""
    stage: Label = ""
    industry: Label = ""
    size: Label = ""
    product: Short = ""
    competitor: Short = ""
    region: Label = ""
    owner: Short = ""
    account: Short = ""


class Found(Query):
    """A text to search a list for."""

    q: Short = ""
