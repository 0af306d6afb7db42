"""Ids that tell nobody how many rows there are."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from sqlmodel import select

from tests.world import World
from workspace import ids
from workspace.collaboration import notes
from workspace.revisions.ids import keep_ids
from workspace.revisions.recorder import Place
from workspace.timeline.timeline import TimelineEntry


def test_should_give_each_id_once_and_in_order() -> None:
    with ThreadPoolExecutor(8) as threads:
        parts = list(threads.map(lambda _: [ids.new_id() for _ in range(2_000)], range(8)))
    assert all(part == sorted(part) for part in parts)
    assert len({made for part in parts for made in part}) == 16_000


def test_should_fit_into_a_signed_column_and_a_source_of_a_passage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = ids.new_id()
    monkeypatch.setattr(ids, "_last", 0)
    # In 2055.
    monkeypatch.setattr("time.time_ns", lambda: 2_682_000_000 * 10**9)
    later = ids.new_id()
    assert made < later < 2**63
    assert len(f"stakeholder:{later}") <= 30


def test_should_go_on_where_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ids.new_id()
    monkeypatch.setattr("time.time_ns", lambda: 1_767_225_600_000 * 10**6)
    assert made < ids.new_id() <= made + 256


def test_should_count_no_rows(world: World) -> None:
    """Neither by what is written between two rows, nor after the last one was deleted."""
    with world.database.write() as session:
        deal = world.deal(session, "kestrel")
        written = [
            notes.write_note(session, deal, world.people["bob"], "note", text).id
            for text in ("One", "Two", "Three", "Four")
        ]
        keep_ids(session, [Place("timelineentry", (written[-1],))])
        last = session.get_one(TimelineEntry, written[-1])
        session.delete(last)
        session.flush()
        written.append(notes.write_note(session, deal, world.people["bob"], "note", "Five").id)
    assert written == sorted(written)
    steps = {after - before for before, after in pairwise(written)}
    assert steps != {1}
    with world.database.read() as session:
        kept = session.exec(select(TimelineEntry.id).where(TimelineEntry.text == "Five")).one()
    assert kept == written[-1]
