"""Pure: what a sentence denies, in English, Polish and Russian.

'They do not want recommendations' is about recommendations as little as a sentence that never
mentions them. A denial has a scope: the words after it up to the end of its clause. 'They cannot
plan shifts' denies nothing in this sense: it says what they lack.
"""

import re
from collections.abc import Sequence

from similarity.sentences.words import Phrases, Word, word_set, words_of

# The most words that a denial extends over.
SCOPE = 7
# The most words of a subject that is denied after it.
SUBJECT = 4

_DENIALS = {
    # Where it begins a clause it needs no verb either: 'rosters, no payroll'.
    "none": "no; żadn*; никаки*",
    "not": "not; never; nor; neither; isnt; dont; nie; ani; nigdy; не; ни; нет; никогда",
    # These deny a thing by themselves, without a verb.
    "without": "without; except; except for; other than; apart from; excluding; bez; oprócz; poza;"
    " z wyjątkiem; без; кроме; помимо; за исключением",
}
_NOT = Phrases.of(_DENIALS)
# Most texts deny nothing, which is seen at once.
_MAY_DENY = re.compile(
    r"n['’]t\b|\b(?:"
    + "|".join(
        phrase.strip().replace("*", r"\w*").replace(" ", r"\s+")
        for phrases in _DENIALS.values()
        for phrase in phrases.split(";")
    )
    + r")\b",
    re.IGNORECASE,
)
# Words that make of 'not' something else than a denial of what follows.
_OTHERWISE = Phrases.of(
    {
        "": "only; just; merely; sure; certain; happy; satisfied; content; pleased; convinced;"
        " like; likes; liked; trust; trusts; love; loves; yet; decided; decide; know; knows;"
        " enough; doubt; impressed; able; understand; enjoy; longer happy; wonder; later; before;"
        " until; less; fewer; more than; matter; forget; tylko; jedynie; pewn*; zadowol*; lubi*;"
        " ufa*; wie; wiedzą; podoba; przekonan*; jeszcze; zdecydowa*; wcześniej; później; mniej;"
        " wystarcz*; wątpi*; только; лишь; уверен*; довольн*; доволен; нравится; нравятся; доверя*;"
        " любит; любят; знает; знают; ещё; еще; решил*; раньше; позже; менее; меньше; хватает;"
        " сомн*; устраивает"
    }
)
# A denial ends before these.
_END = word_set(
    "but why how whether dlaczego czemu почему however although though because since while whereas"
    " instead who which that where when and if so then ale lecz natomiast bo ponieważ gdyż jednak"
    " który która które którzy gdzie kiedy i oraz więc tylko но а зато однако потому поэтому"
    " который которая которые где когда и если"
)
# Where it is denied: 'not in the race at the bank' says nothing against the bank.
_WHERE = frozenset(("at", "by", "u", "w", "we", "przez", "у", "в", "во"))
# Russian says with the same word what is needed: 'не нуждаются в рекомендациях'.
_NEEDED_IN = ("нужда", "заинтерес")
_ENDINGS = Phrases.of({"": "; ".join(_END)})
# To want, to need, to be about: what is denied with these is not what a deal is about.
_WANTING = Phrases.of(
    {
        "": "want; wants; wanted; need; needs; needed; require; requires; required; look for;"
        " looking for; look; looking; interested; interest; ask for; asked for; asking for; ask;"
        " about; care; plan to; planning to; seek; seeking; intend; consider; considering; wish;"
        " wishes; demand for; chc*; potrzeb*; szuka*; interes*; zainteresowan*; dotyczy; chodzi;"
        " życz*; wymaga*; planuj*; trzeba; są potrzebne; jest potrzebn*; konieczn*; potrzebn*;"
        " rozważa*; zależy; mowa; хотят; хочет; хотим; хотели; нужн*; нужен; надо; требу*;"
        " требуется; ищут; ищет; ищем; интерес*; нуждаются; нуждается; планируют; планирует;"
        " рассматрива*; просят; просит"
    }
)
# Directly after 'not' these do the same: 'not about recommendations'.
_ABOUT = frozenset(("for", "about", "o", "dla", "о", "об", "про", "для"))
# What a denial follows: 'Stratocast is not in the race'.
_ABSENT = Phrases.of(
    {
        "": "involved; in; competing; part; there; bidding; invited; shortlisted; out; present;"
        " considered; an option; a factor; relevant; the competitor; startuj*; bierz*; uczestnicz*;"
        " jest; ma; wchodz*; konkur*; bior*; został*; участву*; рассматрива*; приглаш*; конкур*;"
        " вход*; игра*"
    }
)
_IS = word_set(
    "is are was were has have will does do did be been isn wasn isnt wasnt jest sa bylo byl byla ma"
    " v w"
)


