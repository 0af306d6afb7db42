"""Engines on PostgreSQL: what their connections do, with a pooler before the database."""

from contextlib import closing

import sqlalchemy as sa
from sqlmodel import col

from tests.backends import POSTGRESQL
from workspace.database import Database
from workspace.deals.tables import Deal
from workspace.settings import Settings

BACKENDS = (POSTGRESQL,)


def test_should_prepare_nothing_behind_a_pooler(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    for direct, prepares in ((None, True), (url, False)):
        settings = Settings().model_copy(update={"direct_database_url": direct})
        with (
            closing(Database(url, pooled=settings.is_pooled)) as other,
            other.read() as session,
        ):
            for _ in range(10):
                session.execute(sa.select(col(Deal.id)))
            prepared = sa.text("SELECT count(*) FROM pg_prepared_statements")
            assert bool(session.execute(prepared).scalar()) is prepares
