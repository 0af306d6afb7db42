"""Access: invitations of members, who looks after customers and advocates, and mails that ask

Revision: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "memberinvitation",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["member.person_id"],
            name=op.f("fk_memberinvitation_person_id_member"),
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_memberinvitation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_memberinvitation_token_hash")),
    )
    op.create_table(
        "accountowner",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_accountowner_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_accountowner_person_id_person")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_accountowner")),
    )
    op.create_index(op.f("ix_accountowner_person_id"), "accountowner", ["person_id"])
    with op.batch_alter_table("advocate") as batch_op:
        batch_op.add_column(sa.Column("kept_by_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_advocate_kept_by_id_person"), "person", ["kept_by_id"], ["id"]
        )
        batch_op.create_index(op.f("ix_advocate_kept_by_id"), ["kept_by_id"])
    op.execute("UPDATE advocate SET kept_by_id = nominated_by_id")
    with op.batch_alter_table("outboxmessage") as batch_op:
        batch_op.add_column(
            sa.Column("question", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.create_index(op.f("ix_outboxmessage_recipient"), ["recipient"])
    # Only new rows of the application say what they are.
    with op.batch_alter_table("outboxmessage") as batch_op:
        batch_op.alter_column("question", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("outboxmessage") as batch_op:
        batch_op.drop_index(op.f("ix_outboxmessage_recipient"))
        batch_op.drop_column("question")
    with op.batch_alter_table("advocate") as batch_op:
        batch_op.drop_index(op.f("ix_advocate_kept_by_id"))
        batch_op.drop_constraint(op.f("fk_advocate_kept_by_id_person"), type_="foreignkey")
        batch_op.drop_column("kept_by_id")
    op.drop_table("accountowner")
    op.drop_table("memberinvitation")
