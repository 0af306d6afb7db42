"""vCards of all versions as rows: name, contact details, company, and related people.

Other lines of a card are dropped as they are read, so that large pictures cost nothing. An
unreadable line loses only itself.
"""

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from workspace.imports.files import RawRow
from workspace.value_lists import join_values

# The first line of a file of cards.
OPENING = "begin:vcard"
HEADER = [
    *("name", "email", "url", "company", "position", "related"),
    *("phone", "street", "postcode", "city", "country", "birthday"),
]

# What people are to each other at work; their families are nobody's business here.
RELATIONS = frozenset(
    {
        *("colleague", "co-worker", "coworker", "manager", "assistant"),
        *("contact", "acquaintance", "friend", "met"),
    }
)
_KNOWN_PROPERTIES = frozenset(
    {
        *("BEGIN", "END", "KIND", "X-ADDRESSBOOKSERVER-KIND", "X-ABSHOWAS", "AGENT", "UID"),
        *("FN", "N", "EMAIL", "URL", "X-SOCIALPROFILE", "ORG", "TITLE"),
        *("RELATED", "X-ABRELATEDNAMES", "X-ABLABEL", "TEL", "ADR", "BDAY"),
    }
)
# Numbers that nobody answers.
_UNANSWERED = frozenset({"fax", "pager", "modem", "textphone", "bbs"})
_PHYSICAL = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|$)")
_PROPERTY = re.compile(r'(?:([\w-]+)\.)?([\w-]+)((?:;(?:[^":]|"[^"]*")*)?):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';\s*([\w-]+)(?:=((?:"[^"]*"|[^";])*))?')
_ENCODED = re.compile(r"[^:]*QUOTED-PRINTABLE[^:]*:", re.IGNORECASE)
# Longer values are cut.
_LONGEST = 20_000
_PROFILES = re.compile(r"(?:^|[/.])(?:linkedin|xing)\.com/", re.IGNORECASE)
# What Apple writes around the labels that it knows itself.
_KNOWN_LABEL = re.compile(r"_\$!<(.*)>!\$_")


@dataclass
class _Property:
    """One line of a card: its value is decoded, but its commas and semicolons still escaped."""

    group: str
    name: str
    types: frozenset[str]
    preferred: bool
    value: str


@dataclass
class _Card:
    line: int
    properties: list[_Property] = field(default_factory=list)
    closed: bool = False

    def all(self, *names: str) -> list[_Property]:
        """The properties of these names, those that are preferred first."""
        named = [line for line in self.properties if line.name in names and line.value.strip()]
        return sorted(named, key=lambda line: not line.preferred)

    def first(self, name: str) -> str:
        """The value of a property; empty where the card has none."""
        named = self.all(name)
        return named[0].value if named else ""


def split(text: str) -> list[RawRow]:
    """A record for each card, below a header."""
    cards = list(_cards(text))
    by_uid = {_uid(uid): card for card in cards if (uid := card.first("UID"))}
    return [RawRow(1, HEADER), *(_record(card, by_uid) for card in cards)]


def _record(card: _Card, by_uid: dict[str, _Card]) -> RawRow:
    profiles = [
        plain
        for address in card.all("X-SOCIALPROFILE", "URL")
        if _PROFILES.search(plain := _unescaped(address.value))
    ]
    kind = (card.first("KIND") or card.first("X-ADDRESSBOOKSERVER-KIND")).strip().lower()
    shown_as = card.first("X-ABSHOWAS").strip().lower()
    name, company, problem, left_out = _name(card), _parts(card.first("ORG"))[0], "", ""
    is_group = kind not in ("", "individual") or shown_as == "company"
    if is_group or (company and not name):
        name, company = "", name or company
        left_out = (
            "A card is that of a group or an organisation, not of a person, and was left out."
        )
    elif not card.closed:
        problem = "The card has no end."
    cells = [
        name,
        join_values(_emails(card)),
        profiles[0] if profiles else "",
        company,
        _unescaped(card.first("TITLE")),
        join_values(_related(card, by_uid)),
        join_values(_phones(card)),
        *_address_at_work(card),
        card.first("BDAY"),
    ]
    return RawRow(card.line, cells, problem, left_out)


def _name(card: _Card) -> str:
    """The name without titles and the like, where the card tells which they are."""
    family, given, middle, prefix, suffix = (_parts(card.first("N")) + [""] * 5)[:5]
    formatted = _unescaped(card.first("FN"))
    if given and family and (middle or prefix or suffix or not formatted):
        return f"{given} {family}"
    return formatted or given or family


def _emails(card: _Card) -> list[str]:
    written = [_unescaped(email.value) for email in card.all("EMAIL")]
    return [text.removeprefix("mailto:") for text in written if "@" in text and ";" not in text]


def _is_at_home(line: _Property) -> bool:
    """Whether a number is that of a home alone, which is not imported."""
    return "home" in line.types and not line.types & {"work", "cell"}


