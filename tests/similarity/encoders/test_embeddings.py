"""The real model, once: what everything else assumes of an encoder. And a small cross-encoder."""

import itertools
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from similarity.encoders import embeddings
from similarity.encoders.embeddings import MANY, NEAR, Embedder, ModelUnavailable, Reranker
from tests.threads import SECONDS


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The model that is installed with Dealkin."""
    return Embedder()


@pytest.mark.slow
def test_should_encode_meaning_with_the_installed_model(embedder: Embedder) -> None:
    texts = [
        "Consolidate patient records of four hospitals",
        "One place for the files of people treated in several clinics",
        "Regulatory risk reporting for a bank",
        "",
    ]
    # The same twice: equal texts have equal vectors.
    vectors = embedder.encode([*texts, texts[0]])
    assert vectors.shape == (5, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    assert (vectors[0] == vectors[4]).all()
    likeness = vectors @ vectors[0]
    assert likeness[1] > likeness[2] + 0.01
    assert embedder.encode([]).shape[0] == 0
    # Whatever is passed, it is only text.
    strange = ["\0", "\u202e" * 50, "😀" * 2000, "a" * 50_000]
    assert np.isfinite(embedder.encode(strange)).all()
    name, weights = embedder.model_id.split("@")
    assert name == "multilingual-e5-small"
    assert len(weights) == 14
    assert embedder.languages == frozenset()


@pytest.mark.slow
def test_should_encode_english_with_the_light_model() -> None:
    light = Embedder("minilm")
    vectors = light.encode(["Records of patients", "Files of people in hospital", "A bank's risks"])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1
    name, weights = light.model_id.split("@")
    assert name == "all-MiniLM-L6-v2"
    assert len(weights) == 12
    assert light.languages == {"en"}
    assert light.made(light.model_id)
    assert not Embedder().made(light.model_id)


@pytest.mark.slow
def test_should_encode_many_texts_in_the_faster_precision(embedder: Embedder) -> None:
    texts = [f"The deal with hospital number {number}" for number in range(MANY)]
    assert isinstance(embedder._coarse_is_better, bool)
    few = np.concatenate([embedder.encode(texts[:40]), embedder.encode(texts[40:])])
    for coarse in (False, True):
        embedder.__dict__["_coarse_is_better"] = coarse
        many = embedder.encode(texts)
        assert many.dtype == np.float32
        assert np.linalg.norm(many, axis=1) == pytest.approx(np.ones(MANY), abs=1e-5)
        assert (many * few).sum(axis=1).min() > NEAR - 0.0005


@pytest.mark.parametrize(
    ("plain_seconds", "coarse_seconds", "turned", "better"),
    [
        (0.2, 0.1, 0.0, True),
        (0.12, 0.1, 0.0, False),
        (0.1, 0.2, 0.0, False),
        (0.2, 0.1, 0.1, False),
    ],
)
def test_should_choose_a_precision_only_where_it_is_faster_and_as_good(
    monkeypatch: pytest.MonkeyPatch,
    plain_seconds: float,
    coarse_seconds: float,
    turned: float,
    better: bool,
) -> None:
    """`turned` is how far the coarser vectors point elsewhere."""
    clock = [0.0]

    def encode(_embedder: Embedder, texts: list[str], *, coarse: bool) -> Any:
        clock[0] += coarse_seconds if coarse else plain_seconds
        angle = turned if coarse else 0.0
        return np.tile(np.array([np.cos(angle), np.sin(angle)], np.float32), (len(texts), 1))

    monkeypatch.setattr(Embedder, "_encode", encode)
    monkeypatch.setattr("similarity.encoders.embeddings.time.thread_time", lambda: clock[0])
    assert Embedder()._coarse_is_better is better


def test_should_know_the_listed_languages_or_all() -> None:
    assert Embedder("own/model", "en pl").languages == {"en", "pl"}
    assert Embedder("own/model", "*").languages == frozenset()
    # What is not known of a model is taken for the usual case.
    assert Embedder("own/model").languages == {"en"}


def test_should_try_a_missing_model_again_with_growing_delay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = Embedder(str(tmp_path))
    assert empty.model_id.startswith(f"{tmp_path.name}@")
    tries, clock = [], [1000.0]
    load = Embedder._model.func

    def count(self: Embedder) -> Any:
        tries.append(clock[0])
        return load(self)

    monkeypatch.setattr("similarity.encoders.embeddings.time.monotonic", lambda: clock[0])
    monkeypatch.setattr(Embedder, "_model", property(count))
    for _ in range(300):
        with pytest.raises(ModelUnavailable, match="could not be loaded"):
            empty.encode(["text"])
        clock[0] += 10
    assert [later - earlier for earlier, later in itertools.pairwise(tries)] == [
        30,
        60,
        120,
        240,
        480,
        960,
    ]


def test_should_wait_for_no_model_that_a_thread_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, asked = threading.Event(), threading.Event()

    def load(_self: Embedder) -> Any:
        asked.set()
        answers.wait(SECONDS)
        raise ModelUnavailable("The hub does not answer.")

    monkeypatch.setattr(embeddings, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(Embedder, "_model", property(load))
    absent = Embedder(str(tmp_path))
    absent.load_in_background()
    assert asked.wait(SECONDS)
    with pytest.raises(ModelUnavailable, match="still being loaded"):
        absent.encode(["text"])
    assert "still being loaded" in absent.problem
    answers.set()
    until = time.monotonic() + SECONDS
    while "does not answer" not in absent.problem:
        assert time.monotonic() < until
        time.sleep(0.01)
    with pytest.raises(ModelUnavailable, match="does not answer"):
        absent.encode(["text"])


def test_should_take_other_weights_for_another_model(tmp_path: Path) -> None:
    ids = set()
    for content in (b"", b"one", b"two"):
        (tmp_path / "model.safetensors").write_bytes(content)
        ids.add(Embedder(str(tmp_path)).model_id)
    assert len(ids) == 3


WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "patient", "records", "bank", "ferry")


@pytest.fixture
def cross_encoder(tmp_path: Path) -> Callable[..., Path]:
    """Makes a very small cross-encoder with random weights, in a folder of its own."""

    def make(labels: int = 1) -> Path:
        import torch
        from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

        folder = tmp_path / f"cross-encoder-{labels}"
        torch.manual_seed(5)
        config = BertConfig(
            vocab_size=len(WORDS),
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=8,
            max_position_embeddings=64,
            num_labels=labels,
            initializer_range=0.5,
        )
        BertForSequenceClassification(config).save_pretrained(folder)
        vocabulary = {word: number for number, word in enumerate(WORDS)}
        BertTokenizerFast(vocab=vocabulary, model_max_length=64).save_pretrained(folder)
        return folder

    return make


def test_should_read_both_texts_with_a_cross_encoder(cross_encoder: Callable[..., Path]) -> None:
    reranker = Reranker(str(cross_encoder()))
    texts = ["patient records", "bank", "", "ferry " * 500]
    values = reranker.read("patient records", texts)
    assert len(values) == len(set(values)) == 4
    assert all(type(value) is float and 0 < value < 1 for value in values)
    # Alone, and asked again, a text is worth the same.
    assert reranker.read("patient records", texts[:1]) == pytest.approx(values[:1])
    assert reranker.read("bank", texts[:1]) != pytest.approx(values[:1])


def test_should_bring_unbounded_scores_between_0_and_1(
    cross_encoder: Callable[..., Path],
) -> None:
    folder = cross_encoder()
    config = json.loads((folder / "config.json").read_text())
    config["sentence_transformers"] = {"activation_fn": "torch.nn.modules.linear.Identity"}
    (folder / "config.json").write_text(json.dumps(config))
    assert all(0 < value < 1 for value in Reranker(str(folder)).read("bank", ["bank", "ferry"]))


def test_should_call_an_unusable_cross_encoder_unavailable(
    cross_encoder: Callable[..., Path], tmp_path: Path
) -> None:
    damaged = cross_encoder()
    (damaged / "model.safetensors").write_bytes(b"noise")
    for folder in (tmp_path / "empty", damaged, cross_encoder(labels=3)):
        folder.mkdir(exist_ok=True)
        reranker = Reranker(str(folder))
        # The first time, and from then on without another try.
        for _ in range(2):
            with pytest.raises(ModelUnavailable, match=f"{folder.name} cannot be used") as said:
                reranker.read("bank", ["bank"])
            assert len(str(said.value).splitlines()) == 1
