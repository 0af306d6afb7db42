"""Opens the workspace's database: migrated, and seeded with stages and seat roles."""

import logging

from workspace.backups.archives import make_backup, rotate
from workspace.database import Database
from workspace.deals import seat_roles, stages
from workspace.errors import DealkinError
from workspace.locks import upgrading
from workspace.settings import Settings

logger = logging.getLogger("dealkin.setup")


def open_database(settings: Settings) -> Database:
    """The workspace's database, created, migrated and seeded if necessary.

    An older database is backed up before it is upgraded.
    """
    database = Database(settings.database, pooled=settings.is_pooled)
    with upgrading(database):
        _back_up(database, settings)
        database.upgrade()
        with database.read() as session:
            is_set_up = bool(stages.stages(session) and seat_roles.seat_roles(session))
        if not is_set_up:
            with database.write() as session:
                stages.add_default_stages(session)
                seat_roles.add_default_seat_roles(session)
    return database


def _back_up(database: Database, settings: Settings) -> None:
    """Back up a database that an upgrade is about to change."""
    folder = settings.backup_folder
    if folder is None or database.revision() is None or database.is_current():
        return
    if database.is_newer():
        return
    try:
        file, _ = make_backup(database, settings, folder, before_upgrade=True)
    except DealkinError as problem:
        if database.is_sqlite:
            raise
        # The server's own programs may be missing where Dealkin runs.
        logger.warning("No backup was made before the upgrade: %s", problem)
        return
    logger.warning("Before the upgrade the database was backed up to %s", file)
    rotate(folder)
