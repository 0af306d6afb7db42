"""Upgrades that are killed: the database is as before or as after, and the next start goes on."""

import os
import random
import signal
import time
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from alembic import command

from tests.torture.killing import Torture, require_sound
from workspace.database import Database
from workspace.settings import Settings
from workspace.setup import open_database

# The oldest revision that has the rows that a torture writes, but for those of later tables.
OLD = "0008"
LATER = ("job", "leaderlease", "highestid")
LONGEST_UPGRADE = 0.4


def kill_upgrades(folder: Path, url: str, kills: int) -> int:
    """Kill so many upgrades of a database with rows, and look at it after each; how many were
    killed before they had ended."""
    settings = Settings(home=folder, backups="off", DATABASE_URL=url)
    Torture(folder, url, 1).run(2)
    cut_off = 0
    for _ in range(kills):
        with closing(Database(url)) as database:
            before = rows(database)
            command.downgrade(database._alembic(), OLD)
        child = os.fork()
        if not child:
            open_database(settings)
            os._exit(0)
        time.sleep(random.uniform(0.0, LONGEST_UPGRADE))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        cut_off += os.WIFSIGNALED(status)
        with closing(open_database(settings)) as database:
            assert database.is_current()
            after = rows(database)
            assert {name: after[name] for name in before} == before | dict.fromkeys(LATER, 0)
            with database.read() as session:
                require_sound(session)
    return cut_off


def rows(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    with database.reader.connect() as connection:
        return {
            name: connection.execute(
                sa.select(sa.func.count()).select_from(sa.table(name))
            ).scalar_one()
            for name in sa.inspect(connection).get_table_names()
        }
