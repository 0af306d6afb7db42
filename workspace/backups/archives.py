"""The file of a backup: a compressed tar of the database and the home's files, with a manifest.

The manifest has the SHA-256 of each file, and the rows of each table. It is the last member, so
that a backup that was cut off has none. With a recipient's key the file is encrypted for it (age).
"""

import gzip
import hashlib
import json
import os
import re
import tarfile
import tempfile
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyrage

from workspace.backups.copies import copy_database
from workspace.clock import now
from workspace.database import Database
from workspace.errors import DealkinError, Invalid
from workspace.settings import Settings
from workspace.told import Code, refusal

FORMAT = 1
MANIFEST = "manifest.json"
_READ_AT_ONCE = 2**20
# Of what is in the home: the database is copied in another way, indexes and backups are made again,
# and the keys would open the secrets in the same backup.
_LEFT_OUT = re.compile(
    r"(indexes|backups)(/|$)|\.?keys[^/]*$|.*\.sqlite3(-wal|-shm|\.lock|\.serving)?$"
)
_NAME = re.compile(r"dealkin-(\d{8}T\d{6}Z)(-before-upgrade)?\.tar\.gz(\.age)?")
_TIME = "%Y%m%dT%H%M%SZ"

# How many backups of days, of weeks, and from before upgrades a rotation keeps.
DAYS = 7
WEEKS = 5
UPGRADES = 3


@dataclass(frozen=True)
class Manifest:
    """What a backup has in it."""

    format: int
    made_at: str
    version: str
    # The revision of the schema, and the kind of the database.
    revision: str
    database: str
    rows: dict[str, int]
    # The SHA-256 of each file by its name in the backup.
    files: dict[str, str]


@dataclass(frozen=True)
class Backup:
    """A backup in a folder."""

    path: Path
    made_at: datetime
    before_upgrade: bool


