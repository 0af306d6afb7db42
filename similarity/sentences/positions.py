"""Pure: a position that someone is looked for in, as a sentence describes it.

'Head of data warehousing at a bank in Poland' has a title, and the industry and the country of the
employer. 'CFO at Lumen Bank' names the employer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from similarity.sentences.facets import (
    FacetKind,
    KnownNames,
    NamedFacet,
    WrittenFacet,
    written_facets,
)
from similarity.sentences.words import Word, word_set, words_of

# What comes before an employer, in English, Polish and Russian.
_AT = word_set("at w we в во")
# Words that say nothing by themselves where a title or an employer begins or ends.
_EDGES = word_set(
    "a an the at in from of on for with and or w we z ze od na do i u o в во на из с у и bei im in"
    " aus von der die das einer einem"
)
# Words for any person, as in 'anyone at a bank'.
_ANYONE = word_set(
    "anyone anybody someone somebody people person persons contact contacts who ktoś ktokolwiek"
    " osoba osoby osób kto кто кто-нибудь кого-нибудь человек люди jemand"
)
_PLACES = (FacetKind.COUNTRY, FacetKind.REGION)
_NO_NAMES = KnownNames({}, {})


@dataclass(frozen=True)
class Position:
    """What a sentence says of a position: title, the employer's name, its industry and place."""

    title: str
    employer: str
    facets: tuple[NamedFacet, ...]

    def __bool__(self) -> bool:
        return bool(self.title or self.employer or self.facets)

    def value(self, kind: FacetKind) -> str | None:
        """The value of the facet of a kind, if the sentence names one."""
        return next((facet.value for facet in self.facets if facet.kind == kind), None)


@lru_cache(maxsize=256)
def position_in(text: str) -> Position:
    """The position that a text describes."""
    words = words_of(text)
    at = next(
        (n for n, word in enumerate(words) if word.plain in _AT and 0 < n < len(words) - 1), None
    )
    if at is None:
        written = _written(text)
        return Position(_phrase(text, words, written), "", _facets(written))
    before, after = text[: words[at].start], text[words[at].end :]
    there = _written(after)
    here = [each for each in _written(before) if each.facet.kind in _PLACES]
    employer = _employer(after, there)
    named = [each for each in there if not employer or each.facet.kind in _PLACES]
    title = _phrase(before, words_of(before), here)
    return Position(title, employer, _facets([*named, *here]))


# Address books have the same companies again and again, and reading a name takes long.
@lru_cache(maxsize=131_072)
def industry_and_country(company: str) -> tuple[str | None, str | None]:
    """The industry and the country that a company's name tells: 'PKO Bank Polski'."""
    # A name that is nearly a word is a name: Bankr is no bank.
    written = _written(company, misspelt=False)
    values = {each.facet.kind: each.facet.value for each in written}
    return values.get(FacetKind.INDUSTRY), values.get(FacetKind.COUNTRY)


def _written(text: str, *, misspelt: bool = True) -> list[WrittenFacet]:
    kinds = (FacetKind.INDUSTRY, *_PLACES)
    written = written_facets(text, _NO_NAMES, misspelt=misspelt)
    return [each for each in written if each.facet.kind in kinds]


def _facets(written: Iterable[WrittenFacet]) -> tuple[NamedFacet, ...]:
    """The first facet of each kind."""
    of_kind: dict[FacetKind, NamedFacet] = {}
    for each in written:
        of_kind.setdefault(each.facet.kind, each.facet)
    return tuple(of_kind.values())


def _employer(text: str, written: Sequence[WrittenFacet]) -> str:
    """The name of an employer: words that are no facet, in capitals or where there is no facet."""
    words = words_of(text)
    taken = _taken(written)
    rest = [word for n, word in enumerate(words) if n not in taken and word.plain not in _EDGES]
    if not rest or (written and not any(word.capital for word in rest)):
        return ""
    return _phrase(text, words, [each for each in written if each.facet.kind in _PLACES])


def _phrase(text: str, words: Sequence[Word], written: Sequence[WrittenFacet]) -> str:
    """The longest run of words that are no facet, without words at its edges that say nothing."""
    taken = _taken(written)
    runs: list[list[Word]] = [[]]
    for n, word in enumerate(words):
        if n in taken:
            runs.append([])
        elif word.plain not in _ANYONE:
            runs[-1].append(word)
    phrases = []
    for run in runs:
        while run and run[0].plain in _EDGES:
            run.pop(0)
        while run and run[-1].plain in _EDGES:
            run.pop()
        phrases.append(text[run[0].start : run[-1].end] if run else "")
    return max(phrases, key=len)


def _taken(written: Iterable[WrittenFacet]) -> set[int]:
    return {n for each in written for n in range(each.first, each.end)}
