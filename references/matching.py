"""Pure: ranks advocates for a deal by what is known about them, with reasons.

As with similar deals, the score is a sum of terms, each a value from 0 to 1 times its weight, and
the reasons that are shown are the terms of this sum. Only one thing comes before the score: a
customer who does not use the product in question is below every customer who does.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from similarity.scoring import Term, Value, score
from workspace import told
from workspace.people.tables import language_name
from workspace.told import Told

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
# People with titles of the first two levels decide.
_DECIDING = re.compile("|".join(_LEVELS[:2]))


class Reason(StrEnum):
    """What speaks for an advocate, or against one, as a request keeps it."""

    LACKS = "lacks"
    KNOWS = "knows"
    REACHES = "reaches"
    SIMILAR = "similar"
    USES = "uses"
    CHOSE_US = "chose us"
    SAME_SENIORITY = "same seniority"
    SIMILAR_SENIORITY = "similar seniority"
    SPEAKS = "speaks"
    SAME_COUNTRY = "same country"
    UNLIMITED = "unlimited"
    ONE_LEFT = "one left"
    LEFT = "left"
    LIMIT_HIDDEN = "limit hidden"
    NO_REFERENCE = "no reference"
    LAST_HELPED = "last helped"


_WORDS = {
    Reason.LACKS: "does not use {products}, as far as we know",
    Reason.KNOWS: "knows {name} ({tie})",
    Reason.REACHES: "reaches {name} via {via}",
    Reason.SIMILAR: "similar: {name}",
    Reason.USES: "uses {names}",
    Reason.CHOSE_US: "chose us over {names}",
    Reason.SAME_SENIORITY: "same seniority",
    Reason.SIMILAR_SENIORITY: "similar seniority",
    Reason.SPEAKS: "both speak {language}",
    Reason.SAME_COUNTRY: "same country",
    Reason.UNLIMITED: "no request limit",
    Reason.ONE_LEFT: "1 request left",
    Reason.LEFT: "{count} requests left",
    Reason.LIMIT_HIDDEN: "request limit not shown",
    Reason.NO_REFERENCE: "no past reference yet",
    Reason.LAST_HELPED: "their last reference helped",
}
# How the lists among the parameters are joined; others have commas.
_JOINTS = {"products": " or ", "via": " and "}


def reason(code: Reason, **values: Any) -> Told:
    """A reason that can be kept: a code with its parameters."""
    return {"code": str(code), **values}


def in_words(kept: Mapping[str, Any]) -> str:
    """A reason that was kept, in words."""
    if kept.get("code") not in set(Reason):
        # Older requests have a sentence.
        return told.in_words(kept)
    values = {
        name: _JOINTS.get(name, ", ").join(value) if isinstance(value, list) else value
        for name, value in kept.items()
    }
    if "language" in values:
        values["language"] = language_name(values["language"])
    return _WORDS[Reason(kept["code"])].format(**values)


@dataclass(frozen=True)
class Candidate:
    """What is known about an advocate for a deal; None and empty where nothing is."""

    id: int
    # The strength of the strongest path to a stakeholder, and the reason that follows from it.
    path: float
    path_reason: Told
    # The likeness of their most similar won deal, from 0 to 1, and the reason that follows.
    likeness: float
    likeness_reason: Told
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

    advocate_id: int
    score: float
    terms: list[Term]
    # The products in question, if the customer is known to use none of them.
    lacks: tuple[str, ...] = ()
    # The reasons of terms that speak for the advocate, by the term's name, as they can be kept.
    reasons: Mapping[str, Told] = field(default_factory=dict)

    @property
    def lack(self) -> Told:
        """The reason against this advocate that comes before everything else; empty without."""
        return reason(Reason.LACKS, products=list(self.lacks)) if self.lacks else {}

    @property
    def caveat(self) -> str:
        """What speaks against this advocate before everything else; empty if nothing does."""
        return in_words(self.lack)

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
        values = compare(wanted, candidate)
        terms = [
            Term(name, value.value, WEIGHTS[name], value.because) for name, value in values.items()
        ]
        reasons = {name: value.reason for name, value in values.items() if value.reason}
        terms.sort(key=lambda term: -term.contribution)
        uses_one = wanted.products & candidate.products
        lacks = () if uses_one else tuple(sorted(wanted.products))
        matches.append(Match(candidate.id, score(terms), terms, lacks, reasons))
    # The id makes the order of equal scores the same every time.
    return sorted(matches, key=lambda match: (bool(match.lacks), -match.score, match.advocate_id))


@dataclass(frozen=True)
class Worth(Value):
    """A value with its reason as it can be kept; empty where nothing speaks for the advocate."""

    reason: Told = field(default_factory=dict)


def _worth(value: float, kept: Told, without: str = "") -> Worth:
    """A value with its reason in both forms, or with what to say `without` one."""
    return Worth(value, in_words(kept) if kept else without, kept)


def compare(wanted: Wanted, candidate: Candidate) -> dict[str, Worth]:
    """How well an advocate meets what a deal asks for: a value from 0 to 1 for each term."""
    path = min(1.0, candidate.path / FULL_PATH) ** 0.5
    same_country = bool(wanted.country) and wanted.country == candidate.country
    return {
        "path": _worth(path, candidate.path_reason, "no known path"),
        "likeness": _worth(candidate.likeness, candidate.likeness_reason, "no similar won deal"),
        "product": _shared(
            Reason.USES, wanted.products, candidate.products, "no product in common"
        ),
        "competitor": _shared(
            Reason.CHOSE_US, wanted.competitors, candidate.competitors, "no competitor in common"
        ),
        "seniority": _seniority(wanted.title, candidate.title),
        "language": _language(wanted.languages, candidate.languages),
        "country": _worth(
            float(same_country),
            reason(Reason.SAME_COUNTRY) if wanted.country == candidate.country else {},
            "another country",
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


def decides(title: str) -> bool:
    """Whether somebody with this title decides: `seniority_level` gives them one of the first two
    levels."""
    return bool(_DECIDING.search(title.lower()))


def _shared(what: Reason, ours: frozenset[str], theirs: frozenset[str], none: str) -> Worth:
    both = sorted(ours & theirs)
    if not both:
        return Worth(0.0, none)
    return _worth(len(both) / len(ours), reason(what, names=both))


def _seniority(wanted: str, title: str) -> Worth:
    one, other = seniority_level(wanted), seniority_level(title)
    if one is None or other is None:
        return Worth(0.0, "seniority not known")
    apart = abs(one - other)
    if apart == 0:
        return _worth(1.0, reason(Reason.SAME_SENIORITY))
    similar = reason(Reason.SIMILAR_SENIORITY) if apart == 1 else {}
    return _worth(max(0.0, 1.0 - apart / 2), similar, "different seniority")


def _language(wanted: frozenset[str], languages: frozenset[str]) -> Worth:
    both = sorted(wanted & languages)
    # A shared language other than English counts more, as English is mostly foreign to both.
    own = [language for language in both if language != "en"] or both
    if not own:
        return Worth(0.0, "no known common language")
    alike = 1.0 if own != ["en"] or wanted == {"en"} else 0.7
    return _worth(alike, reason(Reason.SPEAKS, language=own[0]))


def _budget(left: int | None, *, shown: bool) -> Worth:
    if not shown:
        # The order would tell of it, too.
        return _worth(1.0, reason(Reason.LIMIT_HIDDEN))
    if left is None:
        return _worth(1.0, reason(Reason.UNLIMITED))
    # An advocate with more requests left is asked first, to spare the others.
    kept = reason(Reason.ONE_LEFT) if left == 1 else reason(Reason.LEFT, count=left)
    return _worth(1.0 - 0.5**left, kept)


def _last(helped: bool | None) -> Worth:
    if helped is None:
        return _worth(0.5, reason(Reason.NO_REFERENCE))
    if helped:
        return _worth(1.0, reason(Reason.LAST_HELPED))
    return Worth(0.0, "their last reference didn’t help")
