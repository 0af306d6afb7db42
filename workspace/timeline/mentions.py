"""Markdown in notes: how it is parsed, and the members whom it mentions."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from workspace.keys import joined, plain
from workspace.romanisation import with_digraphs

# An @ unless it is within a word, an address or a path.
_AT = r"(?<![\w@/.+-])@"
# A key after an @; the whole of it, so that '@bob-brandt-jr' is not '@bob-brandt'.
MENTION = re.compile(rf"{_AT}((?>[a-z0-9]+(?:-[a-z0-9]+)*))(?!\w)")
# An @ before a letter: '@ 5 pm' and '@100 EUR' are no names.
_NAME = re.compile(rf"{_AT}(?=[^\W\d_])")
# Marks count as parts of words, because an accent may be a character of its own.
_WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f])+")
_BETWEEN_WORDS = re.compile(r"[ \u00a0]{1,2}|[-\u2010\u2011'\u2019\u02bc.]")
_AFTER_INITIAL = re.compile(r"\. ")
_GOES_ON = re.compile(r"[\w\u0300-\u036f]|-\w")
_RUN = re.compile(r"[\w\u0300-\u036f]+(?:[-'\u2019.](?!s\b)[\w\u0300-\u036f]+)*")
_MOST_WORDS = 8
_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)


def parser() -> MarkdownIt:
    """A parser that shows HTML as text, has no images, and links only to the web and to mail.

    Tables are off, because a few characters of a table can produce megabytes of HTML.
    """
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": True, "breaks": True})
    markdown.enable(["strikethrough", "linkify"]).disable(["image", "html_inline"])
    if markdown.linkify:
        # A file name such as plan.md is no address, although .md is Moldova's domain.
        markdown.linkify.set({"fuzzy_link": False})
    markdown.validateLink = lambda url: bool(_LINK.match(url))  # type: ignore[method-assign]
    return markdown


def mentions(text: str) -> list[str]:
    """The keys after an @ in a text, without repetitions; code mentions nobody."""
    if "@" not in text:
        return []
    keys = [key for block in _PARSER.parse(text) for key in _keys(block)]
    return list(dict.fromkeys(keys))


@dataclass(frozen=True)
class Name:
    """An @ and a name in a text, from `start` to `end`, and the members whom it may mean."""

    start: int
    end: int
    # As it is written, with the @, and with single spaces.
    typed: str
    # The keys of the members: none if the name is unknown, several if they share it.
    keys: tuple[str, ...]


class Directory:
    """The members by all ways in which a note may write their names."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        """`names` are the members as (key, name)."""
        self._keys: set[str] = set()
        self._by_spelling: dict[str, list[str]] = defaultdict(list)
        for key, name in names:
            self._keys.add(key)
            for spelling in written_forms(name):
                self._by_spelling[spelling].append(key)

    def names_in(self, text: str) -> Iterator[Name]:
        """The names after an @ in a text; where several begin there, the longest."""
        for at in _NAME.finditer(text):
            ends = list(_ends(text, at.end()))
            for end in reversed(ends):
                if keys := self._meant(text[at.end() : end]):
                    break
            else:
                end, keys = _end_of_run(text, at.end()), ()
            typed = " ".join(text[at.start() : end].split())
            yield Name(at.start(), end, typed, keys)

    def _meant(self, written: str) -> tuple[str, ...]:
        """The members of a key or a name: a key as it is stands for one member alone."""
        if written in self._keys:
            return (written,)
        if keys := self._by_spelling.get(joined(written)):
            return tuple(sorted(keys))
        return (written.lower(),) if written.lower() in self._keys else ()


def written_forms(name: str) -> set[str]:
    """The ways in which a name is written after an @, folded and without spaces.

    Accents and capitals, hyphens and apostrophes make no difference; umlauts may be two letters;
    and the family name may come first.
    """
    found: set[str] = set()
    for words in (plain(name).split(), plain(with_digraphs(name)).split()):
        found.update("".join(words[at:] + words[:at]) for at in range(len(words)))
    return found


def _ends(text: str, start: int) -> Iterator[int]:
    """Where a name that begins at `start` may end: after each of its first words."""
    position = start
    for _ in range(_MOST_WORDS):
        word = _WORD.match(text, position)
        if word is None:
            return
        if not _GOES_ON.match(text, word.end()):
            yield word.end()
        is_initial = word.end() - word.start() == 1
        between = _AFTER_INITIAL.match(text, word.end()) if is_initial else None
        between = between or _BETWEEN_WORDS.match(text, word.end())
        if between is None:
            return
        position = between.end()


def _end_of_run(text: str, start: int) -> int:
    """The end of the characters that belong together without a space."""
    run = _RUN.match(text, start)
    return run.end() if run else start


def texts_of(text: str) -> list[str]:
    """The pieces of a text's Markdown that are not code."""
    return [
        part.content
        for block in _PARSER.parse(text)
        for part in block.children or []
        if part.type == "text"
    ]


def _keys(block: Token) -> list[str]:
    parts = block.children or []
    return [key for part in parts if part.type == "text" for key in MENTION.findall(part.content)]


_PARSER = parser()
