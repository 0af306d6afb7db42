"""What wakes open pages: this process's commits, and looking again after a while."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import event
from sqlmodel import Session

from workspace.database import Database

# Other processes commit too, and rights may be taken there: nobody looks less often than this.
LONGEST_WAIT = 4.0


class Pulse:
    """Wakes all who listen once this process has committed something.

    It says nothing of what was committed: whoever wakes looks with their own rights.
    """

    def __init__(self, database: Database) -> None:
        self._listening: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._lock = threading.Lock()
        self.closed = False
        database.watch(self._listen)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event of the running loop that is set at every commit from now on."""
        woken = asyncio.Event()
        entry = (asyncio.get_running_loop(), woken)
        with self._lock:
            self._listening.add(entry)
        try:
            yield woken
        finally:
            with self._lock:
                self._listening.discard(entry)

    def close(self) -> None:
        """Wake all who listen for the last time: the server stops."""
        self.closed = True
        self._wake()

    def _listen(self, session: Session) -> None:
        event.listen(session, "after_commit", lambda _session: self._wake(), once=True)

    def _wake(self) -> None:
        with self._lock:
            listening = list(self._listening)
        for loop, woken in listening:
            # A loop that has ended has nobody left to wake.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(woken.set)
