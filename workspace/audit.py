"""The audit log: who did what to which row. It is written, never edited.

Before a transaction commits, its entries are chained: each has a number, and a hash over itself and
the hash before it. Values that may be personal lie in a table of their own, and the chain covers a
salted digest of them: erasure empties them, and the chain still holds. Triggers of the database
refuse every other change.
"""

import hashlib
import json
import logging
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import JSON, event
from sqlmodel import Field, Relationship, Session, SQLModel, col, select

from workspace.clock import now
from workspace.database import FOLLOWS, batches
from workspace.new_rows import new_row

log = logging.getLogger("dealkin.audit")

# The hash before the first entry.
START = "0" * 64
_PENDING = "audit entries to chain"
_CHAINED = "audit entries chained"
_UNAUDITED = "nothing is audited"


class AuditEntry(SQLModel, table=True):
    """One act. `by_id` is empty for the command line and for sign-ins with unknown addresses."""

    __table_args__ = {"info": {FOLLOWS: True}}

    id: int = Field(default=None, primary_key=True)
    at: datetime = Field(default_factory=now, index=True)
    by_id: int | None = Field(default=None, foreign_key="person.id")
    action: str = Field(max_length=60, index=True)
    subject: str = Field(max_length=300, index=True)
    # Of its values with their salt; empty where it has none.
    digest: str = Field(default="", max_length=64)
    # Its place in the chain, and the hash over it and the entry before.
    number: int | None = Field(default=None, index=True)
    hash: str = Field(default="", max_length=64)
    values: "AuditValues" = Relationship(
        sa_relationship_kwargs={"lazy": "joined", "uselist": False}
    )

    @property
    def detail(self) -> dict[str, Any]:
        """What else is known of the act; nothing once it was erased."""
        return (self.values.detail or {}) if self.values else {}


class AuditValues(SQLModel, table=True):
    """What else is known of an act, until it is erased."""

    __table_args__ = {"info": {FOLLOWS: True}}

    entry_id: int = Field(default=None, primary_key=True, foreign_key="auditentry.id")
    salt: str = Field(max_length=32)
    detail: dict[str, Any] | None = Field(sa_type=JSON(none_as_null=True))


class AuditHead(SQLModel, table=True):
    """The last entry of the chain: one row, which tells of entries that were cut off."""

    __table_args__ = {"info": {FOLLOWS: True}}

    id: int = Field(default=1, primary_key=True)
    number: int = 0
    hash: str = Field(default=START, max_length=64)


def leave_unaudited(session: Session) -> None:
    """Have acts in this session add no entries: it is a trial, of which nothing lasts."""
    session.info[_UNAUDITED] = True


def audit(
    session: Session,
    by: int | None,
    action: str,
    subject: str,
    detail: dict[str, object] | None = None,
) -> None:
    """Add an entry to the audit log, in the transaction of the act."""
    audit_all(session, by, action, [subject], detail)


def audit_all(
    session: Session,
    by: int | None,
    action: str,
    subjects: Iterable[str],
    detail: dict[str, object] | None = None,
) -> None:
    """Add an entry for the same act on each of several rows."""
    if session.info.get(_UNAUDITED):
        return
    salt = secrets.token_hex(16) if detail else ""
    digest = digest_of(salt, detail) if detail else ""
    entries = [
        new_row(AuditEntry, by_id=by, action=action, subject=subject, digest=digest)
        for subject in subjects
    ]
    session.add_all(entries)
    session.info.setdefault(_PENDING, []).extend(entries)
    for entry in entries if detail else ():
        entry.values = AuditValues(salt=salt, detail=detail)
    if session.info.get(_CHAINED):
        # Rules that act at the commit come after its listener for all sessions.
        chain(session)


def digest_of(salt: str, detail: object) -> str:
    """The digest of an entry's values, which tells nothing of them without their salt."""
    return hashlib.sha256(f"{salt}{canonical(detail)}".encode()).hexdigest()


