"""Job changes in inboxes; the customer for which an advocate consented; wrong ties

Revision: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "jobchange",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("former_id", sa.Integer(), nullable=True),
        sa.Column("former", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("organisation", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_jobchange_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["former_id"], ["account.id"], name=op.f("fk_jobchange_former_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_jobchange_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobchange")),
    )
    for column in ("person_id", "former_id", "account_id"):
        op.create_index(op.f(f"ix_jobchange_{column}"), "jobchange", [column])
    op.create_table(
        "wrongtie",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("one_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["one_id"], ["person.id"], name=op.f("fk_wrongtie_one_id_person")),
        sa.ForeignKeyConstraint(
            ["other_id"], ["person.id"], name=op.f("fk_wrongtie_other_id_person")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_wrongtie_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wrongtie")),
        sa.UniqueConstraint(
            "one_id", "other_id", "kind", name=op.f("uq_wrongtie_one_id_other_id_kind")
        ),
    )
    for column in ("one_id", "other_id"):
        op.create_index(op.f(f"ix_wrongtie_{column}"), "wrongtie", [column])
    with op.batch_alter_table("notification") as batch_op:
        batch_op.alter_column("entry_id", existing_type=sa.Integer(), nullable=True)
        batch_op.add_column(sa.Column("job_change_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_notification_job_change_id_jobchange"),
            "jobchange",
            ["job_change_id"],
            ["id"],
            ondelete="CASCADE",
        )
        batch_op.create_index(op.f("ix_notification_job_change_id"), ["job_change_id"])
    with op.batch_alter_table("advocate") as batch_op:
        batch_op.add_column(sa.Column("account_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_advocate_account_id_account"), "account", ["account_id"], ["id"]
        )
        batch_op.create_index(op.f("ix_advocate_account_id"), ["account_id"])
    op.execute(
        "UPDATE advocate SET account_id ="
        " (SELECT person.account_id FROM person WHERE person.id = advocate.person_id)"
    )


def downgrade() -> None:
    with op.batch_alter_table("advocate") as batch_op:
        batch_op.drop_index(op.f("ix_advocate_account_id"))
        batch_op.drop_constraint(op.f("fk_advocate_account_id_account"), type_="foreignkey")
        batch_op.drop_column("account_id")
    op.execute("DELETE FROM notification WHERE entry_id IS NULL")
    with op.batch_alter_table("notification") as batch_op:
        batch_op.drop_index(op.f("ix_notification_job_change_id"))
        batch_op.drop_constraint(
            op.f("fk_notification_job_change_id_jobchange"), type_="foreignkey"
        )
        batch_op.drop_column("job_change_id")
        batch_op.alter_column("entry_id", existing_type=sa.Integer(), nullable=False)
    op.drop_table("wrongtie")
    op.drop_table("jobchange")
