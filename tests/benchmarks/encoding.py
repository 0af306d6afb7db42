"""How many texts a second the model reads, in the ways that this processor has.

The texts are those of the demo's deals, alone and some of them together, so that their
lengths differ as those of names, notes and long notes do. How near the vectors of another way
are to those of the plain one is their cosine.
"""

import csv
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from similarity.embeddings import Embedder
from similarity.index import Vectors
from workspace import demo

TEXTS = 128
ROUNDS = 1


def run() -> Iterator[dict[str, Any]]:
    """A row for each way of encoding, and one for what a catch-up does."""
    texts = _texts()
    embedder = Embedder()
    model = embedder._model
    plain = _read(model, texts)
    ways: dict[str, Callable[[], Vectors]] = {
        "as they come, 32 at a time": lambda: np.concatenate(
            [_read(model, texts[start : start + 32]) for start in range(0, len(texts), 32)]
        ),
        "sorted by length, 16 at a time": lambda: _read(model, texts, 16),
        "sorted by length, 32 at a time": lambda: embedder.encode(texts),
        "sorted by length, 64 at a time": lambda: _read(model, texts, 64),
        "the same, bfloat16": lambda: _in_bfloat16(model, texts),
        "the same, 8-bit weights": lambda: _read(eight_bit, texts),
        "each text four times": lambda: embedder.encode([*texts] * 4)[: len(texts)],
    }
    eight_bit = _eight_bit(Embedder()._model)
    for name, encode in ways.items():
        taken = []
        for _ in range(ROUNDS):
            start = time.process_time()
            found = encode()
            taken.append(time.process_time() - start)
        count = len(texts) * (4 if "four" in name else 1)
        near = np.sum(plain * found / np.linalg.norm(found, axis=1, keepdims=True), axis=1)
        yield {
            "torch, on the processor": name,
            "texts a second of one core": f"{count / min(taken):.0f}",
            "least cosine with the plain way": f"{near.min():.4f}",
        }


def _texts() -> list[str]:
    """Texts of some 5 to 250 words."""
    with (Path(demo.__file__).parent / "demo" / "deals.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    told = [" ".join((row["name"], row["use_case"], row["notes"])) for row in rows]
    random = np.random.default_rng(5)
    names = [row["name"] for row in rows]
    longer = [
        " ".join(random.choice(told, count)) for count in random.choice([1, 1, 2, 4], len(rows))
    ]
    return list(dict.fromkeys(random.permutation([*names, *longer]).tolist()))[:TEXTS]


def _read(model: Any, texts: list[str], batch: int = 32) -> Vectors:
    vectors = model.encode(
        texts, batch_size=batch, normalize_embeddings=True, show_progress_bar=False
    )
    return np.asarray(vectors, np.float32)


def _in_bfloat16(model: Any, texts: list[str]) -> Vectors:
    with torch.autocast("cpu", torch.bfloat16):
        return _read(model, texts)


def _eight_bit(model: Any) -> Any:
    return torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, torch.qint8)
