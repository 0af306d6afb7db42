"""The whole record as one file: a ZIP of CSVs, one a table, and back into an empty home.

Every table and column is in it, except what follows from others (`FOLLOWS`) and secrets (`SECRET`),
and so are the files of the library. Rows keep their keys, and come in their order, so that the same
record gives the same file.
"""

import csv
import hashlib
import io
import itertools
import json
import re
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel, col, select

from workspace.assets.files import AssetFile, keep_as, path_of
from workspace.audit import audit
from workspace.database import FOLLOWS, SECRET, Database
from workspace.errors import Conflict, DealkinError, Invalid
from workspace.formulas import safe, unsafe
from workspace.revisions.recorder import from_json, to_json
from workspace.told import Code

FORMAT = 1
ABOUT = "record.json"
# What an empty home has already; an import puts its own rows in their place.
SEEDED = frozenset({"stage", "seatrole", "dealcounter"})

# Told how many of how many rows are done.
Progress = Callable[[int, int], None]

_BATCH = 500
# The moment of all members, so that the same record gives the same file.
_MOMENT = (1980, 1, 1, 0, 0, 0)
# More than the description of any record takes.
_ABOUT_SIZE = 1_000_000


def exported_tables() -> list[sa.Table]:
    """The tables of the file, each after those that it refers to."""
    return [
        table
        for table in SQLModel.metadata.sorted_tables
        if table.info.get(FOLLOWS) is not True and not table.info.get(SECRET)
    ]


def exported_columns(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns of a table's file."""
    return [
        column
        for column in table.columns
        if not column.info.get(FOLLOWS) and not column.info.get(SECRET)
    ]


def export_record(
    database: Database, file: Path, folder: Path, show: Progress | None = None
) -> int:
    """Write the record and the library's files, which are in `folder`, into a new file; the number
    of its rows."""
    if file.exists():
        raise Conflict(f"{file} is there already: name a new file.")
    scratch = file.with_name(f".{file.name}.part")
    scratch.unlink(missing_ok=True)
    scratch.touch(mode=0o600)
    try:
        with database.read() as session:
            rows = _write(session, scratch, folder, database.revision() or "", show)
        scratch.replace(file)
    finally:
        scratch.unlink(missing_ok=True)
    with database.write() as session:
        audit(session, None, "record exported", "record", {"rows": rows})
    return rows


def _write(session: Session, path: Path, folder: Path, revision: str, show: Progress | None) -> int:
    tables = exported_tables()
    counts = {table.name: _count(session, table) for table in tables}
    total, done = sum(counts.values()), 0
    about: dict[str, Any] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in tables:
            digest = hashlib.sha256()
            with archive.open(_member(f"{table.name}.csv"), "w", force_zip64=True) as file:
                for lines in _lines(session, table):
                    text = io.StringIO(newline="")
                    csv.writer(text).writerows(lines)
                    part = text.getvalue().encode()
                    digest.update(part)
                    file.write(part)
            about[table.name] = {"rows": counts[table.name], "sha256": digest.hexdigest()}
            done += counts[table.name]
            if show:
                show(done, total)
        told = {
            "format": FORMAT,
            "version": version("dealkin"),
            "revision": revision,
            "tables": about,
            "files": _write_files(session, archive, folder),
        }
        archive.writestr(_member(ABOUT), json.dumps(told, indent=1))
    return total


def _write_files(session: Session, archive: zipfile.ZipFile, folder: Path) -> dict[str, str]:
    """Write the library's files; the SHA-256 of each. What is missing in the folder is left out."""
    digests = {}
    for stored in session.exec(select(AssetFile.stored).order_by(col(AssetFile.stored))):
        path = path_of(folder, stored)
        if path.is_file():
            with path.open("rb") as source, archive.open(_member(f"files/{stored}"), "w") as file:
                shutil.copyfileobj(source, file)
            with path.open("rb") as source:
                digests[stored] = hashlib.file_digest(source, "sha256").hexdigest()
    return digests


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _MOMENT)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o600 << 16
    return member


