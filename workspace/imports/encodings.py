"""Encodings: bytes to text. A file that is not Unicode is read in the encoding that suits it best.

Each encoding is tried, and the text is judged by the letters outside ASCII: whether they belong to
a language that the encoding is used for, and stand where letters stand in words. Where no text is
plausible the file is refused: names that are stored garbled are lost.
"""

import codecs
import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from workspace.errors import Invalid
from workspace.imports.messages import Notice, tell

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_LATIN_WEST = (
    # French; Portuguese; Spanish; Italian; German and Dutch; Nordic languages; Icelandic.
    *("àâæçéèêëîïôœùûü", "áàâãçéêíóôõú", "áéíñóúüºª", "àèéìíòóùú"),
    *("äöüß", "áéëïíóöüú", "åäöæøé", "áéíóúýþæöð"),
)
_LATIN_EAST = (
    # Polish; Czech and Slovak; Hungarian; Romanian; Croatian, Serbian and Slovene; German.
    *("ąćęłńóśźż", "áäčďéěíĺľňóôŕřšťúůýž", "áéíóöőúüű", "ăâîşţ", "čćđšž", "äöüß"),
)
_CYRILLIC = (
    *("абвгдежзийклмнопрстуфхцчшщъыьэюяё", "абвгдежзийклмнопрстуфхцчшщьюяіїєґ"),
    *("абвгдежзийклмнопрстуфхцчшщъьюя", "абвгдђежзијклљмнњопрстћуфхцчџш"),
)
_GREEK = ("αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ",)
# The letters that make up most of a text.
_FREQUENT = frozenset("оеаинтсрвлкмдпуяыз" + "αειοτνσρπκ")
_HEBREW = "אבגדהוזחטיךכלםמןנסעףפץצקרשת"
# The forms that Hebrew letters have at the end of a word only.
_FINAL = frozenset("ךםןףץ")
# The encodings, the most usual first, with the alphabets of their languages.
_ENCODINGS: dict[str, tuple[str, ...]] = {
    "cp1252": _LATIN_WEST,
    "cp1250": _LATIN_EAST,
    "cp1251": _CYRILLIC,
    "cp1253": _GREEK,
    "cp1254": ("çğıöşüâî",),
    # Lithuanian; Latvian; Estonian.
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äöõüšž"),
    # Windows-1252 with the euro, and with Š, Ž, Œ and Ÿ, in other places.
    "iso8859_15": (*_LATIN_WEST, "äöåšž", "čćđšž"),
    "iso8859_2": _LATIN_EAST,
    "mac_roman": _LATIN_WEST,
    "cp852": _LATIN_EAST,
    "cp850": _LATIN_WEST,
    "koi8_r": _CYRILLIC[:1],
    "koi8_u": _CYRILLIC[1:2],
    "cp866": _CYRILLIC[:1],
    "mac_cyrillic": _CYRILLIC,
    "iso8859_5": _CYRILLIC,
    "mac_latin2": _LATIN_EAST,
    "cp1255": (_HEBREW,),
    "cp737": _GREEK,
    "mac_greek": _GREEK,
}
# Encodings with several bytes a character: how the first byte of an ordinary character begins.
_ASIAN = {
    "cp932": (0x88, 0x97),
    "euc_jp": (0xB0, 0xCF),
    "gb18030": (0xB0, 0xD7),
    "big5": (0xA4, 0xC6),
    "euc_kr": (0xB0, 0xC8),
}
_ALL_LETTERS = frozenset("".join(itertools.chain(*_ENCODINGS.values())))
_LABELS = {
    "mac_roman": "Mac Roman", "mac_latin2": "Mac Central European",
    "mac_cyrillic": "Mac Cyrillic", "mac_greek": "Mac Greek", "cp932": "Shift-JIS",
    "iso8859_2": "ISO-8859-2", "iso8859_15": "ISO-8859-15", "iso8859_5": "ISO-8859-5",
    "koi8_r": "KOI8-R", "koi8_u": "KOI8-U", "euc_jp": "EUC-JP", "euc_kr": "EUC-KR",
}  # fmt: skip
# Punctuation that office programs put into any text.
_PUNCTUATION = frozenset("«»‘’‚“”„–—…•·©®™°§€£№½¼¾´\xa0\xad")
_VOWELS = frozenset("aeiouyæœøıаеёиоуыэюяіїєъαεηιουω" + _HEBREW)
_SAMPLE = 64_000
# The least plausibility of a text, of at most 1.0.
_PLAUSIBLE = 0.5


