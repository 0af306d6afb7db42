"""Calibration: what the nearness of a model's vectors means, for each model that was measured."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from similarity.scoring import FAIR, STRONG

# From this cosine of whole texts on a document is near by meaning alone, centred by the means that
# the model comes with, if any. With a model that has no floor, nothing is said to be near.
# all-MiniLM-L6-v2: of 26 nonsensical questions none came nearer than 0.44 to a whole deal, asset or
# person of the demo; 12 of 16 sentences that describe one came to between 0.46 and 0.71.
# multilingual-e5-small: of 26 nonsensical questions in four languages none came nearer than 0.34.
NEARNESS_FLOORS = {"all-MiniLM-L6-v2": 0.45, "multilingual-e5-small": 0.35}
# The same for a deal that also has to reach the band 'fair', where it is lower.
# multilingual-e5-small: two of the nonsensical questions came nearer to a deal than 0.26, one of
# them about a recipe, of which the demo has some; 11 of 16 sentences in three languages that
# describe a deal came to between 0.27 and 0.38.
KIN_FLOORS = {"multilingual-e5-small": 0.27}
# The nearness that counts as no agreement in meaning, and the one that counts as full agreement. On
# judged pairs of the demo the middle of those that are not alike was 0.33, of those that are 0.41.
NEARNESS_SCALES = {"multilingual-e5-small": (0.1, 0.7)}
# The least shares of the attainable score of the bands 'strong' and 'fair', where they are not
# those of `scoring`. `just bench bands` says how often they are right on pairs judged by hand, all
# of which are of deals: a deal has facets, which bring more of a score than a sentence does.
BAND_SHARES = {"multilingual-e5-small": (0.67, 0.28)}
DEAL_BAND_SHARES = {"multilingual-e5-small": (0.65, 0.4)}
# The cosines of the subjects of two titles that count as no, and as full agreement. Of 45 titles in
# four languages, those with the same subject in another language came to between 0.43 and 0.76
# (multilingual-e5-small), those with another subject to 0.42 at most, and with a neighbouring one,
# such as data science or warehousing for data warehousing, to between 0.45 and 0.78.
TITLE_SCALES = {"all-MiniLM-L6-v2": (0.35, 0.85), "multilingual-e5-small": (0.27, 0.8)}
_FOLDER = Path(__file__).parent / "means"


def nearness_floor(model_id: str) -> float | None:
    """The floor of a model by its id; None for a model that was not measured."""
    return NEARNESS_FLOORS.get(model_id.partition("@")[0])


def kin_floor(model_id: str) -> float | None:
    """The floor of a model for deals that are alike in nothing but meaning."""
    return KIN_FLOORS.get(model_id.partition("@")[0], nearness_floor(model_id))


def nearness_scale(model_id: str) -> tuple[float, float] | None:
    """The scale of a model's nearness by its id; None where nearness is taken as it is."""
    return NEARNESS_SCALES.get(model_id.partition("@")[0])


def title_scale(model_id: str) -> tuple[float, float] | None:
    """The scale of the nearness of titles; None for a model that was not measured."""
    return TITLE_SCALES.get(model_id.partition("@")[0])


def band_shares(model_id: str, *, of_deal: bool) -> tuple[float, float]:
    """From which shares of the attainable score on the kin of a deal, or of a text, are strong, and
    fair, with a model."""
    shares = DEAL_BAND_SHARES if of_deal else BAND_SHARES
    return shares.get(model_id.partition("@")[0], (STRONG, FAIR))


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
