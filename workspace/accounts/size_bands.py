"""Size bands of headcounts, and how alike two headcounts are."""

import math

# The highest headcount of each size band; one more band above them has no limit.
SIZE_BANDS = (10, 50, 200, 1_000, 5_000, 20_000)


def size_band(headcount: int | None) -> str:
    """The name of a headcount's band: '201–1,000'."""
    if headcount is None:
        return ""
    low = 1
    for high in SIZE_BANDS:
        if headcount <= high:
            return f"{low:,}–{high:,}"
        low = high + 1
    return f"over {SIZE_BANDS[-1]:,}"


SIZE_BAND_NAMES = (*map(size_band, SIZE_BANDS), size_band(SIZE_BANDS[-1] + 1))


def size_band_limits(band: str) -> tuple[int, int | None]:
    """The lowest and the highest headcount of a band; None for no limit."""
    position = SIZE_BAND_NAMES.index(band)
    low = SIZE_BANDS[position - 1] + 1 if position else 0
    return low, SIZE_BANDS[position] if position < len(SIZE_BANDS) else None


def size_likeness(one: int | None, other: int | None) -> float:
    """1.0 for the same headcount, falling with the ratio to 0.0 at ten times, or if unknown."""
    if not one or not other or one < 0 or other < 0:
        return 0.0
    return max(0.0, 1.0 - abs(math.log10(one / other)))
