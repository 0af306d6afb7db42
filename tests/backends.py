"""The kinds of databases that tests run on. A module names its own in `BACKENDS`."""

import os
from collections.abc import Sequence
from typing import TypeVar

from workspace.database import Database

Item = TypeVar("Item")

# Asked for by `just everything`: whatever is left out elsewhere because it takes long.
EVERYTHING = bool(os.environ.get("EVERYTHING"))

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
# PostgreSQL does the searching.
SEARCHING = "postgresql that searches"

USUAL = (SQLITE, POSTGRESQL)
# For tests of answers and of rights, which are the same whatever searches.
EVERY = (*USUAL, SEARCHING)


def share(database: Database, items: Sequence[Item], step: int) -> Sequence[Item]:
    """The items to try on a database: all on SQLite, every `step`-th on PostgreSQL, where a request
    takes several times as long and is answered by the same code; all with `just everything`."""
    return items if database.is_sqlite or EVERYTHING else items[::step]
