"""A process that writes deals and publishes snapshots until it is killed."""

import os
from pathlib import Path
from typing import Any

from sqlmodel import select

from similarity.index.catalog import Catalog
from similarity.index.language import language_of
from similarity.index.sources import Kind
from tests.world import FakeEmbedder
from workspace.database import Database
from workspace.deals import lifecycle
from workspace.deals.tables import Deal

# Read once, by the process that the others are forked from.
language_of("ready")


def edit(database: Database, text: str) -> None:
    """Write on some deals: on so many that snapshots are worth writing again."""
    with database.write() as session:
        for deal in session.exec(select(Deal).order_by(Deal.key).limit(3)):
            lifecycle.edit(
                session, deal, None, {"notes": f"{text} for {deal.name}", "use_case": text}
            )


def write_for_ever(url: str, folder: Path, ready: Any) -> None:
    """Edit and search in turn; `ready` is set when the first snapshots are there."""
    database = Database(url)
    catalog = Catalog(database, FakeEmbedder(), folder)
    catalog.attach()
    turn = os.getpid() % 97
    while True:
        turn += 1
        edit(database, f"Zebra{turn} " + "dashboards records " * (turn % 50))
        with database.read() as session, catalog.searching(session, Kind.DEAL):
            ready.set()
