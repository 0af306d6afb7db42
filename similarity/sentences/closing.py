"""Pure: the day by which a deal is to close, as a sentence says it in English, Polish and Russian.

'Closes in March', 'decision by 15 January', 'do końca kwartału' and 'в июне' name a day: the last
one that they allow. What is past, denied or ambiguous, such as 'by March' or 'March or April', and
days of something else, such as a demo, name none.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from workspace.clock import months_after
from workspace.deals.quarters import Quarter, quarter_of
from workspace.keys import joined

# A day or month without a year is the next one. Farther than this it may as well be the last one.
FARTHEST = timedelta(days=300)
# Farther than this, a year is a slip of the pen.
MOST_YEARS = 5


def _forms(*lists: str) -> dict[str, int]:
    """The numbers of words: each list has them in order, with a stroke between equal ones."""
    return {
        joined(form): number
        for words in lists
        for number, forms in enumerate(words.split(), start=1)
        for form in forms.split("|")
    }


_ENGLISH = _forms(
    "january|jan february|feb march|mar april|apr may june|jun july|jul august|aug"
    " september|sep|sept october|oct november|nov december|dec"
)
# 'w marcu', 'в марте'.
_INSIDE = {
    "w": _forms(
        "styczniu lutym marcu kwietniu maju czerwcu lipcu sierpniu wrześniu październiku"
        " listopadzie grudniu"
    ),
    "в": _forms(
        "январе феврале марте апреле мае июне июле августе сентябре октябре ноябре декабре"
    ),
}
# 'do końca marca', '15 марта'.
_OF = _forms(
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października"
    " listopada grudnia",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
)
_WEEKDAYS = _forms(
    "monday tuesday wednesday thursday friday saturday sunday",
    "poniedziałku wtorku środy czwartku piątku soboty niedzieli",
    "понедельника|понедельнику вторника|вторнику среды|среде четверга|четвергу пятницы|пятнице"
    " субботы|субботе воскресенья|воскресенью",
)
_ORDINALS = _forms(
    "first|1st|1 second|2nd|2 third|3rd|3 fourth|4th|4",
    "pierwszym|i|pierwszego drugim|ii|drugiego trzecim|iii|trzeciego czwartym|iv|czwartego",
    "первом|первого втором|второго третьем|третьего четвертом|четвертого",
)
_NUMBERS = {
    **_forms(
        "one|a two three four five six", "jeden dwa|dwie trzy cztery pięć sześć",
        "один|одну два|две три четыре пять шесть",
    ),
    **{str(number): number for number in range(1, 91)},
}  # fmt: skip
# The kinds of periods, in the forms that their words take.
_PERIODS = {
    joined(form): kind
    for kind, forms in {
        "week": "week tydzień tygodnia tygodniu tygodnie tygodni недели неделе неделю недель",
        "month": "month miesiąca miesiącu miesiąc miesiące miesięcy месяца месяце месяц месяцев",
        "quarter": "quarter kwartału kwartale kwartał квартала квартале квартал",
        "year": "year roku года году",
        "day": "day dni день дня дней",
    }.items()
    for form in forms.split()
}
_PERIODS |= {f"{form}s": kind for form, kind in _PERIODS.items() if form.isascii() and kind == form}
_NEXT = _forms("next|coming", "przyszłym|następnym|przyszłego|następnego", "следующем|следующего")
_THIS = _forms("this|the|current", "tym|tego|bieżącym|bieżącego", "этом|этого|текущем|текущего")


def _any(*phrases: str) -> str:
    """A pattern for any of these phrases, which are lists with semicolons; the longest first."""
    plain = {
        " ".join(map(joined, phrase.split()))
        for written in phrases
        for phrase in written.split(";")
    }
    return "(?:" + "|".join(sorted(plain, key=lambda phrase: (-len(phrase), phrase))) + ")"


_MONTH = rf"(?P<month>{_any(*_ENGLISH, *_OF)})"
_ENGLISH_MONTH = rf"(?P<month>{_any(*_ENGLISH)})"
_YEAR = r"(?:(?: of)? (?P<year>20\d\d)(?: (?:r|roku|года|г))?)?"
_DAY = r"(?P<day>\d{1,2})(?: ?(?:st|nd|rd|th|go|ego|го))?"
_WHICH = rf"(?P<which>{_any(*_NEXT, *_THIS)})"
_RELATIVE = rf"(?:(?:the )?{_WHICH} |the )?(?P<period>{_any(*_PERIODS)})"
_QUARTER = (
    rf"(?:q(?P<number>[1-4])|(?:the )?(?P<ordinal>{_any(*_ORDINALS)})(?: (?:м|го))?"
    rf" {_any('quarter; kwartale; kwartału; квартале; квартала')}){_YEAR}"
)
# Not 'on 15 March', by which something may take place.
_BY = _any(
    "by; by the; no later than; not later than; do; najpóźniej; najpóźniej do; nie później niż",
    "до; к; не позднее; не позже",
)
_BY_OR_ON = rf"(?:{_BY}|{_any('on; on the; na; dnia; на')})"
_AT_END = _any(
    "by end of; by the end of; end of; at the end of; before the end of; do końca; na koniec",
    "pod koniec; z końcem; w końcu; до конца; в конце; к концу",
)
Found = Callable[["re.Match[str]", date], date | None]


def _last_of_month(number: int, year: str | None, on: date) -> date | None:
    chosen = int(year) if year else on.year + (number < on.month)
    return date(chosen, number, monthrange(chosen, number)[1])


def _named_month(found: "re.Match[str]", on: date) -> date | None:
    name = found["month"]
    inside = {**_ENGLISH, **_OF, **_INSIDE["w"], **_INSIDE["в"]}
    return _last_of_month(inside[name], found["year"], on)


def _named_day(found: "re.Match[str]", on: date) -> date | None:
    month, day = {**_ENGLISH, **_OF}[found["month"]], int(found["day"])
    years = [int(found["year"])] if found["year"] else [on.year, on.year + 1]
    days = [date(year, month, day) for year in years if 0 < day <= monthrange(year, month)[1]]
    return next((each for each in days if each >= on), None)


def _written_day(found: "re.Match[str]", _on: date) -> date | None:
    try:
        return date.fromisoformat(found["written"])
    except ValueError:
        return None


def _last_day(quarter: Quarter) -> date:
    return quarter.next.first_day - timedelta(days=1)


def _named_quarter(found: "re.Match[str]", on: date) -> date | None:
    number = int(found["number"] or _ORDINALS[found["ordinal"]])
    year = int(found["year"] or on.year + (number < quarter_of(on).number))
    return _last_day(Quarter(year, number))


def _period(found: "re.Match[str]", on: date) -> date | None:
    """The last day of this or the next week, month, quarter or year."""
    after = (found["which"] or "") in _NEXT
    kind = _PERIODS[found["period"]]
    if kind == "week":
        return on + timedelta(days=6 - on.weekday() + 7 * after)
    if kind == "month":
        first = months_after(on.replace(day=1), int(after))
        return _last_of_month(first.month, str(first.year), on)
    if kind == "quarter":
        quarter = quarter_of(on)
        return _last_day(quarter.next if after else quarter)
    return date(on.year + after, 12, 31) if kind == "year" else None


def _short_end(found: "re.Match[str]", on: date) -> date | None:
    return {
        "eom": _last_of_month(on.month, None, on),
        "eoq": _last_day(quarter_of(on)),
        "eoy": date(on.year, 12, 31),
    }[found["end"]]


def _weekday(found: "re.Match[str]", on: date) -> date | None:
    days = (_WEEKDAYS[found["weekday"]] - 1 - on.weekday()) % 7
    # On a Friday, 'by Friday' is today or in a week.
    return on + timedelta(days=days) if days else None


def _from_now(found: "re.Match[str]", on: date) -> date | None:
    number, kind = _NUMBERS[found["count"]], _PERIODS[found["period"]]
    if kind in ("day", "week"):
        return on + timedelta(days=number * (7 if kind == "week" else 1))
    return months_after(on, number * {"month": 1, "quarter": 3, "year": 12}[kind])


_IN_MONTH = (
    rf"(?:in (?P<month>{_any(*_ENGLISH)})|we? (?P<month_w>{_any(*_INSIDE['w'])})"
    rf"|во? (?P<month_v>{_any(*_INSIDE['в'])})){_YEAR}"
)


def _in_month(found: "re.Match[str]", on: date) -> date | None:
    inside = {**_ENGLISH, **_INSIDE["w"], **_INSIDE["в"]}
    name = found["month"] or found["month_w"] or found["month_v"]
    return _last_of_month(inside[name], found["year"], on)


# What names a deadline by itself, in a clause of its own.
_DEADLINES: list[tuple[str, Found]] = [
    (rf"{_BY} (?P<written>20\d\d-\d\d-\d\d)", _written_day),
    (rf"{_BY} {_DAY}(?: of)? {_MONTH}{_YEAR}", _named_day),
    (rf"by {_ENGLISH_MONTH} (?:the )?{_DAY}{_YEAR}", _named_day),
    (_IN_MONTH, _in_month),
    (rf"(?:in|we?|во?) {_QUARTER}", _named_quarter),
    (rf"{_AT_END} {_MONTH}{_YEAR}", _named_month),
    (rf"{_AT_END} {_QUARTER}", _named_quarter),
    (rf"{_AT_END} {_RELATIVE}", _period),
    (r"(?:by|at|before) (?:the )?(?P<which>)(?P<period>month|quarter|year) ?end", _period),
    (r"(?:by )?(?P<end>eom|eoq|eoy)", _short_end),
    (
        rf"(?:(?:in|we?|во?) )?{_WHICH} (?P<period>"
        rf"{_any('month; quarter; miesiącu; kwartale; месяце; квартале')})",
        _period,
    ),
]
# What names the day of closing only after a word that says so.
_AFTER_CLOSING: list[tuple[str, Found]] = [
    *_DEADLINES,
    (rf"(?:{_BY_OR_ON} )?(?P<written>20\d\d-\d\d-\d\d)", _written_day),
    (rf"(?:{_BY_OR_ON} )?(?:the )?{_DAY}(?: of)? {_MONTH}{_YEAR}", _named_day),
    (rf"(?:(?:by|on) )?{_ENGLISH_MONTH} (?:the )?{_DAY}{_YEAR}", _named_day),
    (rf"{_ENGLISH_MONTH}{_YEAR}$", _named_month),
    (rf"{_QUARTER}$", _named_quarter),
    (
        rf"(?:(?:in|we?|во?|на) )?{_WHICH} (?P<period>"
        rf"{_any('week; year; tygodniu; roku; неделе; году')})",
        _period,
    ),
    (rf"(?:by|on|do|до|к) (?P<weekday>{_any(*_WEEKDAYS)})", _weekday),
    (
        rf"{_any('in; within; za; w ciągu; через; в течение')} (?P<count>{_any(*_NUMBERS)})"
        rf" (?P<period>{_any(*_PERIODS)})",
        _from_now,
    ),
]
_FORMS = {
    True: [(re.compile(pattern + r"(?= |$)"), day) for pattern, day in _AFTER_CLOSING],
    False: [(re.compile(pattern + r"(?= |$)"), day) for pattern, day in _DEADLINES],
}


def _words(*phrases: str) -> "re.Pattern[str]":
    return re.compile(rf"(?<!\S){_any(*phrases)}(?= |$)")


# What is going to happen to the deal; what has happened is spelt in other ways.
_CLOSING = _words(
    "close; closes; closing; be closed; sign; signs; signing; signature; be signed; decide",
    "decides; deciding; decision; award; purchase order",
    "zamknięcie; zamknięcia; zamkniemy; zamknie; zamkną; zamknąć; zamykamy; zamyka; podpisze",
    "podpiszą; podpiszemy; podpisujemy; podpisanie; podpisania; podpisać; decyzja; decyzję",
    "decyzji; decyzje; zdecydują; finalizacja; finalizujemy",
    "закроем; закроют; закроется; закрыть; закрытие; закрываем; закрывается; подпишем; подпишут",
    "подпишет; подписание; подписать; подписываем; решение; решат; решит; заключим; заключат",
    "сделка",
)
# Words that may stand between what happens and when.
_BETWEEN = re.compile(
    r"(?: "
    + _any(
        "the deal; this deal; our deal; deal; the contract; a contract; contract; the order; order",
        "the agreement; an agreement; agreement; it; is; be; to be; will; should",
        "likely; probably; hopefully; expected; planned; due; date; latest; sometime",
        "się; umowa; umowę; umowy; transakcji; transakcję; zamówienie; planowane; planowana; ma",
        "być; prawdopodobnie; pewnie; zapadnie; mamy; chcemy",
        "договор; контракт; сделку; сделки; договора; контракта; вероятно; планируем; ожидается",
        "скорее всего; должна; будет; примут",
    )
    + r"(?= ))*"
)
_DENIED = re.compile(
    rf"(?<!\S)(?:{_any('not; never; no; cannot; nie; ani; nigdy; не; ни; нет')}|\w+n t) "
)
# '… or April', '… at the earliest': the day is not known.
_OR_ELSE = re.compile(
    rf" {_any('or; and; to; at the earliest; lub; albo; czy; i; najwcześniej; или; либо; и')}"
    r"(?= |$)"
)
# A sentence that tells what has been; then 'in March' may be when.
_PAST = re.compile(
    r"(?<!\S)(?:(?!need )[a-z]{2,}ed|was|were|had|went|left|bought|lost|won|began|chose|came|made"
    r"|ran|\w+(?:lismy|lysmy)|\w{3,}(?:ili|yli|ali|ли|ла|ло|ил|ал))(?= |$)"
)
_ADVERBS = _any("hopefully; probably; likely; ideally; najlepiej; pewnie; вероятно; and; i; и")
_LEADING = re.compile(rf"(?:{_ADVERBS} )*")
# 'January 15, 2027' is one date.
_COMMA_OF_YEAR = re.compile(r"(?<=\d|[a-z]), (?=20\d\d\b)")
_SENTENCE = re.compile(r"[.!?;](?=\s|$)|\n")
_CLAUSE = re.compile(r"[,()–—]|\s-\s")
_WRITTEN = re.compile(
    r"(?<![\w.,/-])(?:(?P<iso>20\d\d-\d\d-\d\d)"
    r"|(?P<day>\d{1,2})(?P<mark>[./])(?P<month>\d{1,2})(?P=mark)(?P<year>20\d\d))(?![\w/-])"
)


def closing_day_in(text: str, on: date) -> date | None:
    """The day by which a text says that its deal is to close; None if it names none for sure."""
    said, likely = set[date | None](), set[date | None]()
    for number, sentence in enumerate(_SENTENCE.split(_with_written_days(text))):
        clauses = [_plain(clause) for clause in _CLAUSE.split(sentence)]
        clauses = [clause for clause in clauses if clause]
        for clause in clauses:
            said.update(_days_after_closing(clause, on))
        follows = number > 0 or len(clauses) > 1
        if clauses and follows and not any(map(_PAST.search, clauses)):
            start = _LEADING.match(clauses[-1])
            likely.update(_days_at(clauses[-1], start.end() if start else 0, on))
    days = said or likely
    day = next(iter(days)) if len(days) == 1 else None
    return day if day and on <= day <= months_after(on, 12 * MOST_YEARS) else None


def _with_written_days(text: str) -> str:
    """The text with its days in digits as '2027-01-15'; '1/2/2027' is not known to be either."""

    def put(found: "re.Match[str]") -> str:
        if found["iso"]:
            return found[0]
        day, month = int(found["day"]), int(found["month"])
        if found["mark"] == "/" and month > 12:
            day, month = month, day
        elif found["mark"] == "/" and day <= 12 and day != month:
            return found[0]
        return f"{found['year']}-{month:02}-{day:02}"

    return _COMMA_OF_YEAR.sub(" ", _WRITTEN.sub(put, text))


def _plain(clause: str) -> str:
    """The words of a clause in small letters without accents; days in digits stay together."""
    pieces = re.split(r"(?<!\d)(20\d\d-\d\d-\d\d)(?!\d)", clause)
    plain = (
        piece if at % 2 else " ".join(map(joined, re.findall(r"[^\W_]+", piece)))
        for at, piece in enumerate(pieces)
    )
    return " ".join(filter(None, plain))


def _days_after_closing(clause: str, on: date) -> Iterator[date | None]:
    for closing in _CLOSING.finditer(clause):
        if _DENIED.search(clause, 0, closing.start()):
            continue
        between = _BETWEEN.match(clause, closing.end())
        at = between.end() if between else closing.end()
        yield from _days_at(clause, at + 1, on, after_closing=True)


def _days_at(
    clause: str, at: int, on: date, *, after_closing: bool = False
) -> Iterator[date | None]:
    """The day that is named at a place; None if it is not known which one. Without a word about
    closing before it, it has to be all that the clause says."""
    named = [
        (found.end(), found, day)
        for pattern, day in _FORMS[after_closing]
        if (found := pattern.match(clause, at))
    ]
    if not named:
        return
    end, found, day = max(named, key=lambda each: each[0])
    if after_closing or end == len(clause):
        yield None if _OR_ELSE.match(clause, end) else _near(day(found, on), found, on)


def _near(day: date | None, found: "re.Match[str]", on: date) -> date | None:
    """A day without a year, unless it is so far that it may as well be a year earlier."""
    parts = found.groupdict()
    has_year = parts.get("year") or parts.get("written")
    return day if day and (has_year or day - on <= FARTHEST) else None
