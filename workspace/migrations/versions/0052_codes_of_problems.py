"""Codes and parameters where sentences were: why jobs and deliveries failed, and why advocates fit

Revision: 0052
Revises: 0051
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

# The columns that held sentences, with their types.
_TEXTS = {
    ("job", "problem"): sa.Text(),
    ("outboxmessage", "problem"): sa.String(500),
    ("webhookmessage", "problem"): sa.String(500),
    ("webhookendpoint", "stopped_why"): sa.String(300),
    ("mailboxposition", "problem"): sa.String(300),
}


def upgrade() -> None:
    for (table, column), kind in _TEXTS.items():
        # Old sentences are kept, as the words of another program are.
        _replace(table, column, kind, sa.JSON(), "'{}'", _made("'code', 'said', 'text'", column))
    _replace(
        "referencerequest",
        "fit",
        sa.String(500),
        sa.JSON(),
        "'[]'",
        _made("'code', 'said', 'text'", "fit", listed=True),
    )
    _rewrite_kept(lambda fit: [{"code": "said", "text": fit}] if fit else [], str)


def downgrade() -> None:
    for (table, column), kind in _TEXTS.items():
        told = f"coalesce({column} ->> 'text', {column} ->> 'code')"
        if length := getattr(kind, "length", None):
            told = f"substr({told}, 1, {length})"
        _replace(table, column, sa.JSON(), kind, "''", told)
    _replace("referencerequest", "fit", sa.JSON(), sa.String(500), "''", "''")
    _rewrite_kept(lambda _: "", list)


def _rewrite_kept(renewed: Callable[[Any], object], old: type) -> None:
    """Renew why advocates fit in what is kept of requests that were deleted or changed."""
    changes = sa.table(
        "revisionchange",
        *(sa.column(name) for name in ("revision_id", "table_name", "row_key")),
        *(sa.column(name, sa.JSON(none_as_null=True)) for name in ("before", "after")),
    )
    connection = op.get_bind()
    kept = changes.select().where(changes.c.table_name == "referencerequest")
    for row in connection.execute(kept).mappings().all():
        values = {
            name: {**row[name], "fit": renewed(row[name]["fit"])}
            for name in ("before", "after")
            if row[name] and isinstance(row[name].get("fit"), old)
        }
        if values:
            key = (
                changes.c[name] == row[name] for name in ("revision_id", "table_name", "row_key")
            )
            connection.execute(changes.update().where(*key).values(values))


def _replace(
    table: str,
    column: str,
    old: sa.types.TypeEngine,
    new: sa.types.TypeEngine,
    empty: str,
    value: str,
) -> None:
    """Give a column another type, with what a statement makes of its values; one that was empty
    is empty."""
    was_empty = "''" if not isinstance(old, sa.JSON) else ("'[]'" if column == "fit" else "'{}'")
    with op.batch_alter_table(table) as batch:
        batch.add_column(sa.Column("renewed", new, nullable=False, server_default=sa.text(empty)))
    # The names are those above.
    op.execute(
        f"UPDATE {table} SET renewed = {value}"  # noqa: S608
        f" WHERE CAST({column} AS TEXT) <> {was_empty}"
    )
    with op.batch_alter_table(table) as batch:
        batch.drop_column(column)
    with op.batch_alter_table(table) as batch:
        batch.alter_column("renewed", new_column_name=column, server_default=None)


def _made(pairs: str, column: str, *, listed: bool = False) -> str:
    """A JSON object that ends with the text of a column, or a list of it alone."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    made = f"{'json_build_object' if postgresql else 'json_object'}({pairs}, {column})"
    return f"{'json_build_array' if postgresql else 'json_array'}({made})" if listed else made
