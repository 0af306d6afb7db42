"""What became of suggestions, by kind and week."""

from datetime import date
from threading import Thread

import sqlalchemy as sa
from sqlmodel import Session

from references.suggestion_counts import (
    FEWEST_SHOWN,
    Fate,
    SuggestionCount,
    SuggestionKind,
    add_counts,
    fates_of,
)
from web.suggestion_tally import Tally
from workspace.database import Database

MONDAY, FRIDAY, NEXT = date(2026, 4, 6), date(2026, 4, 10), date(2026, 4, 13)
CONTENT = SuggestionKind.CONTENT


def test_should_add_to_the_counts_of_a_day_and_sum_them_by_week(database: Database) -> None:
    with database.write() as session:
        add_counts(session, {(MONDAY, CONTENT, Fate.SHOWN): 30, (FRIDAY, CONTENT, Fate.USED): 3})
        add_counts(session, {(MONDAY, CONTENT, Fate.SHOWN): 10, (NEXT, CONTENT, Fate.SHOWN): 1})
    with database.read() as session:
        kinds = {each.kind: each for each in fates_of(session, date(2026, 4, 1), date(2026, 7, 1))}
    found = kinds[CONTENT]
    assert found.total.counts == {"shown": 41, "opened": 0, "used": 3, "dismissed": 0}
    assert found.weeks[MONDAY].share(Fate.USED) == 3 / 40
    # One shown suggestion is no ground for a share.
    assert found.weeks[NEXT].shown < FEWEST_SHOWN
    assert found.weeks[NEXT].share(Fate.USED) is None
    assert next(iter(found.weeks)) == date(2026, 3, 30)
    assert list(found.weeks)[-1] == date(2026, 6, 29)
    assert kinds[SuggestionKind.TEAM].total.shown == 0


def test_should_count_a_suggestion_once_a_day_and_store_no_names(database: Database) -> None:
    tally = Tally()
    tally.count(1, "D-0001", CONTENT, Fate.SHOWN, ["a", "b", "a"])
    tally.count(1, "D-0001", CONTENT, Fate.SHOWN, ["a"])
    tally.count(2, "D-0001", CONTENT, Fate.SHOWN, ["a"])
    tally.count(1, "D-0002", CONTENT, Fate.SHOWN, ["a"])
    tally.store(database)
    tally.store(database)
    with database.read() as session:
        rows = session.execute(sa.select(*SuggestionCount.__table__.columns)).all()  # type: ignore[attr-defined]
    assert [(row.kind, row.fate, row.count) for row in rows] == [("content", "shown", 4)]
    assert {column.name for column in SuggestionCount.__table__.columns} == {  # type: ignore[attr-defined]
        "day", "kind", "fate", "count",
    }  # fmt: skip


def test_should_keep_counts_while_the_database_is_busy(database: Database) -> None:
    tally = Tally()
    tally.count(1, "D-0001", CONTENT, Fate.OPENED, ["a"])
    with database.write() as writing:
        if not database.is_sqlite:
            writing.execute(sa.text("LOCK TABLE suggestioncount IN ACCESS EXCLUSIVE MODE"))
        _store_soon(tally, database)
    tally.store(database)
    with database.read() as session:
        assert _count(session) == 1


def _store_soon(tally: Tally, database: Database) -> None:
    """Store in another thread, as a worker of the server does."""
    thread = Thread(target=tally.store, args=(database,))
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


def _count(session: Session) -> int:
    return int(session.execute(sa.select(sa.func.sum(SuggestionCount.count))).scalar_one())
