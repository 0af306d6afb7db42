"""The day by which a sentence says that its deal is to close."""

from datetime import date

import pytest

from similarity.sentences.closing import closing_day_in

# A Monday.
ON = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("sentence", "day"),
    [
        ("Nurse scheduling, 120k PLN, closes in March", "2027-03-31"),
        ("Ovens for a Polish dairy, closes in may", "2027-05-31"),
        ("They may close in June", "2027-06-30"),
        ("Ovens, 120k PLN, by 15 January", "2027-01-15"),
        ("Ovens, 120k PLN, by January 15th", "2027-01-15"),
        ("Ovens at Zagonek, decision by the 15th of January", "2027-01-15"),
        ("Decision expected on January 15, 2028 by the board", "2028-01-15"),
        ("Ovens, hopefully by the end of the quarter", "2026-12-31"),
        ("Decision at the end of next quarter", "2027-03-31"),
        ("We sign the contract by end of February", "2027-02-28"),
        ("The deal will be signed in the second quarter of 2027", "2027-06-30"),
        ("Ovens, closing Q1 2027", "2027-03-31"),
        ("Ovens, in Q2", "2027-06-30"),
        ("Ovens. EOQ.", "2026-12-31"),
        ("closes at year end", "2026-12-31"),
        ("closes this month", "2026-11-30"),
        ("Ovens, next month", "2026-12-31"),
        ("closes next week", "2026-12-13"),
        ("closes by Friday", "2026-12-04"),
        ("closes in three weeks", "2026-12-21"),
        ("closes within 30 days", "2026-12-30"),
        ("Ovens, close: 15.01.2027", "2027-01-15"),
        ("closes on 2027-02-28", "2027-02-28"),
        ("closes 1/20/2027", "2027-01-20"),
        ("Close date 20/1/2027", "2027-01-20"),
        ("closing March", "2027-03-31"),
        ("closes no later than 3 Feb", "2027-02-03"),
        # Twice the same day is one day.
        ("Closes in March, decision by the end of March", "2027-03-31"),
        # A word about closing counts more than a clause of its own.
        ("Demo with users, decision by 15 January, in June", "2027-01-15"),
        ("Latarnia dla Zagonka, do końca kwartału", "2026-12-31"),
        ("Zamkniemy w marcu", "2027-03-31"),
        ("Podpisanie umowy do 15 stycznia", "2027-01-15"),
        ("Podpiszą najpóźniej do 15 stycznia 2027 r.", "2027-01-15"),
        ("Decyzja zapadnie w przyszłym miesiącu", "2026-12-31"),
        ("Piece dla mleczarni, w pierwszym kwartale", "2027-03-31"),
        ("Zamknięcie planowane na koniec lutego", "2027-02-28"),
        ("Zamykamy za dwa tygodnie", "2026-12-14"),
        ("Zamkniemy do piątku", "2026-12-04"),
        ("zamkniemy do konca roku", "2026-12-31"),
        ("Печи для молокозавода, 120 тыс., в июне", "2027-06-30"),
        ("Закроем в июне", "2027-06-30"),
        ("Решение до конца года", "2026-12-31"),
        ("Печи, к 15 января", "2027-01-15"),
        ("Подпишем договор до 15-го мая", "2027-05-15"),
        ("Закрытие сделки в первом квартале 2027", "2027-03-31"),
        ("Закроем в следующем месяце", "2026-12-31"),
        ("Решат через две недели", "2026-12-14"),
        ("Закроем к пятнице", "2026-12-04"),
    ],
)
def test_should_read_the_day_of_closing(sentence: str, day: str) -> None:
    assert closing_day_in(sentence, ON) == date.fromisoformat(day)


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "Nurse scheduling for a hospital with 2,000 people",
        # Verbs and names.
        "They may be interested, 2,000 people",
        "closing may be late",
        "Our champion is Anna March, who signs with March",
        "Signed by March",
        "An order by April May",
        # What has been.
        "since March they use Stratocast",
        "closed in March",
        "The pilot closed in March 2026",
        "closes in March 2024",
        "They replaced Stratocast, in March",
        "In March, they moved to Cork",
        "Zamknęliśmy w marcu",
        "Kupili piece, w marcu",
        "Закрыли в марте",
        "Они купили печи, в марте",
        # What is denied.
        "does not close in March",
        "They will never sign in March",
        "nie zamkniemy w marcu",
        "не закроем в июне",
        # Something else happens on the day.
        "demo in March",
        "They go live by 1 March",
        "Workshop on 15 January",
        "Ovens, 15 January",
        "Ovens, on 15 January",
        "close the plant in March",
        "closes its books in March",
        "Stratocast's contract ends in June",
        "Piece po 15 stycznia",
        "Встреча в июне",
        # Not known which day.
        "closes by March",
        "Ovens, do marca",
        "Печи, до марта",
        "closes before March",
        "closes in March or April",
        "zamkniemy w marcu lub kwietniu",
        "закроем в июне или июле",
        "closes in March, decision by 15 April",
        "closes 1/2/2027",
        "closes early March",
        "closes in mid-March",
        "closes in 2027",
        "closes in the summer",
        "closes 31 February",
        "closes on 2027-02-31",
        "closes by Monday",
        # As likely the last one as the next one.
        "closes in October",
        "closes on 28 November",
        # A slip of the pen.
        "closes in March 2072",
        # No dates.
        "closes in 15 plants",
        "against Q1 Systems, 34 doors",
        "version 15.01.2 of the software",
    ],
)
def test_should_read_no_day_where_none_is_sure(sentence: str) -> None:
    assert closing_day_in(sentence, ON) is None


def test_should_take_the_last_day_of_a_leap_february() -> None:
    assert closing_day_in("closes in February", date(2028, 1, 5)) == date(2028, 2, 29)
    assert closing_day_in("closes on 29 February", date(2027, 12, 1)) == date(2028, 2, 29)


def test_should_count_the_present_day_and_month() -> None:
    assert closing_day_in("closes on 30 November", ON) == ON
    assert closing_day_in("closes in November", ON) == ON
