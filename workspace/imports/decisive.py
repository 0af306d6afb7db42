"""Columns that decide what a file's rows mean: a file in which one would stay unread is refused.

A deal that was won must not become an open one because its stage has a name that nobody knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from workspace.errors import Invalid
from workspace.imports.formats import column_name


@dataclass(frozen=True)
class _Topic:
    """Something that decides what rows mean: words in a column's name, and columns that tell it."""

    noun: str
    words: frozenset[str]
    columns: frozenset[str]


def _topic(noun: str, words: str, *columns: str) -> _Topic:
    return _Topic(noun, frozenset(words.split()), frozenset(columns))


_COMPANY_TOPIC = _topic(
    "company",
    "company companies account organization organisation customer client firm firma kunde kunden"
    " klient kontrahent unternehmen entreprise societe empresa cliente azienda spolecnost"
    " компания клиент employer",
    *("account", "account_id"),
)
_DECISIVE = {
    "deals": (
        _topic(
            "stage",
            "stage phase dealstage stagename etap faza stadium stufe status_reason"
            " этап стадия step_name pipeline_stage",
            "stage",
        ),
        _topic(
            "status",
            "status state outcome result won lost iswon isclosed stan wynik ergebnis"
            " статус closed_won closed_lost",
            *("status", "is_won", "is_closed"),
        ),
        _topic(
            "closing date",
            "close closed closing closedate abschluss abschlussdatum zamkniecia zakonczenia"
            " cloture cierre chiusura uzavreni",
            *("close_date", "closed", "expected_close"),
        ),
        _COMPANY_TOPIC,
    ),
    "people": (
        _COMPANY_TOPIC,
        _topic("e-mail address", "email mail emails", "email"),
    ),
    "accounts": (
        _topic("name of a person", "first_name last_name firstname lastname surname full_name"),
        _topic("job title of a person", "job_title jobtitle"),
        _topic("deal", "deal deals opportunity stage amount close_date closedate dealname"),
    ),
}
# Words in a column's name that make it a detail: 'Days in stage', 'Company phone'.
_DETAILS = frozenset(
    [
        "id",
        "ids",
        "days",
        "age",
        "duration",
        "time",
        "times",
        "timestamp",
        "previous",
        "prior",
        "last",
        "first",
        "history",
        "count",
        "number",
        "num",
        "probability",
        "reason",
        "notes",
        "note",
        "phone",
        "fax",
        "address",
        "street",
        "city",
        "zip",
        "postal",
        "country",
        "region",
        "currency",
        "source",
        "type",
        "category",
        "by",
        "change",
        "changed",
        "changes",
        "entered",
        "exited",
        "moved",
        "updated",
        "modified",
        "weighted",
        "score",
        "rank",
        "domain",
        "website",
        "url",
        "size",
        "industry",
        "owner",
        "link",
        "record",
        "links",
        "lead",
        "opt",
        "opted",
        "consent",
        "marketing",
        "unsubscribed",
        "verified",
        "bounced",
        "deliverable",
        "validation",
        "lifecycle",
        "employees",
        "revenue",
        "total",
        "forecast",
        "fiscal",
        "quarter",
        "month",
        "period",
        "balance",
        "primary",
        "next",
        "in",
    ]
)


def require_decisive(kind: str, columns: set[str], unread: Sequence[str]) -> None:
    """Refuse a file of which a column would be left unread that decides what its rows mean."""
    for topic in _DECISIVE.get(kind, ()):
        if topic.columns & columns:
            continue
        for title in unread:
            name = column_name(title)
            words = set(name.split("_"))
            hits = words & topic.words or any("_" in word and word in name for word in topic.words)
            if hits and not words & _DETAILS - topic.words:
                known = sorted(topic.columns)
                advice = f"call it '{known[0]}'" if known else "add the columns of such a file"
                raise Invalid(
                    f"Its column '{title}' would be left unread, but seems to tell the"
                    f" {topic.noun}: {advice}, or remove the column."
                )
