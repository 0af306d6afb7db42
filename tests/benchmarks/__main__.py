"""Runs the benchmarks, all of them or those that are named."""

import importlib
import pkgutil
import sys

import tests.benchmarks


def main() -> None:
    """Print each figure, as (what, how much), as soon as it is known."""
    known = [
        module.name
        for module in pkgutil.iter_modules(tests.benchmarks.__path__)
        if not module.name.startswith("_")
    ]
    wanted = sys.argv[1:] or known
    if unknown := sorted(set(wanted) - set(known)):
        sys.exit(f"There is no benchmark {', '.join(unknown)}; there are: {', '.join(known)}.")
    for name in wanted:
        print(name)
        for what, figure in importlib.import_module(f"tests.benchmarks.{name}").run():
            print(f"  {what:50} {figure}", flush=True)


main()
