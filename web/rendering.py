"""Templates: the Jinja environment, its filters, and the addresses of static files."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from references.desk.calendar import shown
from references.suggestions import in_a_line
from similarity.scoring import Term
from web import session_cookie
from web.columns import WIDTHS, shares_of
from web.drafts import Drafts
from web.entry_links import path_of, source_label
from web.fragments import CacheTag
from web.help_places import help_for
from web.markdown import markdown
from web.path_diagram import draw
from web.routes import Request
from web.tour import tour_of
from workspace.accounts.geography import country_name
from workspace.accounts.industries import industry_name
from workspace.accounts.size_bands import size_band
from workspace.clock import now, today
from workspace.delivery.html_part import html_paragraphs
from workspace.delivery.outbox import without_secrets
from workspace.people.tables import language_name
from workspace.phones import dialled
from workspace.told import in_words
from workspace.value_lists import split_values

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
# The kinds of files that are served; the machine's own list of kinds may say otherwise. The
# framework adds the encoding to every kind of text.
KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml; charset=utf-8",
    ".woff2": "font/woff2",
}


def render(request: Request, template: str, context: Any) -> str:
    """A template with its context, called `page` there, the components of pages as `ui`, and what
    the layout needs."""
    viewer = request.scope.get("user")
    notice, undo = _notice(request)
    values = {
        "page": context,
        "viewer": viewer,
        "inbox": request.scope.get("inbox", 0),
        "conditions": request.scope.get("conditions", []),
        "path": request.url.path,
        "drafts": Drafts(request),
        "csrf_token": session_cookie.csrf_token(request),
        "theme": _preference(request, "theme", ("light", "dark"), "auto"),
        "shortcuts": _preference(request, "shortcuts", ("off",), "on") == "on",
        "notice": notice,
        "undo": undo,
        "back": _shown(request),
        "tour": tour_of(request) if viewer else None,
        "column_shares": partial(shares_of, request.cookies.get(WIDTHS, "")),
    }
    # Made once: a page is of many templates, and to import it in each takes longer than all else.
    components = environment().get_template("_ui.html").make_module(values)
    return environment().get_template(template).render(values, ui=components)


@cache
def environment() -> Environment:
    """The environment; an undefined name in a template is an error, not an empty string."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        # A server is started anew for other templates; to look for them at each use takes time.
        auto_reload=False,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[CacheTag],
    )
    templates.filters.update(
        money=money,
        round_money=round_money,
        short_money=short_money,
        sentence=sentence,
        day=day,
        edited=edited,
        weekday=lambda value: f"{value:%a} {value.day} {value:%b}",
        ago=ago,
        due=due,
        moment=shown,
        stored_moment=lambda text: shown(datetime.fromisoformat(text), "UTC"),
        without_secrets=without_secrets,
        number=number,
        percent=percent,
        file_size=file_size,
        industry=industry_name,
        country=country_name,
        language=language_name,
        size=size_band,
        initials=initials,
        segment=lambda text: quote(str(text), safe=""),
        listed=split_values,
        dialled=dialled,
        listing=listing,
        jointed=jointed,
        stored_value=stored_value,
        told=in_words,
        in_a_line=in_a_line,
        # It escapes the text.
        mailed=lambda text: Markup(html_paragraphs(text)),  # noqa: S704
        markdown=markdown,
        chips=chips,
        drawing=draw,
        path_of=path_of,
        source_label=source_label,
        pairs=lambda values: [(value, value) for value in values],
        figure=lambda text: f"{float(text):,.10g}" if float(text) < 1e9 else f"{float(text):,.0f}",
        zip_same=lambda values: [(value, sentence(str(value))) for value in values],
    )
    templates.globals.update(
        help_for=help_for,
        static=static_path,
        today=today,
        query=query,
        changed_fields=changed_fields,
    )
    return templates


def money(amount: Decimal | None, currency: str | None = None) -> str:
    """'125,000 EUR'; cents only if there are any."""
    if amount is None:
        return ""
    whole = amount == amount.to_integral_value()
    return f"{amount:,.0f}" * whole + f"{amount:,.2f}" * (not whole) + f" {currency or ''}".rstrip()


def round_money(amount: Decimal, currency: str = "") -> str:
    """'125,000 EUR', without cents."""
    return f"{amount:,.0f} {currency}".rstrip()


def short_money(amount: Decimal, currency: str = "") -> str:
    """'1.25M EUR': three digits are enough for a figure at a glance."""
    for size, letter in ((Decimal(10**9), "B"), (Decimal(10**6), "M"), (Decimal(10**3), "k")):
        if abs(amount) >= size:
            return f"{amount / size:.3g}{letter} {currency}".rstrip()
    return f"{amount:.0f} {currency}".rstrip()


