"""Pure: whether words for a place say where the customer is.

They may be written as other words, mean a language, or be the seller's own place.
"""

from collections.abc import Sequence

from similarity.sentences import places
from similarity.sentences.words import Match, Phrases, Word, word_set

# English words for places that are other words in small letters.
_OTHER_WORDS = frozenset({"polish", "turkey", "china", "us", "jersey"})
_BEFORE_PLACES = frozenset({"a", "an", "the", "some", "in", "from", "of", "for", "with"})


def is_written_as_place(words: Sequence[Word], match: Match, lower: bool) -> bool:
    """Whether English words for a place have their capital; a text without capitals has none."""
    word = words[match.first]
    if inflected := places.inflected_countries().at(words, match.first):
        return word.capital or inflected.meaning in places.INFLECTED
    if word.plain == "us":
        return word.text == "US"
    if word.plain in _OTHER_WORDS and not word.capital:
        return lower and match.first > 0 and words[match.first - 1].plain in _BEFORE_PLACES
    return word.capital or lower


_LANGUAGES_BEFORE = Phrases.of(
    {
        "": "speak; speaks; speaking; spoken; translate into; translated into; translated to;"
        " język*; mówi* po; po; по; язык*; говор* на; говор* по"
    }
)
_LANGUAGES_AFTER = Phrases.of(
    {
        "": "speaking; language; languages; version; interface; translation; translations; speaker;"
        " speakers; subtitles; documentation; manual; keyboard; język*; wersj*; interfejs*;"
        " tłumaczeni*; dokumentacj*; язык*; верси*; интерфейс*; перевод*; документаци*"
    }
)
_LISTED = word_set("and or as only too i oraz lub albo и или")
_ADJECTIVE = ("sh", "ch", "an", "ese", "ek", "ku", "ki", "sku", "ском", "ски", "цком")


def is_language(words: Sequence[Word], match: Match) -> bool:
    """Whether a place's adjective is its language: 'documentation in German', 'po polsku'."""
    word = words[match.first]
    after = match.end if match.end < len(words) and not words[match.end].apart else None
    if after is not None and _LANGUAGES_AFTER.at(words, after):
        return True
    if not match.first or word.apart:
        return False
    ends = after is None or words[after].plain in _LISTED
    before = words[match.first - 1].plain
    if before in _LISTED and match.first > 1:
        other = Match(match.meaning, match.first - 2, match.first - 1)
        return ends and word.plain.endswith(_ADJECTIVE) and is_language(words, other)
    if before in ("in", "into", "на"):
        # 'In Poland' is a place; only what ends like an adjective may be a language.
        noun = word.plain in _NOUNS
        return ends and not noun and word.plain.endswith(_ADJECTIVE)
    return any(
        (found := _LANGUAGES_BEFORE.at(words, first)) and found.end == match.first
        for first in range(max(0, match.first - 2), match.first)
    )


# Places that end like adjectives.
_NOUNS = frozenset({"japan", "iran", "sudan", "oman", "bhutan", "jordan", "azerbaijan"})
_OUR = Phrases.of({"": "our; my; nasz*; наш*; moj*; mój; мой; моя"})
_WE = Phrases.of({"": "we; we re; i am; i m; jesteśmy; jestem; działamy; siedzimy; мы; я; сидим"})
_LINKS = word_set(
    "are re a an the from in based of all here am live work w we z ze firma firmą my из в компания"
    " фирма сами работаем сидим"
)
_OUR_NOUNS = Phrases.of(
    {
        "": "team*; office*; colleague*; branch*; subsidiar*; headquarters; hq; people; staff;"
        " support; partner*; reseller*; consultant*; engineer*; data cent*; warehouse*; developers;"
        " group; company; parent; zesp*; biur*; oddział*; koleg*; koleż*; central*; siedzib*;"
        " konsultan*; wsparci*; inżynier*; spółk*; firm*; компани*; офис*; команд*; коллег*;"
        " филиал*; партнер*; отдел*; поддержк*; консультант*; инженер*; представительств*"
    }
)
# What is hosted or held in a country, or who owns the customer, says nothing about the customer.
_ELSEWHERE = Phrases.of(
    {
        "": "parent; parent is; owner; owner is; owned by; shareholder*; investor*; właściciel*;"
        " właścicielem jest; udziałow*; należ* do; владел*; принадлежит; инвестор*; hosted;"
        " hosting; server*; data centre*; data center*; datacentre*; datacenter*; cloud region;"
        " stored; holiday*; vacation*; born; flight*; conference; trade fair; fair; serwer*;"
        " hostowan*; chmur*; urlop*; targ*; konferencj*; сервер*; хостинг*; дата центр*; облак*;"
        " отпуск*; выставк*; конференц*"
    }
)


def is_ours(words: Sequence[Word], match: Match) -> bool:
    """Whether a place is the seller's own, or only that of servers or a fair."""
    first = match.first
    while first > max(0, match.first - 5) and not words[first].apart:
        first -= 1
    for at in range(first, match.first):
        between = words[at + 1 : match.first]
        if _ELSEWHERE.at(words, at) and len(between) <= 2:
            return True
        if _WE.at(words, at) and between and all(word.plain in _LINKS for word in between):
            return True
        if _OUR.at(words, at) and _is_our_place(words, at + 1, match):
            return True
    return False


def _is_our_place(words: Sequence[Word], first: int, match: Match) -> bool:
    """Whether 'our', before the word `first`, is about the place: 'our Polish team', 'our office
    in Poland', but not 'our Polish customer'."""
    if first == match.first:
        after = [
            number
            for number in range(match.end, min(len(words), match.end + 2))
            if not words[number].apart
        ]
        return any(_OUR_NOUNS.at(words, number) for number in after)
    nouns = [at for at in range(first, match.first) if _OUR_NOUNS.at(words, at)]
    return bool(nouns) and all(word.plain in _LINKS for word in words[nouns[-1] + 1 : match.first])
