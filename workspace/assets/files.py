"""The files of assets, in versions: kept in the home's folder under random names.

A file is written before its row, and deleted after it: what no row names is swept.
"""

import hashlib
import os
import secrets
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Text, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from workspace.assets.assets import Asset
from workspace.assets.inspection import FILE_KINDS, InspectedFile
from workspace.audit import audit
from workspace.clock import now
from workspace.database import Database, fetch, select_row
from workspace.errors import Conflict, DealkinError, NotFound
from workspace.jobs.queue import enqueue
from workspace.people.tables import Person
from workspace.reading import unfiltered
from workspace.revisions.tables import RevisionChange
from workspace.told import Code, refusal

# The kind of the job that reads the text of a file.
READ_TEXT = "read text"
# A file of this age that no row names belongs to no upload that is still under way.
_ORPHANED_SECONDS = 3600
_MOST_VERSIONS = 200
# Seconds between two sweeps.
_PAUSE_SECONDS = 3600.0


class TextState(StrEnum):
    """How far a file's text is read."""

    WAITING = "waiting"
    READ = "read"
    UNREADABLE = "unreadable"
    # A kind of file without text.
    NONE = "none"


# The kinds of files whose text is read.
WITH_TEXT = frozenset({"pdf", "docx", "pptx", "xlsx"})


class AssetFile(SQLModel, table=True):
    """A version of an asset's file. The asset's file is that of the highest version."""

    __table_args__ = (UniqueConstraint("asset_id", "version"),)

    id: int = Field(default=None, primary_key=True)
    asset_id: int = Field(foreign_key="asset.id", index=True, ondelete="CASCADE")
    version: int
    name: str = Field(max_length=200)
    # A key of `FILE_KINDS`.
    kind: str = Field(max_length=10)
    size: int
    # SHA-256 of the file's bytes.
    digest: str = Field(max_length=64)
    # The random name in the home's folder.
    stored: str = Field(unique=True, max_length=32)
    by_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    at: datetime = Field(default_factory=now)
    text_state: str = Field(default=TextState.WAITING, max_length=12)
    text: str = Field(default="", sa_type=Text)
    # When the file was deleted because it names a person who was erased.
    erased_at: datetime | None = None


@dataclass(frozen=True)
class FileRow:
    """A version of an asset's file, as pages show it."""

    id: int
    asset_id: int
    version: int
    name: str
    kind: str
    size: int
    digest: str
    stored: str
    by: str | None
    at: datetime
    text_state: str
    erased_at: datetime | None

    @property
    def label(self) -> str:
        """What kind of file it is."""
        return FILE_KINDS[self.kind].label

    @property
    def media_type(self) -> str:
        """The media type, which follows from the content."""
        return FILE_KINDS[self.kind].media_type


def path_of(folder: Path, stored: str) -> Path:
    """Where a file is in the folder."""
    return folder / stored[:2] / stored


def keep(folder: Path, raw: bytes) -> str:
    """Write a file into the folder; its random name."""
    stored = secrets.token_hex(16)
    keep_as(folder, stored, raw)
    return stored


def keep_as(folder: Path, stored: str, raw: bytes) -> None:
    """Write a file into the folder under the name that it has already."""
    path = path_of(folder, stored)
    scratch = path.with_suffix(".part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch.touch(mode=0o600, exist_ok=False)
        with scratch.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError:
        # A full disk needs what is half written.
        scratch.unlink(missing_ok=True)
        raise


def discard(folder: Path, stored: str) -> None:
    """Delete a file that no row names."""
    path_of(folder, stored).unlink(missing_ok=True)


def add_version(
    session: Session, asset: Asset, file: InspectedFile, stored: str, by: int | None
) -> AssetFile:
    """Make a file that is kept the newest version of an asset's file."""
    last = sa.select(sa.func.max(col(AssetFile.version))).where(col(AssetFile.asset_id) == asset.id)
    version = (session.scalar(last) or 0) + 1
    if version > _MOST_VERSIONS:
        raise Conflict(f"An asset has at most {_MOST_VERSIONS} versions: add a new asset.")
    row = AssetFile(
        asset_id=asset.id,
        version=version,
        name=file.name,
        kind=file.kind,
        size=len(file.raw),
        digest=hashlib.sha256(file.raw).hexdigest(),
        stored=stored,
        by_id=by,
        text_state=TextState.WAITING if file.kind in WITH_TEXT else TextState.NONE,
    )
    session.add(row)
    session.flush()
    detail: dict[str, object] = {"version": version, "digest": row.digest}
    audit(session, by, "file added", f"asset {asset.id}", detail)
    if row.text_state == TextState.WAITING:
        enqueue(session, READ_TEXT, by, {"file": row.id})
    return row


def versions_of(session: Session, asset_id: int) -> list[FileRow]:
    """The versions of an asset's file, the newest first."""
    query = select_row(FileRow, AssetFile, by=Person.name).outerjoin(
        Person, col(Person.id) == col(AssetFile.by_id)
    )
    newest = query.where(col(AssetFile.asset_id) == asset_id)
    return fetch(session, FileRow, newest.order_by(col(AssetFile.version).desc()))


def newest_versions(session: Session, asset_ids: Collection[int]) -> dict[int, int]:
    """The newest version of each of these assets that has a file to download."""
    newest = sa.func.max(col(AssetFile.version)).label("version")
    query = sa.select(col(AssetFile.asset_id), newest).where(
        col(AssetFile.asset_id).in_(asset_ids), col(AssetFile.erased_at).is_(None)
    )
    rows = session.execute(query.group_by(col(AssetFile.asset_id)))
    return {row.asset_id: row.version for row in rows}


def version_of(session: Session, asset_id: int, version: int) -> FileRow:
    """A version of an asset's file that can be downloaded; NotFound otherwise."""
    for row in versions_of(session, asset_id):
        if row.version == version and row.erased_at is None:
            return row
    raise NotFound("There is no such version of this file.")


def read(folder: Path, row: FileRow) -> bytes:
    """The bytes of a file, which are those that were uploaded."""
    try:
        raw = path_of(folder, row.stored).read_bytes()
    except FileNotFoundError:
        raise refusal(DealkinError, Code.FILE_MISSING) from None
    if hashlib.sha256(raw).hexdigest() != row.digest:
        raise refusal(DealkinError, Code.FILE_DAMAGED)
    return raw


def all_stored(folder: Path) -> Iterator[Path]:
    """The files in the folder, also those that are being written."""
    for path in sorted(folder.glob("??/*")):
        if path.is_file():
            yield path


def sweep(session: Session, folder: Path) -> int:
    """Delete the files that nothing can bring back any more; how many.

    The file of a deleted asset stays as long as the deletion can be undone.
    """
    rows = session.execute(sa.select(col(AssetFile.stored), col(AssetFile.erased_at))).all()
    erased = {stored for stored, erased_at in rows if erased_at is not None}
    named = {stored for stored, _ in rows}
    deleted = select(RevisionChange.before).where(RevisionChange.table_name == "assetfile")
    named |= {str(before.get("stored")) for before in session.exec(deleted) if before}
    before = time.time() - _ORPHANED_SECONDS
    count = 0
    for path in all_stored(folder):
        orphaned = path.name not in named and path.stat().st_mtime < before
        if path.name in erased or orphaned:
            path.unlink(missing_ok=True)
            count += 1
    return count


def sweep_when_due(database: Database, folder: Path) -> float:
    """Sweep the folder; returns the seconds until the next time."""
    with database.read() as session, unfiltered(session):
        sweep(session, folder)
    return _PAUSE_SECONDS