def sentence(text: str) -> str:
    """A text that begins with a capital."""
    return text[:1].upper() + text[1:]


def day(value: date | str | None) -> str:
    """'12 Mar 2026'; also takes an ISO date as text."""
    value = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{value.day} {value:%b %Y}" if value else ""


def edited(value: object, name: str) -> str:
    """A value on the timeline: amounts and days as everywhere else."""
    text = str(value)
    if name in ("amount", "yearly") and re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return money(Decimal(text))
    return day(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else text


def changed_fields(detail: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What an edit on the timeline changed, with the values before and after: own fields last."""
    columns = {name: values for name, values in detail.items() if name != "own"}
    return [*columns.items(), *detail.get("own", {}).items()]


def ago(value: datetime) -> str:
    """How long ago in the largest unit; after a month, the date."""
    seconds = (now() - value.astimezone(UTC)).total_seconds()
    if seconds < 60:
        return "just now"
    for unit, length, limit in (("min", 60, 3600), ("h", 3600, 86_400), ("d", 86_400, 30 * 86_400)):
        if seconds < limit:
            return f"{int(seconds // length)} {unit} ago"
    return day(value.date())


def due(value: date) -> str:
    """How far away a due date is."""
    days = (value - today()).days
    if days == 0:
        return "today"
    if days == 1:
        return "tomorrow"
    if days == -1:
        return "1 day overdue"
    return f"in {days} days" if days > 0 else f"{-days} days overdue"


def number(value: float | int, places: int = 0) -> str:
    """A number with thousands separators."""
    return f"{value:,.{places}f}"


def percent(value: float) -> str:
    """A share as a whole percentage."""
    return f"{value * 100:.0f}%"


def file_size(size: int) -> str:
    """The size of a file in megabytes, or in kilobytes if it is small."""
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1000))} kB"


def listing(value: object) -> str:
    """A value of an entry in the audit log: lists with commas, a change with an arrow."""
    if isinstance(value, list | tuple):
        changed = len(value) == 2 and all(isinstance(each, list) for each in value)
        return (" → " if changed else ", ").join(listing(each) or "none" for each in value)
    return str(value)


def stored_value(value: object) -> str:
    """A value of a row as its person reads it: days in words, yes or no, parts with commas."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {stored_value(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(stored_value, value))
    text = str(value)
    return day(text[:10]) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?", text) else text


def jointed(address: str) -> Markup:
    """An address, of mail or of a page, that breaks at its signs and not within words."""
    # It is escaped before.
    return Markup(re.sub(r"(?<=[@/])(?=.)|(?<=.)(?=\.)", "<wbr>", str(escape(address))))  # noqa: S704


def initials(name: str) -> str:
    """The initials of the first and the last name."""
    words = [word for word in name.split() if word[0].isalpha()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def chips(terms: Iterable[Term], most: int = 4) -> list[Term]:
    """The terms to show on a card: those that contribute and have a reason.

    Recency is left out, as the card shows the date anyway; likeness of the texts is shown only
    if there is nothing more specific.
    """
    contributing = [term for term in terms if term.contribution > 0 and term.because]
    specific = [term for term in contributing if term.name not in ("meaning", "recency")]
    return (specific or contributing)[:most]


def query(values: Mapping[str, Any], **changes: Any) -> str:
    """A query string of the values that are not empty."""
    merged = {**values, **changes}
    return urlencode({name: str(value) for name, value in merged.items() if value}, quote_via=quote)


@cache
def static_files() -> dict[str, Path]:
    """Every static file by its public name, which has a hash of its content."""
    files = {}
    for file in sorted(STATIC.rglob("*")):
        if file.suffix in KINDS:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
            files[f"{file.stem}.{digest}{file.suffix}"] = file
    return files


@cache
def static_path(name: str) -> str:
    """The address of a static file; it changes with the content, so browsers cache it."""
    file = STATIC / name
    return next(f"/static/{public}" for public, path in static_files().items() if path == file)


def _preference(request: Request, name: str, options: tuple[str, ...], default: str) -> str:
    chosen = request.cookies.get(name, "")
    return chosen if chosen in options else default


def _shown(request: Request) -> str:
    """The path and the query of the page that is shown."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _notice(request: Request) -> tuple[str, str]:
    """The notice of the last write, and the address that undoes it; empty where there is none."""
    try:
        told = bytes.fromhex(request.cookies.get("flash", "")).decode()[:600]
    except ValueError:
        return "", ""
    undo, _, notice = told.partition("\n")
    # Anyone can set a cookie of their own, and the form must stay on this site.
    return notice[:300], undo if undo.startswith("/deleted/") else ""
