"""Leaves tests out that took long on this machine: `just quick` has `--quick`.

Each run remembers, in pytest's cache, the shortest time that each test has taken. What was never
run before is not left out.
"""

from collections import defaultdict

import pytest

# Seconds. Two of three tests on SQLite take less, and together a thirtieth of the time.
LONGEST = 0.05
_KEY = "dealkin/seconds"
_TOOK = pytest.StashKey[dict[str, float]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick",
        action="store_true",
        help=f"leave out the tests that always took more than {LONGEST} s on this machine",
    )


def pytest_configure(config: pytest.Config) -> None:
    took: dict[str, float] = defaultdict(float)
    config.stash[_TOOK] = took

    class Watch:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            took[report.nodeid] += report.duration

    # Of the processes of xdist only the one that has the reports of all writes them down.
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Watch())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--quick"):
        return
    known = _known(config)
    left_out = [item for item in items if known.get(item.nodeid, 0.0) > LONGEST]
    items[:] = [item for item in items if known.get(item.nodeid, 0.0) <= LONGEST]
    config.hook.pytest_deselected(items=left_out)


def pytest_sessionfinish(session: pytest.Session) -> None:
    took = session.config.stash[_TOOK]
    cache = getattr(session.config, "cache", None)
    if took and cache:
        known = _known(session.config)
        shortest = {test: min(time, known.get(test, time)) for test, time in took.items()}
        cache.set(_KEY, known | shortest)


def _known(config: pytest.Config) -> dict[str, float]:
    # Without the plugin of the cache there is no attribute.
    cache = getattr(config, "cache", None)
    found: dict[str, float] = cache.get(_KEY, {}) if cache else {}
    return found
