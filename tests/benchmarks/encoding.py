"""How many texts a second the model reads, in the ways that this processor has.

The texts are those of the demo's deals, alone and some of them together, so that their
lengths differ as those of names, notes and long notes do. How near the vectors of another way
are to those of the plain one is their cosine.
"""

import csv
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from similarity.encoders.embeddings import Embedder
from similarity.index.vectors import Vectors
from workspace import demo

# Gives the states of tokens, shape (texts, tokens, dimension), for a model's inputs.
Way = Callable[[dict[str, Any]], Any]
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
TEXTS = 128
ROUNDS = 2


def run() -> Iterator[dict[str, Any]]:
    """A row for each way of encoding, and one for what a catch-up does.

    One thread each, and in turns: then what else runs hardly changes the proportions.
    """
    torch.set_num_threads(1)
    texts = _texts()
    embedder = Embedder()
    model = embedder._model
    plain = _read(model, texts)
    ways: dict[str, Callable[[], Vectors]] = {
        "torch, as they come, 32 at a time": lambda: np.concatenate(
            [_read(model, texts[start : start + 32]) for start in range(0, len(texts), 32)]
        ),
        "torch, sorted by length, 16 at a time": lambda: _read(model, texts, 16),
        "torch, sorted by length, 32 at a time": lambda: _read(model, texts),
        "torch, sorted by length, 64 at a time": lambda: _read(model, texts, 64),
        "the same, bfloat16 32 at a time": lambda: embedder._encode(texts, coarse=True),
        "as a catch-up does it": lambda: embedder.encode(texts),
        "as a catch-up does it, each text four times": lambda: embedder.encode(texts * 4)[:TEXTS],
        **{name: partial(_pooled, model, way, texts) for name, way in _elsewhere(model)},
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    found = {}
    for _ in range(ROUNDS):
        for name, encode in ways.items():
            start = time.process_time()
            found[name] = encode()
            taken[name].append(time.process_time() - start)
    for name, vectors in found.items():
        count = len(texts) * (4 if "four" in name else 1)
        near = np.sum(plain * vectors, axis=1)
        yield {
            "way": name,
            "texts a second of one core": f"{count / min(taken[name]):.0f}",
            "least cosine with the plain way": f"{near.min():.5f}",
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


def _elsewhere(model: Any) -> Iterator[tuple[str, Way]]:
    """The model in other libraries, where they are installed."""
    network = _Network(model[0].auto_model).eval()
    example = tuple(
        model.tokenizer(["one text", "another"], padding=True, return_tensors="pt")[n]
        for n in INPUTS
    )
    if find_spec("openvino"):
        openvino = import_module("openvino")
        converted = openvino.convert_model(network, example_input=example)
        for precision in ("f32", "bf16"):
            hints = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1}
            compiled = openvino.Core().compile_model(converted, "CPU", hints)
            name = f"OpenVINO {version('openvino')}, {precision}"
            yield name, lambda inputs, ask=compiled: ask(list(inputs.values()))[0]
    if find_spec("onnxruntime") and find_spec("onnx"):
        onnxruntime = import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        with TemporaryDirectory() as folder:
            single, eight = f"{folder}/single.onnx", f"{folder}/eight.onnx"
            axes = {name: {0: "texts", 1: "tokens"} for name in [*INPUTS, "states"]}
            torch.onnx.export(
                network,
                example,
                single,
                input_names=INPUTS,
                output_names=["states"],
                dynamic_axes=axes,
                dynamo=False,
            )
            import_module("onnxruntime.quantization").quantize_dynamic(single, eight)
            for precision, path in (("single", single), ("8-bit weights", eight)):
                session = onnxruntime.InferenceSession(path, options)
                name = f"ONNX Runtime {version('onnxruntime')}, {precision}"
                yield name, lambda inputs, ask=session: ask.run(None, inputs)[0]


class _Network(torch.nn.Module):
    """The model up to the states of its tokens, as other libraries can take it over."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, ids: Any, mask: Any, types: Any) -> Any:
        found = self.inner(input_ids=ids, attention_mask=mask, token_type_ids=types)
        return found.last_hidden_state


def _pooled(model: Any, way: Way, texts: list[str]) -> Vectors:
    """The mean states of texts in another library, sorted by length, 32 at a time."""
    order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
    vectors = np.empty((len(texts), model.get_embedding_dimension()), np.float32)
    for start in range(0, len(order), 32):
        rows = order[start : start + 32]
        read = model.tokenizer(
            [texts[row] for row in rows],
            padding=True,
            truncation=True,
            max_length=model.max_seq_length,
            return_tensors="np",
        )
        states = way({name: np.asarray(read[name], np.int64) for name in INPUTS})
        mask = read["attention_mask"][:, :, None]
        means = (states * mask).sum(axis=1) / mask.sum(axis=1)
        vectors[rows] = means / np.linalg.norm(means, axis=1, keepdims=True)
    return vectors
