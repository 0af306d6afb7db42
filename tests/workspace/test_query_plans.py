"""How SQLite reads long lists. PostgreSQL plans by how many rows there are, and here are few."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from references.teams.understaffed import understaffed
from tests.backends import SQLITE
from tests.world import World
from workspace.database import Database
from workspace.deals import lists
from workspace.deals.access import confidential_deals
from workspace.people.people import person_rows
from workspace.people.viewer import Viewer

BACKENDS = (SQLITE,)


@pytest.mark.parametrize(
    ("read", "index"),
    [
        (lambda session, viewer: lists.deal_rows(session, viewer), "ix_deal_opened_id"),
        (lambda session, viewer: lists.closed_deals(session, viewer), "ix_deal_closed_id"),
        (lambda session, _viewer: person_rows(session), "ix_person_lower_name_id"),
        (lambda session, viewer: understaffed(session, viewer), "ix_deal_outcome"),
    ],
    ids=["deals", "closed deals", "people", "deals that need people"],
)
@pytest.mark.parametrize("gathered", [False, True], ids=["no statistics", "statistics"])
def test_should_read_a_page_in_the_order_of_its_list(
    world: World, read: Callable[[Session, Viewer], object], index: str, gathered: bool
) -> None:
    """Of a million deals a page has fifty: nothing sorts all, or reads all by their visibility."""
    if gathered:
        world.database.gather_statistics()
    viewer = world.viewer("alice")
    all_plans = plans(world.database, lambda session: read(session, viewer))
    assert any(f"INDEX {index}" in plan for plan in all_plans)
    for plan in all_plans:
        # The rows of a page that was chosen first may be sorted.
        assert "TEMP B-TREE FOR ORDER BY" not in plan or "MATERIALIZE" in plan
        assert "MULTI-INDEX OR" not in plan


@pytest.mark.parametrize("gathered", [False, True], ids=["no statistics", "statistics"])
def test_should_find_the_confidential_deals_without_reading_the_others(
    world: World, gathered: bool
) -> None:
    if gathered:
        world.database.gather_statistics()
    viewer = world.viewer("alice")
    plan = plans(world.database, lambda session: confidential_deals(session, viewer))[-1]
    assert "SEARCH deal USING COVERING INDEX ix_deal_confidential" in plan


def plans(database: Database, read: Callable[[Session], object]) -> list[str]:
    """How SQLite would answer each query that `read` makes."""
    asked: list[tuple[str, Any]] = []

    def remember(_1: Any, _2: Any, statement: str, values: Any, _3: Any, _4: Any) -> None:
        asked.append((statement, values))

    sa.event.listen(database.reader, "before_cursor_execute", remember)
    with database.read() as session:
        read(session)
        sa.event.remove(database.reader, "before_cursor_execute", remember)
        connection = session.connection()
        return [
            "\n".join(
                str(step[3])
                for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            )
            for statement, values in asked
        ]


def test_should_know_how_rows_are_spread_once_statistics_are_gathered(world: World) -> None:
    world.database.gather_statistics()
    with world.database.read() as session:
        known = sa.text("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'deal'")
        assert session.execute(known).scalar_one()
