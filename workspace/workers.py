"""Workers: threads that repeat a piece of work until they are stopped."""

import threading
from collections.abc import Callable


def start_worker(name: str, work: Callable[[], float]) -> threading.Event:
    """Start a thread that calls `work` until the returned event is set.

    `work` returns the seconds to wait before the next call, and lets no exception out.
    """
    stopped = threading.Event()

    def run() -> None:
        while not stopped.is_set():
            stopped.wait(work())

    threading.Thread(target=run, name=name, daemon=True).start()
    return stopped
