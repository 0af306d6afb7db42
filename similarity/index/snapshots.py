"""Snapshots: the caches in files, believed only where every checksum and the database agree."""

import hashlib
import json
import logging
import os
import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from similarity.index.collection import Collection
from similarity.index.documents import PREPARATION
from similarity.index.sources import Kind
from workspace.change_log import Mark

log = logging.getLogger(__name__)

# Raised when the content of the files changes, so that older snapshots are not read.
SNAPSHOT_FORMAT = 8
# How many bytes of a file are hashed at a time.
DIGEST_BLOCK = 4 << 20


class Snapshots:
    """The snapshots in a folder.

    Each time, files are written under new names. Then a manifest with their names and checksums
    replaces the old one. A process that is killed before that leaves the old manifest valid, and
    files that do not match the manifest are not used.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._manifest = folder / "manifest.json"

    def save(self, model: str, mark: Mark, collections: dict[Kind, Collection]) -> None:
        """Publish snapshots of these collections. Without them, only the next start is slower."""
        stem = secrets.token_hex(6)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            files = {
                kind: collection.save(self._folder, f"{kind}-{stem}")
                for kind, collection in collections.items()
            }
            manifest = {
                "format": SNAPSHOT_FORMAT,
                "preparation": PREPARATION,
                "model": model,
                "generation": mark.number,
                "token": mark.token,
                "files": {
                    kind: [[path.name, _file_digest(path)] for path in paths]
                    for kind, paths in files.items()
                },
            }
            draft = self._folder / f"manifest-{stem}.json"
            draft.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
            draft.replace(self._manifest)
        except (OSError, RuntimeError) as problem:  # faiss raises RuntimeError.
            log.warning("The index snapshots could not be written: %s", problem)
            _remove(self._folder.glob(f"*-{stem}*"))
        else:
            _remove(path for path in self._folder.glob("*-*") if stem not in path.name)

    def load(self, model: str) -> tuple[Mark, dict[Kind, Collection]] | None:
        """The published collections and their mark; None where they cannot be believed."""
        try:
            manifest = json.loads(self._manifest.read_text(encoding="utf-8"))
            version = (manifest.get("format"), manifest["preparation"], manifest["model"])
            if version != (SNAPSHOT_FORMAT, PREPARATION, model):
                return None
            digests = {
                kind: {self._folder / Path(name).name: digest for name, digest in files}
                for kind, files in manifest["files"].items()
            }
            for files in digests.values():
                for path, digest in files.items():
                    if _file_digest(path) != digest:
                        log.warning("The index snapshot %s is damaged and rebuilt.", path.name)
                        return None
            collections = {kind: Collection.load(list(digests[kind])) for kind in Kind}
            collections[Kind.FEEDBACK].borrow(collections[Kind.DEAL])
            return _mark_of(manifest), collections
        except FileNotFoundError:
            return None
        except Exception as problem:  # A cache with any content must not stop a start.
            log.warning("The index snapshots cannot be read and are rebuilt. (%s)", problem)
            return None

    def mark(self) -> Mark | None:
        """The mark of the published snapshots, without reading the indexes."""
        try:
            manifest = json.loads(self._manifest.read_text(encoding="utf-8"))
            return _mark_of(manifest)
        except Exception:  # A cache with any content must not stop a start.
            return None

    def clear(self) -> None:
        """Delete every snapshot."""
        _remove([self._manifest, *self._folder.glob("*-*")])


def _mark_of(manifest: dict[str, Any]) -> Mark:
    return Mark(int(manifest["generation"]), str(manifest["token"]))


def _file_digest(path: Path) -> str:
    """The SHA-256 of the SHA-256s of a file's blocks.

    One file has most of the bytes, so its blocks are hashed on all cores.
    """

    def digest(start: int) -> bytes:
        with path.open("rb") as file:
            file.seek(start)
            return hashlib.sha256(file.read(DIGEST_BLOCK)).digest()

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        digests = pool.map(digest, range(0, path.stat().st_size, DIGEST_BLOCK))
        return hashlib.sha256(b"".join(digests)).hexdigest()


def _remove(paths: Iterable[Path]) -> None:
    """Delete files of a cache; a file that cannot be deleted does no harm."""
    for path in paths:
        with suppress(OSError):
            path.unlink()
