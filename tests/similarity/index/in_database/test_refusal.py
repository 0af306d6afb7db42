"""A database that cannot search is refused in words."""

from pathlib import Path

import pytest

from similarity import health
from similarity.index.catalog import Catalog
from tests.backends import SQLITE
from tests.world import FakeEmbedder
from workspace.database import Database
from workspace.errors import DealkinError

BACKENDS = (SQLITE,)


def test_should_refuse_to_search_in_sqlite(database: Database, tmp_path: Path) -> None:
    catalog = Catalog(database, FakeEmbedder(), tmp_path, in_database=True)
    with pytest.raises(DealkinError, match=r"needs PostgreSQL .* with the extension pgvector"):
        catalog.prepare()
    found = health.check(database, FakeEmbedder(), tmp_path, in_database=True)
    assert found["index"] == {"searched by": "database", "state": "cannot be searched"}
    assert "extension pgvector" in "".join(found["problems"])
