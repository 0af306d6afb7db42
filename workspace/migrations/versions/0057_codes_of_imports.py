"""A code and parameters where a sentence was: why a file is not imported

Revision: 0057
Revises: 0056
"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    made = "json_build_object" if postgresql else "json_object"
    # Old sentences are kept, as the words of another program are.
    _replace(sa.JSON(), "'{}'", f"{made}('code', 'said', 'text', refused)", "''")


def downgrade() -> None:
    _replace(sa.Text(), "''", "coalesce(refused ->> 'text', refused ->> 'code')", "'{}'")


def _replace(new: sa.types.TypeEngine, empty: str, value: str, was_empty: str) -> None:
    """Give the column another type, with what a statement makes of its values."""
    with op.batch_alter_table("importfile") as batch:
        batch.add_column(sa.Column("renewed", new, nullable=False, server_default=sa.text(empty)))
    op.execute(
        f"UPDATE importfile SET renewed = {value}"  # noqa: S608
        f" WHERE CAST(refused AS TEXT) <> {was_empty}"
    )
    with op.batch_alter_table("importfile") as batch:
        batch.drop_column("refused")
    with op.batch_alter_table("importfile") as batch:
        batch.alter_column("renewed", new_column_name="refused", server_default=None)
