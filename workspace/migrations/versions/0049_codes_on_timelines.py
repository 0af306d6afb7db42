"""Codes and parameters on timelines, where sentences were

Revision: 0049
Revises: 0048
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

# The entries of a timeline whose text was a parameter, with the parameter's name.
_MOVED = {"logged": "stage", "imported": "file", "edited": "file"}


def upgrade() -> None:
    with op.batch_alter_table("requeststep") as batch:
        batch.add_column(sa.Column("detail", sa.JSON(), nullable=False, server_default="{}"))
    with op.batch_alter_table("requeststep") as batch:
        batch.alter_column("detail", server_default=None)
    postgresql = op.get_bind().dialect.name == "postgresql"
    made = "json_build_object" if postgresql else "json_object"
    for kind, name in _MOVED.items():
        # The detail of these entries was empty. The names are those above.
        op.execute(
            f"UPDATE timelineentry SET detail = {made}('{name}', text), text = ''"  # noqa: S608
            f" WHERE kind = '{kind}' AND text <> ''"
        )
    op.execute(
        f"UPDATE requeststep SET detail = {made}('outcome', text), text = ''"  # noqa: S608
        " WHERE action = 'record outcome'"
    )
    step = "detail ->> 'step'"
    added = (
        "(detail::jsonb || jsonb_build_object('outcome', text))::json"
        if postgresql
        else "json_set(detail, '$.outcome', text)"
    )
    op.execute(
        f"UPDATE timelineentry SET detail = {added}, text = ''"  # noqa: S608
        f" WHERE kind = 'reference' AND {step} = 'record outcome'"
    )


def downgrade() -> None:
    value = "detail ->> '{}'"
    for kind, name in _MOVED.items():
        op.execute(
            f"UPDATE timelineentry SET text = {value.format(name)}, detail = '{{}}'"  # noqa: S608
            f" WHERE kind = '{kind}' AND {value.format(name)} IS NOT NULL"
        )
    for table, action in (("requeststep", "action"), ("timelineentry", "detail ->> 'step'")):
        op.execute(
            f"UPDATE {table} SET text = {value.format('outcome')}"  # noqa: S608
            f" WHERE {action} = 'record outcome' AND {value.format('outcome')} IS NOT NULL"
        )
    with op.batch_alter_table("requeststep") as batch:
        batch.drop_column("detail")
