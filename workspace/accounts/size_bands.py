"""Size bands of headcounts, and how alike two headcounts are."""

import math
import re

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


_NUMBER = r"([0-9][0-9,. ']*k?)"
_BAND = re.compile(rf"{_NUMBER} ?(?:-|–|—|to|bis|do|до|a|à) ?{_NUMBER}")
_OVER = "over|above|more than|greater than|>=?|≥|ponad|powyżej|über|mehr als|ab|od|от|более|свыше"
_UNDER = "under|below|less than|fewer than|up to|<=?|≤|poniżej|do|unter|bis|weniger als|менее|до"
_ABOUT = r"~|≈|ca\.?|circa|c\.|about|approx\.?|approximately|around|około|ok\.?|etwa|rund|около"
_LIMIT = re.compile(
    rf"(?:(?P<over>{_OVER})|(?P<under>{_UNDER})|(?P<about>{_ABOUT}))? ?{_NUMBER}"
    r" ?(?P<more>\+|plus|and more|or more|and above|i więcej|und mehr|и более)?"
)
_UNIT = re.compile(
    r" ?(?:employees|employee|people|staff|fte|pracowników|osób|mitarbeiter|mitarbeitende|"
    r"beschäftigte|сотрудников|человек|employés|salariés|zaměstnanců|empleados|medewerkers)$"
)
_ALONE = ("self-employed", "myself only", "freelancer", "sole proprietor", "just me")
_HIGHEST = 2**31 - 1


def headcount_band(text: str) -> tuple[int, int, int] | None:
    """The lowest, the highest and a usual headcount of a band: '11-50', '~500', '50 employees'.

    The usual headcount is the geometric mean, rounded, which lies in the same size band. None where
    the text is no band.
    """
    written = _UNIT.sub("", " ".join(text.casefold().split()))
    if written in _ALONE:
        return 1, 1, 1
    if parts := _BAND.fullmatch(written):
        low, high = _count(parts[1]), _count(parts[2])
        if low is None or high is None or low > high:
            return None
        return low, high, _round(math.sqrt(max(1, low) * high))
    parts = _LIMIT.fullmatch(written)
    count = _count(parts[4]) if parts else None
    if parts is None or count is None or count > _HIGHEST:
        return None
    if parts["over"] or parts["more"]:
        return count, _HIGHEST, count
    if parts["under"]:
        return 0, count, _round(math.sqrt(count))
    # A number of thousands is rounded, too; a number alone is no band.
    said = parts["about"] or parts[4].strip().endswith("k") or _UNIT.search(text.casefold().strip())
    return (count, count, count) if said else None


def _count(text: str) -> int | None:
    """A whole number with or without marks between thousands, or with a 'k' for thousands."""
    written = text.strip()
    if written.endswith("k"):
        thousands = re.fullmatch(r"([0-9]{1,6}(?:[.,][0-9])?) ?k", written)
        return round(float(thousands[1].replace(",", ".")) * 1000) if thousands else None
    digits = re.sub(r"(?<=[0-9])[,. '](?=[0-9]{3}(?![0-9]))", "", written)
    return int(digits) if re.fullmatch(r"[0-9]{1,9}", digits) else None


def _round(number: float) -> int:
    """A number with two digits that mean something."""
    step = int("1".ljust(max(1, len(str(int(number))) - 1), "0"))
    return max(1, round(number / step) * step)
