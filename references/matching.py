"""Pure: ranks advocates for a deal by what is known about them, with reasons.

As with similar deals, the score is a sum of terms, each a value from 0 to 1 times its weight, and
the reasons that are shown are the terms of this sum. Only one thing comes before the score: a
customer who does not use the product in question is below every customer who does.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from similarity.scoring import Term, Value, score
from workspace.people.tables import language_name

WEIGHTS = {
    "path": 0.35,
    "likeness": 0.25,
    "product": 0.1,
    "competitor": 0.08,
    "seniority": 0.08,
    "language": 0.06,
    "country": 0.03,
    "budget": 0.05,
    "last": 0.05,
}
# The least scores of a strong, and of a fair match.
STRONG = 0.5
FAIR = 0.28
# A path of this strength, as between two close colleagues, has the full value.
FULL_PATH = 0.5

# Levels of seniority, the highest first, by words in titles; in English, Polish, German, Russian.
_LEVELS = (
    r"\b(c[a-z]o|chief|(?<!vice )(?<!vice-)president|owner|founder|managing director|prezes\w*"
    r"|vorstand\w*|geschäftsführ\w*|генеральн\w*|board)\b",
    r"\b(vice president|vp|svp|evp|director|dyrektor\w*|direktor\w*|partner|директор\w*)\b",
    r"\b(head|leader|leiter\w*|kierownik|kierowniczka|bereichsleit\w*|руководител\w*)\b",
    r"\b(manager\w*|lead|menedżer\w*|supervisor|coordinator|teamleit\w*|менеджер\w*)\b",
)
SENIORITY_LEVELS = len(_LEVELS)


@dataclass(frozen=True)
class Candidate:
    """What is known about an advocate for a deal; None and empty where nothing is."""

    id: int
    # The strength of the strongest path to a stakeholder, and its people in words.
    path: float
    path_because: str
    # The likeness of their most similar won deal, from 0 to 1, and its name in words.
    likeness: float
    likeness_because: str
    products: frozenset[str]
    competitors: frozenset[str]
    title: str
    languages: frozenset[str]
    country: str | None
    # The asks that their budgets still have; None where nothing limits them.
    left: int | None
    # Whether their last reference helped; None without one, or without an outcome.
    last_helped: bool | None
    # Whether the viewer may know what is left.
    shows_limits: bool = True


@dataclass(frozen=True)
class Wanted:
    """What a deal asks of an advocate."""

    products: frozenset[str]
    competitors: frozenset[str]
    # Of the contact whom the advocate would talk to.
    title: str
    languages: frozenset[str]
    country: str | None


@dataclass(frozen=True)
class Match:
    """An advocate with a score and its terms, the largest contribution first."""

    id: int
    score: float
    terms: list[Term]
    # The products in question, if the customer is known to use none of them.
    lacks: tuple[str, ...] = ()

    @property
    def caveat(self) -> str:
        """What speaks against this advocate before everything else; empty if nothing does."""
        return f"does not use {' or '.join(self.lacks)}, as far as we know" if self.lacks else ""

    @property
    def band(self) -> str:
        """The fit in a word: strong, fair or weak; never strong without the product."""
        if self.score >= STRONG and not self.lacks:
            return "strong"
        return "fair" if self.score >= FAIR else "weak"


def match(asks: Iterable[tuple[Wanted, Candidate]]) -> list[Match]:
    """The candidates, the best first, each compared with what is wanted of it.

    Advocates who use none of the products in question come after all who use one.
    """
    matches = []
    for wanted, candidate in asks:
        terms = [
            Term(name, value.value, WEIGHTS[name], value.because)
            for name, value in compare(wanted, candidate).items()
        ]
        terms.sort(key=lambda term: -term.contribution)
        uses_one = wanted.products & candidate.products
        lacks = () if uses_one else tuple(sorted(wanted.products))
        matches.append(Match(candidate.id, score(terms), terms, lacks))
    # The id makes the order of equal scores the same every time.
    return sorted(matches, key=lambda match: (bool(match.lacks), -match.score, match.id))


def compare(wanted: Wanted, candidate: Candidate) -> dict[str, Value]:
    """How well an advocate meets what a deal asks for: a value from 0 to 1 for each term."""
    return {
        "path": Value(min(1.0, candidate.path / FULL_PATH) ** 0.5, candidate.path_because),
        "likeness": Value(candidate.likeness, candidate.likeness_because),
        "product": _shared("uses", wanted.products, candidate.products, "no product in common"),
        "competitor": _shared(
            "chose us over", wanted.competitors, candidate.competitors, "no competitor in common"
        ),
        "seniority": _seniority(wanted.title, candidate.title),
        "language": _language(wanted.languages, candidate.languages),
        "country": Value(
            float(bool(wanted.country) and wanted.country == candidate.country),
            "same country" if wanted.country == candidate.country else "another country",
        ),
        "budget": _budget(candidate.left, shown=candidate.shows_limits),
        "last": _last(candidate.last_helped),
    }


# Many people have the same few titles.
@lru_cache(maxsize=4096)
def seniority_level(title: str) -> int | None:
    """The level of seniority of a title, from 0 for the top; None for an empty title."""
    text = title.lower()
    for rank, words in enumerate(_LEVELS):
        if re.search(words, text):
            return rank
    return len(_LEVELS) if text.strip() else None


def _shared(what: str, ours: frozenset[str], theirs: frozenset[str], none: str) -> Value:
    both = sorted(ours & theirs)
    if not both:
        return Value(0.0, none)
    return Value(len(both) / len(ours), f"{what} {', '.join(both)}")


def _seniority(wanted: str, title: str) -> Value:
    one, other = seniority_level(wanted), seniority_level(title)
    if one is None or other is None:
        return Value(0.0, "seniority not known")
    apart = abs(one - other)
    if apart == 0:
        return Value(1.0, "same seniority")
    return Value(
        max(0.0, 1.0 - apart / 2), "similar seniority" if apart == 1 else "different seniority"
    )


def _language(wanted: frozenset[str], languages: frozenset[str]) -> Value:
    both = sorted(wanted & languages)
    # A shared language other than English counts more, as English is mostly foreign to both.
    own = [language for language in both if language != "en"] or both
    if not own:
        return Value(0.0, "no known common language")
    alike = 1.0 if own != ["en"] or wanted == {"en"} else 0.7
    return Value(alike, f"both speak {language_name(own[0])}")


def _budget(left: int | None, *, shown: bool) -> Value:
    if not shown:
        # The order would tell of it, too.
        return Value(1.0, "request limit not shown")
    if left is None:
        return Value(1.0, "no request limit")
    # An advocate with more requests left is asked first, to spare the others.
    requests = "1 request" if left == 1 else f"{left} requests"
    return Value(1.0 - 0.5**left, f"{requests} left")


def _last(helped: bool | None) -> Value:
    if helped is None:
        return Value(0.5, "no past reference yet")
    return (
        Value(1.0, "their last reference helped")
        if helped
        else Value(0.0, "their last reference didn’t help")
    )
