"""A second reading moves only the first results, by a term that is shown."""

import logging
import math
from pathlib import Path

import pytest

from similarity import kin as kin_module
from similarity.encoders import reranking
from similarity.encoders.embeddings import ModelUnavailable
from similarity.encoders.reranking import SHARE
from similarity.index.catalog import Catalog
from similarity.kin import Kin
from similarity.playbook import playbook_of_deal
from similarity.scoring import Weights
from tests.similarity.asking import kin_of_deal, kin_of_text
from tests.world import FakeEmbedder, World
from workspace.people.viewer import PLAIN_VIEW


class FakeReranker:
    """Likes the texts that have a word, and remembers what it was given."""

    name = "fake"

    def __init__(self, word: str) -> None:
        self.word = word
        self.asked: list[tuple[str, list[str]]] = []

    def read(self, question: str, texts: list[str]) -> list[float]:
        self.asked.append((question, texts))
        return [0.9 if self.word in text.lower() else 0.1 for text in texts]


class BrokenReranker(FakeReranker):
    """A model that is not there."""

    def read(self, question: str, texts: list[str]) -> list[float]:
        raise ModelUnavailable("The reranker is away.")


def reading(world: World, tmp_path: Path, reader: FakeReranker | None) -> Catalog:
    """A catalog with a cross-encoder."""
    return Catalog(world.database, FakeEmbedder(), tmp_path / "indexes", reader)


def of_deal(world: World, catalog: Catalog, **given: object) -> list[Kin]:
    with world.database.read() as session:
        deal = world.deal(session, "kestrel")
        return kin_of_deal(session, world.viewer("charlie"), catalog, deal, **given)  # type: ignore[arg-type]


def of_text(world: World, catalog: Catalog, text: str) -> list[Kin]:
    with world.database.read() as session:
        return kin_of_text(session, PLAIN_VIEW, catalog, text)


def keys(found: list[Kin]) -> list[str]:
    return [each.key for each in found]


def test_should_add_one_term_for_what_a_cross_encoder_reads(
    world: World, catalog: Catalog, tmp_path: Path
) -> None:
    reader = FakeReranker("risk")
    again = reading(world, tmp_path, reader)
    before, after = of_deal(world, catalog), of_deal(world, again)
    plain = {each.key: each for each in before}
    for each in after:
        terms = {term.name: term for term in each.terms}
        term = terms.pop("reading")
        assert term.because == f"read side by side: {term.value:.0%} alike"
        assert term.weight == SHARE * (Weights().meaning + Weights().words)
        assert each.score == math.fsum(one.contribution for one in each.terms)
        assert each.terms == sorted(each.terms, key=lambda one: -one.contribution)
        # The other terms are what they were.
        assert terms == {one.name: one for one in plain[each.key].terms}
    assert [each.score for each in after] == sorted((each.score for each in after), reverse=True)
    assert keys(before) != keys(after)
    assert keys(before).index(world.deals["lumen"]) > keys(after).index(world.deals["lumen"])
    # It is asked with what the seller wrote, and reads what was written of the others.
    (question, texts), *more = reader.asked
    assert not more
    assert question.startswith("Kestrel")
    assert any("risk" in text.lower() for text in texts)


def test_should_read_a_text_against_its_kin_too(
    world: World, catalog: Catalog, tmp_path: Path
) -> None:
    reader = FakeReranker("risk")
    found = of_text(world, reading(world, tmp_path, reader), "dashboards for managers")
    assert reader.asked[0][0] == "dashboards for managers"
    assert {term.name for term in found[0].terms} == {"meaning", "words", "recency", "reading"}
    assert of_text(world, reading(world, tmp_path, reader), "")
    assert len(reader.asked) == 1


def test_should_read_only_the_first_however_many_are_shown(
    world: World, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kin_module, "READ", 4)
    reader = FakeReranker("risk")
    again = reading(world, tmp_path, reader)
    every = of_deal(world, again, limit=50)
    assert set(keys(every)) == set(keys(of_deal(world, catalog, limit=50)))
    assert len(reader.asked[0][1]) == 4
    read = [any(term.name == "reading" for term in each.terms) for each in every]
    assert read == [True] * 4 + [False] * (len(every) - 4)
    assert [each.score for each in every] == sorted((e.score for e in every), reverse=True)
    for limit in (0, 1, 3, 7):
        assert of_deal(world, again, limit=limit) == every[:limit]


def test_should_have_no_effect_where_the_text_has_no_weight(
    world: World, catalog: Catalog, tmp_path: Path
) -> None:
    weights = Weights(meaning=0, words=0)
    again = reading(world, tmp_path, FakeReranker("risk"))
    before = of_deal(world, catalog, weights=weights)
    after = of_deal(world, again, weights=weights)
    assert [(each.key, each.score) for each in after] == [(e.key, e.score) for e in before]


def test_should_change_nothing_without_the_model_and_warn_once(
    world: World, catalog: Catalog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reranking._warn_once.cache_clear()
    again = reading(world, tmp_path, BrokenReranker(""))
    with caplog.at_level(logging.WARNING):
        again.warm()
        assert of_deal(world, again) == of_deal(world, catalog)
        assert of_text(world, again, "risk") == of_text(world, catalog, "risk")
    told = [record.getMessage() for record in caplog.records]
    assert told == ["The reranker is away. Results stay as they are ranked without it."]


def test_should_not_change_what_is_built_on_kin(
    world: World, catalog: Catalog, tmp_path: Path
) -> None:
    again = reading(world, tmp_path, FakeReranker("risk"))
    with world.database.read() as session:
        deal = world.deal(session, "kestrel")
        viewer = world.viewer("charlie")
        assert playbook_of_deal(session, viewer, again, deal) == playbook_of_deal(
            session, viewer, catalog, deal
        )
