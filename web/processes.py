"""Several server processes of one command: they share a socket, and the model that was loaded.

The parent loads what is the same in all of them and forks, so that the memory is shared until it
is changed. It has no threads and no connections then, and afterwards only starts, replaces and
stops its children.
"""

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

logger = logging.getLogger("dealkin.processes")

# How long children have to stop in order.
STOP_SECONDS = 10.0
# A child that ends sooner after its start is replaced only after a pause.
SOON_SECONDS = 5.0


def run_processes(number: int, serve: Callable[[], None]) -> None:
    """Run `serve` in some child processes until this process is told to stop.

    A child that ends by itself is replaced. The children stop with the parent, even if it is
    killed.
    """
    stopping = False
    children: dict[int, float] = {}

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        for child in children:
            os.kill(child, signal.SIGTERM)

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    alive, of_parent = os.pipe()
    # Objects that nobody changes are not moved by the collector, which would copy their pages.
    gc.collect()
    gc.freeze()
    try:
        while not stopping:
            while len(children) < number:
                children[_fork(serve, alive, of_parent)] = time.monotonic()
            try:
                child, status = os.wait()
            except ChildProcessError:
                break
            started = children.pop(child, 0.0)
            if not stopping:
                logger.error("Process %s ended with status %s and is replaced", child, status)
                if time.monotonic() - started < SOON_SECONDS:
                    time.sleep(1.0)
        _wait_for(set(children))
    finally:
        os.close(alive)
        os.close(of_parent)
        for each, handler in before.items():
            signal.signal(each, handler)


def _fork(serve: Callable[[], None], alive: int, of_parent: int) -> int:
    child = os.fork()
    if child:
        return child
    # The child never returns into the code of its parent.
    try:
        os.close(of_parent)
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_DFL)
        threading.Thread(target=_end_with_parent, args=(alive,), daemon=True).start()
        serve()
    except BaseException:
        logger.exception("A process could not serve")
        os._exit(1)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _end_with_parent(alive: int) -> None:
    """Stop this process when the other end of the pipe is closed: the parent has ended."""
    os.read(alive, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _wait_for(children: set[int]) -> None:
    until = time.monotonic() + STOP_SECONDS
    while children and time.monotonic() < until:
        child, _ = os.waitpid(-1, os.WNOHANG)
        children.discard(child)
        if not child:
            time.sleep(0.05)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
