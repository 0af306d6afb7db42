"""Counts what becomes of suggestions in memory, so that no page waits in order to write.

The counts of a day are added to the database every minute, without the members, deals and
suggestions that are remembered here only to count nothing twice on a day.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy.exc import SQLAlchemyError

from references.suggestion_counts import Fate, SuggestionKind, add_counts
from workspace.clock import today
from workspace.database import Database, writing_until
from workspace.deals.lists import DealRow
from workspace.deals.tables import Deal
from workspace.errors import Busy
from workspace.people.viewer import Viewer

STORE_SECONDS = 60.0
# The counts wait for the next minute rather than keep members from writing.
PATIENCE_SECONDS = 1.0
# Beyond this number all are forgotten, and what is shown again counts again.
MOST_REMEMBERED = 200_000


class Tally:
    """The counts of this process that are not stored yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[date, SuggestionKind, Fate]] = Counter()
        self._day = today()
        self._counted: set[int] = set()

    def count(
        self, who: int | None, where: str, kind: SuggestionKind, fate: Fate, items: Iterable[str]
    ) -> None:
        """Count each of these suggestions once a day for a member, a place and a fate."""
        day = today()
        with self._lock:
            if day != self._day or len(self._counted) > MOST_REMEMBERED:
                self._day, self._counted = day, set()
            for item in items:
                once = hash((who, where, kind, fate, item))
                if once not in self._counted:
                    self._counted.add(once)
                    self._counts[day, kind, fate] += 1

    def count_on(
        self,
        viewer: Viewer,
        deal: Deal | DealRow,
        fate: Fate,
        suggested: Mapping[SuggestionKind, Iterable[str]],
    ) -> None:
        """Count what became of suggestions on a deal; confidential deals are left out."""
        if not deal.confidential:
            for kind, items in suggested.items():
                self.count(viewer.person_id, deal.key, kind, fate, items)

    def store(self, database: Database) -> None:
        """Add the counts to the database; while it is busy, they wait."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            with writing_until(time.monotonic() + PATIENCE_SECONDS), database.write() as session:
                add_counts(session, counts)
        except (Busy, SQLAlchemyError):
            with self._lock:
                self._counts.update(counts)