def _lines(session: Session, table: sa.Table) -> Iterator[list[list[str]]]:
    """The header of a table's file, and its rows, a batch at a time."""
    columns = exported_columns(table)
    yield [[column.name for column in columns]]
    query = sa.select(*columns).order_by(*table.primary_key).where(*_own(table))
    # The connection is asked, as a session may keep rows from its reader.
    rows = session.connection().execute(query.execution_options(yield_per=_BATCH))
    for batch in rows.mappings().partitions():
        plain = [to_json(dict(row)) for row in batch]
        yield [[as_cell(column, row[column.name]) for column in columns] for row in plain]


def _own(table: sa.Table) -> list[sa.ColumnElement[bool]]:
    """The condition for rows that follow from no others."""
    origin = table.info.get(FOLLOWS)
    return [sa.func.coalesce(table.c[origin], "") == ""] if isinstance(origin, str) else []


def _count(session: Session, table: sa.Table) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(*_own(table))
    return int(session.connection().execute(query).scalar_one())


def as_cell(column: sa.Column[Any], value: Any) -> str:
    """A value, in its form in JSON, as a cell.

    An empty cell is no value. A backslash stands before a text that begins with one, and for an
    empty text in a column that may have no value.
    """
    if value is None:
        return ""
    if isinstance(column.type, sa.JSON):
        return safe(json.dumps(value, ensure_ascii=False, sort_keys=True))
    if not isinstance(value, str):
        return json.dumps(value)
    if value.startswith("\\") or (not value and column.nullable):
        value = "\\" + value
    return safe(value)


def python_type(column: sa.Column[Any]) -> type:
    """The type of a column's values."""
    kind = column.type
    while isinstance(kind, sa.types.TypeDecorator):
        kind = kind.impl_instance
    return kind.python_type


def of_cell(column: sa.Column[Any], cell: str) -> Any:
    """The value, in its form in JSON, of which `as_cell` made a cell."""
    kind = python_type(column)
    if not cell and (column.nullable or kind is not str):
        return None
    text = unsafe(cell)
    if isinstance(column.type, sa.JSON):
        try:
            return json.loads(text)
        except ValueError:
            # A sentence of a version that kept no codes.
            said = {"code": Code.SAID, "text": text.removeprefix("\\")}
            return [said] if column.name == "fit" else said
    if kind in (bool, int, float):
        return json.loads(text)
    return text.removeprefix("\\")


def import_record(
    database: Database,
    file: Path,
    folder: Path,
    prepare: Callable[[Session], None],
    show: Progress | None = None,
) -> int:
    """Read an exported record into an empty home, or nothing of it; the number of its rows.

    The library's files go into `folder`. `prepare` is called with the session first.
    """
    with _damage(file), zipfile.ZipFile(file) as archive:
        told = _told(database, archive)
        about, files = told["tables"], told.get("files", {})
        _check(archive, {f"{name}.csv": each["sha256"] for name, each in about.items()})
        _check(archive, {f"files/{stored}": digest for stored, digest in files.items()})
        total = sum(int(each["rows"]) for each in about.values())
        with database.write() as session:
            prepare(session)
            _empty(session)
            done = 0
            for table in exported_tables():
                if table.name in about:
                    for count in _fill(session, table, archive):
                        done += count
                        if show:
                            show(done, total)
            for stored in files:
                keep_as(folder, stored, archive.read(f"files/{stored}"))
            audit(session, None, "record imported", "record", {"rows": total})
    return total


@contextmanager
def _damage(file: Path) -> Iterator[None]:
    """Say of a file that cannot be read that it is damaged."""
    try:
        yield
    except DealkinError:
        raise
    except (
        # `zipfile` raises RuntimeError for a password, and for a way of packing it does not know.
        *(zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError),
        *(KeyError, TypeError, ValueError, csv.Error, DBAPIError),
    ) as problem:
        raise Invalid(
            f"{file.name} is damaged, and nothing was imported: export the record again."
        ) from problem