def make_backup(
    database: Database,
    settings: Settings,
    folder: Path,
    *,
    before_upgrade: bool = False,
) -> tuple[Path, Manifest]:
    """Back up database and files into a new file in the folder."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made_at = now()
    suffix = "-before-upgrade" if before_upgrade else ""
    name = f"dealkin-{made_at:{_TIME}}{suffix}.tar.gz"
    recipient = _recipient(settings.backup_recipient)
    target = folder / (f"{name}.age" if recipient else name)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as scratch:
        copied, rows = copy_database(database, Path(scratch), settings.direct_database_url)
        files = {copied.name: copied, **_files_of(settings.home, folder)}
        manifest = Manifest(
            format=FORMAT,
            made_at=made_at.isoformat(),
            version=version("dealkin"),
            revision=database.revision() or "",
            database="sqlite" if database.is_sqlite else "postgresql",
            rows=rows,
            files={},
        )
        archive = Path(scratch) / name
        _pack(archive, files, manifest)
        if recipient:
            encrypted = Path(scratch) / target.name
            pyrage.encrypt_file(str(archive), str(encrypted), [recipient])
            archive = encrypted
        archive.chmod(0o600)
        _to_disk(archive)
        archive.replace(target)
        _to_disk(folder)
    return target, manifest


def _pack(archive: Path, files: dict[str, Path], manifest: Manifest) -> None:
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for name, path in files.items():
            # What was deleted since it was listed belongs to nothing in the database.
            with suppress(FileNotFoundError):
                digest = _digest(path)
                tar.add(path, name, recursive=False)
                manifest.files[name] = digest
        text = json.dumps(asdict(manifest), indent=1).encode()
        about = tarfile.TarInfo(MANIFEST)
        about.size = len(text)
        with tempfile.TemporaryFile() as file:
            file.write(text)
            file.seek(0)
            tar.addfile(about, file)


def unpack(file: Path, identity: Path | None, folder: Path) -> Manifest:
    """Unpack a backup into an empty folder, and check every file of it.

    `identity` is the file of the key that belongs to the recipient of an encrypted backup.
    """
    if not file.is_file():
        raise refusal(DealkinError, Code.NO_BACKUP, file=str(file))
    archive = file
    if file.suffix == ".age":
        archive = folder / "archive"
        _decrypt(file, identity, archive)
    try:
        with gzip.open(archive) as packed, tarfile.open(fileobj=packed, mode="r:") as tar:
            names = set(tar.getnames())
            tar.extractall(folder, filter="data")
            # The checksum of the whole is at its end, where an archive's reader does not look: of
            # what is between the files, nothing else tells that it is damaged.
            while packed.read(_READ_AT_ONCE):
                pass
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (tarfile.TarError, OSError, EOFError, ValueError, TypeError, zlib.error) as error:
        raise refusal(
            DealkinError, Code.BACKUP_INCOMPLETE, file=str(file), text=str(error)
        ) from None
    if manifest.format != FORMAT:
        raise refusal(DealkinError, Code.BACKUP_VERSION, file=str(file), version=manifest.version)
    if names != {*manifest.files, MANIFEST}:
        raise refusal(DealkinError, Code.BACKUP_OTHER_FILES, file=str(file))
    for name, digest in manifest.files.items():
        if _digest(folder / name) != digest:
            raise refusal(DealkinError, Code.BACKUP_CHANGED, file=str(file), name=name)
    return manifest


def backups_in(folder: Path) -> list[Backup]:
    """The backups in a folder, the newest first."""
    found = []
    for path in folder.glob("dealkin-*") if folder.is_dir() else ():
        if match := _NAME.fullmatch(path.name):
            made_at = datetime.strptime(match[1], _TIME).replace(tzinfo=UTC)
            found.append(Backup(path, made_at, bool(match[2])))
    return sorted(found, key=lambda backup: backup.made_at, reverse=True)


def rotate(folder: Path) -> list[Path]:
    """Delete the backups that are not kept; which.

    Kept are the newest of each of the last days that have one, and of each of the last weeks, and
    the last from before upgrades.
    """
    backups = backups_in(folder)
    kept = {each.path for each in [each for each in backups if each.before_upgrade][:UPGRADES]}
    days: dict[Any, Path] = {}
    weeks: dict[Any, Path] = {}
    for backup in backups:
        if not backup.before_upgrade:
            days.setdefault(backup.made_at.date(), backup.path)
            weeks.setdefault(backup.made_at.isocalendar()[:2], backup.path)
    kept |= {*list(days.values())[:DAYS], *list(weeks.values())[:WEEKS]}
    gone = [backup.path for backup in backups if backup.path not in kept]
    for path in gone:
        path.unlink()
    return gone


def is_due(folder: Path, every: timedelta) -> bool:
    """Whether the last backup that no upgrade asked for is older than that."""
    regular = [backup for backup in backups_in(folder) if not backup.before_upgrade]
    return not regular or now() - regular[0].made_at > every


def _files_of(home: Path, backups: Path) -> dict[str, Path]:
    """The files of the home that nothing else can bring back."""
    found = {}
    for path in sorted(home.rglob("*")) if home.is_dir() else ():
        name = path.relative_to(home).as_posix()
        if path.is_file() and not path.is_relative_to(backups) and not _LEFT_OUT.match(name):
            found[f"files/{name}"] = path
    return found


def _recipient(key: str | None) -> Any:
    if not key:
        return None
    try:
        return pyrage.x25519.Recipient.from_str(key)
    except pyrage.RecipientError:
        raise Invalid("DEALKIN_BACKUP_RECIPIENT must be a public key of age, age1….") from None


def _decrypt(file: Path, identity: Path | None, target: Path) -> None:
    if identity is None:
        raise refusal(DealkinError, Code.BACKUP_ENCRYPTED, file=str(file))
    try:
        lines = identity.read_text(encoding="utf-8").splitlines()
        keys = [
            pyrage.x25519.Identity.from_str(line.strip())
            for line in lines
            if line.strip() and not line.startswith("#")
        ]
        pyrage.decrypt_file(str(file), str(target), keys)
    except (OSError, pyrage.IdentityError, pyrage.DecryptError) as error:
        raise refusal(
            DealkinError,
            Code.BACKUP_KEY,
            file=str(file),
            identity=str(identity),
            text=str(error),
        ) from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    """Have the disk keep a file, or the names in a folder, through a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
