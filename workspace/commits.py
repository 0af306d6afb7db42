"""Commits of all processes on a PostgreSQL database, as they are made."""

import logging
import threading
from collections.abc import Callable

import psycopg
import sqlalchemy as sa

from workspace.database import CHANNEL

logger = logging.getLogger("dealkin.commits")

# How often the listener looks whether it should stop.
PAUSE_SECONDS = 1.0
# How long it waits before it connects again.
RETRY_SECONDS = 5.0


def listen(url: str, act: Callable[[], None]) -> threading.Event:
    """Start a thread that calls `act` after each commit until the returned event is set.

    `url` leads to the database itself: a pooler does not pass notifications.
    """
    address = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    stopped = threading.Event()

    def follow() -> None:
        # A connection that is cut off in between is noticed within a minute.
        with psycopg.connect(
            address, autocommit=True, keepalives_idle=20, keepalives_interval=10
        ) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            # What was committed while there was no connection.
            act()
            while not stopped.is_set():
                for _ in connection.notifies(timeout=PAUSE_SECONDS):
                    act()
                    if stopped.is_set():
                        return

    def run() -> None:
        while not stopped.is_set():
            try:
                follow()
            except psycopg.Error as error:
                logger.warning("Commits of other processes are not followed: %s", error)
                stopped.wait(RETRY_SECONDS)

    threading.Thread(target=run, name="commits", daemon=True).start()
    return stopped