def _told(database: Database, archive: zipfile.ZipFile) -> dict[str, Any]:
    """What the file says of its tables and files."""
    if ABOUT not in archive.namelist():
        raise Invalid(f"It has no {ABOUT}: unpack an archive that is no exported record first.")
    if archive.getinfo(ABOUT).file_size > _ABOUT_SIZE:
        raise ValueError
    told: dict[str, Any] = json.loads(archive.read(ABOUT))
    if told["format"] > FORMAT or not database.knows(told["revision"]):
        raise DealkinError(
            f"This record is of version {told['version']} of Dealkin, which is newer than this one."
            " Install that version first."
        )
    tables = {table.name for table in exported_tables()}
    if set(told["tables"]) - tables:
        raise ValueError
    if not all(re.fullmatch("[0-9a-f]{32}", stored) for stored in told.get("files", {})):
        raise ValueError
    return told


def _check(archive: zipfile.ZipFile, digests: Mapping[str, str]) -> None:
    """Read all of these members once: what is damaged must not be half applied."""
    for name, told in digests.items():
        digest = hashlib.sha256()
        with archive.open(name) as raw:
            while part := raw.read(1 << 20):
                digest.update(part)
        if digest.hexdigest() != told:
            raise ValueError(name)


def _empty(session: Session) -> None:
    """Remove what an empty home has already; `Conflict` if the home is not empty."""
    tables = exported_tables()
    filled = [table.name for table in tables if _count(session, table)]
    if set(filled) - SEEDED:
        raise Conflict(
            "This home has a record already, and an import of a whole record overwrites nothing."
            " Set DEALKIN_HOME to an empty folder, or DATABASE_URL to an empty database."
        )
    for table in reversed(tables):
        if table.name in filled:
            session.connection().execute(sa.delete(table))


def _fill(session: Session, table: sa.Table, archive: zipfile.ZipFile) -> Iterator[int]:
    """Insert the rows of a table, a batch at a time; the number of each batch."""
    model = _model_of(table)
    # A row may refer to a later row of its table.
    own = [column.name for column in table.columns if _refers_to_itself(table, column)]
    later: list[tuple[dict[str, Any], dict[str, Any]]] = []
    rows = _values(table, archive)
    while batch := list(itertools.islice(rows, _BATCH)):
        for values in batch:
            postponed = {name: values.pop(name) for name in own if values.get(name) is not None}
            if postponed:
                key = {column.name: values[column.name] for column in table.primary_key}
                later.append((key, postponed))
            session.add(model(**values))
        session.flush()
        yield len(batch)
    for key, postponed in later:
        row = session.get_one(model, tuple(key.values()))
        for name, value in postponed.items():
            setattr(row, name, value)
        session.add(row)
    session.flush()
    _continue_numbers(session, table)


def _values(table: sa.Table, archive: zipfile.ZipFile) -> Iterator[dict[str, Any]]:
    columns = {column.name: column for column in exported_columns(table)}
    with archive.open(f"{table.name}.csv") as raw:
        reader = csv.reader(io.TextIOWrapper(raw, "utf-8", newline=""), strict=True)
        header = next(reader)
        for cells in reader:
            row = dict(zip(header, cells, strict=True))
            plain = {name: of_cell(columns[name], cell) for name, cell in row.items()}
            yield {**from_json(table, plain), **_unusable_secrets(table)}


def _unusable_secrets(table: sa.Table) -> dict[str, str]:
    """Values that no secret has, where there has to be one."""
    return {
        column.name: secrets.token_hex(32)
        for column in table.columns
        if column.info.get(SECRET) and not column.nullable
    }


def _model_of(table: sa.Table) -> type[SQLModel]:
    mappers: Iterable[Any] = SQLModel._sa_registry.mappers
    found: type[SQLModel] = next(mapper.class_ for mapper in mappers if mapper.local_table is table)
    return found


def _refers_to_itself(table: sa.Table, column: sa.Column[Any]) -> bool:
    return any(key.column.table is table for key in column.foreign_keys)


def _continue_numbers(session: Session, table: sa.Table) -> None:
    """On PostgreSQL, have the next row's number follow those that were given."""
    key = table.autoincrement_column
    if key is None or session.get_bind().dialect.name == "sqlite":
        return
    sequence = sa.func.pg_get_serial_sequence(table.name, key.name)
    last = sa.select(sa.func.max(key)).scalar_subquery()
    session.connection().execute(
        sa.select(sa.func.setval(sequence, last)).where(sequence.is_not(None), last.is_not(None))
    )
