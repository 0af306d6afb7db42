"""Dates in many languages, times of day, and the order of day and month in a column."""

from datetime import UTC, date, datetime

import pytest
from sqlmodel import select

from tests.workspace.imports.files import counts, load_text, put
from workspace.deals.tables import Deal
from workspace.errors import Invalid
from workspace.imports.dates import (
    DateOrder,
    read_birthday,
    read_day,
    read_first_day,
    read_last_day,
    read_moment,
)
from workspace.imports.recognition import Reading
from workspace.imports.run import import_files


@pytest.mark.parametrize(
    "text",
    [
        "5 listopada 2023", "5 lis 2023 r.", "5. November 2023", "5. Nov. 2023", "5 novembre 2023",
        "5. listopadu 2023", "5 ноября 2023 г.", "5 нояб. 2023", "5 листопада 2023 року",
        "5 de noviembre de 2023", "5 november 2023", "5-nov-23", "5/Nov/2023", "5nov2023",
        "November 5th, 2023", "Nov-5-2023", "2023-Nov-05", "5th of November 2023", "05.11.23",
        "Sunday, 5 November 2023", "Sun Nov 5, 2023", "Nov 5, 2023, 9:07 PM", "5. 11. 2023 21.07",
        "2023-11-05T21:07:00.000+0000", "niedziela, 5 listopada 2023",
    ],
)  # fmt: skip
def test_should_read_dates_of_many_languages(text):
    assert read_day(text) == date(2023, 11, 5)


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("20 stycznia 2023", 1), ("20 janv. 2023", 1), ("20. ledna 2023", 1), ("20 лют 2023", 2),
        ("20 février 2023", 2), ("20. März 2023", 3), ("20 марта 2023", 3), ("20 kwi 2023", 4),
        ("20. května 2023", 5), ("20 мая 2023", 5), ("20 juin 2023", 6), ("20. června 2023", 6),
        ("20. července 2023", 7), ("20 juil. 2023", 7), ("20 août 2023", 8), ("20 sie 2023", 8),
        ("20. září 2023", 9), ("20 wrz 2023", 9), ("20 paź 2023", 10), ("20. Okt. 2023", 10),
        ("20. Dez. 2023", 12), ("20 grudnia 2023", 12), ("20. prosince 2023", 12),
    ],
)  # fmt: skip
def test_should_read_the_names_of_months(text, month):
    assert read_day(text) == date(2023, month, 20)


def test_should_read_a_month_of_any_language_as_a_whole():
    assert read_first_day("maj 2023") == date(2023, 5, 1)
    assert read_last_day("únor 2024") == date(2024, 2, 29)


@pytest.mark.parametrize(
    "text",
    [
        "2023-11-05 21:07", "05.11.2023 21:07", "5.11.2023, 21:07:00", "11/13/2023 9:07 PM",
        "13/11/2023 21h07", "Nov 5, 2023, 9:07 p.m.", "5 Nov 2023 at 21:07",
        "5. 11. 2023 um 21:07 Uhr",
        "Sun, 05 Nov 2023 21:07:00 GMT", "2023-11-05 9:07PM", "2023-11-05T22:07+01",
        "2023-11-05T16:07:00-05:00", "2023/11/05 21.07", "20231105T21:07:00Z",
        "6.11.2023 0:07 UTC+3", "2023-11-05 22:07 CET", "2023-11-05 23:07 CEST",
        "5 Nov 2023 21:07:33.5 (server)",
    ],
)  # fmt: skip
def test_should_keep_the_time_of_day(text):
    day = 13 if "13" in text else 5
    assert read_moment(text).replace(second=0) == datetime(2023, 11, day, 21, 7, tzinfo=UTC)


@pytest.mark.parametrize("text", ["12:05 AM", "12:05 PM"])
def test_should_know_noon_from_midnight(text):
    hour = 0 if "AM" in text else 12
    assert read_moment(f"3/14/2024 {text}") == datetime(2024, 3, 14, hour, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2023-11-05 25:00", "2023-11-05 21:07 PST", "2023-11-05 13:00 PM", "5 Foo 2023 10:00",
             "2023-11-05 21:07 +99:00", "21:07", "2023-11-05 at noon"],
)  # fmt: skip
def test_should_refuse_a_time_that_it_cannot_read(text):
    with pytest.raises(Invalid):
        read_moment(text)


def dates_of(database):
    with database.read() as session:
        rows = session.exec(select(Deal).order_by(Deal.key)).all()
        return [(row.opened, row.expected_close) for row in rows]


