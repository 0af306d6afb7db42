"""People's names: titles and credentials, and whether two names can mean one person."""

import re
import unicodedata
from functools import lru_cache

from workspace.keys import plain, romanised
from workspace.romanisation import sound

# Words before a name that are no part of it.
_TITLES = frozenset(
    [
        *("mr", "mrs", "ms", "miss", "mx", "sir", "dame", "dr", "doctor", "prof", "professor"),
        *("herr", "frau", "dipl", "ing", "mag", "rer", "nat", "habil", "med", "jur", "phil"),
        *("pan", "pani", "mgr", "inz", "hab", "lic", "mudr", "judr", "phdr", "bc", "rndr"),
        *("mme", "mlle", "sra", "srta", "sig", "drs", "rev", "hon", "capt", "col", "sgt"),
    ]
)
# Words behind a name that are no part of it.
_CREDENTIALS = frozenset(
    [
        *("phd", "mba", "emba", "msc", "bsc", "ma", "ba", "md", "jd", "llm", "llb", "dba", "cfa"),
        *("cpa", "pmp", "cissp", "csm", "acca", "fca", "aca", "cima", "pe", "esq", "jr", "sr"),
        *("ii", "iii", "iv", "rn", "dds", "csc", "cisa", "cism", "mph", "mpa", "med", "meng"),
        *("frsa", "obe", "mbe", "cbe", "shrm", "phr", "sphr", "gphr", "she", "her", "he", "him"),
        *("they", "them", "hers", "his", "cips", "mcips", "fcips", "drsc", "dipl", "ing"),
    ]
)
_NICKNAMES = (
    *("robert rob bob bobby robbie bert", "william will bill billy liam", "james jim jimmy jamie"),
    *(
        "richard rick dick richie",
        "michael mike mick micky",
        "thomas tom tommy",
        "john jack johnny",
    ),
    *("elizabeth liz beth betty eliza lisa", "katherine catherine kate kathy cathy katie kat"),
    *("margaret maggie meg peggy", "edward ed eddie ted", "charles charlie chuck", "henry harry"),
    *("joseph joe joey", "daniel dan danny", "david dave", "steven stephen steve", "anthony tony"),
    *("christopher chris", "christina christine chris tina", "matthew matt", "andrew andy drew"),
    *("benjamin ben", "samuel sam", "samantha sam", "alexander alex sasha sascha olek aleksander"),
    *("alexandra alex sasha ola aleksandra", "nicholas nick", "patrick pat", "patricia pat patty"),
    *("gregory greg", "jeffrey jeff", "jennifer jen jenny", "jessica jess", "susan sue susie"),
    *("deborah debbie deb", "rebecca becky", "victoria vicky", "philip phil", "peter pete"),
    *("kenneth ken", "ronald ron", "donald don", "lawrence larry", "frederick fred freddie"),
    *("timothy tim", "theodore ted theo", "zachary zach", "nathaniel nathan nate", "abigail abby"),
    *("katarzyna kasia", "anna ania anja anya ann", "malgorzata gosia", "agnieszka aga"),
    *("joanna asia", "barbara basia barb", "magdalena magda", "monika monia", "zofia zosia"),
    *("tomasz tomek", "jakub kuba", "krzysztof krzysiek", "piotr piotrek", "pawel pawelek"),
    *("wojciech wojtek", "grzegorz grzesiek", "michal michalek", "stanislaw staszek", "jan janek"),
    *("andrzej jedrek", "tadeusz tadek", "johannes hans johann hannes", "friedrich fritz"),
    *("heinrich heinz", "josef sepp jupp", "maximilian max", "sebastian basti", "wolfgang wolf"),
    *("dmitry dima", "mikhail misha", "ivan vanya", "nikolay kolya", "vladimir vova volodya"),
    *("ekaterina katya", "maria masha mary", "natalia natasha", "tatiana tanya", "olga olya"),
    *("evgeny zhenya eugene", "yury yura", "sergey seryozha serge", "giovanni gianni"),
    *("francisco paco", "jose pepe", "antonio tony toni", "ignacio nacho", "guadalupe lupe"),
)
# Given names that one person has in several languages, as passports and profiles write them.
_EQUIVALENTS = (
    *("alexander alexandros oleksandr aleksandr", "andrew andreas andrei andriy andrzej andres"),
    *("basil vasilis vassilis vasily vasyl", "catherine ekaterini yekaterina kateryna katerina"),
    *("constantine constantinos konstantinos kostas konstantin", "david dawid dawud davit"),
    *(
        "demetrius dimitris dimitrios dmitry dmitri dmytro dimitri",
        "elena olena helena helen eleni",
    ),
    *("eugene yevgeny evgeny evgenii yevhen eugenio", "george giorgos georgios georgy georg jorge"),
    *(
        "george giorgi jerzy heorhii",
        "isaac yitzhak itzhak ishaq",
        "jacob yaakov yakov jakob jakub",
    ),
    *("john ioannis yiannis giannis yannis", "joseph yosef josef iosif jozef yusuf youssef jose"),
    *("julia yulia yuliya iuliia", "lawrence laurentius lavrenty", "luke lukas lucas lukasz luca"),
    *(
        "mark marek marco marcos markus",
        "mary maria mariya miriam maryam",
        "moses moshe musa moussa",
    ),
    *("matthew matthias mateusz matteo matvey", "michael mikhail michail michalis mykhailo miguel"),
    *("michael michal michel michele mihail", "nicholas nikolaos nikos nikolai mykola nicolas"),
    *("paul pavlos pavel pavlo pawel paulo pablo", "peter petros piotr pyotr petro pedro pietro"),
    *("philip filip philippos felipe", "sergei serhiy sergio serge", "simon shimon semyon szymon"),
    *("solomon shlomo suleiman sulayman", "stephen stefan stefanos stepan esteban stefano"),
    *("theodore theodoros fyodor fedor teodor", "thomas tomas tomasz tommaso foma"),
    *(
        "vladimir volodymyr wlodzimierz uladzimir",
        "xenia ksenia oksana",
        "zachary zacharias zakhar",
    ),
)
_GROUPS: dict[str, frozenset[int]] = {}
for _number, _names in enumerate((*_NICKNAMES, *_EQUIVALENTS)):
    for _name in map(sound, _names.split()):
        _GROUPS[_name] = _GROUPS.get(_name, frozenset()) | {_number}


