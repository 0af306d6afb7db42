"""A command with other settings than the servers' leaves the rows that PostgreSQL searches."""

import pytest

from similarity.index.in_database import tables
from tests.backends import SEARCHING
from tests.similarity.index.in_database.test_rebuilding import OtherEmbedder, rows_of
from tests.web.cli.conftest import Run
from tests.world import World

BACKENDS = (SEARCHING,)


def test_should_touch_the_rows_of_servers_only_where_that_is_asked_for(
    on_world: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows_of(world.database)
    done = on_world("reindex")
    assert done.code == 0
    assert "were left as they are" in done.out
    assert rows_of(world.database) == before

    monkeypatch.setenv("DEALKIN_SEARCH", "database")
    assert on_world("reindex", "--remove-rows").code == 1
    assert on_world("reindex").code == 0
    rebuilt = rows_of(world.database)
    assert rebuilt != before
    monkeypatch.setattr("web.workspace.encoder_of", lambda _: OtherEmbedder())
    refused = on_world("reindex")
    assert refused.code == 1
    assert "Nothing was changed." in refused.err
    assert on_world("similar", "wards").code == 0
    assert rows_of(world.database) == rebuilt

    monkeypatch.delenv("DEALKIN_SEARCH")
    # A rebuilding that was cut off has left its tables.
    with world.database.write() as session:
        session.connection().exec_driver_sql("CREATE SCHEMA search_next")
        session.connection().exec_driver_sql("CREATE TABLE search_next.search_word (n int)")
    assert on_world("reindex", "--remove-rows").code == 0
    with world.database.read() as session:
        assert tables.kept(session) is None
        left = "SELECT to_regnamespace('search_next')"
        assert session.connection().exec_driver_sql(left).scalar_one() is None
