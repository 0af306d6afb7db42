"""Shared by the tests of imports: writing files, importing them, and comparing databases."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from workspace.database import Database
from workspace.imports.run import Report, import_files

# Texts that break programs: reserved words, numbers that are none, odd characters, and attacks.
ODD_TEXTS = (
    "", " ", "\t", "\0", "\ufeff", "\u200b", "\u202edesrever", "\xad", "\x85", "\u2028",
    "\U000e0001", "undefined", "null", "None", "nil", "NaN", "Infinity", "-Infinity", "1e309",
    "1E+02", "0x1F", "0b1", "1/0", "-0", "00", "1_000", "1..2", "1,,2", ",", ".", "-", "+",
    "1.2.3.4", "2²", "½", "٣", "１２３", "Ⅻ", "999999999999999999999999999999999999999", "9" * 80,
    "$-1.00", "€€5", "(1,234)", "31.02.2024", "2024-13-01", "0000-00-00", "00/00/0000",
    "32 Jan 2024", "29 Feb 2023", "24:61", "İstanbul", "ẞ", "ﬁ", "Å", "e" + "\u0301" * 60,
    "👩‍👩‍👧‍👦", "🇵🇱", "田中さん", "אבג", "مرحبا", "(╯°□°)╯", "<script>alert(1)</script>",
    "javascript:alert(1)", "data:text/html,<b>x</b>", "' OR 1=1 --", "{{ 7*7 }}", "%s%n",
    "$(reboot)", "`id`", "../../etc/passwd", "C:\\CON", "=1+1", "@SUM(A1)", "mailto:", "a@b@c",
    "@", "https://", "http://[::1", "//x", "x" * 10_000, "(" * 5_000, "1 " * 5_000,
)  # fmt: skip


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
