"""Markdown in notes: how it is parsed, and the members whom it mentions."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

# A key after an @, unless the @ is within a word, an address or a path.
MENTION = re.compile(r"(?<![\w@/.+-])@([a-z0-9]+(?:-[a-z0-9]+)*)(?!\w)")
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


def _keys(block: Token) -> list[str]:
    parts = block.children or []
    return [key for part in parts if part.type == "text" for key in MENTION.findall(part.content)]


_PARSER = parser()
