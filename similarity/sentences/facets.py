"""The facets of a sentence: what it names of the record, and which industry, size and place.

'Against Stratocast, a Polish dairy with 2,000 people' names a competitor, a country, an industry
and a headcount. What a sentence denies, and places that are the seller's own, are left out.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from sqlmodel import Session

from similarity.scoring import Facets
from similarity.sentences import industries, names, places
from similarity.sentences.denials import denied, said_absent
from similarity.sentences.place_context import is_language, is_ours, is_written_as_place
from similarity.sentences.sizes import headcount_in
from similarity.sentences.words import Match, Phrases, Word, words_of
from workspace.accounts.geography import country_name, region_of
from workspace.accounts.industries import industry_name
from workspace.deals.products import competitor_choices, product_choices
from workspace.people.viewer import Viewer

# Longer texts are read up to here.
LONGEST = 5_000


class FacetKind(StrEnum):
    """The kind of a facet."""

    PRODUCT = "product"
    COMPETITOR = "competitor"
    INDUSTRY = "industry"
    SIZE = "size"
    COUNTRY = "country"
    REGION = "region"


@dataclass(frozen=True)
class NamedFacet:
    """A facet that a sentence names."""

    kind: FacetKind
    # The key of a product or competitor, the code of an industry or country, a headcount, a region.
    value: str
    label: str

    @property
    def id(self) -> str:
        """How an address refers to it."""
        return f"{self.kind}:{self.value}"


@dataclass(frozen=True)
class KnownNames:
    """The names that a viewer may know of, by their keys."""

    products: Mapping[str, str]
    competitors: Mapping[str, str]


def known_names(session: Session, viewer: Viewer) -> KnownNames:
    """The names of products and competitors that a viewer may know of."""
    return KnownNames(
        dict(product_choices(session, viewer)), dict(competitor_choices(session, viewer))
    )


@dataclass(frozen=True)
class WrittenFacet:
    """A facet, and its words in the text, from `first` to before `end`; none for a headcount."""

    facet: NamedFacet
    first: int = 0
    end: int = 0


def facets_in(text: str, known: KnownNames) -> list[NamedFacet]:
    """The facets that a text names and does not deny: of products and competitors all, and of the
    others the first."""
    return [written.facet for written in written_facets(text, known)]


def written_facets(text: str, known: KnownNames, *, misspelt: bool = True) -> list[WrittenFacet]:
    """The same facets, each with its words in the text; without `misspelt` only exact words."""
    products, competitors = known.products.items(), known.competitors.items()
    return list(_facets_in(text[:LONGEST], tuple(products), tuple(competitors), misspelt))


# Pages ask again and again for the facets of the same deals, and reading a text takes long.
@lru_cache(maxsize=1024)
def _facets_in(
    text: str,
    products: tuple[tuple[str, str], ...],
    competitors: tuple[tuple[str, str], ...],
    misspelt: bool,
) -> tuple[WrittenFacet, ...]:
    known = KnownNames(dict(products), dict(competitors))
    words = words_of(text)
    unsaid = denied(words)
    named = list(names.named(words, _names(products, competitors)))
    taken = {at for found in named for at in range(found.first, found.end)}
    facets = [
        WrittenFacet(facet, found.first, found.end)
        for facet, found in _affirmed(words, unsaid, named, known)
    ]
    free = [at for at in range(len(words)) if at not in taken]
    if found := _industry(words, free, unsaid, misspelt):
        code = found.meaning
        industry = NamedFacet(FacetKind.INDUSTRY, code, industry_name(code))
        facets.append(WrittenFacet(industry, found.first, found.end))
    if size := headcount_in(text):
        label = f"{size.headcount:,} employees"
        facets.append(WrittenFacet(NamedFacet(FacetKind.SIZE, str(size.headcount), label)))
    facets += _places(words, free, unsaid, misspelt)
    return tuple(facets)


def as_facets(named: Iterable[NamedFacet]) -> Facets:
    """The facets by which deals are compared."""
    values: dict[FacetKind, list[NamedFacet]] = {kind: [] for kind in FacetKind}
    for facet in named:
        values[facet.kind].append(facet)
    of_kind = {kind: facets[0].value for kind, facets in values.items() if facets}
    country = of_kind.get(FacetKind.COUNTRY)
    size = of_kind.get(FacetKind.SIZE)
    return Facets(
        industry=of_kind.get(FacetKind.INDUSTRY),
        headcount=int(size) if size else None,
        products=frozenset(facet.label for facet in values[FacetKind.PRODUCT]),
        competitors=frozenset(facet.label for facet in values[FacetKind.COMPETITOR]),
        country=country,
        region=of_kind.get(FacetKind.REGION) or (region_of(country) if country else None),
    )


def unrecorded(named: Iterable[NamedFacet], record: Facets) -> list[NamedFacet]:
    """The named facets of the kinds of which the record says nothing."""
    place = bool(record.country or record.region)
    recorded = {
        FacetKind.PRODUCT: bool(record.products),
        FacetKind.COMPETITOR: bool(record.competitors),
        FacetKind.INDUSTRY: bool(record.industry),
        FacetKind.SIZE: bool(record.headcount),
        FacetKind.COUNTRY: place,
        FacetKind.REGION: place,
    }
    return [facet for facet in named if not recorded[facet.kind]]


def completed(record: Facets, named: Iterable[NamedFacet]) -> Facets:
    """The facets of the record, with named ones of kinds of which it says nothing."""
    said = as_facets(named)
    return replace(
        record,
        industry=record.industry or said.industry,
        headcount=record.headcount or said.headcount,
        products=record.products or said.products,
        competitors=record.competitors or said.competitors,
        country=record.country or said.country,
        region=record.region or said.region,
    )


@lru_cache(maxsize=32)
def _names(
    products: tuple[tuple[str, str], ...], competitors: tuple[tuple[str, str], ...]
) -> names.Names:
    return names.Names(
        {
            **{f"product:{key}": name for key, name in products},
            **{f"competitor:{key}": name for key, name in competitors},
        }
    )


def _affirmed(
    words: Sequence[Word],
    unsaid: Collection[int],
    found: Iterable[names.Found],
    known: KnownNames,
) -> Iterator[tuple[NamedFacet, names.Found]]:
    seen: set[str] = set()
    for name in found:
        if name.first in unsaid or said_absent(words, name.end) or name.key in seen:
            continue
        seen.add(name.key)
        kind, _, key = name.key.partition(":")
        labels = known.products if kind == FacetKind.PRODUCT else known.competitors
        yield NamedFacet(FacetKind(kind), key, labels[key]), name


def _industry(
    words: Sequence[Word], free: Sequence[int], unsaid: Collection[int], misspelt: bool
) -> Match | None:
    """The first industry that a sentence names; a division before a section."""
    found = [
        match
        for match in _matches(
            words, free, industries.industries(), industries.no_industries(), misspelt
        )
        if match.first not in unsaid and not _is_function(words, match)
    ]
    # 'A manufacturer of furniture' and 'a meat plant' say more than that something is made.
    telling = [match for match in found if len(match.meaning) > 1] or found
    if not telling:
        return None
    # What is spoken of comes last: a university hospital is a hospital, 'университетская клиника'
    # a clinic.
    first, *others = telling
    for other in others:
        if other.first != first.end or words[other.first].apart or not _is_modifier(words, first):
            break
        first = other
    return first


# The endings of adjectives, without accents: Russian 'ий' is 'ии' then.
_ADJECTIVE_ENDINGS = (
    *("ski", "cki", "ska", "cka", "skie", "ckie", "skiej", "ckiej", "skiego", "ckiego", "skim"),
    *("ckim", "owy", "owa", "owe", "owej", "owego", "owym", "lny", "lna", "lne", "lnej", "lnego"),
    *("ая", "ое", "ые", "ыи", "ии", "ои", "ого", "ому", "ую", "ым", "ых", "их", "им"),
)


def _is_modifier(words: Sequence[Word], match: Match) -> bool:
    """Whether a phrase may modify what comes after it: an English noun, or an adjective."""
    return not match.stem or words[match.end - 1].plain.endswith(_ADJECTIVE_ENDINGS)


def _is_function(words: Sequence[Word], match: Match) -> bool:
    """Whether an industry is someone's function or department: 'head of logistics'."""
    before = any(
        (found := industries.functions_before().at(words, first)) and found.end == match.first
        for first in range(max(0, match.first - 3), match.first)
    )
    after = match.end < len(words) and not words[match.end].apart
    return before or (after and industries.functions_after().at(words, match.end) is not None)


