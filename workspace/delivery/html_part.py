"""Pure: the HTML part of a mail, made from its plain text.

The first address that stands alone in a paragraph becomes a button, as it is what the mail asks
for, and lines that begin with a hyphen become a list under the line before them. Mail programs
that know no style sheets use the styles of the elements, which are those of a light page.
"""

import re
from collections.abc import Mapping
from html import escape
from itertools import groupby

_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
# An address alone, with its host: one with a name or a password in it is shown as it is.
_ALONE = re.compile(r"https?://(?P<host>[\w.-]+)(?::\d+)?(?:[/?#][^\s<>\"]*)?")
_ITEM = "- "

_STYLES = {
    "p": "margin: 0 0 16px",
    "heading": "margin: 0 0 4px; font-weight: 600",
    "ul": "margin: 0 0 16px; padding: 0 0 0 20px",
    "li": "margin: 0 0 4px",
    "a": "color: #0a5f55",
    "button": "display: inline-block; padding: 10px 18px; border-radius: 6px; background: #0a5f55;"
    " color: #ffffff; font-weight: 600; text-decoration: none",
}
_PAGE = """\
<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>
:root {{ color-scheme: light dark; }}
@media (prefers-color-scheme: dark) {{
  body, .letter {{ background: #151816 !important; color: #e9ebe8 !important; }}
  .letter a {{ color: #7fdccd !important; }}
  .letter .button {{ background: #7fdccd !important; color: #0b1f1b !important; }}
}}
</style>
</head>
<body style="margin: 0; padding: 0; background: #ffffff">
<div class="letter" style="max-width: 600px; padding: 24px 20px; color: #1b1c1a;\
 font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif;\
 overflow-wrap: anywhere; word-break: break-word">
{paragraphs}
</div>
</body>
</html>
"""


def html_part(text: str) -> str:
    """A plain text as the HTML of a mail."""
    return _PAGE.format(paragraphs=html_paragraphs(text, _STYLES))


def html_paragraphs(text: str, styles: Mapping[str, str] | None = None) -> str:
    """The words of a text in paragraphs and lists, with addresses as links."""
    tags = _Tags(styles or {})
    return "\n".join(tags.paragraph(part) for part in re.split(r"\n{2,}", text.strip()))


class _Tags:
    """Writes elements, each with the style of its kind."""

    def __init__(self, styles: Mapping[str, str]) -> None:
        self._styles = {kind: f' style="{style}"' for kind, style in styles.items()}
        self._has_button = False

    def paragraph(self, text: str) -> str:
        if alone := _ALONE.fullmatch(text.strip()):
            return self._element("p", self._open(alone[0], alone["host"]))
        pieces = []
        lines = text.split("\n")
        for listed, group in groupby(lines, lambda line: line.startswith(_ITEM)):
            if listed:
                items = (self._element("li", self._linked(line[len(_ITEM) :])) for line in group)
                pieces.append(self._element("ul", "".join(items)))
            else:
                kind = "heading" if not pieces and lines[-1].startswith(_ITEM) else "p"
                pieces.append(self._element("p", "<br>".join(map(self._linked, group)), kind))
        return "".join(pieces)

    def _element(self, name: str, inside: str, kind: str = "") -> str:
        return f"<{name}{self._styles.get(kind or name, '')}>{inside}</{name}>"

    def _open(self, address: str, host: str) -> str:
        """A link that says where it leads; the secret in an address is nothing to read."""
        kind, of_class = ("a", "") if self._has_button else ("button", ' class="button"')
        self._has_button = True
        style = self._styles.get(kind, "")
        return f'<a{of_class} href="{escape(address)}"{style}>Open {escape(host)}</a>'

    def _linked(self, line: str) -> str:
        """A line with its addresses as links."""
        pieces, end = [], 0
        for found in _LINK.finditer(line):
            address = escape(found[0])
            pieces += [
                escape(line[end : found.start()]),
                f'<a href="{address}"{self._styles.get("a", "")}>{address}</a>',
            ]
            end = found.end()
        return "".join([*pieces, escape(line[end:])])
