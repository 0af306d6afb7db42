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
    _replace(sa.JSON(), "{}", f"{made}('code', 'said', 'text', refused)", "")


def downgrade() -> None:
    _replace(sa.Text(), "", "coalesce(refused ->> 'text', refused ->> 'code')", "{}")


def _replace(new: sa.types.TypeEngine, empty: str, value: str, was_empty: str) -> None:
    """Give the column another type, with what a statement makes of its values."""
    column = sa.Column("renewed", new, nullable=False, server_default=empty)
    op.add_column("importfile", column)
    op.execute(
        f"UPDATE importfile SET renewed = {value}"  # noqa: S608
        f" WHERE CAST(refused AS TEXT) <> '{was_empty}'"
    )
    op.drop_column("importfile", "refused")
    op.execute("ALTER TABLE importfile RENAME COLUMN renewed TO refused")
