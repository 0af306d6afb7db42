"""Markdown as safe HTML: only tags and attributes of an allow-list."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup, escape

from workspace.timeline.mentions import MENTION, parser

_TAGS = {
    *("p", "br", "strong", "em", "s", "a", "code", "pre", "blockquote", "hr"),
    *("ul", "ol", "li"),
}


def markdown(text: str, names: Mapping[str, str] | None = None) -> Markup:
    """Text as HTML; `names` maps the keys of mentioned members to their names.

    HTML in the text is escaped. Images are left out, as browsers would fetch them from other
    servers. Links lead only to http, https and mailto addresses.
    """
    html = _parser().render(text, {"names": names or {}})
    # nh3 parses the HTML and serialises it again, so its output is safe to mark as such.
    return Markup(  # noqa: S704
        nh3.clean(
            html,
            tags=_TAGS,
            attributes={"a": {"href", "class"}, "p": {"class"}},
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener noreferrer nofollow",
        )
    )


@cache
def _parser() -> MarkdownIt:
    made = parser()
    made.core.ruler.push("mention", _mentions)
    made.add_render_rule("mention", _mention)
    # Headings in a text would break the order of the page's own headings.
    made.add_render_rule("heading_open", lambda *_: '<p class="heading">')
    made.add_render_rule("heading_close", lambda *_: "</p>\n")
    return made


def _mentions(state: StateCore) -> None:
    for block in state.tokens:
        if block.children:
            block.children = [
                part for token in block.children for part in _split(token, state.env["names"])
            ]


def _split(token: Token, names: Mapping[str, str]) -> list[Token]:
    if token.type != "text" or "@" not in token.content:
        return [token]
    parts, end = [], 0
    for match in MENTION.finditer(token.content):
        if match[1] in names:
            parts.append(Token("text", "", 0, content=token.content[end : match.start()]))
            parts.append(Token("mention", "", 0, meta={"key": match[1], "name": names[match[1]]}))
            end = match.end()
    return [*parts, Token("text", "", 0, content=token.content[end:])]


def _mention(_renderer: Any, tokens: Sequence[Token], at: int, _options: Any, _env: Any) -> str:
    member = tokens[at].meta
    address = f"/people/{quote(member['key'], safe='')}"
    return f'<a class="mention" href="{address}">@{escape(member["name"])}</a>'
