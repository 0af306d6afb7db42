"""The workspace that pages and commands work with, and the one function that opens it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass

from sqlmodel import Session

from references import webhook_events
from references.desk import job_changes
from references.desk.feedback import REFERENCE_FEEDBACK
from references.network.paths import Network
from references.prospecting.shared_book import SharedBook
from references.prospecting.titles import Titles
from references.teams.expertise import RememberedExpertise
from similarity.encoders.embeddings import DEFAULT_MODEL, MINILM, Embedder, Encoder, Reranker
from similarity.encoders.reranking import Reader
from similarity.index.catalog import Catalog
from similarity.index.indexer import stored_model
from similarity.names import recorder
from workspace.database import Database
from workspace.keyring import Keyring
from workspace.locks import upgrading
from workspace.people.viewer import PLAIN_VIEW, Viewer
from workspace.replica import Marks, Replica, marks_of
from workspace.settings import Settings
from workspace.setup import open_database

LOCAL_ADDRESS = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Workspace:
    """The database, the catalog and the network that follow its writes, and the settings."""

    settings: Settings
    database: Database
    catalog: Catalog
    network: Network
    # The vectors of people's titles.
    titles: Titles
    # The connections that every member may read.
    shared_book: SharedBook
    # What speaks for members on deals that are not shown.
    expertise: RememberedExpertise
    # The address of the server, for links where the settings name no origin.
    address: str = LOCAL_ADDRESS
    # The replica from which pages are read, where the settings name one.
    replica: Replica | None = None

    def marks(self, session: Session, viewer: Viewer) -> Marks | None:
        """What a viewer's reads need to see, found in a session on the database itself; None where
        all is read there."""
        if self.replica is None or viewer.person_id is None:
            return None
        return marks_of(session, viewer.person_id)

    @contextmanager
    def reading(self, marks: Marks | None, known: Session | None = None) -> Iterator[Session]:
        """A session that cannot write, on a state with what the marks ask for: of the replica, if
        it has got so far. Without marks it is `known`, or one on the database itself."""
        if self.replica is not None and marks is not None:
            with self.replica.reading(marks) as session:
                yield session
        elif known is not None:
            yield known
        else:
            with self.database.read() as session:
                yield session

    def warm(self) -> None:
        """Load the caches and the model, so that the first pages do not wait for them."""
        self.catalog.warm()
        self.network.warm()
        self.shared_book.warm()

    def weigh(self) -> None:
        """Weigh the evidence for all deals that need people, so that the first page that proposes
        some does not wait for it."""
        with self.database.read() as session:
            self.expertise.weigh_in_advance(session, PLAIN_VIEW, self.catalog)

    @property
    def origin(self) -> str:
        """The address that links in mail begin with."""
        return self.settings.origin or self.address

    @property
    def keyring(self) -> Keyring:
        """The keys by which stored secrets are encrypted."""
        return Keyring(self.settings)

    @property
    def sends_mail(self) -> bool:
        """Whether a mail server is set; without one, pages show mail to be copied."""
        return bool(self.settings.smtp_url)

    @property
    def is_secure(self) -> bool:
        """Whether browsers connect by https."""
        return bool(self.settings.origin and self.settings.origin.startswith("https://"))


def workspace_on(
    database: Database,
    settings: Settings,
    encoder: Encoder,
    reader: Reader | None = None,
    address: str = LOCAL_ADDRESS,
) -> Workspace:
    """The workspace of an open database, whose catalog, names and network follow its writes."""
    catalog = Catalog(
        database,
        encoder,
        settings.indexes,
        reader,
        REFERENCE_FEEDBACK,
        in_database=settings.search == "database",
        partitions=settings.search_partitions,
    )
    catalog.attach()
    recorder.attach(database)
    network = Network(database)
    network.attach()
    job_changes.attach(database)
    titles = Titles(database, encoder)
    shared_book = SharedBook(database, titles)
    # After the others, which match connections with people.
    shared_book.attach()
    replica = Replica(database, settings.replica_database) if settings.replica_database else None
    if replica:
        replica.attach()
    workspace = Workspace(
        settings,
        database,
        catalog,
        network,
        titles,
        shared_book,
        RememberedExpertise(),
        address,
        replica,
    )
    webhook_events.attach(database, workspace.origin)
    return workspace


@contextmanager
def open_workspace(
    settings: Settings,
    address: str = LOCAL_ADDRESS,
    encoder: Encoder | None = None,
    *,
    serves: bool = False,
) -> Iterator[Workspace]:
    """The workspace of these settings, its database upgraded; closed when the block ends.

    `encoder` takes the place of the record's own. A server has the rows that PostgreSQL searches
    for its own model; other commands leave those that servers search.
    """
    with closing(open_database(settings)) as database:
        encoder = encoder or encoder_of_record(settings, database)
        workspace = workspace_on(database, settings, encoder, reranker_of(settings), address)
        with upgrading(database):
            workspace.network.catch_up()
            recorder.catch_up(database)
            workspace.catalog.prepare(may_replace=serves)
        with closing(workspace.replica) if workspace.replica else nullcontext():
            yield workspace


def encoder_of(settings: Settings) -> Embedder:
    """The encoder that the settings choose, or the default one."""
    return Embedder(settings.model or DEFAULT_MODEL, settings.model_languages)


def encoder_of_record(settings: Settings, database: Database) -> Encoder:
    """The encoder that the settings choose; without a choice the one that made the vectors of this
    record, which keeps its model until `reindex` is asked for."""
    encoder = encoder_of(settings)
    if settings.model is None:
        with database.read() as session:
            stored = stored_model(session)
        if stored and Embedder(MINILM).made(stored):
            return Embedder(MINILM)
    return encoder


def reranker_of(settings: Settings) -> Reranker | None:
    """The reranker that the settings choose, if any."""
    return Reranker(settings.reranker) if settings.reranker else None
