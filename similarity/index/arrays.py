"""Named arrays in a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def save(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to a file: their names, and one after the other as numpy writes one.

    An archive of numpy's (.npz) would be read in small pieces, each with a sum that nobody
    asks for; these are read at once, straight into the memory that they stay in.
    """
    with path.open("wb") as file:
        for array in (np.array(list(arrays), "U"), *arrays.values()):
            np.save(file, array, allow_pickle=False)


def load(path: Path) -> dict[str, NDArray[Any]]:
    """Read what `save` wrote. Damage is not always noticed: check a sum first."""
    with path.open("rb") as file:
        names = np.load(file, allow_pickle=False).tolist()
        return {name: np.load(file, allow_pickle=False) for name in names}
