"""Restoring a backup: into an empty home and database, never over one that is there."""

import shutil
import tempfile
from pathlib import Path

from workspace.backups.archives import Manifest, unpack
from workspace.backups.copies import count_rows, fill_database, is_empty
from workspace.database import Database
from workspace.errors import Conflict, DealkinError
from workspace.settings import Settings
from workspace.told import Code, refusal


def restore(file: Path, settings: Settings, identity: Path | None = None) -> Manifest:
    """Restore a backup into the home and the database of these settings.

    `Conflict` if the database has tables. The schema is that of the backup; opening the database
    upgrades it.
    """
    database = Database(settings.database, pooled=settings.is_pooled)
    try:
        if not is_empty(database):
            raise Conflict(
                "There is a database already, and a restore overwrites nothing. Set DEALKIN_HOME to"
                " an empty folder, or DATABASE_URL to an empty database."
            )
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=settings.home, prefix=".restoring-") as folder:
            scratch = Path(folder)
            manifest = unpack(file, identity, scratch)
            _restore(manifest, scratch, database, settings)
    finally:
        database.close()
    return manifest


def _restore(manifest: Manifest, scratch: Path, database: Database, settings: Settings) -> None:
    kind = "sqlite" if database.is_sqlite else "postgresql"
    if manifest.database != kind:
        of_sqlite = manifest.database == "sqlite"
        needs = Code.BACKUP_NEEDS_SQLITE if of_sqlite else Code.BACKUP_NEEDS_POSTGRESQL
        raise refusal(DealkinError, needs)
    (copied,) = (name for name in manifest.files if not name.startswith("files/"))
    fill_database(database, scratch / copied, settings.direct_database_url)
    rows = count_rows(database)
    if rows != manifest.rows:
        wrong = sorted(
            name for name in {*rows, *manifest.rows} if rows.get(name) != manifest.rows.get(name)
        )
        raise refusal(DealkinError, Code.RESTORED_ROWS, tables=wrong)
    for name in manifest.files:
        if name.startswith("files/"):
            target = settings.home / name.removeprefix("files/")
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.move(scratch / name, target)