@lru_cache(maxsize=65_536)
def personal_name(text: str) -> str:
    """A name in the order in which it is spoken, without titles, credentials and pictures.

    'Okafor, Ben' becomes 'Ben Okafor', and 'Dr. Eva Maier, MBA' becomes 'Eva Maier'.
    """
    written = re.sub(r"\([^)]*\)|\[[^\]]*\]|[\"“”„][^\"“”„]*[\"“”]", " ", text)
    written = "".join(letter for letter in written if not _is_picture(letter))
    head, _, tail = (part.strip() for part in written.partition(","))
    words = _bare(head)
    if tail and (given := _given_names(tail)):
        words = [*given, *words]
    name = " ".join(words)
    return name if plain(name) else " ".join(text.split())


@lru_cache(maxsize=65_536)
def name_key(text: str) -> str:
    """A name as it is compared: without titles, credentials, capitals and accents."""
    return plain(personal_name(text))[:500]


@lru_cache(maxsize=65_536)
def name_words(text: str) -> tuple[str, ...]:
    """The words of a name by their sound, in their order."""
    return tuple(sound(word) for word in romanised(personal_name(text)).split())


def names_alike(one: str, other: str) -> bool:
    """Whether two names can mean one person.

    They can if each word of the shorter name is in the other one, in any order and script, in
    full, as a nickname or as an initial; and one word at least in full.
    """
    short, long = sorted((name_words(one), name_words(other)), key=len)
    if len(short) < 2:
        return short == long
    remaining = list(long)
    in_full = 0
    # Full words first, so that an initial does not use up a word that another one needs.
    for word in sorted(short, key=lambda word: (word not in long, -len(word))):
        match = next((known for known in remaining if known == word), None)
        in_full += match is not None and len(word) > 1
        match = match or next((known for known in remaining if may_be_short_for(word, known)), None)
        if match is None:
            return False
        remaining.remove(match)
    return in_full > 0


def may_be_short_for(word: str, known: str) -> bool:
    """Whether one of two words by their sound is an initial or a nickname of the other."""
    if len(word) == 1 or len(known) == 1:
        return word[0] == known[0]
    return bool(_GROUPS.get(word, frozenset()) & _GROUPS.get(known, frozenset()))


def _bare(text: str) -> list[str]:
    """The words of a name between titles and credentials; all words if none would be left."""
    words = text.split()
    kept = list(words)
    while len(kept) > 1 and _is_title(kept[0]):
        del kept[0]
    # 'Ma' is a surname and 'MA' a degree.
    while len(kept) > 2 and _is_credential(kept[-1]) and not _is_surname(kept[-1]):
        del kept[-1]
    return kept


def _is_title(word: str) -> bool:
    parts = plain(word).split()
    # A single letter without a full stop may be an initial.
    return bool(parts) and all(
        part in _TITLES and (len(part) > 1 or word.endswith(".")) for part in parts
    )


def _is_credential(word: str) -> bool:
    letters = plain(word).replace(" ", "")
    return not letters or letters in _CREDENTIALS


def _is_surname(word: str) -> bool:
    return _looks_given(word) and plain(word) not in ("jr", "sr", "esq")


def _given_names(tail: str) -> list[str]:
    """The given names behind 'Okafor,'; empty if what is there are credentials."""
    words = _bare(tail.partition(",")[0])
    names = [word for word in words if not _is_credential(word)]
    is_name = names and len(names) <= 3 and all(_looks_given(word) for word in names)
    return names if is_name else []


def _looks_given(word: str) -> bool:
    """Whether a word is written like a name: one capital for each of its parts."""
    parts = [part for part in re.split(r"[-'’.]", word) if part]
    return bool(parts) and all(
        part[0].isupper() and not any(letter.isupper() for letter in part[1:]) and part.isalpha()
        for part in parts
    )


def _is_picture(letter: str) -> bool:
    return unicodedata.category(letter) in ("So", "Sk", "Cn", "Co", "Cf") or letter in "®™✓★|"
