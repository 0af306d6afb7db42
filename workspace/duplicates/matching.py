"""Finds pairs of records that may mean the same thing, with a probability and reasons.

The method is that of Fellegi and Sunter ("A Theory for Record Linkage", 1969): each field that two
records have adds its weight of evidence, a logarithm of how much more often it would agree so if
they were one. What few records share weighs more than what many share. Only records with a
rare trait in common are compared (blocking).
"""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import reduce
from itertools import pairwise

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from workspace.duplicates.words import Word, folded, likeness, may_be_person, words_of
from workspace.people.addresses import is_company_domain, is_shared
from workspace.phones import phone_endings

# From this probability on, a pair is called a likely duplicate.
LIKELY = 0.5
# The evidence of a pair that is two for sure.
_DISTINCT = -7.0
# The evidence of a pair that is one for sure, and the most that many such pairs add to others.
_SURE, _MOST_PRIOR = 3.0, 2.0
# By how many letters a word and the words that it may be written as differ at most.
_LETTERS_APART = 2
# With how many others each is compared at most; where there are few, one may have many copies.
_MOST_EACH, _WHERE_FEW = 12, 700_000_000
# What two records have in common at least, of what makes one record of all known.
_LEAST_SHARED = 0.6
# More than sums of weights differ by the order of adding.
_ROUNDING = 1e-6
# How many records are looked at for each that is compared.
_POSTINGS = 60


class Reason(StrEnum):
    """What two records have in common."""

    NAME = "name"
    EMAIL = "email"
    DOMAIN = "domain"
    PHONE = "phone"
    STREET = "street"
    TOWN = "town"
    POSTCODE = "postcode"
    BORN = "born"
    PROFILE = "profile"
    EMPLOYER = "employer"


@dataclass(frozen=True)
class Record:
    """What is known of an organisation or a person; what is unknown is empty."""

    id: str
    # Its name, and other names for it.
    names: tuple[str, ...]
    # None where it is not known which of the two it is.
    person: bool | None = False
    emails: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    profiles: frozenset[str] = frozenset()
    # Telephone numbers, joined by `value_lists.join_values`.
    phone: str = ""
    street: str = ""
    town: str = ""
    postcode: str = ""
    country: str = ""
    # The digits of a day of birth, or of a founding.
    born: str = ""
    # The employer of a person.
    employer: str = ""


@dataclass(frozen=True)
class Pair:
    """Two records that may be one."""

    one: str
    other: str
    probability: float
    reasons: tuple[Reason, ...]


@dataclass
class _Traits:
    """A record as it is compared."""

    record: Record
    person: bool = False
    names: list[tuple[Word, ...]] = field(default_factory=list)
    # The words of the street, and its numbers.
    street: str = ""
    numbers: frozenset[str] = frozenset()
    town: str = ""
    employer: tuple[Word, ...] = ()
    phones: frozenset[str] = frozenset()
    postcode: str = ""


def likely_duplicates(
    records: Sequence[Record], least: float = LIKELY, *, new: Collection[str] | None = None
) -> list[Pair]:
    """The pairs of records that are one with at least this probability, the likeliest first.

    With `new`, the ids of some of them, the pairs with at least one of these.
    """
    matcher = _Matcher(records)
    pairs = [pair for pair in matcher.pairs(new) if pair.probability >= least]
    return sorted(pairs, key=lambda pair: (-pair.probability, pair.one, pair.other))


