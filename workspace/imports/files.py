"""Reads files: their encoding, their separator, and their raw rows with line numbers."""

import csv
import hashlib
import io
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from workspace.errors import Invalid

# A cell may be as long as the file; the readers of cells limit texts to what columns hold.
csv.field_size_limit(2**31 - 1)

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_CONTAINERS = (
    (b"PK\x03\x04", "It is a workbook or a zip archive: save the sheet as CSV."),
    (b"\xd0\xcf\x11\xe0", "It is an old Excel workbook: save the sheet as CSV."),
    (b"\x1f\x8b", "It is compressed: unpack it first."),
    (b"BZh", "It is compressed: unpack it first."),
    (b"%PDF", "It is a PDF: only CSV files can be imported."),
)
# The letters outside ASCII of the languages that each Windows code page is used for.
_ALPHABETS = {
    # French, Portuguese, Spanish, Italian; German, Dutch; Nordic languages, Icelandic.
    "cp1252": (
        *("àâæçéèêëîïôœùûüÿ", "áàâãçéêíóôõú", "áéíñóúüºª", "àèéìíòóùú"),
        *("äöüß", "áéëïíóöüú", "åäöæøé", "áéíóúýþæöð"),
    ),
    # Polish; Czech and Slovak; Hungarian; Romanian; Croatian, Serbian and Slovene; German.
    "cp1250": (*("ąćęłńóśźż", "áäčďéěíĺľňóôŕřšťúůýž", "áéíóöőúüű", "ăâîşţ", "čćđšž", "äöüß"),),
    "cp1251": ("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґўѓѕјљњќћџђ",),
}
# Punctuation that office programs put into any text.
_PUNCTUATION = "«»‘’‚“”„–—…•·©®™°§€£№\xa0\xad"
_SAMPLE = 64_000
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class RawRow:
    """The cells of a line, or of several lines where a quoted cell holds line breaks."""

    line: int
    cells: list[str]
    # Why the cells cannot be trusted; empty if they can.
    problem: str = ""


@dataclass(frozen=True)
class RawFile:
    """A file's raw rows, before its format is recognised."""

    name: str
    digest: str
    rows: list[RawRow]
    # Warnings about how the file was read.
    warnings: list[str] = field(default_factory=list)


# For files that are no table: how their text begins, in small letters, and the function that
# splits the text into raw rows, the header first.
Splitters = Mapping[str, Callable[[str], list[RawRow]]]


def read_file(path: Path, splitters: Splitters | None = None) -> RawFile:
    """The raw rows of a file; `Invalid` unless it is a table or one of the splitters knows it."""
    try:
        raw = path.read_bytes()
    except OSError as problem:
        raise Invalid(f"It cannot be opened: {problem.strerror or 'unknown reason'}.") from None
    text, warnings = decode(raw)
    if "\0" in text:
        text = text.replace("\0", "")
        warnings.append("NUL characters were left out.")
    digest = hashlib.sha256(raw).hexdigest()
    opening = text[:100].lstrip().lower()
    for start, split_other in (splitters or {}).items():
        if opening.startswith(start):
            return RawFile(path.name, digest, split_other(text), warnings)
    return RawFile(path.name, digest, split_rows(text), warnings)


def decode(raw: bytes) -> tuple[str, list[str]]:
    """The text of a file, and a warning if its encoding was guessed."""
    for mark, problem in _CONTAINERS:
        if raw.startswith(mark):
            raise Invalid(problem)
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if raw.startswith(mark)), None)
    encoding = encoding or _unmarked_utf16(raw)
    try:
        return raw.decode(encoding or "utf-8").removeprefix("\ufeff"), []
    except UnicodeDecodeError:
        if encoding:
            raise Invalid(f"It begins like {encoding.upper()}, but is damaged.") from None
    if raw.count(0) > len(raw) // 100:
        raise Invalid("It is not a text file.")
    encoding = _code_page(raw)
    return raw.decode(encoding), [f"The file is not UTF-8: it was read as {_label(encoding)}."]


