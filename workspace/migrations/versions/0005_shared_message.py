"""A message for both sides of a reference

Revision: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What was written until now is for the advocate alone: nobody knew that the buyer reads it.
    op.add_column(
        "referencerequest",
        sa.Column("shared_message", sa.Text(), nullable=False, server_default=""),
    )


def downgrade() -> None:
    with op.batch_alter_table("referencerequest") as batch_op:
        batch_op.drop_column("shared_message")
