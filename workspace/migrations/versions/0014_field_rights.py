"""Field rights: which roles may read addresses, consents and limits

Revision: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fieldright",
        sa.Column("field", sa.String(length=20), nullable=False),
        sa.Column("roles", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("field", name=op.f("pk_fieldright")),
    )


def downgrade() -> None:
    op.drop_table("fieldright")
