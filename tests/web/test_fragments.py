"""Fragments of pages are made once for equal values."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pytest
from jinja2 import DictLoader, Environment
from markupsafe import Markup

from web.fragments import CacheTag, FragmentCache


@dataclass(frozen=True)
class Row:
    """A row as lists have it."""

    name: str
    day: date | None
    own: dict[str, object]


@pytest.fixture(autouse=True)
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here it is counted how often a fragment is made, so that none is made to compare it."""
    monkeypatch.setattr(FragmentCache, "again", lambda _, kept, __: kept)


def counting(made: list[str]) -> Callable[[str], str]:
    """A function for templates that notes what it is called for."""

    def note(text: str) -> str:
        made.append(text)
        return text

    return note


def environment(made: list[str], **templates: str) -> Environment:
    """Templates with the tag, in which `note(text)` shows a text and adds it to `made`."""
    loaded = Environment(loader=DictLoader(templates), autoescape=True, extensions=[CacheTag])
    loaded.globals["note"] = counting(made)
    return loaded


def test_should_make_equal_values_once_and_others_anew() -> None:
    made: list[str] = []
    cached = "{% cache row, may %}<b>{{ note(row.name) }}</b>{% endcache %}"
    page = "{% for row in rows %}" + cached + "{% endfor %}"
    template = environment(made, page=page).get_template("page")
    rows = [Row("Ann", date(2026, 3, 1), {"tier": 1}), Row("Bo", None, {})]
    same = [Row("Ann", date(2026, 3, 1), {"tier": 1}), Row("Bo", None, {})]
    other = [Row("Ann", date(2026, 3, 2), {"tier": 1}), Row("Bo", None, {"tier": 1})]
    assert template.render(rows=rows, may=True) == "<b>Ann</b><b>Bo</b>"
    assert template.render(rows=same, may=True) == "<b>Ann</b><b>Bo</b>"
    assert made == ["Ann", "Bo"]
    template.render(rows=other, may=True)
    template.render(rows=rows, may=False)
    assert made == ["Ann", "Bo"] * 3


def test_should_escape_a_text_once() -> None:
    template = environment([], page="{% cache name %}{{ name }}{% endcache %}").get_template("page")
    assert {template.render(name="<i>") for _ in range(3)} == {"&lt;i&gt;"}


def test_should_keep_markup_and_text_apart() -> None:
    template = environment([], page="{% cache name %}{{ name }}{% endcache %}").get_template("page")
    shown = [template.render(name=name) for name in ("<i>", Markup("<i>"), "<i>")]
    assert shown == ["&lt;i&gt;", "<i>", "&lt;i&gt;"]


def test_should_keep_places_apart() -> None:
    made: list[str] = []
    cached = "{% cache 1 %}{{ note('x') }}{% endcache %}"
    templates = environment(made, one=f"{cached}\n{cached}", two=cached)
    for name in ("one", "two", "one", "two"):
        templates.get_template(name).render()
    assert made == ["x"] * 3


def test_should_keep_the_content_of_a_macro() -> None:
    made: list[str] = []
    components = (
        "{% macro shown(text) %}{% cache text %}{{ note(text) }}{% endcache %}{% endmacro %}"
    )
    page = (
        "{% import 'components' as ui %}{{ ui.shown('a') }}{{ ui.shown('b') }}{{ ui.shown('a') }}"
    )
    templates = environment(made, components=components, page=page)
    assert templates.get_template("page").render() == "aba"
    assert made == ["a", "b"]


def test_should_keep_what_was_used_last_within_its_room() -> None:
    made: list[str] = []
    fragments = FragmentCache(room=2_000)

    def get(name: str) -> str:
        def make() -> str:
            made.append(name)
            return name * 900

        return fragments.get("page", (name,), make)

    for name in "abacab":
        assert get(name) == name * 900
    # `c` took the place of `b`, which was used longer ago than `a`.
    assert made == ["a", "b", "c", "b"]


def test_should_show_what_is_larger_than_its_room() -> None:
    fragments = FragmentCache(room=100)
    assert [fragments.get("page", (), lambda: "x" * 200) for _ in range(2)] == ["x" * 200] * 2


def test_should_refuse_values_that_cannot_be_compared() -> None:
    with pytest.raises(TypeError, match="name the plain values"):
        FragmentCache().get("page", (lambda: None,), lambda: "")
