"""Runs the migrations on the engine that the caller hands over."""

import importlib

from alembic import context
from sqlmodel import SQLModel

# Every module that defines a table, so that autogeneration and `alembic check` see it.
for module in (
    "workspace.members",
    "workspace.assets",
    "workspace.teams",
    "workspace.seat_roles",
    "workspace.stakeholders",
    "workspace.views",
    "workspace.outbox",
    "workspace.notifications",
    "workspace.tasks",
    "workspace.reminders",
    "workspace.digests",
    "workspace.imports.ledger",
    "similarity.catalog",
    "similarity.feedback",
    "similarity.learned",
    "references.ties",
    "references.advocates",
    "references.course",
    "references.invitations",
    "references.introductions",
):
    importlib.import_module(module)

engine = context.config.attributes["engine"]
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    # On SQLite the engine begins transactions itself, and what Alembic runs outside of its
    # own block is still waiting to be committed.
    connection.commit()
