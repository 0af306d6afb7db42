"""Named arrays in a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def save(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to a file: first their names, then one after the other in numpy's format.

    Such a file is read faster than an archive of numpy's (.npz): each array goes straight into
    its memory, without a checksum that snapshots do not need.
    """
    with path.open("wb") as file:
        for array in (np.array(list(arrays), "U"), *arrays.values()):
            np.save(file, array, allow_pickle=False)


def load(path: Path) -> dict[str, NDArray[Any]]:
    """Read arrays that `save` wrote. Not all damage is noticed: verify a checksum first."""
    with path.open("rb") as file:
        names = np.load(file, allow_pickle=False).tolist()
        return {name: np.load(file, allow_pickle=False) for name in names}
