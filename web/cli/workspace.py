"""Opens a workspace for a command: settings, database, catalog and viewer."""

import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from workspace.errors import DealkinError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlmodel import Session

    from references.network.paths import Network
    from similarity.encoders.embeddings import Reranker
    from similarity.index.catalog import Catalog
    from workspace.database import Database
    from workspace.people.viewer import Viewer
    from workspace.settings import Settings


# What the commands share


def load_settings() -> "Settings":
    from pydantic import ValidationError

    from workspace.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        raise DealkinError(f"A setting in the environment cannot be used: {error}") from None


@contextmanager
def open_workspace() -> "Iterator[tuple[Settings, Database, Catalog, Network]]":
    """The workspace's database, upgraded, and its catalog and network, which listen to what is
    written."""
    from sqlalchemy.exc import OperationalError

    from references.network.paths import Network
    from similarity.encoders.embeddings import Embedder
    from similarity.index.catalog import Catalog
    from workspace.setup import open_database

    settings = load_settings()
    try:
        database = open_database(settings)
    except (OperationalError, OSError) as error:
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        raise DealkinError(f"The database cannot be opened: {reason}") from None
    with closing(database):
        catalog = Catalog(
            database,
            Embedder(settings.model, settings.model_languages),
            settings.indexes,
            open_reranker(settings),
        )
        catalog.attach()
        network = Network(database)
        network.attach()
        network.catch_up()
        yield settings, database, catalog, network


def open_reranker(settings: "Settings") -> "Reranker | None":
    from similarity.encoders.embeddings import Reranker

    return Reranker(settings.reranker) if settings.reranker else None


@contextmanager
def open_view(email: str | None) -> "Iterator[tuple[Session, Viewer, Catalog, Network]]":
    """A reading session, in the view of one member or in everybody's."""
    with open_workspace() as (_, database, catalog, network), database.read() as session:
        yield session, viewer_of_email(session, email), catalog, network


def viewer_of_email(session: "Session", email: str | None) -> "Viewer":
    from workspace.people import members
    from workspace.people.viewer import PLAIN_VIEW

    return members.viewer_by_email(session, email) if email else PLAIN_VIEW


def deal_of_key(session: "Session", viewer: "Viewer", key: str) -> Any:
    from workspace.deals.access import readable_deal

    return readable_deal(session, viewer, key)


@contextmanager
def progress_bar(what: str) -> "Iterator[Callable[[int, int], None] | None]":
    """A bar on a terminal that tells how far a long piece of work has come; else nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (what.capitalize(), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True))
    task = bar.add_task(what)

    def show(done: int, of: int) -> None:
        # Where there is nothing to do there is no bar.
        bar.start()
        bar.update(task, completed=done, total=of)

    try:
        yield show
    finally:
        bar.stop()
