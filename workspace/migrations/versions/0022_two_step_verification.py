"""Two-step verification: secrets of apps, recovery codes, and browsers that have a code to enter

Revision: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "twostepsecret",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.String(length=300), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["member.person_id"], name=op.f("fk_twostepsecret_person_id_member")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_twostepsecret")),
    )
    op.create_table(
        "recoverycode",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["member.person_id"], name=op.f("fk_recoverycode_person_id_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recoverycode")),
    )
    op.create_index(op.f("ix_recoverycode_person_id"), "recoverycode", ["person_id"])
    op.create_table(
        "pendingsignin",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["member.person_id"], name=op.f("fk_pendingsignin_person_id_member")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_pendingsignin")),
    )
    op.create_index(op.f("ix_pendingsignin_person_id"), "pendingsignin", ["person_id"])
    op.add_column(
        "signinrules",
        sa.Column("two_step_roles", sa.String(length=200), nullable=False, server_default=""),
    )
    with op.batch_alter_table("signinrules") as batch:
        batch.alter_column("two_step_roles", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("signinrules") as batch:
        batch.drop_column("two_step_roles")
    for table in ("pendingsignin", "recoverycode", "twostepsecret"):
        op.drop_table(table)
