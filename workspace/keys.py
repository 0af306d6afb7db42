"""Keys: the short, stable names by which URLs and files refer to things."""

import difflib
import re
import secrets
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from sqlmodel import Session, SQLModel, col, select

from workspace.database import batches
from workspace.errors import NotFound
from workspace.new_rows import number_rows

Table = TypeVar("Table", bound=SQLModel)

# NFKD separates most accents from their letters; these letters do not decompose.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})

# Cyrillic as passports and English texts write it (Russian, Ukrainian, Belarusian, Bulgarian,
# Serbian, Macedonian), and modern Greek.
_ROMAN = str.maketrans(
    {
        **dict(zip("абвгдезийклмнопрстуфыэ", "abvgdeziyklmnoprstufye", strict=True)),
        **{"ё": "yo", "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch"},
        **{"ъ": "", "ь": "", "ю": "yu", "я": "ya", "і": "i", "ї": "yi", "є": "ye", "ґ": "g"},
        **{"ў": "u", "ђ": "dj", "ѓ": "gj", "ѕ": "dz", "ј": "j", "љ": "lj", "њ": "nj", "ќ": "kj"},
        **{"ћ": "c", "џ": "dz"},
        **dict(zip("αβγδεζηικλμνξοπρσςτυω", "avgdeziiklmnxoprsstyo", strict=True)),
        **{"θ": "th", "φ": "f", "χ": "ch", "ψ": "ps"},
    }
)

# ASCII characters as `plain` has them: small letters, digits, and spaces for all others.
_ASCII = {
    code: character.lower() if (character := chr(code)).isalnum() else " " for code in range(128)
}
_BETWEEN_WORDS = re.compile(r"[\W_]+")

# Without the letters and digits that people confuse: 0 and o, 1, i and l.
_KEY_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"
_DIGITS = 8


def plain(text: str) -> str:
    """Lower case without accents and with one space between words: for comparing names."""
    if text.isascii():
        # Most names need no more, and imports compare many.
        return " ".join(text.translate(_ASCII).split())
    # Case folding lowers ordinary capitals only, so NFKD comes first: it turns letters of other
    # shapes into ordinary ones. Folding may yield letters that decompose again.
    ordinary = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    folded = unicodedata.normalize("NFKD", ordinary)
    kept = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return " ".join(_BETWEEN_WORDS.sub(" ", kept).split())


def romanised(text: str) -> str:
    """Like `plain`, with Cyrillic and Greek in Latin letters: 'gazprom' for 'Газпром'."""
    # Cyrillic й would lose its breve to `plain`, and Greek ά has an accent to lose.
    return plain(plain(text.casefold().translate(_ROMAN)).translate(_ROMAN))


def joined(text: str) -> str:
    """Like `plain`, without spaces: the same for 'GTXPro' and 'GTX Pro'."""
    return plain(text).replace(" ", "")


def find_named(by_name: Mapping[str, str], name: str, *, exactly: bool) -> str | None:
    """The value of a name, or, unless `exactly`, of the most similar name; None if none is near."""
    if name in by_name:
        return by_name[name]
    similar = [] if exactly else difflib.get_close_matches(name, by_name, n=1, cutoff=0.87)
    return by_name[similar[0]] if similar else None


def slug(text: str) -> str:
    """`text` as a part of a URL, at most 60 characters; empty if no letter or digit is left."""
    ascii_only = re.sub(r"[^a-z0-9]+", "-", romanised(text)).strip("-")
    return ascii_only[:60].rstrip("-")


def row_of_key(session: Session, table: type[Table], key: str) -> Table:
    """The row of that key, or NotFound."""
    column = col(table.key)  # type: ignore[attr-defined]
    row = session.exec(select(table).where(column == key)).first()
    if row is None:
        raise NotFound(f"There is no such {table.__name__.lower()}.")
    return row


def free_key(session: Session, table: type[SQLModel], text: str) -> str:
    """A key for a new row of `table`, made from `text`, that no other row has."""
    stem = slug(text) or table.__name__.lower()
    column = col(table.key)  # type: ignore[attr-defined]

    def taken(numbers: Iterable[int]) -> set[int]:
        keys = {f"{stem}-{number}": number for number in numbers}
        return {keys[key] for key in session.exec(select(column).where(column.in_(keys)))}

    # 'new' is no key: /accounts/new is the form for a new account.
    if stem != "new" and session.exec(select(column).where(column == stem)).first() is None:
        return stem
    # Thousands of names may have the same stem, so a search with 32 probes a query narrows the
    # range between the last number that is taken and the first that is free.
    last, free = 1, 2**30
    probes: Iterable[int] = [2**power for power in range(1, 30)]
    while free - last > 1:
        numbers_taken = taken(probes)
        for probe in probes:
            if probe not in numbers_taken:
                free = probe
                break
            last = probe
        probes = range(last + 1, free, (free - last) // 32 + 1)
    return f"{stem}-{free}"


class Named(Protocol):
    """A row that has a key made from its name."""

    key: str
    name: str


def add_with_keys(session: Session, table: type[SQLModel], rows: Sequence[Named]) -> None:
    """Add rows of a table with keys made from their names, with few statements."""
    column = col(table.key)  # type: ignore[attr-defined]
    stems = [slug(row.name) for row in rows]
    common = Counter(stems)
    candidates = [stem for stem in common if stem and stem != "new" and common[stem] == 1]
    free = set(candidates)
    for batch in batches(candidates):
        free -= set(session.exec(select(column).where(column.in_(batch))))
    named, others = [], []
    for row, stem in zip(rows, stems, strict=True):
        if stem in free:
            row.key = stem
            named.append(row)
        else:
            others.append(row)
    number_rows(session, table, named)
    session.add_all(named)
    session.flush()
    for row in others:
        row.key = free_key(session, table, row.name)
        session.add(row)
        session.flush()


def random_key(session: Session, table: type[SQLModel], prefix: str, length: int = 6) -> str:
    """A key of random characters that no other row of `table` has, such as 'R-k7m2xq'.

    Consecutive numbers would reveal confidential rows by the gaps between the visible ones. The
    first character is a letter, so that no key looks like a number.
    """
    column = col(table.key)  # type: ignore[attr-defined]
    while True:
        first = secrets.choice(_KEY_LETTERS[_DIGITS:])
        key = prefix + first + "".join(secrets.choice(_KEY_LETTERS) for _ in range(length - 1))
        if session.exec(select(column).where(column == key)).first() is None:
            return key
