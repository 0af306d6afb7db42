"""Advocates: confirmed addresses, codes, where links were sent, and who told of a consent

Revision: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consentcode",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("advocate_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["advocate_id"],
            ["advocate.id"],
            name=op.f("fk_consentcode_advocate_id_advocate"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consentcode")),
    )
    op.create_index(op.f("ix_consentcode_advocate_id"), "consentcode", ["advocate_id"])
    op.add_column("advocate", sa.Column("address", sa.String(length=254), nullable=True))
    # Emails have gone to these addresses so far.
    op.execute(
        "UPDATE advocate SET address ="
        " (SELECT email FROM person WHERE person.id = advocate.person_id)"
    )
    op.add_column(
        "referencepolicy",
        sa.Column("code_to_widen", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "guestlink",
        sa.Column("sent_to", sa.String(length=254), nullable=False, server_default=""),
    )
    op.execute(
        "UPDATE guestlink SET sent_to = coalesce("
        "(SELECT email FROM person WHERE person.id = guestlink.person_id), '')"
    )
    with op.batch_alter_table("consent") as batch_op:
        batch_op.add_column(sa.Column("told_by_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("link_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_consent_told_by_id_person"), "person", ["told_by_id"], ["id"]
        )
        batch_op.create_foreign_key(
            op.f("fk_consent_link_id_guestlink"), "guestlink", ["link_id"], ["id"]
        )
    op.execute("UPDATE consent SET told_by_id = recorded_by_id WHERE state <> 'requested'")
    with op.batch_alter_table("requeststep") as batch_op:
        batch_op.add_column(sa.Column("link_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_requeststep_link_id_guestlink"), "guestlink", ["link_id"], ["id"]
        )
    with op.batch_alter_table("outboxmessage") as batch_op:
        batch_op.add_column(sa.Column("asked_by_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_outboxmessage_asked_by_id_person"), "person", ["asked_by_id"], ["id"]
        )
    # Only new rows of the application say what they are.
    with op.batch_alter_table("referencepolicy") as batch_op:
        batch_op.alter_column("code_to_widen", server_default=None)
    with op.batch_alter_table("guestlink") as batch_op:
        batch_op.alter_column("sent_to", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("outboxmessage") as batch_op:
        batch_op.drop_constraint(op.f("fk_outboxmessage_asked_by_id_person"), type_="foreignkey")
        batch_op.drop_column("asked_by_id")
    with op.batch_alter_table("requeststep") as batch_op:
        batch_op.drop_constraint(op.f("fk_requeststep_link_id_guestlink"), type_="foreignkey")
        batch_op.drop_column("link_id")
    with op.batch_alter_table("consent") as batch_op:
        batch_op.drop_constraint(op.f("fk_consent_link_id_guestlink"), type_="foreignkey")
        batch_op.drop_constraint(op.f("fk_consent_told_by_id_person"), type_="foreignkey")
        batch_op.drop_column("link_id")
        batch_op.drop_column("told_by_id")
    op.drop_column("guestlink", "sent_to")
    op.drop_column("referencepolicy", "code_to_widen")
    op.drop_column("advocate", "address")
    op.drop_table("consentcode")
