"""Waking open pages after commits of this process."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from anyio import CapacityLimiter
from sqlalchemy import event
from sqlmodel import Session

from web.pools import STREAMS_AT_ONCE
from workspace.database import Database

# Seconds after which an open page is checked in any case: other processes commit, too, and may
# take rights away.
LONGEST_WAIT = 4.0


class Pulse:
    """Wakes every listener after each commit of this process.

    It does not tell what was committed: each listener reads that with the rights of its viewer.
    """

    def __init__(self, database: Database) -> None:
        self._listening: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._lock = threading.Lock()
        self.closed = False
        # Streams look at the database in threads that nothing else waits for.
        self.looking = CapacityLimiter(STREAMS_AT_ONCE)
        database.watch(self._listen)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event of the running loop that is set at every commit while the block runs."""
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
        """Wake every listener for the last time, as the server stops."""
        self.closed = True
        self.wake()

    def _listen(self, session: Session) -> None:
        event.listen(session, "after_commit", lambda _session: self.wake(), once=True)

    def wake(self) -> None:
        """Wake every listener."""
        with self._lock:
            listening = list(self._listening)
        for loop, woken in listening:
            # The loop of a listener may have ended.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(woken.set)
