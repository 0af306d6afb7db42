"""Names in other scripts are found in Latin letters: the names of their subjects are made again.

Revision: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    others = "other.joined GLOB '*[^ -~]*'" if sqlite else "other.joined ~ '[^ -~]'"
    # A subject without entries gets them when the names are caught up.
    op.execute(
        sa.text(
            "DELETE FROM nameentry WHERE EXISTS (SELECT 1 FROM nameentry AS other"  # noqa: S608
            " WHERE other.kind = nameentry.kind AND other.subject_id = nameentry.subject_id"
            f" AND {others})"
        )
    )


def downgrade() -> None:
    """The names that were added do no harm."""
