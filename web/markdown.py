"""Markdown that members write, as HTML that is safe to show: on an allow-list, nothing else."""

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
    """Text as HTML; `names` are those of the members whose keys stand after an @.

    HTML in it is shown as text, pictures are left out as they would be fetched from elsewhere,
    and links lead to the web or to an e-mail address, or nowhere.
    """
    html = _parser().render(text, {"names": names or {}})
    # nh3 writes what it lets through itself: its output is all that a browser will see.
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
    # The page has headings of its own, whose order must not depend on what people write.
    made.add_render_rule("heading_open", lambda *_: '<p class="heading">')
    made.add_render_rule("heading_close", lambda *_: "</p>\n")
    return made


def _mentions(state: StateCore) -> None:
    for block in state.tokens:
        if block.children:
            block.children = [
                part for token in block.children for part in _parts(token, state.env["names"])
            ]


def _parts(token: Token, names: Mapping[str, str]) -> list[Token]:
    if token.type != "text" or "@" not in token.content:
        return [token]
    found, end = [], 0
    for match in MENTION.finditer(token.content):
        if match[1] in names:
            found.append(Token("text", "", 0, content=token.content[end : match.start()]))
            about = {"key": match[1], "name": names[match[1]]}
            found.append(Token("mention", "", 0, meta=about))
            end = match.end()
    return [*found, Token("text", "", 0, content=token.content[end:])]


def _mention(_renderer: Any, tokens: Sequence[Token], at: int, _options: Any, _env: Any) -> str:
    about = tokens[at].meta
    address = f"/people/{quote(about['key'], safe='')}"
    return f'<a class="mention" href="{address}">@{escape(about["name"])}</a>'