def decode(raw: bytes, encoding: str | None = None) -> tuple[str, list[str]]:
    """The text of a file, and warnings about it; in this encoding if one is named."""
    if encoding:
        return _decode_as(raw, encoding), []
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if raw.startswith(mark)), None)
    marked = marked or _unmarked_utf16(raw)
    try:
        text = raw.decode(marked or "utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        if marked:
            raise Invalid(tell(Notice.ENCODING_DAMAGED, encoding=marked.upper())) from None
    else:
        return text, _lost(text)
    if raw.count(0) > len(raw) // 100:
        raise Invalid(tell(Notice.NO_TEXT))
    _refuse_mixed(raw)
    best = guess(raw)
    if best is None:
        raise Invalid(tell(Notice.ENCODING_UNKNOWN))
    return raw.decode(best), [tell(Notice.ENCODING_GUESSED, encoding=label(best))]


def label(encoding: str) -> str:
    """The name of an encoding as programs show it."""
    if re.fullmatch(r"cp125\d", encoding):
        return f"Windows-{encoding[2:]}"
    return _LABELS.get(encoding, encoding.upper())


# The encodings that can be chosen, with the names that programs show.
CHOICES = tuple(
    (encoding, label(encoding)) for encoding in ("utf-8", "utf-16", *_ENCODINGS, *_ASIAN)
)


def guess(raw: bytes) -> str | None:
    """The encoding in which the letters outside ASCII are the most plausible; None if none is."""
    lines = [line for line in re.split(rb"[\r\n]+", raw) if not line.isascii()]
    sample = b"\n".join(lines)[:_SAMPLE]
    # A character must not be cut in two.
    sample = (
        b"\n".join(sample.split(b"\n")[: max(1, sample.count(b"\n"))])
        if len(sample) == _SAMPLE
        else sample
    )
    scores: dict[str, float] = {}
    for encoding in (*_ENCODINGS, *_ASIAN):
        try:
            raw.decode(encoding)
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        asian = encoding in _ASIAN
        scores[encoding] = (
            _asian_plausibility(text, encoding) if asian else _plausibility(text, encoding)
        )
    # The first of those that are equal is the most usual one.
    best = max(scores, key=lambda name: scores[name], default=None)
    return best if best and scores[best] >= _PLAUSIBLE else None


def _decode_as(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(codecs.lookup(encoding).name).removeprefix("\ufeff")
    except LookupError:
        raise Invalid(tell(Notice.NO_ENCODING, encoding=encoding)) from None
    except (UnicodeDecodeError, AttributeError):
        raise Invalid(tell(Notice.OTHER_ENCODING, encoding=encoding)) from None


def _lost(text: str) -> list[str]:
    """A warning about letters that were lost before the file came here."""
    if lost := text.count("\ufffd"):
        return [tell(Notice.LETTERS_LOST, count=lost)]
    if re.search("Ã[¤¶¼©¨Ÿ³±§]|Ä[…™‡\x99\x85]|Å[‚›¼\x82\x9b]|Ð[°¾µ]Ñ", text):
        return [tell(Notice.CONVERTED_TWICE)]
    return []


def _refuse_mixed(raw: bytes) -> None:
    """Refuse a file with lines in UTF-8 and others in another encoding."""
    unicode_lines = other_lines = 0
    for line in re.split(rb"[\r\n]+", raw):
        if line.isascii():
            continue
        # Cells of two systems can stand side by side in one line.
        cells = [cell for cell in re.split(rb"[,;\t|]", line) if not cell.isascii()]
        readable = sum(map(_is_utf8, cells))
        unicode_lines += readable > 0
        other_lines += readable < len(cells)
    # By chance a short word of another encoding can be UTF-8, but not one line in ten.
    if unicode_lines * 10 > other_lines:
        raise Invalid(tell(Notice.ENCODINGS_MIXED))


def _is_utf8(cell: bytes) -> bool:
    """Whether a cell is a text in UTF-8, and not only bytes that can be read as such."""
    try:
        text = cell.decode()
    except UnicodeDecodeError:
        return False
    return all(
        letter.isascii()
        or letter in _PUNCTUATION
        or letter.lower() in _ALL_LETTERS
        or letter >= "\u3000"
        for letter in text
    )


def _unmarked_utf16(raw: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte of most texts is zero."""
    sample = raw[:2_000]
    if len(raw) % 2 or not sample:
        return None
    for name, half in (("utf-16-be", sample[::2]), ("utf-16-le", sample[1::2])):
        if half.count(0) > len(half) * 0.7 and sample.count(0) < len(sample) * 0.6:
            return name
    return None


@dataclass
class _Judgement:
    """How many letters outside ASCII a text has, and how well they suit a language."""

    letters: int = 0
    score: float = 0.0


def _plausibility(text: str, encoding: str) -> float:
    """From 1.0 (all letters belong to a language of the encoding and suit their words) down."""
    words = [
        word
        for word in re.findall(r"[^\s\d\x00-\x1f!-&(-,./:-@\[-`{-~]+", text)
        if not word.isascii()
    ]
    marks = sum(letter in _PUNCTUATION for letter in text)
    if not any(
        letter not in _PUNCTUATION for word in words for letter in word if ord(letter) > 127
    ):
        # Only quotation marks and the like, which look alike in all Windows code pages.
        return 0.6 if marks and encoding.startswith("cp125") else 0.0
    by_language = [_judge(words, alphabet) for alphabet in _ENCODINGS[encoding]]
    whole = max(each.score / max(1, each.letters) for each in by_language)
    # A list of names may have those of several languages.
    each_word = [
        max(
            (_judge([word], alphabet) for alphabet in _ENCODINGS[encoding]),
            key=lambda one: one.score,
        )
        for word in words[:500]
    ]
    mixed = sum(one.score for one in each_word) / max(1, sum(one.letters for one in each_word))
    return max(whole, mixed - 0.1)


def _judge(words: Sequence[str], alphabet: str) -> _Judgement:
    judgement = _Judgement()
    for word in words:
        letters = [letter for letter in word if not letter.isascii()]
        judgement.letters += len(letters)
        judgement.score += _fit(word, letters, alphabet)
    return judgement


def _fit(word: str, letters: Sequence[str], alphabet: str) -> float:
    """How well a word's letters outside ASCII suit a language: at most 1.0 a letter."""
    latin = alphabet[0] not in "аαא"
    # A letter alone is no word: it may be a sign of another encoding.
    if len(word) == 1 and word not in _PUNCTUATION:
        return 0.4 if word.isalpha() else -1.0
    # Cyrillic, Greek or Hebrew beside Latin letters shows a wrong guess.
    if not latin and re.search(r"[a-zA-Z]", word):
        return -2.0 * len(letters)
    score = 0.0
    for letter in letters:
        if letter in _PUNCTUATION:
            inside = letter in word.strip("".join(_PUNCTUATION)) and letter not in "’‘–—·\xa0\xad"
            score += -1.0 if inside else 0.5
        elif letter.lower() in alphabet or (letter == "İ" and "ı" in alphabet):
            weighed = alphabet[0] in "аα" and letter.lower() not in _FREQUENT
            score += 0.6 if weighed else 1.0
        else:
            # A letter of another language is less odd than a sign within a word.
            score -= 1.5 if letter.isalpha() else 3.0
    for before, letter in itertools.pairwise(word):
        if before.isascii() and letter.isascii():
            continue
        if (before.islower() and letter.isupper()) or before in _FINAL:
            score -= 2.0
        elif before.isupper() and letter.islower() and letter not in "ßı" and word[1:2].isupper():
            score -= 1.0
    # A capital in second place: 'MŸnchen'.
    if word[1:2].isupper() and not word[1].isascii() and any(map(str.islower, word)):
        score -= 1.5
    bare = unicodedata.normalize("NFD", word.lower())
    if len(word) > 3 and word.isalpha() and not any(letter in _VOWELS for letter in bare):
        score -= 1.0
    return score


def _asian_plausibility(text: str, encoding: str) -> float:
    """From 1.0 (all characters are ordinary ones of the language) downwards."""
    low, high = _ASIAN[encoding]
    count = 0
    score = 0.0
    for before, letter in itertools.pairwise(f" {text}"):
        if letter.isascii():
            continue
        count += 1
        encoded = letter.encode(encoding, errors="ignore")
        if "ぁ" <= letter <= "ヿ":
            score += 1.0 if encoding in ("cp932", "euc_jp") else -0.5
        elif letter in "、。・「」（）ー　，－＆":
            score += 0.5
        elif "\uff61" <= letter <= "\uff9f":
            # Katakana of half width are what other encodings look like.
            score -= 1.0
        elif len(encoded) == 2 and low <= encoded[0] <= high:
            # What can be Korean, and is ordinary there, is; Japanese has kana beside its kanji.
            score += {"euc_kr": 0.95, "euc_jp": 0.8}.get(encoding, 0.9)
        else:
            score -= 1.0
        if before.isascii() and before.isalpha():
            score -= 1.0
    kana = sum("ぁ" <= letter <= "ヿ" for letter in text)
    # Japanese names are hardly ever without kana, and kana are hardly ever there by chance.
    japanese = encoding in ("cp932", "euc_jp") and kana * 5 > count
    return (score / count if count else 0.0) + (0.2 if japanese else 0.0)
