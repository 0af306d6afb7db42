"""Markdown as members write it: what is read as what, and whom it mentions."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

# A key after an @ that is not within a word, an address or a path.
MENTION = re.compile(r"(?<![\w@/.+-])@([a-z0-9]+(?:-[a-z0-9]+)*)(?!\w)")
_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)


def parser() -> MarkdownIt:
    """A parser: HTML is text, pictures are none, and links lead to the web or to an address.

    Tables are left out: a few characters of one make a page of megabytes.
    """
    made = MarkdownIt("commonmark", {"html": False, "linkify": True, "breaks": True})
    made.enable(["strikethrough", "linkify"]).disable(["image", "html_inline"])
    if made.linkify:
        # Not every plan.md is a page of Moldova's.
        made.linkify.set({"fuzzy_link": False})
    made.validateLink = lambda url: bool(_LINK.match(url))  # type: ignore[method-assign]
    return made


def mentions(text: str) -> list[str]:
    """The keys after an @ in a text, each once; what stands in code mentions nobody."""
    if "@" not in text:
        return []
    found = [key for token in _PARSER.parse(text) for key in _keys(token)]
    return list(dict.fromkeys(found))


def _keys(block: Token) -> list[str]:
    parts = block.children or []
    return [key for part in parts if part.type == "text" for key in MENTION.findall(part.content)]


_PARSER = parser()
