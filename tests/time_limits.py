"""Ends a test that hangs, and says where: with the stack of every thread.

pytest-timeout knows the limit of each test, and Python's fault handler ends the process. An
exception would reach neither the event loop of a browser nor a lock, and what pytest-timeout prints
itself is lost in the processes of xdist. xdist names the test, replaces the process and goes on.
"""

import faulthandler
import os
from typing import Any

import pytest

STDERR = pytest.StashKey[int]()
SECONDS = pytest.StashKey[float]()


def pytest_configure(config: pytest.Config) -> None:
    # The terminal, which is out of reach while pytest captures the output of a test.
    config.stash[STDERR] = os.dup(2)


def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool:
    item.stash[SECONDS] = settings.timeout
    _start(item)
    return True


def pytest_timeout_cancel_timer() -> bool:
    faulthandler.cancel_dump_traceback_later()
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Limit the teardown too: pytest cancels the timer of a test that fails."""
    if SECONDS in item.stash:
        _start(item)


def _start(item: pytest.Item) -> None:
    faulthandler.dump_traceback_later(
        item.stash[SECONDS], exit=True, file=item.config.stash[STDERR]
    )
