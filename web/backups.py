"""Backups as jobs, when they are due, and the drill that shows that a backup can be restored."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from similarity.encoders.embeddings import Encoder
from similarity.names import recorder
from similarity.search import search
from web.workspace import Workspace, encoder_of_record, workspace_on
from workspace.assets import files
from workspace.backups.archives import Manifest, is_due, make_backup, rotate
from workspace.backups.restoring import restore
from workspace.clock import now
from workspace.database import Database
from workspace.deals.access import visible_deals
from workspace.deals.tables import Deal
from workspace.errors import DealkinError
from workspace.jobs import queue
from workspace.jobs.tables import JobState
from workspace.people.viewer import PLAIN_VIEW
from workspace.privacy.erasure import FILE as ERASURES
from workspace.privacy.erasure import erasures_file, replay_erasures, write_erasures
from workspace.privacy.retention import RETENTION, rules_of
from workspace.settings import Settings
from workspace.setup import open_database
from workspace.told import Code, refusal

BACKUP = "backup"
DRILL = "drill"
EVERY = timedelta(days=1)
# How often the leader looks whether a backup is due.
PAUSE_SECONDS = 600.0
# Deals that a drill looks for in the restored workspace.
QUESTIONS = 20


def back_up(workspace: Workspace, folder: Path | None = None) -> dict[str, Any]:
    """Make a backup, and delete those that are not kept in the folder of backups."""
    settings = workspace.settings
    kept_in = settings.backup_folder
    target = folder or kept_in
    if target is None:
        raise refusal(DealkinError, Code.BACKUPS_OFF)
    erasures = erasures_file(settings)
    write_erasures(workspace.database, erasures)
    if target != erasures.parent:
        write_erasures(workspace.database, target / ERASURES, erasures)
    file, manifest = make_backup(workspace.database, settings, target)
    if target == kept_in:
        rotate(target)
    rows = sum(manifest.rows.values())
    return {"file": str(file), "rows": rows, "bytes": file.stat().st_size}


def back_up_when_due(workspace: Workspace) -> float:
    """Queue a backup if the last one is a day old; returns the seconds until the next look."""
    folder = workspace.settings.backup_folder
    if folder and is_due(folder, EVERY):
        with workspace.database.write() as session:
            if not queue.is_unfinished(session, BACKUP) and not _failed_lately(session):
                queue.enqueue(session, BACKUP, None)
    return PAUSE_SECONDS


def apply_retention_when_due(workspace: Workspace) -> float:
    """Queue the deletion of what is kept no longer, once a day; the seconds until the next look."""
    with workspace.database.write() as session:
        last = queue.job_rows(session, kind=RETENTION, limit=1)
        is_due = not last or now() - last[0].created_at >= EVERY
        if is_due and rules_of(session):
            queue.enqueue(session, RETENTION, None)
    return PAUSE_SECONDS


def erasures_for(file: Path, settings: Settings) -> list[Path]:
    """The files that tell of erasures since a backup: beside it, and where settings have it."""
    places = dict.fromkeys((file.absolute().parent / ERASURES, erasures_file(settings).absolute()))
    return [place for place in places if place.is_file()]


def restore_workspace(file: Path, settings: Settings, identity: Path | None = None) -> Manifest:
    """Restore a backup into the empty place of these settings, and bring it up to date.

    Persons who were erased since it was made are erased again.
    """
    manifest = restore(file, settings, identity)
    with closing(open_database(settings)) as database:
        erasures = erasures_for(file, settings)
        if erasures:
            # What is derived from persons goes with them.
            workspace_on(database, settings, encoder_of_record(settings, database))
            if sum(replay_erasures(database, each) for each in erasures):
                with database.write() as session:
                    recorder.forget_unused(session)
                    files.sweep(session, settings.files)
                database.shrink_log()
        write_erasures(database, erasures_file(settings), *erasures)
    return manifest


def drill(
    file: Path, settings: Settings, encoder: Encoder, identity: Path | None = None
) -> dict[str, Any]:
    """Restore a backup into a scratch place, count its rows, and ask it questions.

    Each question is the name of a deal, and has to find the deal.
    """
    with _scratch(settings) as scratch:
        manifest = restore_workspace(file, scratch, identity)
        with closing(Database(scratch.database)) as database:
            workspace = workspace_on(database, scratch, encoder)
            with database.read() as session:
                asked, missed = _ask(session, workspace)
    if missed:
        raise refusal(DealkinError, Code.RESTORED_DEALS, keys=missed)
    return {
        "file": file.name,
        "made at": manifest.made_at,
        "rows": sum(manifest.rows.values()),
        "questions": asked,
    }


def _ask(session: Session, workspace: Workspace) -> tuple[int, list[str]]:
    """How many deals were looked for, and the keys of those that were not found."""
    deals = select(Deal.key, Deal.name).where(visible_deals(PLAIN_VIEW)).order_by(col(Deal.id))
    rows = session.exec(deals).all()
    sample = rows[:: max(1, len(rows) // QUESTIONS)][:QUESTIONS]
    missed = []
    for key, name in sample:
        found = search(session, PLAIN_VIEW, workspace.catalog, name, limit=50)
        if key not in {hit.key for hit in found.deals}:
            missed.append(key)
    return len(sample), missed


@contextmanager
def _scratch(settings: Settings) -> Iterator[Settings]:
    """The settings of an empty place of the same kind, which is gone after the block."""
    with tempfile.TemporaryDirectory(prefix="dealkin-drill-") as home:
        # A backup has no rows for the database to search.
        place: dict[str, Any] = {"home": Path(home), "backups": "off", "search": "caches"}
        # No pooler and no replica knows the scratch place.
        place |= {"direct_database_url": None, "replica_database_url": None}
        url = sa.make_url(settings.direct_database)
        if url.get_backend_name() == "sqlite":
            yield settings.model_copy(update={**place, "database_url": None})
            return
        name = f"dealkin_drill_{secrets.token_hex(4)}"
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
            made = url.set(database=name).render_as_string(hide_password=False)
            try:
                yield settings.model_copy(update={**place, "database_url": made})
            finally:
                with engine.connect() as connection:
                    connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        finally:
            engine.dispose()


def _failed_lately(session: Session) -> bool:
    """Whether the last backup failed within a day: trying every few minutes would not help."""
    last = queue.job_rows(session, kind=BACKUP, limit=1)
    ended = last[0].finished_at if last and last[0].state == JobState.FAILED else None
    return ended is not None and now() - ended < EVERY
