"""The forms of pages, as a browser would send them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_PLAIN = ("text", "search", "email", "url", "date", "datetime-local", "password", "number")


@dataclass
class PageForm:
    """A form: where it goes to, what it holds, and which of its fields are typed into."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self._open: PageForm | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        name, value = facts.get("name") or "", facts.get("value") or ""
        if tag == "form":
            method = (facts.get("method") or "get").lower()
            self._open = PageForm(facts.get("action") or "", method)
            self.forms.append(self._open)
        if self._open is None or (not name and tag != "option"):
            return
        kind = facts.get("type") or "text"
        if tag == "input" and (kind not in ("checkbox", "radio") or "checked" in facts):
            self._open.values[name] = value
            if kind in _PLAIN:
                self._open.typed.append(name)
        elif tag == "textarea":
            self._open.values[name] = ""
            self._open.typed.append(name)
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            if "selected" in facts or self._select not in self._open.values:
                self._open.values[self._select] = value
        elif tag == "button":
            self._open.values.setdefault(name, value)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        if tag == "select":
            self._select = ""


def forms_in(html: str) -> Iterator[PageForm]:
    """The forms of a page, in their order."""
    reader = _Reader()
    reader.feed(html)
    yield from reader.forms


class _Dangers(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag == "script" and not facts.get("src"):
            self.found.append("an inline script")
        for name, value in attrs:
            if name.startswith("on"):
                self.found.append(f"a handler {name}")
            address = (value or "").strip().lower()
            if name in ("href", "src", "action", "formaction") and address.startswith("javascript"):
                self.found.append(f"a script in {name}")
            if name == "hx-get" and address == "/sign-out":
                self.found.append("a request of theirs")


def dangers_in(html: str) -> list[str]:
    """What would run in a browser that opens this page, as a browser reads its tags."""
    reader = _Dangers()
    reader.feed(html)
    return reader.found
