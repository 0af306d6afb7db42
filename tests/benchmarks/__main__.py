"""Runs the benchmarks, all of them or those that are named, and publishes what they measured."""

import argparse
import importlib
import inspect
import json
import os
import pkgutil
import platform
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from tests import benchmarks

Row = dict[str, Any]
SIZES = (1_000, 10_000, 100_000)


def main() -> None:
    """Print each figure as soon as it is known, and write them all where that is asked for."""
    known = [
        module.name
        for module in pkgutil.iter_modules(benchmarks.__path__)
        if not module.name.startswith("_")
    ]
    options = argparse.ArgumentParser("just bench", description=__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    options.add_argument("--sizes", type=_sizes, default=SIZES, help="as 1000,10000; in deals")
    options.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="keep the figures there; a page beside it of that name gets them as tables",
    )
    given = options.parse_args()
    if unknown := sorted(set(given.names) - set(known)):
        options.error(f"There is no benchmark {', '.join(unknown)}; there are: {', '.join(known)}.")
    for name in given.names or known:
        print(name)
        rows = []
        for row in _rows(name, given.sizes):
            rows.append(row)
            print("  ", "  ".join(f"{key}: {value}" for key, value in row.items()), flush=True)
        if given.json:
            _publish(given.json, name, rows)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(size.replace("_", "")) for size in text.split(","))


def _rows(name: str, sizes: tuple[int, ...]) -> Iterable[Row]:
    run = importlib.import_module(f"tests.benchmarks.{name}").run
    found = run(sizes) if inspect.signature(run).parameters else run()
    return (
        row if isinstance(row, dict) else dict(zip(("what", "figure"), row, strict=True))
        for row in found
    )


def _publish(path: Path, name: str, rows: list[Row]) -> None:
    """Put the figures of a benchmark in the place of its last ones."""
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    kept[name] = {"on": datetime.now(UTC).date().isoformat(), "machine": machine, "rows": rows}
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page = path.with_suffix(".md")
    if page.exists():
        text = page.read_text(encoding="utf-8")
        told = f"<!-- {name} -->\n\n{_tables(rows)}\nMeasured on {kept[name]['on']}, {machine}.\n\n"
        marks = re.compile(rf"<!-- {name} -->\n.*?(?=<!-- end -->)", re.DOTALL)
        page.write_text(marks.sub(lambda _: told, text), encoding="utf-8")


def _tables(rows: Iterable[Row]) -> str:
    """Rows with the same columns as a table each, in Markdown."""
    text = ""
    for columns, same in groupby(rows, key=tuple):
        text += f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
        text += "".join(f"| {' | '.join(map(str, row.values()))} |\n" for row in same) + "\n"
    return text.removesuffix("\n")


main()
