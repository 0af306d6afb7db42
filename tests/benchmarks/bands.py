"""How often the bands of kin are right, on pairs of the demo's deals that were judged by reading.

`judged_pairs.csv` has 500 pairs with a grade: 2 where a rep would call the colleague at once, 1
where the deal is worth a look, 0 where it is not useful. A 'strong' is right for grade 2, a 'fair'
for 1 and 2. The pairs were judged without their scores. The bands were chosen by the 320 pairs for
calibration; the 180 for testing had no part in it, and no deal that was asked about is in both.
"""

import csv
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlmodel import select

from references.imports import DEMO, EXTENSION
from similarity.inquiry import ask_of_deal
from similarity.kin import nearest_deals
from web.workspace import open_workspace
from workspace import demo
from workspace.deals.tables import Deal
from workspace.people.viewer import PLAIN_VIEW
from workspace.settings import Settings

PAIRS = Path(__file__).parent / "judged_pairs.csv"
# More than the judged pairs are ranked apart, so that each is among them.
DEPTH = 150


def run() -> Iterator[dict[str, Any]]:
    """For the pairs for calibration, and for those for testing: what each band is worth."""
    with PAIRS.open(newline="") as file:
        pairs = list(csv.DictReader(file))
    bands = _bands({pair["deal"] for pair in pairs})
    for use in ("calibration", "test"):
        for band, least in (("strong", 2), ("fair", 1)):
            grades = [
                int(pair["grade"])
                for pair in pairs
                if pair["use"] == use and bands[pair["deal"]].get(pair["similar"]) == band
            ]
            right = sum(grade >= least for grade in grades)
            low, high = _interval(right, len(grades))
            yield {
                "pairs": use,
                "band": band,
                "called so": len(grades),
                "right": f"{right / len(grades):.2f}" if grades else "none",
                "95 % interval": f"{low:.2f} to {high:.2f}",
            }


def _bands(keys: set[str]) -> dict[str, dict[str, str]]:
    """The bands of the deals nearest to these deals of the demo, by their keys."""
    with (
        tempfile.TemporaryDirectory() as home,
        open_workspace(Settings(home=Path(home), database_url=None)) as workspace,
    ):
        with workspace.database.write() as session:
            demo.load(session, (demo.FOLDER, DEMO), EXTENSION)
        with workspace.database.read() as session:
            deals = session.exec(select(Deal)).all()
            key_of = {deal.id: deal.key for deal in deals}
            return {
                deal.key: {
                    key_of[near.id]: near.band
                    for near in nearest_deals(
                        session,
                        workspace.catalog,
                        ask_of_deal(session, PLAIN_VIEW, workspace.catalog, deal),
                        None,
                        DEPTH,
                    )
                }
                for deal in deals
                if deal.key in keys
            }


def _interval(right: int, count: int) -> tuple[float, float]:
    """Wilson's interval of a share ("Probable inference", 1927)."""
    if not count:
        return 0.0, 1.0
    z = 1.96
    share = right / count
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return (middle - spread) / scale, (middle + spread) / scale
