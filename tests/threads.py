"""Threads in tests. None is waited for without end."""

import gc
import sys
import threading
import traceback
from collections.abc import Callable

from greenlet import greenlet

# A busy machine is slow, not wrong.
SECONDS = 60.0


def at_the_same_time(*work: Callable[[], None]) -> list[BaseException]:
    """Run each function in a thread of its own, started together; return what they raised."""
    ready = threading.Barrier(len(work), timeout=SECONDS)
    problems: list[BaseException] = []

    def run(function: Callable[[], None]) -> None:
        try:
            ready.wait()
            function()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(function,), daemon=True) for function in work]
    for thread in threads:
        thread.start()
    wait_for(*threads)
    return problems


def wait_for(*threads: threading.Thread) -> None:
    """Wait until the threads have ended, and fail with the stack of every thread if one hangs."""
    for thread in threads:
        thread.join(SECONDS)
    hanging = [thread.name for thread in threads if thread.is_alive()]
    assert not hanging, f"{hanging} did not end within {SECONDS:.0f} seconds.\n{stacks()}"


def stacks() -> str:
    """The stack of every thread, and of every greenlet that waits: Playwright runs tests in one."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    frames = [
        (f"thread {names.get(ident)}", frame) for ident, frame in sys._current_frames().items()
    ]
    # By the type itself: some libraries' objects warn when anything else is asked of them.
    waiting = [found for found in gc.get_objects() if issubclass(type(found), greenlet)]
    frames += [("greenlet", found.gr_frame) for found in waiting if found.gr_frame]
    return "\n".join(f"{name}:\n{''.join(traceback.format_stack(frame))}" for name, frame in frames)
