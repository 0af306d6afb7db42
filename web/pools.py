"""Threads: reads, writes and sign-ins have pools of their own, so that none waits for another kind.

A write can wait for a lock, and a sign-in hashes a password. If they shared their threads with
pages, a few of them would stop every page.
"""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Any

# Writes that are done at the same time; those that wait for a turn take no thread. On SQLite one
# of them commits at a time, while others read forms or make pages.
WRITES_AT_ONCE = 4
# Sign-ins and other hashes of passwords, which take a third of a second of a processor.
PASSWORDS_AT_ONCE = 1
# Streams that look at the database at the same time.
STREAMS_AT_ONCE = 4


class Pool(StrEnum):
    """A kind of work with threads of its own."""

    READS = "reads"
    WRITES = "writes"
    PASSWORDS = "passwords"


_pool: ContextVar[Pool] = ContextVar("pool of the request", default=Pool.READS)


@contextmanager
def in_pool(pool: Pool) -> Iterator[None]:
    """Have the handler that is called in this block run in a pool."""
    token = _pool.set(pool)
    try:
        yield
    finally:
        _pool.reset(token)


async def use_pools() -> None:
    """Have the handlers of this event loop run in the pools."""
    asyncio.get_running_loop().set_default_executor(Pools())


class Pools(ThreadPoolExecutor):
    """The executor of an event loop, which hands work to the pool of the request."""

    def __init__(self) -> None:
        # As many as the event loop's own pool has.
        super().__init__(min(32, (os.cpu_count() or 1) + 4), thread_name_prefix=Pool.READS)
        self._pools = {
            pool: ThreadPoolExecutor(size, thread_name_prefix=pool)
            for pool, size in (
                (Pool.WRITES, WRITES_AT_ONCE),
                (Pool.PASSWORDS, PASSWORDS_AT_ONCE),
            )
        }

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a function in the pool of the current request."""
        if pool := self._pools.get(_pool.get()):
            return pool.submit(fn, *args, **kwargs)
        return super().submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads of all pools, without waiting for them when the server stops.

        A handler that still waits for a lock has promised nothing.
        """
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        super().shutdown(wait=False, cancel_futures=True)
