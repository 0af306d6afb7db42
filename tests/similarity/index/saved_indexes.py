"""A database with published snapshots, and what it answers with and without them."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from similarity.index.catalog import Catalog
from similarity.index.snapshots import Snapshots
from similarity.index.sources import Kind
from similarity.retrieval import Matches, ask, match
from similarity.scoring import Weights
from tests.world import FakeEmbedder, build_world
from workspace.database import Database
from workspace.deals import stages

NOWHERE = Path("/dev/null/indexes")
Answer = dict[Kind, Matches]


@dataclass
class Saved:
    """A database, the folder of its snapshots, and what it answers without any."""

    database: Database
    folder: Path
    answer: Answer


def asked(database: Database, catalog: Catalog) -> Answer:
    """What is found of each kind, by meaning and by words."""
    text = "patient records dashboards"
    (vector,) = FakeEmbedder().encode([text])
    found = {}
    with database.read() as session:
        for kind in Kind:
            with catalog.searching(session, kind) as collection:
                question = ask(collection, text, vector, Weights(), FakeEmbedder.languages)
                found[kind] = match(collection, question)
    return found


def answer(database: Database, folder: Path = NOWHERE) -> Answer:
    """What a process that starts now answers from these snapshots."""
    return asked(database, Catalog(database, FakeEmbedder(), folder))


def make(folder: Path) -> Saved:
    """A database with the cast and its published snapshots."""
    folder.mkdir()
    database = Database(f"sqlite:///{folder / 'record.sqlite3'}")
    database.upgrade()
    with database.write() as session:
        stages.add_default_stages(session)
    build_world(database)
    catalog = Catalog(database, FakeEmbedder(), folder / "indexes")
    catalog.catch_up()
    found = asked(database, catalog)
    assert found == answer(database)
    return Saved(database, folder / "indexes", found)


def files(folder: Path) -> list[Path]:
    """The published files, the manifest first."""
    manifest = folder / "manifest.json"
    named = json.loads(manifest.read_text())["files"]
    return [manifest, *(folder / name for kind in named.values() for name, _ in kind)]


def is_believed(saved: Saved) -> bool:
    """Whether a catalog that starts now takes the snapshots for good."""
    return Snapshots(saved.folder).load(FakeEmbedder.model_id) is not None


def writing(saved: Saved) -> Catalog:
    catalog = Catalog(saved.database, FakeEmbedder(), saved.folder)
    catalog.attach()
    return catalog


def copy_of(database: Database, path: Path) -> Database:
    """A backup of a database, opened."""
    with closing(sqlite3.connect(str(database.url.database))) as connection:
        connection.execute("VACUUM INTO ?", (str(path),))
    return Database(f"sqlite:///{path}")