def hash_of(before: str, number: int, row: Sequence[Any]) -> str:
    """The hash of an entry: of the one before it, its number, and its columns."""
    entry_id, at, by_id, action, subject, digest = row
    moment = at.astimezone(UTC) if at.tzinfo else at
    text = canonical(
        [before, number, entry_id, f"{moment:%Y-%m-%dT%H:%M:%S.%f}", by_id, action, subject, digest]
    )
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(value: object) -> str:
    """A value as JSON, always in the same way."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)


# What a hash is of, in its order.
HASHED = (
    col(AuditEntry.id),
    col(AuditEntry.at),
    col(AuditEntry.by_id),
    col(AuditEntry.action),
    col(AuditEntry.subject),
    col(AuditEntry.digest),
)


_HEAD = select(AuditHead).where(AuditHead.id == 1).with_for_update()
_UNCHAINED = (
    sa.select(*HASHED)
    .where(
        col(AuditEntry.id).in_(sa.bindparam("ids", expanding=True)),
        col(AuditEntry.number).is_(None),
    )
    .order_by(col(AuditEntry.id))
)


@event.listens_for(Session, "before_commit")
def chain(session: Session) -> None:
    """Chain the entries of a transaction. Last of all, as others wait for the chain's head."""
    session.info[_CHAINED] = True
    pending = session.info.pop(_PENDING, ())
    if not pending:
        return
    session.flush()
    ids = [identity[0] for entry in pending if (identity := sa.inspect(entry).identity)]
    head = session.exec(_HEAD).one()
    for batch in batches(sorted(ids)):
        rows = session.execute(_UNCHAINED, {"ids": batch}).all()
        places = []
        for row in rows:
            head.number += 1
            head.hash = hash_of(head.hash, head.number, row)
            places.append({"entry_id": row.id, "place": head.number, "chained": head.hash})
            if is_security(row.action):
                log.info(
                    "Security: %s, %s, by %s (audit entry %d, %s)",
                    row.action,
                    row.subject,
                    row.by_id,
                    head.number,
                    head.hash,
                )
        if places:
            session.connection().execute(_PLACE, places)
    session.add(head)
    session.flush()


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_rollback")
def end_chaining(session: Session) -> None:
    """Have the next transaction of a session chain its entries at its own commit."""
    session.info.pop(_CHAINED, None)


_TABLE: sa.Table = AuditEntry.__table__  # type: ignore[attr-defined]
_PLACE = (
    sa.update(_TABLE)
    .where(_TABLE.c.id == sa.bindparam("entry_id"))
    .values(number=sa.bindparam("place"), hash=sa.bindparam("chained"))
)

# The first words of acts that concern security or privacy, by what they are about. Acts on deals
# and other records are not among them.
SECURITY = {
    "Sign-ins": (
        "signed in",
        "sign-in failed",
        "sign-in refused",
        "signed out",
        "sessions ended",
        "password",
        "two-step",
        "recovery code",
        "passkey ",
        "address change",
        "identity linked",
    ),
    "Access": (
        "API token ",
        "member ",
        "roles set",
        "invitation",
        "field rights",
        "recovery ",
        "work handed",
    ),
    "Denials": ("denied",),
    "Exports": (
        "list exported",
        "record exported",
        "deal shared",
        "deal opened",
        "downloaded by link",
        "share link ended",
    ),
    "Imports": ("import ", "record imported"),
    "Consent": ("consent ", "advocate's address", "by link", "code sent"),
    "Privacy": (
        "person exported",
        "person erased",
        "person link",
        "legal hold",
        "retention",
        "correction",
        "profile fields hidden",
    ),
    "Settings": (
        "sign-in rules",
        "identity provider",
        "passwords allowed",
        "keys renewed",
        "stage changed",
        "reference policy",
        "seat role ",
        "job ",
        "webhook ",
    ),
}


def is_security(action: str) -> bool:
    """Whether an act concerns security or privacy."""
    return any(action.startswith(start) for starts in SECURITY.values() for start in starts)