def _places(
    words: Sequence[Word], free: Sequence[int], unsaid: Collection[int], misspelt: bool
) -> Iterator[WrittenFacet]:
    """The first country that a sentence names, and the first region where there is no country."""
    lower = not any(word.capital for word in words)
    countries = [
        *_matches(words, free, places.english_countries(), places.no_places(), misspelt),
        *_matches(words, free, places.inflected_countries(), places.no_places(), misspelt),
    ]
    regions = [
        match
        for match in _matches(words, free, places.regions(), places.no_places(), misspelt)
        if match.first not in unsaid and not is_ours(words, match)
    ]
    within = {at for match in regions for at in range(match.first, match.end)}
    theirs = [
        match
        for match in sorted(countries, key=lambda match: (match.first, -match.end))
        if match.first not in unsaid
        and (match.first not in within or match.end - match.first > 1)
        and is_written_as_place(words, match, lower)
        and not is_language(words, match)
        and not is_ours(words, match)
    ]
    exact = [match for match in theirs if match.exact]
    if theirs:
        place = (exact or theirs)[0]
        country = NamedFacet(FacetKind.COUNTRY, place.meaning, country_name(place.meaning))
        yield WrittenFacet(country, place.first, place.end)
    elif regions:
        place = regions[0]
        region = NamedFacet(FacetKind.REGION, place.meaning, place.meaning)
        yield WrittenFacet(region, place.first, place.end)


def _matches(
    words: Sequence[Word],
    free: Sequence[int],
    phrases: Phrases,
    without: Phrases,
    misspelt: bool,
) -> list[Match]:
    """The phrases among the words that nothing else has taken; exact ones before misspelt ones."""
    matches: list[Match] = []
    near: list[Match] = []
    allowed = frozenset(free)
    at = 0
    while at < len(words):
        other = without.at(words, at)
        match = phrases.at(words, at, misspelt=misspelt) if at in allowed else None
        if other and (not match or other.end >= match.end):
            at = other.end
            continue
        if match and allowed.issuperset(range(match.first, match.end)):
            (matches if match.exact else near).append(match)
            at = match.end
            continue
        at += 1
    return [*matches, *near]
