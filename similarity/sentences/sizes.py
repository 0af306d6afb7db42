"""Pure: the headcount in a sentence, and which numbers are none."""

import math
import re
from dataclasses import dataclass

LARGEST = 10_000_000
# As many characters before a number are read to tell what it counts.
CLAUSE = 120

_NUMBER = r"\d{1,3}(?:[ ,.'’\u00a0\u202f]\d{3})+(?!\d)|\d+(?:[.,]\d+)?"
_TIMES = {
    "k": 1_000, "thousand": 1_000, "thousands": 1_000, "tys": 1_000, "тыс": 1_000, "т": 1_000,
    "hundred": 100, "hundreds": 100,
}  # fmt: skip
_TIMES_STEMS = {"tysi": 1_000, "тысяч": 1_000, "set": 100, "сот": 100}
# Numbers that are usually written as words before 'thousand' and 'hundred'.
_WRITTEN = {
    "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40,
    "fifty": 50, "dwa": 2, "trzy": 3, "cztery": 4, "pięć": 5, "sześć": 6, "siedem": 7, "osiem": 8,
    "dziewięć": 9, "dziesięć": 10, "две": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6,
    "семь": 7, "восемь": 8, "девять": 9, "десять": 10,
}  # fmt: skip
_WHOLE = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90, "dwadzieścia": 20, "trzydzieści": 30, "czterdzieści": 40, "pięćdziesiąt": 50,
    "sześćdziesiąt": 60, "siedemdziesiąt": 70, "osiemdziesiąt": 80, "dziewięćdziesiąt": 90,
    "sto": 100, "двадцать": 20, "тридцать": 30, "сорок": 40, "пятьдесят": 50, "шестьдесят": 60,
    "семьдесят": 70, "восемьдесят": 80, "девяносто": 90, "сто": 100,
    "dwieście": 200, "dwustu": 200, "trzysta": 300, "trzystu": 300, "czterysta": 400,
    "czterystu": 400, "pięćset": 500, "pięciuset": 500, "sześćset": 600, "siedemset": 700,
    "osiemset": 800, "dziewięćset": 900, "tysiąc": 1_000, "двести": 200, "двухсот": 200,
    "триста": 300, "трёхсот": 300, "трехсот": 300, "четыреста": 400, "пятьсот": 500,
    "пятисот": 500, "шестьсот": 600, "семьсот": 700, "восемьсот": 800, "девятьсот": 900,
    "тысяча": 1_000, "тысячи": 1_000, "тысячу": 1_000,
}  # fmt: skip
_MULTIPLE = r"(?: ?(?P<times>k|thousands?|hundreds?|tys\.?|tysi\w+|тыс\.?|тысяч\w*)(?!\w))"
_COUNT = (
    rf"(?P<low>{_NUMBER})(?:{_MULTIPLE})?"
    rf"(?: ?(?:-|–|—|to|do|до|and|a|и) ?(?P<high>{_NUMBER})(?:"
    r" ?(?P<times_high>k|thousand|tys\.?|тыс\.?)"
    r"(?!\w))?)?\+?"
)
_UNIT = (
    r"(?:employees?|people|persons?|staff|staffers|workers?|heads|headcount|ftes?|strong|workforce"
    r"|pracownik\w*|pracowników|osób|osoby|osobow\w*|ludzi|ludźmi|etat\w*|zatrudnionych"
    r"|сотрудник\w*|человек\w*|людей|работник\w*|работающих|штатных)(?!\w)"
)
# An adjective may stand between the number and what it counts.
_BETWEEN = (
    r"(?:[ -](?!per|users?|seats?|licen|patients?|customers?|klient|pacjent|клиент|пациент)"
    r"[^\W\d_]+){0,2}?[ -]"
)
_AFTER = re.compile(rf"(?<![\w.,€$£-]){_COUNT}(?:{_BETWEEN}|[ -]?)(?P<unit>{_UNIT})", re.I)
_BEFORE = re.compile(
    r"(?<!\w)(?:employs?|employing|employed|headcount|workforce|staff|zatrudni\w+|załog\w+"
    r"|zatrudnienie|штат\w*|персонал\w*|численност\w*|трудится|трудятся|работает|работают)"
    r"(?:[:"
    r" ]+(?:of|at|is|about|around|over|some|nearly|almost|more|than|by|now|licz\w+|to|około|ok\.?"
    r"|ponad|blisko|prawie|z|ma|wynosi|в|из|около|более|свыше|почти|на|сотрудников|составляет"
    r"|сейчас|там|them)){0,3}"
    rf"[: ]+{_COUNT}(?! ?(?:%|percent|procent|процент|million|mln|млн|hours|godzin|часов|lat|лет"
    r"|years|users|days|dni|дней|sites|zakład|завод|shops|sklep|магазин|klient|клиент|pacjent|"
    r"пациент|customers|patients|per|a day))",
    re.I,
)
_SPELT = re.compile(
    rf"(?<!\w)(?P<digit>{'|'.join(_WRITTEN)}) (?P<times>thousand|hundred|tysi\w+|тысяч\w*)"
    rf"(?:{_BETWEEN}|[ -])(?P<unit>{_UNIT})"
    rf"|(?<!\w)(?P<whole>{'|'.join(_WHOLE)})(?:{_BETWEEN}|[ -])(?P<unit_of_whole>{_UNIT})",
    re.I,
)
# Before a number: people in these are not all who work there.
_PART_OF_THEM = re.compile(
    r"(?<!\w)(?:train\w*|workshop\w*|course\w*|team|teams|group|groups|committee|board|meeting\w*|demos?"
    r"|pilot\w*|seats?|licen\w+|users?|project\w*|call|webinar\w*|crew|department|unit|event"
    r"|conference|lay(?:s|ing)? off|laid off|fired?|hir(?:e|es|ed|ing)|recruit\w*|another|extra"
    r"|additional|more by|szkole\w*|warsztat\w*|zespoł\w*|zespół|grup\w*|komitet\w*|spotkani\w*"
    r"|pilotaż\w*|licencj\w*|projek\w*|konferencj\w*|zwoln\w*|zwalnia\w*|zatrudnić|rekrut\w*|dział\w*"
    r"|обуч\w*|тренинг\w*|групп\w*|команд\w*|комитет\w*|встреч\w*|пилот\w*|лиценз\w*|проект\w*"
    r"|конференци\w*|увол\w*|нанять|отдел\w*|наня\w*|семинар\w*|курс\w*)"
    r"(?:[ -][^\W\d_]+){0,3}[ :]*$",
    re.I,
)
# After a number: they come, or are served.
_THEY_COME = re.compile(
    r"^[ ]*(?:a day|a year|a month|a week|an hour|per |daily|each |every |visit|attend|live|in the"
    r" room|on the call|in the project|in the team|came|registered|served|dziennie|rocznie|na"
    r" godzinę|w sali|w zespole|w projekcie|przyjd|odwiedz|miesięcznie|w działe|в день|в год|в"
    r" месяц|в зале|в команде|в группе|в проекте|прид|посет|ежеднев|в отделе|за смену|в час)",
    re.I,
)
_NEGATED = re.compile(r"(?:^|[ ])(?:not|nie|не)[ ](?:with |for |z |с )?$", re.I)


