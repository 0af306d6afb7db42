"""Consistent copies of a database while it is used, and databases made of them.

A copy of SQLite is made by `VACUUM INTO`, in one read transaction. PostgreSQL is copied by its own
`pg_dump` on an exported snapshot, so that the rows that are counted are those that are copied.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from workspace.database import Database
from workspace.errors import DealkinError
from workspace.told import Code, refusal

SQLITE_FILE = "database.sqlite3"
POSTGRES_FILE = "database.dump"
# Prefix of the tables that PostgreSQL searches: they follow from the others, and are made again
# if they are missing.
SEARCHED = "search_"
# The entries of the extension for searching in the contents of a copy.
_SEARCHING = re.compile(r" (?:EXTENSION -|COMMENT - EXTENSION) vector\b")


def copy_database(
    database: Database, folder: Path, direct: str | None = None
) -> tuple[Path, dict[str, int]]:
    """Copy the database into a file in the folder; the file, and the rows of each table.

    `direct` is the URL for PostgreSQL's programs, which set what a pooler does not keep.
    """
    if database.is_sqlite:
        return _copy_sqlite(database, folder / SQLITE_FILE)
    return _copy_postgres(database, folder / POSTGRES_FILE, direct)


def fill_database(database: Database, file: Path, direct: str | None = None) -> None:
    """Make an empty database what it was when the file was copied.

    On SQLite the database is not open yet, and its file does not exist.
    """
    if database.is_sqlite:
        path = Path(str(database.url.database))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in ("-wal", "-shm"):
            # They belong to another database, and would be played into this one.
            path.with_name(path.name + leftover).unlink(missing_ok=True)
        shutil.copyfile(file, path)
        path.chmod(0o600)
    else:
        options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
        with tempfile.NamedTemporaryFile("w", suffix=".list") as contents:
            contents.write(_restorable(_output("pg_restore", "--list", str(file))))
            contents.flush()
            listed = f"--use-list={contents.name}"
            _run("pg_restore", direct or database.url, *options, listed, str(file))


def _restorable(contents: str) -> str:
    """The contents of a copy without the extension for searching, which not every server has, and
    only administrators make; where it is needed, it is made at the start."""
    lines = contents.splitlines(keepends=True)
    return "".join(line for line in lines if not _SEARCHING.search(line))


def is_empty(database: Database) -> bool:
    """Whether there is no table in the database, or no database yet."""
    if database.is_sqlite:
        path = Path(str(database.url.database))
        return not path.exists() or not path.stat().st_size
    with database.reader.connect() as connection:
        return not sa.inspect(connection).get_table_names()


def count_rows(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    with database.reader.connect() as connection:
        return _count(connection)


def _copy_sqlite(database: Database, file: Path) -> tuple[Path, dict[str, int]]:
    with closing(sqlite3.connect(str(database.url.database), timeout=30)) as connection:
        connection.execute("VACUUM INTO ?", (str(file),))
    file.chmod(0o600)
    with closing(sqlite3.connect(file)) as copy:
        answer = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if answer != "ok":
            raise refusal(DealkinError, Code.COPY_DAMAGED, text=answer)
        names = copy.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        rows = {
            name: copy.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
            for (name,) in names.fetchall()
        }
    return file, rows


def _copy_postgres(
    database: Database, file: Path, direct: str | None
) -> tuple[Path, dict[str, int]]:
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with database.reader.connect().execution_options(**options) as connection:
        snapshot = connection.execute(sa.text("SELECT pg_export_snapshot()")).scalar_one()
        rows = _count(connection)
        _run(
            "pg_dump",
            direct or database.url,
            "--format=custom",
            f"--snapshot={snapshot}",
            f"--exclude-table=*.{SEARCHED}*",
            f"--file={file}",
        )
    file.chmod(0o600)
    return file, rows


def _count(connection: sa.Connection) -> dict[str, int]:
    names = sorted(sa.inspect(connection).get_table_names())
    tables = [sa.table(name) for name in names if not name.startswith(SEARCHED)]
    return {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in tables
    }


def _run(program: str, database: str | sa.URL, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on a database; its own message where it fails."""
    url = sa.make_url(database).set(drivername="postgresql")
    shown = url._replace(password=None).render_as_string()
    # Everybody on a machine can read the arguments of a process, but not its environment.
    password = {"PGPASSWORD": url.password} if url.password else {}
    _output(program, f"--dbname={shown}", *arguments, **password)


def _output(program: str, *arguments: str, **environment: str) -> str:
    """What one of PostgreSQL's programs writes; `DealkinError` with its message if it fails."""
    path = shutil.which(program)
    if path is None:
        raise refusal(DealkinError, Code.PROGRAM_MISSING, program=program)
    done = subprocess.run(  # noqa: S603
        [path, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"{program} failed."]
        text = lines[-1].removeprefix(f"{program}: ")
        raise refusal(DealkinError, Code.PROGRAM_FAILED, program=program, text=text)
    return done.stdout
