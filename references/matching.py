"""Pure: advocates with what is known of them in, a ranking with reasons out.

As with kin, a score is one sum of terms, each a value from 0 to 1 times its weight, and the
reasons that are shown are that sum's own terms.
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
# The score from which a match is strong, and fair.
STRONG = 0.5
FAIR = 0.28
# A path this strong says all that a path can say: about that of two close colleagues.
FULL_PATH = 0.5

# Levels of seniority, the highest first, by words of a title in the languages of our users.
_LEVELS = (
    r"\b(c[a-z]o|chief|(?<!vice )(?<!vice-)president|owner|founder|managing director|prezes\w*"
    r"|vorstand\w*|geschäftsführ\w*|генеральн\w*|board)\b",
    r"\b(vice president|vp|svp|evp|director|dyrektor\w*|direktor\w*|partner|директор\w*)\b",
    r"\b(head|leader|leiter\w*|kierownik|kierowniczka|bereichsleit\w*|руководител\w*)\b",
    r"\b(manager\w*|lead|menedżer\w*|supervisor|coordinator|teamleit\w*|менеджер\w*)\b",
)


@dataclass(frozen=True)
class Candidate:
    """What is known of an advocate in view of a deal; None and empty where nothing is."""

    id: int
    # Of the strongest path to a stakeholder: its strength, and over whom, in words.
    path: float
    path_because: str
    # Of the deal of theirs that is most like this one: its score from 0 to 1, and its name.
    likeness: float
    likeness_because: str
    products: frozenset[str]
    competitors: frozenset[str]
    title: str
    languages: frozenset[str]
    country: str | None
    # How often they may still be asked for now; None where nothing limits it.
    left: int | None
    # Whether the last reference of theirs helped; None where there was none, or nobody said.
    last_helped: bool | None


@dataclass(frozen=True)
class Wanted:
    """What the deal asks for."""

    products: frozenset[str]
    competitors: frozenset[str]
    # Of the one whom the advocate would talk to.
    title: str
    languages: frozenset[str]
    country: str | None


@dataclass(frozen=True)
class Match:
    """An advocate with a score and its terms, the largest contribution first."""

    id: int
    score: float
    terms: list[Term]

    @property
    def band(self) -> str:
        """How well they fit, in a word: strong, fair or weak."""
        return "strong" if self.score >= STRONG else "fair" if self.score >= FAIR else "weak"


def match(asks: Iterable[tuple[Wanted, Candidate]]) -> list[Match]:
    """The candidates in the order in which they should be asked, each for what is wanted of it."""
    found = []
    for wanted, each in asks:
        terms = [
            Term(name, value.value, WEIGHTS[name], value.because)
            for name, value in compare(wanted, each).items()
        ]
        terms.sort(key=lambda term: -term.contribution)
        found.append(Match(each.id, score(terms), terms))
    # The id makes the order of equal scores the same every time.
    return sorted(found, key=lambda each: (-each.score, each.id))


def compare(wanted: Wanted, candidate: Candidate) -> dict[str, Value]:
    """How far an advocate is what a deal asks for, from 0 to 1 in each respect."""
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
            "the same country" if wanted.country == candidate.country else "another country",
        ),
        "budget": _budget(candidate.left),
        "last": _last(candidate.last_helped),
    }


# Many people have the same few titles.
@lru_cache(maxsize=4096)
def seniority_level(title: str) -> int | None:
    """How senior a title is, from 0 for the top; None where it does not say."""
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
        return Value(0.0, "nobody knows how senior both are")
    apart = abs(one - other)
    if apart == 0:
        return Value(1.0, "on the same level")
    return Value(max(0.0, 1.0 - apart / 2), "one level apart" if apart == 1 else "levels apart")


def _language(wanted: frozenset[str], languages: frozenset[str]) -> Value:
    both = sorted(wanted & languages)
    # English will do where it must, but nothing is like one's own.
    own = [language for language in both if language != "en"] or both
    if not own:
        return Value(0.0, "no language in common that we know of")
    alike = 1.0 if own != ["en"] or wanted == {"en"} else 0.7
    return Value(alike, f"both speak {language_name(own[0])}")


def _budget(left: int | None) -> Value:
    if left is None:
        return Value(1.0, "nothing limits how often they are asked")
    # Whoever has more asks left is spared less by not being asked.
    asks = "1 more ask" if left == 1 else f"{left} more asks"
    return Value(1.0 - 0.5**left, f"{asks} left for now")


def _last(helped: bool | None) -> Value:
    if helped is None:
        return Value(0.5, "no reference of theirs to judge by yet")
    return Value(1.0, "their last reference helped") if helped else Value(0.0, "the last did not")