@dataclass(frozen=True)
class Size:
    """A headcount and where the text has it."""

    headcount: int
    start: int
    end: int


def headcount_in(text: str) -> Size | None:
    """The first number of a text that says how many people work there."""
    sizes = [
        size
        for pattern in (_AFTER, _BEFORE, _SPELT)
        for found in pattern.finditer(text)
        if (size := _size(text, found))
    ]
    return min(sizes, key=lambda size: size.start, default=None)


def _size(text: str, found: "re.Match[str]") -> Size | None:
    parts = found.groupdict()
    clause = re.split(
        r"[,;.!?](?=\s)|\s[–—-]\s", text[max(0, found.start() - CLAUSE) : found.start()]
    )[-1]
    if _PART_OF_THEM.search(clause) or _NEGATED.search(clause):
        return None
    if _THEY_COME.match(text[found.end() :]):
        return None
    if parts.get("whole"):
        headcount = _WHOLE[parts["whole"].lower()]
    elif parts.get("digit"):
        headcount = _WRITTEN[parts["digit"].lower()] * _times(parts["times"])
    else:
        low = _number(parts["low"], parts["times"] or parts["times_high"])
        high = _number(parts["high"], parts["times_high"]) if parts["high"] else low
        if high < low:
            return None
        headcount = low if high == low else round(math.sqrt(max(1, low) * high))
    if not 0 < headcount <= LARGEST:
        return None
    return Size(headcount, found.start(), found.end())


def _number(written: str, times: str | None) -> int:
    if re.fullmatch(r"\d{1,3}(?:[ ,.'’\u00a0\u202f]\d{3})+", written):
        number = float(re.sub(r"\D", "", written))
    else:
        number = float(written.replace(",", "."))
    return round(number * _times(times))


def _times(written: str | None) -> int:
    if not written:
        return 1
    word = written.lower().rstrip(".")
    stems = (times for stem, times in _TIMES_STEMS.items() if word.startswith(stem))
    return _TIMES.get(word) or next(stems, 1)
