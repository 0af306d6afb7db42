"""What the tests of importing share: files to import, and the state of a whole database."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from workspace.database import Database
from workspace.imports.run import Report, import_files


def put(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    """A file of this text."""
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def load(database: Database, *paths: Path, by: int | None = None) -> list[Report]:
    """Import files and commit; their error files go beside the first."""
    with database.write() as session:
        return import_files(session, list(paths), by, paths[0].parent / "errors")


def load_text(database: Database, folder: Path, text: str, *, by: int | None = None) -> Report:
    """Import one file of this text."""
    return load(database, put(folder, "file.csv", text), by=by)[0]


def counts(report: Report) -> tuple[int, int, int, int]:
    """Created, updated, unchanged and failed rows."""
    return report.created, report.updated, report.unchanged, report.failed


def snapshot(database: Database) -> dict[str, list[Any]]:
    """Every row of every table."""
    with database.reader.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table))))
            for table in SQLModel.metadata.sorted_tables
        }