class _Matcher:
    """Compares records, knowing how frequent their traits are."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._traits = [_traits(record) for record in records]
        self._count = max(len(records), 2)
        self._frequency: Counter[object] = Counter()
        # Whether two employers are one, as so many people have the same ones.
        self._employers: dict[tuple[tuple[Word, ...], tuple[Word, ...]], bool] = {}
        for traits in self._traits:
            self._frequency.update(set(_counted(traits)))

    def pairs(self, new: Collection[str] | None = None) -> Iterator[Pair]:
        """The pairs that were compared, without those that are two for sure."""
        compared = []
        for one, other in self._candidates(new):
            weight, reasons = self._evidence(self._traits[one], self._traits[other])
            if weight > _DISTINCT:
                compared.append((one, other, weight, reasons))
        prior = self._prior(weight for _, _, weight, _ in compared)
        for one, other, weight, reasons in compared:
            probability = 1 / (1 + math.exp(-max(-50.0, min(50.0, weight + prior))))
            ids = self._traits[one].record.id, self._traits[other].record.id
            yield Pair(*ids, probability, tuple(reasons))

    def _prior(self, weights: Iterable[float]) -> float:
        """What is added to all evidence where most records have several duplicates.

        The evidence supposes one duplicate a record. Pairs that are sure tell how many there are.
        """
        sure = sum(weight > _SURE for weight in weights)
        return min(_MOST_PRIOR, math.log(max(1.0, 2 * sure / self._count)))

    def _candidates(self, new: Collection[str] | None) -> Iterator[tuple[int, int]]:
        """The pairs worth comparing: for each record those that share its rarest traits."""
        blocks: dict[object, list[int]] = defaultdict(list)
        keys = [set(_keys(traits)) for traits in self._traits]
        for number, of_record in enumerate(keys):
            for key in of_record:
                blocks[key].append(number)
        added = None if new is None else self._numbers(new)
        most = max(_MOST_EACH, _WHERE_FEW // self._count**2)
        for number in range(len(keys)):
            if added is None or number in added:
                for other in self._nearest(number, keys, blocks, added, most):
                    yield (other, number)

    def _numbers(self, ids: Collection[str]) -> set[int]:
        return {n for n, traits in enumerate(self._traits) if traits.record.id in ids}

    def _nearest(
        self,
        number: int,
        keys: Sequence[Collection[object]],
        blocks: Mapping[object, Sequence[int]],
        added: Collection[int] | None,
        most: int,
    ) -> Iterable[int]:
        """The records that share most with one: rare traits count more, and are asked first."""
        shared: dict[int, float] = defaultdict(float)
        left = _POSTINGS * most
        asked: list[tuple[float, object]] = []
        for key in sorted(keys[number], key=lambda key: len(blocks[key])):
            block = blocks[key]
            if len(block) > left:
                break
            left -= len(block)
            asked.append((math.log(self._count / len(block)) + 0.1, key))
        least = math.log(self._count) * _LEAST_SHARED
        to_come = sum(weight for weight, _ in asked)
        for weight, key in asked:
            block = blocks[key]
            if to_come < least - _ROUNDING and 4 * len(shared) < len(block):
                # Who was in no block so far cannot share enough any more, and the block is large.
                for other in shared:
                    if key in keys[other]:
                        shared[other] += weight
            else:
                for other in block:
                    shared[other] += weight
            to_come -= weight
        # Of two that are both asked about, the later one is compared with the first.
        shared = {
            other: weight
            for other, weight in shared.items()
            if weight >= least and (other < number or (added is not None and other not in added))
        }
        return heapq.nlargest(most, shared, key=shared.__getitem__)

    def _rarity(self, key: object, most: float) -> float:
        """The weight of sharing a trait: the fewer records have it, the more, up to `most`."""
        return min(most, math.log(self._count / max(1, self._frequency[key])) + 0.5)

    def _evidence(self, one: _Traits, other: _Traits) -> tuple[float, list[Reason]]:
        reasons: list[Reason] = []
        name = max(
            (
                self._names(a, b, one.person and other.person)
                for a in one.names
                for b in other.names
            ),
            default=0.0,
        )
        if name > 0:
            reasons.append(Reason.NAME)
        weight = name - math.log(self._count) + 1.0
        for reason, evidence in (*self._contacts(one, other), *self._place(one, other)):
            weight += evidence
            if evidence > 0 and reason:
                reasons.append(reason)
        return weight, reasons

    def _names(self, one: tuple[Word, ...], other: tuple[Word, ...], person: bool) -> float:
        """The evidence of two names: as much as they are alike, and no more than they tell."""
        matched, left, right = _aligned(one, other, person)
        if left and right and one[0].consonantal != other[0].consonantal:
            whole = reduce(Word.__add__, one), reduce(Word.__add__, other)
            if len(whole[0].skeleton) > 3:
                near = likeness(*whole, person=person)
                if near > 0.9:
                    matched, left, right = [(*whole, near)], [], []
        if not matched:
            return -9.0
        shared = told = 0.0
        for a, b, near in matched:
            weight = (self._weight(a, person) + self._weight(b, person)) / 2
            shared += near * weight
            told += near * (self._rarity(a, 7.0) if near == 1.0 else 4.0)
        # A part of a name is often left out, such as a middle name; both have other words less so.
        contained = not (left and right) and (
            len(matched) > 1 or (not person and one[0].sound == other[0].sound)
        )
        # Two different given names or surnames are two people.
        share = (0.25 if person else 0.4) if contained else 1.3 if person else 0.6
        rest = sum(self._weight(word, person) for word in (*left, *right))
        total = sum((self._weight(a, person) + self._weight(b, person)) / 2 for a, b, _ in matched)
        alike = shared / (total + rest * share)
        # Two records of one name are one more often than not, unless many have that name.
        least = math.log(self._count) - (0.5 if person else -1.0) if alike == 1.0 else -9.0
        if person:
            least = min(least, told + 2.0)
        by_likeness = math.log(self._count) - 1.0 + 13.0 * (alike - 0.6)
        return max(least, min(by_likeness, told + 1.0))

    def _weight(self, word: Word, person: bool) -> float:
        """How much a word says about which name it is part of."""
        if word.particle or (len(word.sound) == 2 and not person):
            # Of two letters: a legal form in front, such as 'NV'.
            return 0.4
        return 3.0 if person else max(1.0, self._rarity(word, 4.0))

    def _contacts(self, one: _Traits, other: _Traits) -> Iterator[tuple[Reason, float]]:
        a, b = one.record, other.record
        if shared := a.emails & b.emails:
            yield Reason.EMAIL, 3.0 if all(map(is_shared, shared)) else 11.0
        elif a.emails and b.emails:
            yield Reason.EMAIL, -1.0
        if shared := a.profiles & b.profiles:
            yield Reason.PROFILE, 13.0
        elif a.profiles and b.profiles:
            yield Reason.PROFILE, -4.0
        own = [{x for x in record.domains if is_company_domain(x)} for record in (a, b)]
        if both := own[0] & own[1]:
            yield Reason.DOMAIN, max(self._rarity((Reason.DOMAIN, x), 8.0) for x in both)
        elif own[0] and own[1]:
            yield Reason.DOMAIN, -3.0
        if one.phones and other.phones:
            yield Reason.PHONE, self._phones(one.phones, other.phones)
        if a.born and b.born:
            yield Reason.BORN, _born(a.born, b.born)

    def _place(self, one: _Traits, other: _Traits) -> Iterator[tuple[Reason | None, float]]:
        if one.street and other.street:
            yield Reason.STREET, self._streets(one, other)
        colleagues = bool(one.employer) and self._same_employer(one.employer, other.employer)
        # Colleagues mostly live in one town, so that it tells nothing more of them.
        if one.town and other.town and not (colleagues and one.town == other.town):
            near = fuzz.ratio(one.town, other.town) / 100
            rarity = self._rarity((Reason.TOWN, one.town), 4.0)
            yield Reason.TOWN, rarity * (2 * near - 1) if near > 0.75 else -2.5
        if one.postcode and other.postcode:
            if one.postcode == other.postcode:
                yield Reason.POSTCODE, self._rarity((Reason.POSTCODE, one.postcode), 4.5)
            elif OSA.distance(one.postcode, other.postcode, score_cutoff=2) <= 2:
                yield None, 0.3
            else:
                yield Reason.POSTCODE, -1.5
        if one.employer and other.employer:
            rarity = self._rarity((Reason.EMPLOYER, one.employer), 4.0)
            yield Reason.EMPLOYER, rarity if colleagues else -1.0
        if one.record.country and other.record.country:
            yield None, 0.4 if one.record.country == other.record.country else -2.0

    def _same_employer(self, one: tuple[Word, ...], other: tuple[Word, ...]) -> bool:
        if one == other:
            return True
        known = self._employers.get((one, other))
        if known is None:
            known = self._names(one, other, False) > math.log(self._count) - 1
            self._employers[one, other] = known
        return known

    def _phones(self, one: frozenset[str], other: frozenset[str]) -> float:
        """The evidence of telephone numbers: the rarest that both have, or two nearly the same."""
        if shared := one & other:
            return max(self._rarity((Reason.PHONE, phone), 9.0) for phone in shared)
        near = (OSA.distance(a, b, score_cutoff=1) == 1 for a in one for b in other)
        return 3.0 if any(near) else -2.0

    def _streets(self, one: _Traits, other: _Traits) -> float:
        """The evidence of two streets with house numbers."""
        near = fuzz.token_sort_ratio(one.street, other.street) / 100
        same_number = bool(one.numbers & other.numbers)
        if near > 0.72:
            rarity = self._rarity((Reason.STREET, one.street), 5.0)
            if same_number:
                return 2.5 + rarity * near
            return rarity * 0.5 - (1.5 if one.numbers and other.numbers else 0.0)
        return -0.5 if same_number else -3.5


def _traits(record: Record) -> _Traits:
    person = record.person
    if person is None:
        person = all(map(may_be_person, record.names))
    names = [words_of(name, person=person) for name in record.names]
    street = folded(record.street).split()
    numbers = frozenset(word for word in street if word[0].isdigit())
    return _Traits(
        record,
        person=person,
        names=[name for name in dict.fromkeys(names) if name],
        street=" ".join(word for word in street if word not in numbers),
        numbers=numbers,
        town=folded(record.town),
        employer=words_of(record.employer, person=False),
        phones=phone_endings(record.phone),
        postcode=folded(record.postcode).replace(" ", ""),
    )


def _counted(traits: _Traits) -> Iterator[object]:
    """The traits whose frequency counts."""
    for name in traits.names:
        yield from name
    yield Reason.STREET, traits.street
    yield Reason.TOWN, traits.town
    yield Reason.POSTCODE, traits.postcode
    yield from ((Reason.PHONE, phone) for phone in traits.phones)
    yield Reason.EMPLOYER, traits.employer
    for domain in traits.record.domains:
        yield Reason.DOMAIN, domain


def _keys(traits: _Traits) -> Iterator[object]:
    """The traits of which two records need one in common to be compared."""
    record = traits.record
    for name in traits.names:
        sounds = [word.sound for word in name]
        for word in name:
            if len(word.sound) > 2:
                yield word.sound
                yield "begins", word.sound[:4]
            if len(word.skeleton) > 1:
                yield "skeleton", word.skeleton
        for first, second in pairwise(sounds):
            yield first + second
        yield "".join(sounds)
        yield "skeleton", "".join(word.skeleton for word in name)
    yield from (("email", email) for email in record.emails)
    yield from (("profile", profile) for profile in record.profiles)
    yield from (("domain", domain) for domain in record.domains if is_company_domain(domain))
    yield from (("phone", phone) for phone in traits.phones)
    if record.born:
        yield "born", record.born
    for number in traits.numbers:
        yield from (("street", number, word) for word in traits.street.split())
        if traits.postcode:
            yield "postcode", number, traits.postcode
    if traits.town:
        yield from (("town", traits.town, word.sound[:2]) for name in traits.names for word in name)


def _aligned(
    one: tuple[Word, ...], other: tuple[Word, ...], person: bool
) -> tuple[list[tuple[Word, Word, float]], list[Word], list[Word]]:
    """The words of two names that match, with their likeness, and what is left of each."""
    taken: dict[int, int] = {}
    matched = []
    places: dict[str, list[int]] = defaultdict(list)
    for j, b in enumerate(other):
        places[b.sound].append(j)
    for i, a in enumerate(one):
        if places.get(a.sound):
            taken[i] = places[a.sound].pop(0)
            matched.append((a, other[taken[i]], 1.0))
    gone = set(taken.values())
    scored = [
        (near, -abs(i - j), i, j)
        for i, a in enumerate(one)
        if i not in taken
        for j, b in enumerate(other)
        if j not in gone and (near := likeness(a, b, person=person))
    ]
    for near, _, i, j in sorted(scored, reverse=True):
        if i not in taken and j not in gone:
            taken[i] = j
            gone.add(j)
            matched.append((one[i], other[j], near))
    left = [word for i, word in enumerate(one) if i not in taken]
    right = [word for j, word in enumerate(other) if j not in gone]
    if left and right:
        _join(left, right, matched, swap=False)
        _join(right, left, matched, swap=True)
    return matched, left, right


def _join(
    whole: list[Word], parts: list[Word], matched: list[tuple[Word, Word, float]], *, swap: bool
) -> None:
    """Match words that the other name writes as several: 'GTXPro' and 'GTX Pro'."""
    for word in list(whole):
        for length in (2, 3):
            for start in range(len(parts) - length + 1):
                run = parts[start : start + length]
                letters = sum(len(part.sound) for part in run)
                if len(word.sound) < 4 or abs(letters - len(word.sound)) > _LETTERS_APART:
                    continue
                joined = reduce(Word.__add__, run)
                near = likeness(word, joined, person=False)
                if near > 0.93:
                    matched.append((joined, word, near) if swap else (word, joined, near))
                    whole.remove(word)
                    del parts[start : start + length]
                    break
            else:
                continue
            break


def _born(one: str, other: str) -> float:
    if one == other:
        return 6.0 if len(one) > 4 else 2.0
    if one[:4] == other[:4] and min(len(one), len(other)) <= 4:
        return 2.0
    return 2.0 if OSA.distance(one, other, score_cutoff=1) == 1 and len(one) > 4 else -4.0
