"""Ids that tell nobody how many rows there are.

The ids of rows on deals, of ties, connections, notifications, emails and facts about people stand
in addresses. If they were counted, a member could see from the gaps between two of them how much is
written where they may not look. Pages name a row that has a key by its key, and never by its id.
"""

import secrets
import threading
import time
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

# A new id is the time in milliseconds since 2026, so that ids are in the order in which rows were
# made, and below it a random number of this many bits.
_RANDOM_BITS = 20
_SINCE_MS = 1_767_225_600_000
# Ids made within one millisecond follow each other at random distances of at most this.
_STEP = 256

# SQLite gives rows their number only in a column that it calls INTEGER, which has 64 bits there.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_lock = threading.Lock()
_last = 0


def new_id() -> int:
    """An id above all that this process made before, of 63 bits."""
    global _last
    milliseconds = time.time_ns() // 1_000_000 - _SINCE_MS
    timed = (milliseconds << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    with _lock:
        _last = max(timed, _last + 1 + secrets.randbelow(_STEP))
        return _last


def uncounted_id() -> Any:
    """The field of a primary key that gets a `new_id`."""
    return Field(default=None, primary_key=True, sa_type=ID, sa_column_kwargs={"default": new_id})
