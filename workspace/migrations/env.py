"""Runs the migrations on the engine that the caller hands over."""

import importlib
from typing import Any

import sqlalchemy as sa
from alembic import context
from sqlmodel import SQLModel

from workspace.errors import DealkinError

# Every module that defines a table, so that autogeneration and `alembic check` see it.
for module in (
    "workspace.accounts.accounts",
    "workspace.assets.assets",
    "workspace.assets.files",
    "workspace.assets.sharing",
    "workspace.audit",
    "workspace.collaboration.digests",
    "workspace.collaboration.drafts",
    "workspace.collaboration.job_changes",
    "workspace.collaboration.reminders",
    "workspace.collaboration.tasks",
    "workspace.company",
    "workspace.deals.availability",
    "workspace.deals.eligibility",
    "workspace.deals.forecast",
    "workspace.deals.money",
    "workspace.deals.recovery",
    "workspace.deals.saved_views",
    "workspace.deals.seat_roles",
    "workspace.deals.tables",
    "workspace.delivery.mailbox",
    "workspace.delivery.outbox",
    "workspace.duplicates.tables",
    "workspace.imports.answers",
    "workspace.imports.ledger",
    "workspace.imports.meanings",
    "workspace.jobs.tables",
    "workspace.leading",
    "workspace.own_fields.fields",
    "workspace.people.api_tokens",
    "workspace.people.field_rights",
    "workspace.people.invitations",
    "workspace.people.kept_answers",
    "workspace.people.profile_privacy",
    "workspace.people.sign_in.tables",
    "workspace.people.tables",
    "workspace.privacy.retention",
    "workspace.privacy.tables",
    "workspace.replica",
    "workspace.revisions.tables",
    "workspace.timeline.notifications",
    "workspace.timeline.timeline",
    "workspace.webhooks.tables",
    "similarity.feedback",
    "similarity.index.tables",
    "similarity.learned_weights",
    "similarity.names.tables",
    "references.desk.advocates",
    "references.desk.codes",
    "references.desk.consent",
    "references.desk.customers",
    "references.desk.edited_emails",
    "references.desk.email_texts",
    "references.desk.guest_links",
    "references.desk.policy",
    "references.desk.request",
    "references.introductions.tables",
    "references.network.address_books",
    "references.network.ties",
    "references.network.wrong_ties",
    "references.prospecting.shared_book",
    "references.prospecting.tables",
    "references.prospecting.titles",
    "references.suggestion_counts",
):
    importlib.import_module(module)


def heed_references(connection: sa.Connection, heeded: bool) -> None:
    """Have SQLite refuse what refers to nothing, or not.

    SQLite changes a column by copying the table, and refuses to drop the old table while other rows
    refer to it. It ignores the setting inside of a transaction.
    """
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA foreign_keys={'ON' if heeded else 'OFF'}")


def require_references(connection: sa.Connection) -> None:
    """Refuse a migration after which a row refers to nothing."""
    if connection.dialect.name == "sqlite":
        dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if dangling:
            raise DealkinError(f"After the upgrade a row of {dangling[0]} would refer to nothing.")


engine = context.config.attributes["engine"]
with engine.connect() as connection:
    heed_references(connection, heeded=False)
    try:
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            render_as_batch=True,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        require_references(connection)
        # On SQLite the engine begins transactions itself, and what Alembic runs outside of its
        # own block is still waiting to be committed.
        connection.commit()
    finally:
        connection.rollback()
        heed_references(connection, heeded=True)
