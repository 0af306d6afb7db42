"""Columns that decide what a file's rows mean: a file in which one would stay unread is refused.

A deal that was won must not become an open one because its stage has a name that nobody knows.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from workspace.deals.tables import CLOSED_OUTCOMES
from workspace.errors import Invalid
from workspace.imports.cells import brief
from workspace.imports.formats import column_name
from workspace.imports.messages import Notice, tell
from workspace.imports.rows import Row
from workspace.imports.stage_names import find_outcome, tells_closed
from workspace.keys import joined, plain


class Undecided(Invalid):
    """A file cannot be imported before these columns are said to be something, or left out."""

    def __init__(self, problem: str, titles: Sequence[str]) -> None:
        super().__init__(problem)
        self.titles = titles


@dataclass(frozen=True)
class _Topic:
    """Something that decides what rows mean: words in a column's name, and columns that tell it."""

    noun: str
    words: frozenset[str]
    columns: tuple[str, ...]


def _topic(noun: str, words: str, *columns: str) -> _Topic:
    return _Topic(noun, frozenset(words.split()), columns)


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
            "stage phase dealstage stagename etap faza stadium stufe etape etapa faze stupen fase"
            " vertriebsphase verkaufsphase этап стадия step_name pipeline_stage stage_id",
            *("stage", "status_reason"),
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
            " cloture cierre chiusura uzavreni закрытия завершения fechamento afsluitdatum",
            *("close_date", "closed", "expected_close"),
        ),
        _topic(
            "day on which a deal closed",
            "actual_close closed_at closed_on closed_date date_closed closing_day abgeschlossen_am"
            " geschlossen_am gewonnen_am",
            *("close_date", "closed", "won_on", "lost_on"),
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
        _topic(
            "order or an invoice",
            "order orders invoice invoices article articles sku quantity qty artikel menge auftrag"
            " bestellung rechnung ilosc zamowienie faktura количество заказ счет",
        ),
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


# The columns of which one tells how a deal stands.
_STANDING = ("stage", "status", "status_reason", "is_won", "is_closed")
# Words in a column's name that make it tell what was, or why.
_OF_THE_PAST = frozenset(["previous", "prior", "last", "first", "former", "history", "reason"])
# Outcomes that may be said of something else than the deal, such as its account or a contract.
_OF_OTHERS = frozenset(
    ["customer", "signed", "abandoned", "cancelled", "canceled", "disqualified", "успешно"]
)
# Details of deals, orders and invoices, and not of a company.
_OF_SALES = frozenset(
    ["total", "probability", "weighted", "forecast", "fiscal", "quarter", "month"]
)
# What systems count for each company and person: 'Closed deals', 'People', 'Total activities'.
_COUNTED = frozenset(
    [
        *("deals", "opportunities", "people", "persons", "contacts", "activities", "emails"),
        *("messages", "tasks", "notes", "files", "tickets", "cases"),
    ]
)
_COUNT = re.compile(r"[0-9]{1,5}")
_CHANCE = re.compile(
    r"probab|likelihood|chance|win_(rate|perc|prob)|wahrschein|prawdopod|вероятн|pravdepod|veroyat"
)
_CERTAIN = re.compile(r"(?:0|1|100)(?:[.,]0+)? ?%?")


@dataclass(frozen=True)
class Unread:
    """A column that would be left unread: its title, and the cell of each row."""

    title: str
    cells: Sequence[str]


def require_decisive(
    kind: str, columns: set[str], unread: Sequence[Unread], rows: Sequence[Row]
) -> None:
    """Refuse a file of which a column would be left unread that decides what its rows mean."""
    for topic in _DECISIVE.get(kind, ()):
        if columns.isdisjoint(topic.columns):
            for column in unread:
                _require_unnamed(topic, column)
    if kind == "deals":
        for column in unread:
            _require_no_count_of_deals(column)
            _require_no_outcome(column, columns, rows)
    if kind == "accounts":
        _require_understood(columns, unread)


def _require_unnamed(topic: _Topic, column: Unread) -> None:
    """Refuse a column whose name tells this topic."""
    name = column_name(column.title)
    words = set(name.split("_"))
    phrases = {word for word in topic.words if "_" in word and word in name}
    if _counts(column):
        return
    details = words & _DETAILS - topic.words - {
        part for word in phrases for part in word.split("_")
    }
    if (words & topic.words or phrases) and not details:
        about = {"title": column.title, "topic": topic.noun}
        message = (
            tell(Notice.UNREAD_TOPIC, **about, column=topic.columns[0])
            if topic.columns
            else tell(Notice.UNREAD_OTHER, **about)
        )
        raise Undecided(message, [column.title])


def _counts(column: Unread) -> bool:
    """Whether a column only says how many there are of something."""
    filled = [text for cell in column.cells if (text := cell.strip())]
    words = column_name(column.title).split("_")
    return not _COUNTED.isdisjoint(words) and all(map(_COUNT.fullmatch, filled))


def _require_no_count_of_deals(column: Unread) -> None:
    """Refuse as one of deals a file that counts them, as files of companies and people do."""
    if "deals" in column_name(column.title).split("_") and _counts(column):
        raise Undecided(tell(Notice.UNREAD_COUNT, title=column.title), [column.title])


def _require_no_outcome(column: Unread, columns: set[str], rows: Sequence[Row]) -> None:
    """Refuse a column of deals in which a cell says won or lost, and no other cell of its row."""
    name = column_name(column.title)
    if _OF_THE_PAST.intersection(name.split("_")):
        return
    standing = any(known in columns for known in _STANDING)
    telling = {text for text in set(column.cells) if _tells_outcome(text, name, standing=standing)}
    if not telling:
        return
    for text, row in zip(column.cells, rows, strict=True):
        if text in telling and row.result is None and not _tells_closing(row):
            message = tell(Notice.UNREAD_OUTCOME, title=column.title, text=brief(text))
            raise Undecided(message, [column.title])


def _tells_outcome(text: str, name: str, *, standing: bool) -> bool:
    """Whether a cell seems to tell how a deal ended; `standing` if another column may tell it."""
    # 'Won - better price' and '5. Lost (budget)'.
    # Where another column tells the stage, a comma or a colon may be one of a remark.
    ends = r"\s+[-–—]\s+|[/|(;]" if standing else r"\s+[-–—]\s+|[:/|(,;]"
    parts = [text, *re.split(ends, text)[:2]] if len(text) <= 80 else []
    words = [part for part in parts if find_outcome(part) in CLOSED_OUTCOMES]
    if any(joined(word) not in _OF_OTHERS for word in words):
        return True
    if standing:
        return False
    certain = _CHANCE.search(name) and _CERTAIN.fullmatch(text.strip())
    return bool(certain or tells_closed(text) or any(plain(word) != "customer" for word in words))


def _tells_closing(row: Row) -> bool:
    """Whether the cells that are read say that a deal is won, lost or closed."""
    said = [find_outcome(row.cells.get(column, "")) for column in ("stage", "status")]
    flags = [row.cells.get(column, "") for column in ("is_won", "is_closed")]
    return (
        any(outcome in CLOSED_OUTCOMES for outcome in said)
        or any(plain(flag) not in ("", "0", "no", "false") for flag in flags)
        or "won_on" in row
        or "lost_on" in row
    )


def _require_understood(columns: set[str], unread: Sequence[Unread]) -> None:
    """Refuse a file as one of accounts where too little of it is about accounts.

    A company stands in many kinds of files: in one of accounts, most columns are known or details.
    """
    known = columns - {"record_id"}
    details = _DETAILS - _OF_SALES
    strange = [
        column.title
        for column in unread
        if (name := column_name(column.title))
        and details.isdisjoint(name.split("_"))
        and not _counts(column)
    ]
    about_accounts = known & {"domain", "industry", "headcount"}
    if not about_accounts and len(known) < 4 and len(strange) > len(known):
        shown = [f"'{title}'" for title in strange[:5]]
        raise Undecided(tell(Notice.UNREAD_COLUMNS, titles=shown), strange)
