"""The real model, once: what everything else assumes of an encoder."""

from pathlib import Path

import numpy as np
import pytest

from similarity.embeddings import Embedder, ModelUnavailable


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The model that is installed with Dealkin."""
    return Embedder()


def test_the_installed_model_reads_meaning(embedder: Embedder) -> None:
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
    assert likeness[1] > likeness[2] + 0.1
    assert embedder.encode([]).shape[0] == 0
    # Whatever is passed, it is only text.
    strange = ["\0", "\u202e" * 50, "😀" * 2000, "a" * 50_000]
    assert np.isfinite(embedder.encode(strange)).all()
    name, weights = embedder.model_id.split("@")
    assert name == "all-MiniLM-L6-v2"
    assert len(weights) == 12
    assert embedder.languages == {"en"}


def test_languages_are_listed_or_all() -> None:
    assert Embedder(languages="en pl").languages == {"en", "pl"}
    assert Embedder(languages="*").languages == frozenset()


def test_a_model_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    empty = Embedder(str(tmp_path))
    assert empty.model_id.startswith(f"{tmp_path.name}@")
    with pytest.raises(ModelUnavailable, match="could not be loaded"):
        empty.encode(["text"])
    # Nor is it the next time.
    with pytest.raises(ModelUnavailable):
        empty.encode(["text"])


def test_other_weights_are_another_model(tmp_path: Path) -> None:
    ids = set()
    for content in (b"", b"one", b"two"):
        (tmp_path / "model.safetensors").write_bytes(content)
        ids.add(Embedder(str(tmp_path)).model_id)
    assert len(ids) == 3
