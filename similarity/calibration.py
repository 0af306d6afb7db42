"""Calibration: what the nearness of a model's vectors means, for each model that was measured."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# A document is near by meaning from this cosine of the vectors as a model gives them, before they
# are centred. Each model has its own; with a model that has none, nothing is said to be near.
# all-MiniLM-L6-v2: of 26 nonsensical questions none came nearer than 0.44 to a whole deal, asset or
# person of the demo; 12 of 16 sentences that describe one came to between 0.46 and 0.71.
NEARNESS_FLOORS = {"all-MiniLM-L6-v2": 0.45}
_FOLDER = Path(__file__).parent / "means"


def nearness_floor(model_id: str) -> float | None:
    """The floor of a model by its id; None for a model that was not measured."""
    return NEARNESS_FLOORS.get(model_id.partition("@")[0])


def shipped_means(model_id: str) -> Mapping[str, NDArray[np.float32]]:
    """The means that centre a model's vectors, by language, with that of all others as ""; empty
    for a model that comes without any."""
    return _means(model_id.partition("@")[0])


@cache
def _means(name: str) -> Mapping[str, NDArray[np.float32]]:
    file = _FOLDER / f"{Path(name).name}.npz"
    if not file.is_file():
        return {}
    with np.load(file) as stored:
        return {language.removeprefix("other"): stored[language] for language in stored}