def split_rows(text: str) -> list[RawRow]:
    """The raw rows of a text, without the empty ones."""
    first, _, rest = text.partition("\n")
    delimiter = None
    lines_before = 0
    # Excel names the separator in a first line such as 'sep=;'.
    if marked := re.fullmatch(r"\"?sep=([,;\t])\"?\r?", first.strip(" "), re.IGNORECASE):
        delimiter, text, lines_before = marked[1], rest, 1
    delimiter = delimiter or _delimiter(text)
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter)
    rows = []
    lines_read = 0
    for cells in reader:
        if any(cell.strip() for cell in cells):
            rows.append(RawRow(lines_before + lines_read + 1, cells))
        lines_read = reader.line_num
        lines.end_row()
    if rows and lines.last_row_is_open(delimiter):
        rows[-1] = replace(
            rows[-1],
            problem="A quotation mark that opens here is never closed, so the rest of the file was"
            " not read.",
        )
    return rows


class _Lines:
    """The lines of a text, which remembers those of the row that is being read."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self._row: list[str] = []
        self._last_row: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self._row.append(line)
            yield line

    def end_row(self) -> None:
        """The row is complete."""
        self._last_row, self._row = self._row, []

    def last_row_is_open(self, delimiter: str) -> bool:
        """Whether the last row ends within quotation marks."""
        try:
            for _ in csv.reader(self._last_row, delimiter=delimiter, strict=True):
                pass
        except csv.Error as problem:
            return "end of data" in str(problem)
        return False


def _delimiter(text: str) -> str:
    """The separator that cuts most of the first lines into the same number of cells."""

    def evenness(delimiter: str) -> tuple[float, int]:
        reader = csv.reader(io.StringIO(text[:_SAMPLE], newline=""), delimiter=delimiter)
        widths = Counter(len(row) for row, _ in zip(reader, range(20), strict=False))
        width, rows = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        return (rows / widths.total(), width) if width > 1 else (0.0, width)

    return max(_DELIMITERS, key=evenness)


def _unmarked_utf16(raw: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte of most texts is zero."""
    sample = raw[:2_000]
    if len(raw) % 2 or not sample:
        return None
    for name, half in (("utf-16-be", sample[::2]), ("utf-16-le", sample[1::2])):
        if half.count(0) > len(half) * 0.7 and sample.count(0) < len(sample) * 0.6:
            return name
    return None


def _code_page(raw: bytes) -> str:
    """The Windows code page in which the letters outside ASCII are the most plausible."""
    sample = b"\n".join(line for line in raw.splitlines() if not line.isascii())[:_SAMPLE]
    scores = {name: _plausibility(sample, name) for name in _ALPHABETS}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] > -1.0:
        try:
            raw.decode(best)
        except UnicodeDecodeError:
            pass
        else:
            return best
    from charset_normalizer import from_bytes

    guess = from_bytes(sample).best()
    try:
        if guess:
            raw.decode(guess.encoding)
            return guess.encoding
    except UnicodeDecodeError:
        pass
    raise Invalid("Its encoding is not known: save it as UTF-8.")


def _plausibility(sample: bytes, encoding: str) -> float:
    """From 1.0 (all letters belong to the code page's languages and suit their words) to -2.0."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return -2.0
    score = 0.0
    count = 0
    for word in re.findall(r"\S+", text):
        letters = [letter for letter in word if not letter.isascii()]
        if letters:
            count += len(letters)
            score += max(_fit(word, letters, alphabet) for alphabet in _ALPHABETS[encoding])
    return score / count if count else 0.0


def _fit(word: str, letters: list[str], alphabet: str) -> float:
    """How well a word's letters outside ASCII suit a language: at most 1.0 per letter."""
    # Cyrillic beside Latin letters, or a capital after a small letter, shows a wrong guess.
    if alphabet.startswith("а") and re.search(r"[a-zA-Z]", word):
        return -2.0 * len(letters)
    score = 0.0
    for letter in letters:
        if letter in _PUNCTUATION:
            score += 0.25
        else:
            score += 1.0 if letter.lower() in alphabet else -2.0
    capitals = sum(
        letter.isupper() and before.islower() and not letter.isascii()
        for before, letter in itertools.pairwise(word)
    )
    return score - capitals


def _label(encoding: str) -> str:
    return f"Windows-{encoding[2:]}" if encoding in _ALPHABETS else encoding.upper()
