"""Regular expressions take time that grows with the text, not with its square (S15)."""

import ast
import importlib
import pkgutil
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Set
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import references
import similarity
import web
import workspace

LENGTH = 100_000
# What a hostile text repeats: what patterns look for, and what almost fits them.
REPEATED = (
    *("a", " ", "0", "é", "Aa ", "a.", "a-", "a@", "1,", "0 0", "_", "\n"),
    *("<", "(", "[", "@", "-", "'", '"', "/", "=", "&", "*", "#", "\\", ";", ":", "http://"),
)
# Seconds of processor time. Linear patterns take a hundredth, quadratic ones minutes.
MOST_SECONDS = 2.0
METHODS = {"search", "match", "fullmatch", "sub", "findall", "finditer", "split"}


def modules() -> Iterator[ModuleType]:
    for package in (workspace, similarity, references, web):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name:
                yield importlib.import_module(module.name)


def uses(module: ModuleType) -> dict[str, set[str]]:
    """By the name of a variable, the methods of patterns that are called on it."""
    found: dict[str, set[str]] = defaultdict(set)
    for node in ast.walk(ast.parse(Path(module.__file__ or "").read_text())):
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            if isinstance(node.value, ast.Name):
                found[node.value.id].add(node.attr)
            elif isinstance(node.value, ast.Subscript):
                found[""].add(node.attr)
    return found


def patterns() -> Iterator[tuple[str, "re.Pattern[Any]", Set[str]]]:
    """Every pattern that a module has compiled, its place, and how it is used.

    Those that no method is called on are used through another variable of the same module.
    """
    for module in modules():
        methods = uses(module)
        values = vars(module)
        # Strings are split, too.
        of_others = set().union(*(methods[name] for name in methods if name not in values))
        of_others.discard("split")
        for name, value in values.items():
            place = f"{module.__name__}.{name}"
            if isinstance(value, re.Pattern):
                yield place, value, methods[name] or of_others
            else:
                contained = value.values() if isinstance(value, dict) else value
                if isinstance(value, dict | list | tuple | set | frozenset):
                    for each in contained:
                        if isinstance(each, re.Pattern):
                            yield place, each, of_others


def seconds(pattern: "re.Pattern[Any]", methods: Set[str], repeated: str) -> float:
    """The processor time of these uses of a pattern on a text that repeats a string."""
    text: Any = (repeated * LENGTH)[:LENGTH] + "!"
    if isinstance(pattern.pattern, bytes):
        text = text.encode()
    began = time.process_time()
    for method in methods:
        if method == "sub":
            pattern.sub(text[:0], text)
        elif method == "finditer":
            pattern.findall(text)
        else:
            getattr(pattern, method)(text)
    return time.process_time() - began


@pytest.mark.slow
def test_s15_should_search_long_texts_in_linear_time() -> None:
    found = list(patterns())
    assert sum(bool(methods) for _, _, methods in found) > 70
    slow = [
        (place, pattern.pattern, repeated)
        for place, pattern, methods in found
        for repeated in REPEATED
        if seconds(pattern, methods, repeated) > MOST_SECONDS
    ]
    assert not slow
