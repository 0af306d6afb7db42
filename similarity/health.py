"""Health: what is installed and stored, whether it fits together, and what to do if not."""

import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, SQLModel, col, func, select

from similarity.encoders.embeddings import Encoder, ModelUnavailable
from similarity.encoders.reranking import Reader
from similarity.index.in_database import tables
from similarity.index.snapshots import Snapshots
from similarity.index.sources import TABLES
from similarity.index.tables import CATALOG_LOG, Document, Passage
from workspace.change_log import EMPTY
from workspace.database import NEWER, Database

_LIBRARIES = (
    "dealkin",
    "litestar",
    "sqlmodel",
    "sqlalchemy",
    "sentence-transformers",
    "torch",
    "faiss-cpu",
)


def check(
    database: Database,
    encoder: Encoder,
    folder: Path,
    reader: Reader | None = None,
    *,
    in_database: bool = False,
) -> dict[str, Any]:
    """Facts by subject, with `warnings`, and `problems` that have to be solved.

    `in_database` is whether the settings have the database search.
    """
    warnings: list[str] = []
    problems: list[str] = []
    facts: dict[str, Any] = {
        "versions": {"python": platform.python_version()}
        | {name: _version(name) for name in _LIBRARIES},
        "model": _model(encoder, problems),
        **({"reranker": _reranker(reader, problems)} if reader else {}),
        "database": {"kind": "SQLite" if database.is_sqlite else "PostgreSQL"},
        "warnings": warnings,
        "problems": problems,
    }
    if database.is_sqlite:
        facts["database"]["version"] = sqlite3.sqlite_version
        if not _without_wal_race(sqlite3.sqlite_version_info):
            warnings.append(
                f"SQLite {sqlite3.sqlite_version} can lose commits where several connections"
                " write to one file (fixed in 3.51.3, 3.50.7 and 3.44.6). Dealkin writes through"
                " one; let no second server and no other program write to it."
            )
        file = Path(str(database.url.database))
        if not file.is_file() or not file.stat().st_size:
            problems.append("There is no database yet: `dealkin serve` or `dealkin demo` makes it.")
            return facts
    try:
        current = database.is_current()
        with database.read() as session:
            _check_database(session, current, database.is_newer(), facts)
            if current:
                facts["index"] = (
                    _rows(session, encoder, problems)
                    if in_database
                    else _index(session, encoder, folder, warnings)
                )
    except SQLAlchemyError as error:
        problems.append(f"The database cannot be read: {error}")
    return facts


def _check_database(session: Session, current: bool, newer: bool, facts: dict[str, Any]) -> None:
    """Add the facts and problems of the database and of the stored vectors."""
    problems = facts["problems"]
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        facts["database"]["version"] = connection.execute(sa.text("SHOW server_version")).scalar()
    elif (answer := connection.execute(sa.text("PRAGMA quick_check")).scalar()) != "ok":
        problems.append(f"The database file is damaged: {answer}. Restore a backup.")
    facts["database"]["schema is current"] = current
    if not current:
        older = "The schema is of an older version: `dealkin serve` brings it up to date."
        problems.append(NEWER if newer else older)
        return
    facts["rows"] = {
        name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
        for name, table in sorted(SQLModel.metadata.tables.items())
    }
    facts["vectors"] = _vectors(session, facts["model"]["id"], problems)


def _model(encoder: Encoder, problems: list[str]) -> dict[str, Any]:
    facts: dict[str, Any] = {"id": encoder.model_id}
    try:
        facts["dimension"] = int(encoder.encode(["ready"]).shape[1])
    except ModelUnavailable as problem:
        problems.append(f"{problem} Until then words alone carry the search.")
    return facts


def _reranker(reader: Reader, problems: list[str]) -> dict[str, Any]:
    try:
        reader.read("ready", ["ready"])
    except ModelUnavailable as problem:
        problems.append(f"{problem} Until then results are ranked without it.")
        return {"name": reader.name, "state": "cannot be used"}
    return {"name": reader.name, "state": "ready"}


def _vectors(session: Session, model: str, problems: list[str]) -> dict[str, int]:
    """How many passages have a vector of each model, how many have none, and how many subjects
    have no document."""
    stored = session.exec(select(Passage.model, func.count()).group_by(col(Passage.model)))
    facts = {name or "none": count for name, count in stored}
    missing = sum(count for name, count in facts.items() if name != model)
    for kind, table in TABLES.items():
        documented = select(Document.subject_id).where(Document.kind == kind)
        without = select(func.count()).select_from(table).where(col(table.id).not_in(documented))
        facts[f"{kind}s without a document"] = session.exec(without).one()
        missing += facts[f"{kind}s without a document"]
    if missing:
        problems.append(f"{missing:,} texts have no vector of the model: run `dealkin reindex`.")
    return facts


def _index(session: Session, encoder: Encoder, folder: Path, warnings: list[str]) -> dict[str, Any]:
    """The state of the snapshots, which the next search brings up to date in any case."""
    stored = CATALOG_LOG.last(session).number
    snapshots = Snapshots(folder)
    mark = snapshots.mark() or EMPTY
    published = mark.number
    if not published:
        state = "missing" if stored else "in step"
    elif not CATALOG_LOG.knows(session, mark):
        state = "of another database"
    elif (loaded := snapshots.load(encoder.model_id)) is None:
        state = "damaged, or of another model"
    elif published < stored:
        state = "behind"
    else:
        counts = session.exec(select(Document.kind, func.count()).group_by(col(Document.kind)))
        written = {str(kind): len(collection) for kind, collection in loaded[1].items()}
        state = "in step" if written == dict.fromkeys(written, 0) | dict(counts.all()) else "wrong"
    if state not in ("in step", "behind"):
        warnings.append(f"The index snapshots are {state}: the next search rebuilds them.")
    searched = {"searched by": "caches", "generation": stored, "snapshot": published}
    return searched | {"state": state}


def _rows(session: Session, encoder: Encoder, problems: list[str]) -> dict[str, Any]:
    """The state of the rows that the database searches."""
    facts: dict[str, Any] = {"searched by": "database"}
    kept = tables.kept(session)
    if obstacle := tables.obstacle(session):
        problems.append(obstacle)
        if not kept:
            return facts | {"state": "cannot be searched"}
    if not kept or (kept.format, kept.model) != (tables.FORMAT, encoder.model_id):
        problems.append(
            "The tables for searching are missing or outdated: restart `dealkin serve`."
        )
        return facts | {"state": "of another model" if kept else "missing"}
    documents = session.exec(select(func.count()).select_from(Document)).one()
    rows = session.scalars(sa.select(func.count()).select_from(tables.DOCUMENT)).one()
    if rows != documents:
        problems.append(
            f"The database searches {rows:,} of {documents:,} documents: run `dealkin reindex`."
        )
    return facts | {"documents": rows, "state": "in step" if rows == documents else "wrong"}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _without_wal_race(number: tuple[int, ...]) -> bool:
    """Whether this SQLite has the fix of its WAL-reset race (sqlite.org/wal.html)."""
    fixed = number >= (3, 51, 3) and number[:3] != (3, 52, 0)
    return fixed or (3, 44, 6) <= number < (3, 45) or (3, 50, 7) <= number < (3, 51)