def load_dates(database, folder, *rows, order=None):
    text = "deal,name,opened,expected_close\n" + "".join(
        f"{number},Lift,{opened},{expected}\n" for number, (opened, expected) in enumerate(rows)
    )
    path = put(folder, "dates.csv", text)
    with database.write() as session:
        reading = Reading(dates=order)
        return import_files(session, [path], None, folder / "errors", reading=reading)[0]


MARCH, APRIL = date(2024, 3, 4), date(2024, 4, 3)


@pytest.mark.parametrize(
    ("clear", "day"),
    [("3/25/2024", MARCH), ("03-25-24", MARCH), ("25/3/24", APRIL), ("25.03.2024", APRIL)],
)
def test_should_read_a_column_in_the_order_of_its_clear_dates(database, tmp_path, clear, day):
    report = load_dates(database, tmp_path, ("3/4/2024", ""), (clear, ""), ("03/04/24 10:00", ""))
    assert (counts(report), report.warnings) == ((3, 0, 0, 0), [])
    assert [opened for opened, _ in dates_of(database)] == [day, date(2024, 3, 25), day]


def test_should_read_a_column_like_the_others_of_its_file(database, tmp_path):
    report = load_dates(database, tmp_path, ("3/4/2024", "12/31/2031"))
    assert counts(report) == (1, 0, 0, 0)
    assert report.warnings == [
        "The dates of 'opened' were read month first, like the other dates of the file."
    ]
    assert dates_of(database) == [(MARCH, date(2031, 12, 31))]


def test_should_ask_for_the_order_that_no_date_settles(database, tmp_path):
    report = load_dates(database, tmp_path, ("3/4/2024", ""), ("5/5/2024", ""))
    assert "allow both orders" in report.warnings[0]
    assert dates_of(database) == [(None, None), (date(2024, 5, 5), None)]
    for order, day in ((DateOrder.DAY_FIRST, APRIL), (DateOrder.MONTH_FIRST, MARCH)):
        report = load_dates(database, tmp_path, ("3/4/2024", ""), order=order)
        assert (report.failed, report.warnings) == (0, [])
        assert dates_of(database)[0][0] == day


def test_should_not_choose_where_a_column_has_both_orders(database, tmp_path):
    rows = ("3/4/2024", ""), ("3/25/2024", ""), ("25/3/2024", "")
    report = load_dates(database, tmp_path, *rows)
    assert "are in both orders" in report.warnings[0]
    assert [opened for opened, _ in dates_of(database)][-2:] == [date(2024, 3, 25)] * 2


def test_should_read_dates_with_full_stops_day_first_and_say_so(database, tmp_path):
    report = load_dates(database, tmp_path, ("3.4.24", ""), ("03. 04. 2024", ""))
    assert report.warnings == [
        "Dates of 'opened' such as '3.4.24' were read day first, as dates with full stops are."
    ]
    assert [opened for opened, _ in dates_of(database)] == [APRIL, APRIL]


def test_should_read_dates_with_full_stops_as_their_column_shows(database, tmp_path):
    report = load_dates(database, tmp_path, ("03.04.2024", ""), ("3.25.2024", ""))
    assert (counts(report), report.warnings) == ((2, 0, 0, 0), [])
    assert [opened for opened, _ in dates_of(database)] == [MARCH, date(2024, 3, 25)]
    # In both orders, none that is unclear is read.
    rows = ("03.04.2024", ""), ("3.25.2024", ""), ("25.3.2024", "")
    report = load_dates(database, tmp_path, *rows)
    assert "are in both orders" in report.warnings[0]
    assert report.incomplete == 1


def test_should_leave_dates_in_texts_alone(database, tmp_path):
    text = "deal,name,opened,notes\n1,Lift,3/25/2024,Met on 3/4/2024\n2,Dock,3/4/2024,3/4/2024\n"
    assert counts(load_text(database, tmp_path, text)) == (2, 0, 0, 0)
    with database.read() as session:
        assert session.exec(select(Deal.notes).where(Deal.key == "2")).one() == "3/4/2024"


@pytest.mark.parametrize(
    "text",
    ["--0412", "--04-12", "1984-04-12", "19840412", "1984-04-12T00:00:00Z", "1604-04-12",
     "12 Apr 1984"],
)  # fmt: skip
def test_should_read_a_birthday_with_or_without_its_year(text):
    assert read_birthday(text) == "04-12"


def test_should_read_no_birthday_that_is_none():
    assert read_birthday("--0229") == "02-29"
    for text in ("--0230", "--1304", "0/0/00", "April"):
        with pytest.raises(Invalid):
            read_birthday(text)