def _phones(card: _Card) -> list[str]:
    numbers = [
        re.sub("^tel:", "", _unescaped(line.value), flags=re.IGNORECASE)
        for line in card.all("TEL")
        if not line.types & _UNANSWERED and not _is_at_home(line)
    ]
    # An extension is a parameter of a number that is written as a link.
    return [number.replace(";ext=", " ext. ").partition(";")[0] for number in numbers]


def _address_at_work(card: _Card) -> list[str]:
    """Street, postcode, city and country; home addresses are not imported."""
    for line in card.all("ADR"):
        if "home" not in line.types:
            _box, extended, street, city, _region, postcode, country = (
                _parts(line.value) + [""] * 7
            )[:7]
            lines = [each for each in (street, extended) if each]
            return [", ".join(lines), postcode, city, country]
    return ["", "", "", ""]


def _related(card: _Card, by_uid: dict[str, _Card]) -> list[str]:
    """The people whom a card names as related, as 'relation: address or name'."""
    labels = {line.group: line.value for line in card.all("X-ABLABEL") if line.group}
    related = []
    for line in card.all("RELATED", "X-ABRELATEDNAMES"):
        label = labels.get(line.group, "") if line.group else ""
        known = _KNOWN_LABEL.fullmatch(label.strip())
        types = {known[1] if known else label} if label else line.types
        relations = sorted({kind.strip().lower() for kind in types or ["contact"]} & RELATIONS)
        who = _unescaped(line.value)
        other = by_uid.get(_uid(who))
        if other:
            who = (_emails(other) or [_name(other)])[0]
        who = who.removeprefix("mailto:").replace(";", ",")
        if who and relations:
            related.append(f"{relations[0]}: {who}")
    return related


def _cards(text: str) -> Iterator[_Card]:
    """The cards of a text; one that never ends is given as far as it goes."""
    card: _Card | None = None
    nested = 0
    before = ""
    for number, line in _lines(text):
        property_ = _property(line)
        if property_ is None:
            continue
        marks_card = property_.value.strip().lower() == "vcard"
        if property_.name == "BEGIN" and marks_card:
            if card and before == "AGENT":
                nested += 1
            else:
                if card:
                    yield card
                card, nested = _Card(number), 0
        elif property_.name == "END" and marks_card and card:
            if nested:
                nested -= 1
            else:
                card.closed = True
                yield card
                card = None
        elif card and not nested:
            card.properties.append(property_)
        before = property_.name
    if card:
        yield card


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of wanted properties, unfolded, each with the number of its first."""
    parts: list[str] | None = None
    start = length = 0
    # Whether the line goes on below without being indented, as in cards of version 2.1.
    open_end = False
    for number, match in enumerate(_PHYSICAL.finditer(text), start=1):
        line = match[1]
        goes_on = open_end or line[:1] in (" ", "\t")
        if not goes_on:
            if parts:
                yield start, "".join(parts)
            name = re.match(r"(?:[\w-]+\.)?([\w-]+)", line[:200])
            is_known = name is not None and name[1].upper() in _KNOWN_PROPERTIES
            parts, start, length = ([line[:_LONGEST]] if is_known else None), number, len(line)
            encoded = _ENCODED.match(line[:_LONGEST]) is not None
        elif parts and length < _LONGEST:
            piece = line if open_end else line[1:]
            parts.append(piece[:_LONGEST])
            length += len(piece)
        open_end = encoded and line.endswith("=")
        if open_end and parts:
            parts[-1] = parts[-1].removesuffix("=")
    if parts:
        yield start, "".join(parts)


def _property(line: str) -> _Property | None:
    match = _PROPERTY.fullmatch(line)
    if match is None:
        return None
    types: set[str] = set()
    charset = "utf-8"
    encoded = preferred = False
    for name, written in _PARAMETER.findall(match[3]):
        plain = written.strip().strip('"').lower()
        match name.lower():
            case "type":
                types.update(name.strip() for name in plain.split(","))
            case "encoding":
                encoded = plain == "quoted-printable"
            case "charset":
                charset = plain
            case "pref":
                preferred = True
            case "quoted-printable":
                encoded = True
            case bare if not written:
                types.add(bare)
    value = _decoded(match[4], charset) if encoded else match[4]
    preferred = preferred or "pref" in types
    kinds = frozenset(types - {"pref"})
    return _Property(match[1] or "", match[2].upper(), kinds, preferred, value)


def _decoded(value: str, charset: str) -> str:
    raw = quopri.decodestring(value.encode())
    try:
        return raw.decode(charset, errors="replace")
    except LookupError:
        return raw.decode(errors="replace")


def _parts(value: str) -> list[str]:
    """The parts of a value between semicolons, unescaped; one at least."""
    return [_unescaped(part) for part in re.findall(r"((?:\\.|[^;\\])*)(?:;|$)", value)] or [""]


def _unescaped(value: str) -> str:
    plain = re.sub(r"\\(.)", lambda escape: " " if escape[1] in "nN" else escape[1], value)
    return " ".join(plain.split())


def _uid(text: str) -> str:
    return text.strip().lower().removeprefix("urn:uuid:")
