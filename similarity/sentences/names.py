"""Pure: names of products and competitors in a sentence: inflected, misspelt, in part."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from similarity.sentences.words import CACHED, Phrases, Word, word_set
from workspace.keys import romanised
from workspace.romanisation import sound

# From this many letters on a name may have one typing error, and from the next on two.
ONE_ERROR = 5
TWO_ERRORS = 9
# Shorter names are too much like other words to be found in part or as ordinary words.
SHORT = 4

# Endings of names in English, Polish and, romanised, Russian.
_ENDINGS = word_set(
    "s es a u owi em iem ie e y i ow om ami ach ze owie owy owa owego owej owym owych ov am ah akh"
    " oy om ev ey ya yu ye yey iem yom"
)
# Words that are names of products and companies as well as ordinary words.
_EVERYDAY = word_set(
    "access ace agent alert alpha amber anchor apex apollo apple arc arrow ascend aspect asset"
    " atlas aura axis azure balance bamboo bank base basis bay beacon beam bee bench bird blaze"
    " blend block bloom blue board bolt bond boost border box branch brick bridge bright brook"
    " bubble buffer build bundle cabinet cable canvas cape capital captain cargo castle catalyst"
    " cedar cell centre chain chart choice circle citadel clarity clay clear click cliff clip clock"
    " cloud coast compass concord connect console copper coral core corner cosmos counter course"
    " cove craft crane creek crest crown crystal current curve cut dash data dawn day deck deep"
    " delta depth dial diamond dock dome domain door dot dove drift drive drop dune eagle earth"
    " east echo eclipse edge elevate elm ember emerald encore engine enter epic era essence ever"
    " exchange express extra eye face falcon fathom feather field fig fire first flag flame flash"
    " flex flight flint float flow focus fold forest forge forward foundation fox frame fresh front"
    " frost fuel fusion future gate gather gear gem genesis glacier glass globe goal gold grain"
    " grand granite graph gravity green grid grip ground group grove guard guide gull halo hammer"
    " hand harbor harbour harvest haven hawk heart helm heron hive home honey hook horizon hub ice"
    " icon idea image impact impulse index infinity insight intent iris iron island ivory ivy jade"
    " jet journey juniper jump keel key kite knot lake lamp lane lantern lark latch lattice launch"
    " layer lead leaf ledger lens level lever lift light lighthouse line link lion list loft loop"
    " lotus lumen lunar lynx magnet map maple mark market marble mast match matrix meadow mentor"
    " mercury meridian merit mesh meteor method metric mint mirror mission mode moment monitor moon"
    " mosaic motion mountain native nest net network nexus node north note nova oak oasis ocean"
    " offer olive onyx open opera optic oracle orange orbit orchard origin osprey otter owl pace"
    " pact palm panel paper parallel park partner path patrol pattern peak pearl pebble people"
    " phoenix pier pilot pillar pine pioneer pivot pixel plan planet plate platform plum point"
    " polar pool port portal post power praise prime prism process profile project prompt proof"
    " pulse pump pure quarry quartz quay quayside quest quick quill quiver radar radius rain ranch"
    " range rapid raven ray reach reef reflex relay remedy reply report result ridge ring ripple"
    " rise river road robin rock rocket root rope rose round route ruby rudder sage sail salt sand"
    " sapphire scale scan scope scout script sea seal search seed sense sequence shape share shield"
    " shift ship shoal shop shore show side sign signal silver simple sketch sky slate slice smart"
    " snap snow social solar solid sonar sound source south spark spectrum speed sphere spider spin"
    " spiral spring sprint square stack staff stage star station stay steam steel stem step"
    " sterling stone storm story stream street stride strike string studio summit sun surf surge"
    " swan sweep swift switch symbol sync table tag talent tandem target task team tempo tender"
    " terminal terrace tide tiger timber time titan token tone tool top torch touch tower town"
    " trace track trade trail train transit tree trek trend tribe trigger trust tulip tune turn"
    " turtle twin union unit unity upper urban valley value vane vault vector velvet venture verse"
    " vertex view village vine violet vision vista vital voice volt wake walk wall walnut watch"
    " water wave way weather weave web well west wheel whisper white wild willow wind window wing"
    " wire wise wizard wolf wonder wood word work workday world yard zebra zenith zephyr zone fala"
    " fale most latarnia impuls sygnal zagiel kotwica kompas wiatr orzel most brama klucz rzeka"
    " fokus parus mayak volna most impuls signal vektor start gorizont orbita"
)
# Verbs after a name that begins a sentence: 'Relay wants' is a company or a product.
_ACTS = word_set(
    "is was has replaced replaces beat beats helped helps runs ran saved saves wants offers bids"
    " sells had lost won competes can could will would should fits comes costs looks seems chce"
    " jest ma oferuje byl byla for at to dla u w na dlya v pasuje predlagaet khochet est byl"
)
_CUES = Phrases.of(
    {
        "": "against; vs; versus; competitor; competitors; lost to; lose to; losing to; competing"
        " with; competes with; compete with; rival; rivals; incumbent; replace; replaces;"
        " replacing; competition from; displace; switch from; switching from; product; our product;"
        " przeciw; przeciwko; konkurent*; konkuruj*; konkurencj*; rywal*; zamiast; zastąpi*;"
        " kontra; naszego; naszym; produkt*; против; конкурент*; конкуриру*; соперник*; вместо;"
        " замен*; продукт*"
    }
)


@dataclass(frozen=True)
class Found:
    """A name that was found: its key, and its words from `first` to before `end`."""

    key: str
    first: int
    end: int


class Names:
    """Names by their keys, kept by their first letters, since a text is compared with all."""

    def __init__(self, names: Mapping[str, str]) -> None:
        parts_of = {key: romanised(name).split() for key, name in names.items()}
        self._parts_of = {key: parts for key, parts in parts_of.items() if parts}
        self._beginnings = Counter(parts[0] for parts in self._parts_of.values())
        self._letters = {
            key: (parts[0][0], _heard(parts[0])[:1]) for key, parts in self._parts_of.items()
        }
        self._near = lru_cache(CACHED)(self._find_near)

    def near(self, word: Word) -> Mapping[str, list[str]]:
        """The parts of the names that may begin with a word, by their keys."""
        heard = "" if word.plain == word.folded else _heard(word.folded)[:1]
        return self._near(word.folded[:1], heard)

    def begin_alike(self, part: str) -> int:
        """How many names begin with this part."""
        return self._beginnings[part]

    def _find_near(self, written: str, heard: str) -> Mapping[str, list[str]]:
        return {
            key: self._parts_of[key]
            for key, (letter, sounds) in self._letters.items()
            if letter == written or (heard and sounds == heard)
        }


def named(words: Sequence[Word], names: Names) -> Iterator[Found]:
    """The names that a sentence has; those in full first at each place."""
    lower = not any(word.capital for word in words[1:])
    at = 0
    while at < len(words):
        found = _at(words, at, names, lower)
        if found:
            yield found
        at = found.end if found else at + 1


def inflected(word: Word, name: str) -> bool:
    """Whether a word is a name, perhaps with an ending: 'Stratocastem' of 'stratocast'."""
    if word.plain == word.folded:
        return _has_ending(word.folded, name)
    return _has_ending(_heard(word.folded), _heard(name))


def _heard(romanised: str) -> str:
    """A name by its sound, as another script writes it: the same for 'Datamoor' and 'Датамур'."""
    written = romanised.replace("oo", "u").replace("ee", "i")
    return sound(written).replace("c", "k").replace("q", "k")


def _has_ending(word: str, name: str) -> bool:
    if word == name:
        return True
    if len(name) < SHORT:
        return False
    if word.startswith(name) and word[len(name) :] in _ENDINGS:
        return True
    # A name that ends in a vowel loses it: 'Veridane' is 'Veridanem', 'Nova' is 'Novej'.
    stem = name[:-1]
    return name[-1] in "aeoy" and word.startswith(stem) and word[len(stem) :] in _ENDINGS


def _at(words: Sequence[Word], at: int, names: Names, lower: bool) -> Found | None:
    parts_of = names.near(words[at])
    whole = [
        Found(key, at, at + len(parts))
        for key, parts in parts_of.items()
        if _fits(words, at, parts) and (len(parts) > 1 or _stands_out(words, at, parts[0], lower))
    ]
    if whole:
        return max(whole, key=lambda found: found.end)
    for key, parts in parts_of.items():
        if end := _joined(words, at, parts, lower):
            return Found(key, at, end)
    for key, parts in parts_of.items():
        # A part of a name: 'Corvid' for 'Corvid ERP', where no other name begins so.
        if (
            len(parts) > 1
            and names.begin_alike(parts[0]) == 1
            and len(parts[0]) > SHORT
            and inflected(words[at], parts[0])
            and words[at].capital
            and _stands_out(words, at, parts[0], lower=False)
        ):
            return Found(key, at, at + 1)
    if not (words[at].capital or lower or _cued(words, at)):
        return None
    near = [
        (errors, key)
        for key, parts in parts_of.items()
        if len(parts) == 1 and (errors := _errors(words[at], parts[0])) is not None
        if parts[0] not in _EVERYDAY or (words[at].capital and not words[at].opens)
    ]
    near.sort()
    if near and (len(near) == 1 or near[0][0] < near[1][0]):
        return Found(near[0][1], at, at + 1)
    return None


def _fits(words: Sequence[Word], at: int, parts: Sequence[str]) -> bool:
    here = words[at : at + len(parts)]
    return (
        len(here) == len(parts)
        and not any(word.apart for word in here[1:])
        and all(inflected(word, part) for word, part in zip(here, parts, strict=True))
    )


def _joined(words: Sequence[Word], at: int, parts: Sequence[str], lower: bool) -> int:
    """The end of a name that is written in other words: 'Pulse Bench', 'AtlasWarehouse'."""
    name = "".join(parts)
    if len(name) <= SHORT:
        return 0
    if len(parts) > 1 and inflected(words[at], name):
        return at + 1
    if len(parts) == 1 and at + 1 < len(words) and not words[at + 1].apart:
        written = words[at].folded + words[at + 1].folded
        capitals = lower or (words[at].capital and not words[at].opens)
        if _has_ending(written, name) and (capitals or words[at + 1].capital or _cued(words, at)):
            return at + 2
    return 0


def _stands_out(words: Sequence[Word], at: int, name: str, lower: bool) -> bool:
    """Whether a single word is meant as a name, and not as the ordinary word that it may be."""
    word = words[at]
    if name not in _EVERYDAY and len(name) > SHORT - 1:
        return True
    # Ordinary English words have neither Polish and Russian endings nor Cyrillic letters.
    if word.plain != word.folded or word.folded not in (name, f"{name}s"):
        return True
    if word.capital and not word.opens:
        return True
    if _cued(words, at):
        return True
    following = words[at + 1].folded if at + 1 < len(words) else ""
    return word.capital and (following in _ACTS or not following)


def _cued(words: Sequence[Word], at: int) -> bool:
    """Whether a word before says that a name follows: 'against', 'zamiast', 'конкурент'."""
    return any(
        cue.end == at
        for first in range(max(0, at - 2), at)
        if (cue := _CUES.at(words, first)) and not words[at].apart
    )


def _errors(written: Word, name: str) -> int | None:
    """The typing errors in a word that may mean a name; None where there are too many."""
    word = written.folded
    if written.plain != word:
        word, name = _heard(word), _heard(name)
    if len(name) < ONE_ERROR or word[0] != name[0]:
        return None
    allowed = 1 if len(name) < TWO_ERRORS else 2
    stems = {word, *(word[: -len(end)] for end in _ENDINGS if word.endswith(end))}
    forms = {name, name[:-1] if name[-1] in "aeoy" else name}
    errors = [
        OSA.distance(stem, form, score_cutoff=allowed)
        for stem in stems
        for form in forms
        if len(stem) >= ONE_ERROR - 1
    ]
    return min((count for count in errors if count <= allowed), default=None)
