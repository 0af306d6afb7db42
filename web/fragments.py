"""Fragments of pages, kept for the next page that has the same.

A list shows the same rows to many readers, and to make their markup takes longer than to read them.
`{% cache row, may_edit, today() %}…{% endcache %}` in a template makes its content once for equal
values. Whatever the content depends on has to be among them: a fragment may be shown to anybody for
whom they are equal. Values are compared as MessagePack has them, in which a day equals its text, so
that each value of a tag is always of the same kind.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec
from jinja2 import Environment, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from markupsafe import Markup

# How many characters are kept at most, in each process.
ROOM = 16_000_000


def _plain(value: Any) -> Any:
    """What MessagePack has in the place of markup, which differs from a text of the same letters.

    Raises:
        TypeError: for any other value that it does not know.
    """
    if isinstance(value, Markup):
        return {"markup": str(value)}
    raise TypeError(f"A fragment cannot depend on {value!r}: name the plain values that it shows.")


_encode = msgspec.msgpack.Encoder(enc_hook=_plain).encode


class FragmentCache:
    """The fragments that were used last, up to a number of characters."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._taken = 0
        self._kept: OrderedDict[tuple[str, bytes], str] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, place: str, values: tuple[Any, ...], make: Callable[[], str]) -> str:
        """What `make` returned for equal values at the same place, or returns now."""
        key = place, _encode(values)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
        return self.keep(key, make()) if kept is None else self.again(kept, make)

    def again(self, kept: str, make: Callable[[], str]) -> str:
        """What a fragment is that was kept. Tests compare it with what is made anew."""
        return kept

    def keep(self, key: tuple[str, bytes], made: str) -> str:
        """Keep a fragment, and let go of those that were used longest ago."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._taken += _size(key, made)
            while self._taken > self._room:
                self._taken -= _size(*self._kept.popitem(last=False))
        return made


def _size(key: tuple[str, bytes], made: str) -> int:
    return len(key[1]) + len(made)


class CacheTag(Extension):
    """The tag `{% cache value, … %}…{% endcache %}`, with the environment's own fragments."""

    tags = {"cache"}  # noqa: RUF012 - as the base class has it

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.extend(fragments=FragmentCache())

    def parse(self, parser: Parser) -> nodes.Node:
        """The call that takes the place of the tag."""
        line = next(parser.stream).lineno
        values = parser.parse_tuple(with_condexpr=True)
        if not isinstance(values, nodes.Tuple):
            values = nodes.Tuple([values], "load")
        content = parser.parse_statements(("name:endcache",), drop_needle=True)
        place = nodes.Const(f"{parser.name}:{line}")
        call = self.call_method("_kept", [place, values])
        return nodes.CallBlock(call, [], [], content).set_lineno(line)

    def _kept(self, place: str, values: tuple[Any, ...], caller: Callable[[], str]) -> str:
        fragments: FragmentCache = self.environment.fragments  # type: ignore[attr-defined]
        return fragments.get(place, values, caller)
