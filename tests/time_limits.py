"""Ends a test that hangs, and says where: with the stack of every thread and greenlet.

pytest-timeout knows the limit of each test. What it does itself at the limit does not serve here:
an exception reaches no event loop of a browser and no lock, and its output is lost in the processes
of xdist. So the process ends; xdist reports the test, replaces the process and goes on.
"""

import faulthandler
import os
import threading
from typing import Any

import pytest

from tests.threads import stacks

STDERR = pytest.StashKey[int]()
SECONDS = pytest.StashKey[float]()
TIMER = pytest.StashKey[threading.Timer]()


def pytest_configure(config: pytest.Config) -> None:
    # The terminal, which is out of reach while pytest captures the output of a test.
    config.stash[STDERR] = os.dup(2)


def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool:
    item.stash[SECONDS] = settings.timeout
    _start(item)
    return True


def pytest_timeout_cancel_timer(item: pytest.Item) -> bool:
    _cancel(item)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Limit the teardown too: pytest-timeout cancels the timer of a test that fails."""
    if SECONDS in item.stash:
        _cancel(item)
        _start(item)


def _start(item: pytest.Item) -> None:
    seconds, stderr = item.stash[SECONDS], item.config.stash[STDERR]
    item.stash[TIMER] = threading.Timer(seconds, _end, (item,))
    item.stash[TIMER].daemon = True
    item.stash[TIMER].start()
    # This one needs no Python code to run, where a call into C does not return.
    faulthandler.dump_traceback_later(seconds + 10, exit=True, file=stderr)


def _cancel(item: pytest.Item) -> None:
    faulthandler.cancel_dump_traceback_later()
    if TIMER in item.stash:
        item.stash[TIMER].cancel()


def _end(item: pytest.Item) -> None:
    try:
        text = f"\n{item.nodeid} took more than {item.stash[SECONDS]:g} seconds.\n{stacks()}"
        os.write(item.config.stash[STDERR], text.encode(errors="replace"))
    finally:
        os._exit(1)
