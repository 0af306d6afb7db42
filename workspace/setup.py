"""Opens the workspace's database: migrated, and seeded with stages and seat roles."""

from workspace.database import Database
from workspace.deals import seat_roles, stages
from workspace.locks import upgrading
from workspace.settings import Settings


def open_database(settings: Settings) -> Database:
    """The workspace's database, created, migrated and seeded if necessary."""
    database = Database(settings.database)
    with upgrading(database):
        database.upgrade()
        with database.read() as session:
            is_set_up = bool(stages.stages(session) and seat_roles.seat_roles(session))
        if not is_set_up:
            with database.write() as session:
                stages.add_default_stages(session)
                seat_roles.add_default_seat_roles(session)
    return database
