"""Runs the migrations on the engine that the caller hands over."""

import importlib

from alembic import context
from sqlmodel import SQLModel

# Every module that defines a table, so that autogeneration and `alembic check` see it.
for module in (
    "workspace.accounts.accounts",
    "workspace.assets",
    "workspace.audit",
    "workspace.collaboration.digests",
    "workspace.collaboration.reminders",
    "workspace.collaboration.tasks",
    "workspace.deals.availability",
    "workspace.deals.eligibility",
    "workspace.deals.saved_views",
    "workspace.deals.seat_roles",
    "workspace.deals.stakeholders",
    "workspace.deals.tables",
    "workspace.delivery.outbox",
    "workspace.imports.ledger",
    "workspace.people.sign_in",
    "workspace.people.tables",
    "workspace.timeline.notifications",
    "workspace.timeline.timeline",
    "similarity.feedback",
    "similarity.index.tables",
    "similarity.learned_weights",
    "similarity.names.tables",
    "references.desk.advocates",
    "references.desk.consent",
    "references.desk.guest_links",
    "references.desk.policy",
    "references.desk.request",
    "references.introductions.tables",
    "references.network.address_books",
    "references.network.ties",
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
