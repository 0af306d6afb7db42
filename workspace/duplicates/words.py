"""The words of names and addresses as they are compared: in Latin letters, by their sound."""

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache

from anyascii import anyascii
from rapidfuzz.distance import JaroWinkler

from workspace.accounts.company_names import name_and_place
from workspace.keys import romanised
from workspace.people.names import may_be_short_for, personal_name
from workspace.romanisation import sound

# Scripts that do not write most vowels: Hebrew, Arabic and Syriac.
_ABJAD = re.compile("[\u0590-\u085f\ufb1d-\ufdff\ufe70-\ufefc]")
# Chinese characters and Korean syllables have no spaces between the words of a name.
_SYLLABLES = re.compile("[\u3400-\u9fff\uac00-\ud7af]")
# Letters that scripts without vowels use for vowels, or that transliterations add or leave out.
_WEAK = re.compile("[aeiouyvwh]")
# What makes another name of a name, by its sound: a son's, or a family's.
_DERIVING = "ovih evih ih ovna evna ihna ov ova ev eva enko ski ska son sen ian oglu dze shvili"
_DERIVING_ENDS = frozenset(_DERIVING.split())
# Below this similarity, two words are different ones.
_ALIKE = 0.86
# Words that are part of many names, and left out in many.
_PARTICLES = (
    "al el bin ibn of the and de da di la le van von company co group holding holdings corporation"
    " corp enterprise international public joint stock limited inc restaurant"
)
# Words of companies' names that are in no person's.
_COMPANY_WORDS = (
    "agency airlines airways association authority bank banka banque banco bureau centre center"
    " chamber commission committee company cooperative corporation council defence department"
    " development electric electronics energy engineering enterprise enterprises export factory"
    " federation finance foundation fund gas global group holding holdings import industries"
    " industrial industry institute insurance international invest investment laboratory logistics"
    " market maritime media ministry mining motor motors national office oil organisation"
    " organization partners petroleum pharma power press production products research school"
    " services shipping society software solutions state steel systems technologies technology"
    " telecom trade trading transport union university works"
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word by its sound, with what it is compared by."""

    sound: str
    # Its consonants, for scripts that leave vowels out.
    skeleton: str
    # Whether its own script does so.
    consonantal: bool = False
    # Whether it stands behind the legal form of a company, as a place does.
    minor: bool = False
    # The sound without vowels.
    bare: str = field(init=False, compare=False)
    # Whether it has a digit.
    number: bool = field(init=False, compare=False)
    # Whether it says little about which name it is part of.
    particle: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # Words are compared far more often than they are made.
        particle = self.minor or len(self.sound) == 1 or self.sound in _SOUNDS_OF_PARTICLES
        object.__setattr__(self, "bare", self.sound.translate(_VOWELS))
        object.__setattr__(self, "number", any(map(str.isdigit, self.sound)))
        object.__setattr__(self, "particle", particle)

    def __add__(self, other: "Word") -> "Word":
        consonantal = self.consonantal or other.consonantal
        return Word(self.sound + other.sound, self.skeleton + other.skeleton, consonantal)


_VOWELS = str.maketrans("", "", "aeiou")
_SOUNDS_OF_PARTICLES = frozenset(map(sound, _PARTICLES.split()))
_SOUNDS_OF_COMPANIES = frozenset(map(sound, _COMPANY_WORDS.split()))


@lru_cache(maxsize=65_536)
def words_of(text: str, *, person: bool) -> tuple[Word, ...]:
    """The words of a name, without titles of people and legal forms of companies."""
    latin = _latin(text)
    consonantal = bool(_ABJAD.search(text))
    if person:
        return _words(romanised(personal_name(latin)), consonantal=consonantal)
    name, place = name_and_place(latin)
    return (
        *_words(name, consonantal=consonantal),
        *(replace(word, minor=True) for word in _words(place, consonantal=consonantal)),
    )


def may_be_person(text: str) -> bool:
    """Whether a name of an unknown kind may be a person's: a few words, and none of a company's."""
    words = romanised(_latin(text)).split()
    return (
        2 <= len(words) <= 4
        and len(name_and_place(_latin(text))[0].split()) == len(words)
        and not any(sound(word) in _SOUNDS_OF_COMPANIES or not word.isalpha() for word in words)
    )


def folded(text: str) -> str:
    """An address or a town as it is compared: in Latin letters, without capitals and accents."""
    return romanised(_latin(text))


def _latin(text: str) -> str:
    """The text with letters of scripts that `romanised` does not know in Latin ones."""
    # `romanised` knows Cyrillic and Greek better.
    return "".join(_letter(letter) for letter in text)


def _letter(letter: str) -> str:
    if letter < "\u0530":
        return letter
    latin = anyascii(letter).replace("`", "").replace("'", "")
    return f" {latin} " if _SYLLABLES.match(letter) else latin


def _words(text: str, *, consonantal: bool) -> tuple[Word, ...]:
    return tuple(Word(sound(word) or word, _skeleton(word), consonantal) for word in text.split())


def _skeleton(word: str) -> str:
    """The consonants of a romanised word: the same for 'mhmd' and 'mohammed'."""
    hard = word.replace("p", "f").replace("c", "k").replace("q", "k").replace("z", "s")
    return _WEAK.sub("", re.sub(r"(.)\1+", r"\1", hard))


def likeness(one: Word, other: Word, *, person: bool) -> float:
    """How alike two words are, from 0 to 1; 0 below what may be one word."""
    if one.sound == other.sound:
        return 1.0
    if one.number or other.number:
        return 0.0
    if one.consonantal or other.consonantal:
        return _consonants_alike(one, other)
    return _sounds_alike(one.sound, other.sound, one.bare, other.bare, person)


def _derives(short: str, long: str) -> bool:
    """Whether one name is made of another, as 'Petrovich' of 'Petr'; the last vowel may go."""
    return any(
        long.startswith(stem) and long[len(stem) :] in _DERIVING_ENDS
        for stem in (short, short[:-1] if short[-1] in "aeiou" else short)
    )


def _consonants_alike(one: Word, other: Word) -> float:
    skeletons = one.skeleton, other.skeleton
    if min(map(len, skeletons)) < 2:
        same = skeletons[0] == skeletons[1] != "" and max(len(one.sound), len(other.sound)) < 6
        return 0.8 if same else 0.0
    if min(map(len, skeletons)) < 4 and skeletons[0] != skeletons[1]:
        # So few consonants differ by chance.
        return 0.0
    near = JaroWinkler.similarity(*skeletons)
    return 0.95 * near if near >= _ALIKE else 0.0


def _sounds_alike(one: str, other: str, one_bare: str, other_bare: str, person: bool) -> float:
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    if person:
        if may_be_short_for(one, other):
            return 0.6 if len(short) == 1 else 0.95
        if long.startswith(short) and len(long) - len(short) > 1:
            return 0.0
    if len(short) < 3:
        return 0.0
    near: float = JaroWinkler.similarity(one, other, score_cutoff=_ALIKE)
    if near == 0.0 and one_bare == other_bare and len(one_bare) > 2 and one[0] == other[0]:
        # Transliterations differ in vowels first.
        near = 0.85
    return 0.0 if near and _derives(short, long) else near
