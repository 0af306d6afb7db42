"""Fair turns: costly work that is done for a few at a time, and in turn for all who wait."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Hashable
from contextlib import suppress


class TooManyWait(Exception):
    """A subject has as many requests waiting as it may have."""


class Turns:
    """At most `most` turns at once, and at most `each` of them for one subject.

    A turn that ends goes to the subject that has waited longest for one, so that a subject with
    many requests delays the others by one request, not by all of them.
    """

    def __init__(self, most: int, *, each: int, waiting: int) -> None:
        self._most = most
        self._each = each
        self._most_waiting = waiting
        self._taken = 0
        # What is being done for each subject, with a turn or without.
        self._running: Counter[Hashable] = Counter()
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    async def take(self, subject: Hashable, patience: float | None = None) -> bool:
        """Wait for a turn; whether it was got. `TooManyWait` if the subject waits too often.

        After the seconds of `patience` a subject for whom nothing is being done goes on without a
        turn: what blocks the turns is not its own.
        """
        if self._taken < self._most and self._running[subject] < self._each:
            self._start(subject)
            return True
        queue = self._waiting.setdefault(subject, deque())
        if len(queue) >= self._most_waiting:
            raise TooManyWait
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            while not turn.done():
                with suppress(TimeoutError):
                    async with asyncio.timeout(patience):
                        await asyncio.shield(turn)
                if not turn.done() and self._running[subject] == 0:
                    self._forget(subject, turn)
                    self._running[subject] += 1
                    return False
        except asyncio.CancelledError:
            if turn.done():
                self.give_back(subject, had_turn=True)
            else:
                self._forget(subject, turn)
            raise
        return True

    def give_back(self, subject: Hashable, *, had_turn: bool) -> None:
        """End what was done for a subject, with a turn or without."""
        self._running[subject] -= 1
        if not self._running[subject]:
            del self._running[subject]
        self._taken -= had_turn
        self._pass_on()

    def _start(self, subject: Hashable) -> None:
        self._running[subject] += 1
        self._taken += 1

    def _pass_on(self) -> None:
        """Give free turns to waiting requests, to each subject in turn."""
        for subject in list(self._waiting):
            if self._taken >= self._most:
                return
            if self._running[subject] >= self._each:
                continue
            turn = self._waiting[subject].popleft()
            self._waiting.move_to_end(subject)
            if not self._waiting[subject]:
                del self._waiting[subject]
            self._start(subject)
            turn.set_result(None)

    def _forget(self, subject: Hashable, turn: asyncio.Future[None]) -> None:
        self._waiting[subject].remove(turn)
        if not self._waiting[subject]:
            del self._waiting[subject]
