"""The audit log as a chain of hashes, its values apart, and triggers that refuse changes

Entries that are there are chained in the order of their ids.

Revision: 0026
Revises: 0025
"""

import hashlib
import json
import secrets
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

START = "0" * 64
STEP = 1000
# The message of a refusal.
REFUSED = "The audit log is not changed."


def upgrade() -> None:
    with op.batch_alter_table("auditentry") as batch:
        batch.add_column(
            sa.Column("digest", sa.String(length=64), nullable=False, server_default="")
        )
        batch.add_column(sa.Column("number", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("hash", sa.String(length=64), nullable=False, server_default=""))
    op.create_table(
        "auditvalues",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["auditentry.id"], name=op.f("fk_auditvalues_entry_id_auditentry")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_auditvalues")),
    )
    op.create_table(
        "audithead",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audithead")),
    )
    _chain(op.get_bind())
    with op.batch_alter_table("auditentry") as batch:
        batch.drop_column("detail")
        batch.alter_column("digest", server_default=None)
        batch.alter_column("hash", server_default=None)
        batch.create_index(op.f("ix_auditentry_number"), ["number"])
        batch.create_index(op.f("ix_auditentry_action"), ["action"])
    for statement in _triggers():
        op.execute(statement)


def downgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        for table in ("auditentry", "auditvalues"):
            op.execute(f"DROP TRIGGER IF EXISTS {table}_truncate ON {table}")
            for kind in ("update", "delete"):
                op.execute(f"DROP TRIGGER {table}_{kind} ON {table}")
        for name in ("auditentry_guard", "auditvalues_guard"):
            op.execute(f"DROP FUNCTION {name}()")
    else:
        for table in ("auditentry", "auditvalues"):
            for kind in ("update", "delete"):
                op.execute(f"DROP TRIGGER {table}_{kind}")
    with op.batch_alter_table("auditentry") as batch:
        batch.add_column(sa.Column("detail", sa.JSON(), nullable=False, server_default="{}"))
        batch.drop_index(op.f("ix_auditentry_action"))
        batch.drop_index(op.f("ix_auditentry_number"))
        for name in ("digest", "number", "hash"):
            batch.drop_column(name)
    op.execute(
        "UPDATE auditentry SET detail = (SELECT detail FROM auditvalues WHERE entry_id = id)"
        " WHERE id IN (SELECT entry_id FROM auditvalues WHERE detail IS NOT NULL)"
    )
    with op.batch_alter_table("auditentry") as batch:
        batch.alter_column("detail", server_default=None)
    op.drop_table("auditvalues")
    op.drop_table("audithead")


def _chain(connection: sa.Connection) -> None:
    """Move the details into their table, and chain the entries."""
    entry = sa.table(
        "auditentry",
        *(
            sa.column(name, kind)
            for name, kind in (
                ("id", sa.Integer()),
                ("at", sa.DateTime(timezone=True)),
                ("by_id", sa.Integer()),
                ("action", sa.String()),
                ("subject", sa.String()),
                ("detail", sa.JSON()),
                ("digest", sa.String()),
                ("number", sa.Integer()),
                ("hash", sa.String()),
            )
        ),
    )
    values = sa.table(
        "auditvalues",
        sa.column("entry_id", sa.Integer()),
        sa.column("salt", sa.String()),
        sa.column("detail", sa.JSON(none_as_null=True)),
    )
    before, number, last = START, 0, 0
    query = sa.select(entry).order_by(entry.c.id).limit(STEP)
    while rows := connection.execute(query.where(entry.c.id > last)).all():
        changes, details = [], []
        for row in rows:
            subject, detail = row.subject, row.detail or {}
            if subject.startswith("address "):
                # An address is personal, and belongs to the values.
                detail = {"address": subject.removeprefix("address ")}
                subject = "unknown account"
            digest = ""
            if detail:
                salt = secrets.token_hex(16)
                digest = hashlib.sha256(f"{salt}{_canonical(detail)}".encode()).hexdigest()
                details.append({"entry_id": row.id, "salt": salt, "detail": detail})
            number += 1
            moment = row.at.astimezone(UTC) if row.at.tzinfo else row.at
            hashed = [before, number, row.id, f"{moment:%Y-%m-%dT%H:%M:%S.%f}", row.by_id]
            text = _canonical([*hashed, row.action, subject, digest])
            before = hashlib.sha256(text.encode()).hexdigest()
            changes.append(
                {
                    "row_id": row.id,
                    "new_subject": subject,
                    "new_digest": digest,
                    "new_number": number,
                    "new_hash": before,
                }
            )
        connection.execute(
            sa.update(entry)
            .where(entry.c.id == sa.bindparam("row_id"))
            .values(
                subject=sa.bindparam("new_subject"),
                digest=sa.bindparam("new_digest"),
                number=sa.bindparam("new_number"),
                hash=sa.bindparam("new_hash"),
            ),
            changes,
        )
        if details:
            connection.execute(sa.insert(values), details)
        last = rows[-1].id
    head = sa.table("audithead", *(sa.column(name) for name in ("id", "number", "hash")))
    connection.execute(sa.insert(head), {"id": 1, "number": number, "hash": before})


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)


def _triggers() -> list[str]:
    """An entry gets its place in the chain once; values are emptied, and nothing else changes."""
    place = (
        "OLD.number IS NULL AND NEW.number IS NOT NULL AND NEW.id = OLD.id AND NEW.at = OLD.at"
        " AND NEW.by_id IS NOT DISTINCT FROM OLD.by_id AND NEW.action = OLD.action"
        " AND NEW.subject = OLD.subject AND NEW.digest = OLD.digest"
    )
    emptied = "NEW.entry_id = OLD.entry_id AND NEW.detail IS NULL AND NEW.salt = ''"
    if op.get_bind().dialect.name == "sqlite":
        place = place.replace("IS NOT DISTINCT FROM", "IS")
        return [
            f"CREATE TRIGGER {table}_{kind} BEFORE {kind.upper()} ON {table}"
            f"{f' WHEN NOT ({allowed})' if kind == 'update' else ''}"
            f" BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
            for table, allowed in (("auditentry", place), ("auditvalues", emptied))
            for kind in ("update", "delete")
        ]
    statements = []
    for table, allowed in (("auditentry", place), ("auditvalues", emptied)):
        statements += [
            f"CREATE FUNCTION {table}_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF TG_OP = 'UPDATE' THEN IF {allowed} THEN RETURN NEW; END IF; END IF;"
            f" RAISE EXCEPTION '{REFUSED}'; END $$",
            f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {table}_guard()",
            f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {table}_guard()",
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_guard()",
        ]
    return statements
