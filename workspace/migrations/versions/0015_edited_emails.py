"""Edited emails: what the desk or the asker makes of an email before it is sent

Revision: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "editedemail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("discarded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["referencerequest.id"],
            name=op.f("fk_editedemail_request_id_referencerequest"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_editedemail_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editedemail")),
    )
    op.create_index(op.f("ix_editedemail_request_id"), "editedemail", ["request_id"])


def downgrade() -> None:
    op.drop_table("editedemail")
