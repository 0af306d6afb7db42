"""Revisions of imports, merges and deletions; former accounts and people; likely duplicates

Revision: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_CHANGE = (
    ("table_name", sa.String(length=40), False),
    ("row_key", sa.String(length=100), False),
    ("number", sa.Integer(), False),
    ("before", sa.JSON(), True),
    ("after", sa.JSON(), True),
    ("digest", sa.String(length=32), True),
)


def _changes() -> list[sa.Column]:
    return [sa.Column(name, kind, nullable=nullable) for name, kind, nullable in _CHANGE]


def upgrade() -> None:
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("table_name", sa.String(length=40), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=True),
        sa.Column("former_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_revision_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
    )
    op.create_index(op.f("ix_revision_kind"), "revision", ["kind"])
    op.create_index(op.f("ix_revision_by_id"), "revision", ["by_id"])
    op.create_index(op.f("ix_revision_former_id"), "revision", ["former_id"])
    op.create_index("ix_revision_subject", "revision", ["table_name", "row_id"])
    op.create_table(
        "revisionchange",
        sa.Column("revision_id", sa.Integer(), nullable=False),
        *_changes(),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["revision.id"],
            name=op.f("fk_revisionchange_revision_id_revision"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "revision_id", "table_name", "row_key", name=op.f("pk_revisionchange")
        ),
    )
    op.create_index(
        "ix_revisionchange_revision_id_number", "revisionchange", ["revision_id", "number"]
    )
    op.create_table(
        "highestid",
        sa.Column("table_name", sa.String(length=40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("table_name", name=op.f("pk_highestid")),
    )
    for kind, columns in (
        ("account", (("domain", 200),)),
        ("person", (("email", 254), ("profile", 300))),
    ):
        table = f"former{kind}"
        op.create_table(
            table,
            sa.Column("id", sa.Integer(), nullable=False),
            sa.Column(f"{kind}_id", sa.Integer(), nullable=False),
            sa.Column("key", sa.String(length=80), nullable=False),
            sa.Column("name", sa.String(length=200), nullable=False),
            *(sa.Column(name, sa.String(length=length), nullable=True) for name, length in columns),
            sa.ForeignKeyConstraint(
                [f"{kind}_id"],
                [f"{kind}.id"],
                name=op.f(f"fk_{table}_{kind}_id_{kind}"),
                ondelete="CASCADE",
            ),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        )
        for column in (f"{kind}_id", "key", *(("email", "profile") if kind == "person" else ())):
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_table(
        "duplicatepair",
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("one_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("distinct_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("distinct_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["distinct_by_id"], ["person.id"], name=op.f("fk_duplicatepair_distinct_by_id_person")
        ),
        sa.PrimaryKeyConstraint("kind", "one_id", "other_id", name=op.f("pk_duplicatepair")),
    )
    with op.batch_alter_table("importrun") as batch_op:
        batch_op.add_column(sa.Column("revision_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_importrun_revision_id_revision"), "revision", ["revision_id"], ["id"]
        )
        batch_op.create_index(op.f("ix_importrun_revision_id"), ["revision_id"])
    # An import that began keeps its changes, and can still be undone.
    op.execute(
        "INSERT INTO revision (id, kind, at, by_id, table_name, name, listed, counts)"
        " SELECT id, 'import', at, by_id, '', '', TRUE, '{}' FROM importrun"
        " WHERE state <> 'prepared'"
    )
    op.execute("UPDATE importrun SET revision_id = id WHERE state <> 'prepared'")
    op.execute(
        "INSERT INTO revisionchange"
        " (revision_id, table_name, row_key, number, before, after, digest)"
        " SELECT run_id, table_name, row_key, number, before, after, digest FROM importchange"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('revision', 'id'),"
            " (SELECT COALESCE(MAX(id), 0) + 1 FROM revision), FALSE)"
        )
    op.drop_table("importchange")


def downgrade() -> None:
    op.create_table(
        "importchange",
        sa.Column("run_id", sa.Integer(), nullable=False),
        *_changes(),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["importrun.id"],
            name=op.f("fk_importchange_run_id_importrun"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "table_name", "row_key", name=op.f("pk_importchange")),
    )
    op.create_index("ix_importchange_run_id_number", "importchange", ["run_id", "number"])
    op.execute(
        "INSERT INTO importchange (run_id, table_name, row_key, number, before, after, digest)"
        " SELECT importrun.id, table_name, row_key, number, before, after, digest"
        " FROM revisionchange"
        " JOIN importrun ON importrun.revision_id = revisionchange.revision_id"
    )
    with op.batch_alter_table("importrun") as batch_op:
        batch_op.drop_index(op.f("ix_importrun_revision_id"))
        batch_op.drop_constraint(op.f("fk_importrun_revision_id_revision"), type_="foreignkey")
        batch_op.drop_column("revision_id")
    for table in (
        "duplicatepair",
        "formerperson",
        "formeraccount",
        "highestid",
        "revisionchange",
        "revision",
    ):
        op.drop_table(table)