def denied(words: Sequence[Word]) -> frozenset[int]:
    """The words within the scope of any denial: 'not against Stratocast', 'bez Stratocasta'."""
    inside: set[int] = set()
    for at in range(len(words)):
        inside.update(_scope(words, at) or ())
    return frozenset(inside)


def said_absent(words: Sequence[Word], end: int) -> bool:
    """Whether what ends before this word is denied after it: 'Stratocast is not in the race'."""
    at = end
    while at < len(words) and at < end + 2 and not words[at].apart and words[at].plain in _IS:
        at += 1
    if at < len(words) and not words[at].apart and words[at].plain == "out" and at > end:
        return True
    if at >= len(words) or words[at].apart or not _denies(words, at):
        return False
    following = at + (2 if at + 1 < len(words) and words[at + 1].plain in _IS else 1)
    return following < len(words) and _ABSENT.at(words, following) is not None


def affirmed(text: str) -> str:
    """A text without what it says not to be wanted; empty where nothing else is left."""
    if not _MAY_DENY.search(text):
        return text
    words = words_of(text)
    unwanted: set[int] = set()
    for at in range(len(words)):
        if (scope := _scope(words, at)) is not None:
            unwanted.update(_unwanted(words, at, scope))
    if not unwanted:
        return text
    kept: list[str] = []
    begin = 0
    for number in sorted(unwanted):
        kept.append(text[begin : words[number].start])
        begin = words[number].end
    kept.append(text[begin:])
    left = "".join(kept)
    return left if len(unwanted) < len(words) else ""


def question_of(text: str) -> str:
    """A question without what it denies: 'no code' and 'without registration' are names of things
    where nothing else is asked for."""
    words = words_of(text)
    phrase = _NOT.at(words, 0) if words else None
    return affirmed(text) or (text if phrase and phrase.meaning != "not" else "")


def _unwanted(words: Sequence[Word], at: int, scope: range) -> Sequence[int]:
    """The words that say that something is not wanted, where this denial does; else none."""
    phrase = _NOT.at(words, at)
    if phrase and phrase.meaning == "without":
        return range(at, scope.stop)
    for number in range(scope.start, min(scope.start + 4, len(words))):
        if words[number].apart:
            break
        if number == scope.start and words[number].plain in _ABOUT:
            return range(at, scope.stop)
        if wanting := _WANTING.at(words, number):
            # What is wanted not comes after it, or else before: 'recommendations are not needed'.
            first = at if wanting.end < scope.stop else _first_of_subject(words, at)
            return range(first, max(wanting.end, scope.stop))
    is_denied = words[at].apart and _denies_things(words, at, scope)
    return range(at, scope.stop) if is_denied else ()


def _denies_things(words: Sequence[Word], at: int, scope: range) -> bool:
    """Whether a denial that begins a clause needs no verb: 'rosters, no payroll', 'not Kafka'."""
    phrase = _NOT.at(words, at)
    if phrase and phrase.meaning == "none":
        return True
    if words[at].plain == "not":
        return True
    return bool(scope) and scope.start == at + 1 and words[scope.start].capital


def _first_of_subject(words: Sequence[Word], at: int) -> int:
    """The first word before a denial that may be what is denied."""
    first = at
    while first > max(0, at - SUBJECT) and not words[first].apart:
        first -= 1
    return first


def _denies(words: Sequence[Word], at: int) -> bool:
    # 'No-show' and 'non-stop' are words of their own.
    if at + 1 < len(words) and words[at + 1].hyphened:
        return False
    return words[at].denies or _NOT.at(words, at) is not None


def _scope(words: Sequence[Word], at: int) -> range | None:
    """The words that the denial at this word extends over; None where it is none."""
    if not _denies(words, at):
        return None
    phrase = _NOT.at(words, at)
    first = phrase.end if phrase else at + 1
    end = first
    while end < len(words) and end < first + SCOPE and not words[end].apart:
        if _ENDINGS.at(words, end) or (end > first and _says_where(words, end)):
            break
        if _OTHERWISE.at(words, end) and not (phrase and phrase.meaning == "without"):
            return None
        end += 1
    return range(first, end)


def _says_where(words: Sequence[Word], at: int) -> bool:
    return words[at].plain in _WHERE and not words[at - 1].plain.startswith(_NEEDED_IN)
