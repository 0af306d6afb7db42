"""The readers of cells: what they read, and what they refuse."""

import contextlib
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workspace.imports.files import ODD_TEXTS
from workspace.errors import Invalid
from workspace.imports.cells import (
    read_boolean,
    read_choice,
    read_domain,
    read_email,
    read_key,
    read_line,
    read_link,
    read_list,
    read_name,
    read_number,
    read_prose,
    read_whole,
)
from workspace.imports.dates import read_day, read_first_day, read_last_day, read_moment
from workspace.imports.money import LARGEST_AMOUNT, Money, read_currency, read_money

PARSERS = (
    read_line, read_prose, read_name, read_key, read_list, read_email,
    read_domain, read_link, read_boolean, read_number, read_whole, read_money,
    read_currency, read_day, read_first_day, read_last_day, read_moment,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1054", "1054", None),
        ("$1,234,567", "1234567", "USD"),
        ("$1,234.50", "1234.5", "USD"),
        ("250k", "250000", None),
        ("1.5M USD", "1500000", "USD"),
        ("1,5 mln zł", "1500000", "PLN"),
        ("2bn", "2000000000", None),
        ("1 234,50", "1234.5", None),
        ("1\u00a0234,50 zł", "1234.5", "PLN"),
        ("1\u202f234\u202f567 €", "1234567", "EUR"),
        ("1.234,50", "1234.5", None),
        ("€ 1.234.567", "1234567", "EUR"),
        ("1'234.50", "1234.5", None),
        ("CHF 1’234.50", "1234.5", "CHF"),
        ("1,234", "1234", None),
        ("0.125", "0.13", None),
        ("1234.567", "1234.57", None),
        ("12,5", "12.5", None),
        ("5 MXN", "5", "MXN"),
        ("５０", "50", None),
        ("999999999999.99", "999999999999.99", None),
    ],
)
def test_should_read_amounts(text, amount, currency):
    assert read_money(text) == Money(Decimal(amount), currency)


@pytest.mark.parametrize(
    "text",
    [
        "", "abc", "1.234", "12.345k", "-5", "(5)", "$-1,000", "1e6", "75%", "1,2,3", "12 34",
        "1,23,456", "1 XYZ", "USD 5 EUR", "1000000000000", "9" * 5000, "Infinity", "NaN", "٣",
        "9999b", "1..2", "5k k",
    ],
)  # fmt: skip
def test_should_refuse_what_is_no_certain_amount(text):
    with pytest.raises(Invalid):
        read_money(text)


def test_should_say_how_an_ambiguous_amount_could_be_read():
    with pytest.raises(Invalid, match=r"'1.234' could be 1234 or 1 and a fraction"):
        read_money("1.234")


@given(st.decimals(0, LARGEST_AMOUNT, places=2, allow_nan=False, allow_infinity=False))
def test_should_read_every_amount_however_it_is_grouped(amount):
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    french = english.translate(str.maketrans(",.", "\u202f,"))
    for text in (f"{amount:.2f}", english, german, french, f"${english}", f"{german} €"):
        assert read_money(text).amount == amount, text


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-12", "2024/3/12", "20240312", "12 Mar 2024", "12 March 2024", "12-Mar-24",
        "Mar 12, 2024", "march 12 2024", "12th March 2024", "12.03.2024", "12. 3. 2024",
        "12.03.24", "2024-03-12T10:00:00Z", "2024-03-12 10:00:00", "2024-03-12T10:00:00.000+02:00",
        " 2024-03-12 ",
    ],
)  # fmt: skip
def test_should_read_dates(text):
    assert read_day(text) == date(2024, 3, 12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7-Feb-22", date(2022, 2, 7)),
        ("25/03/2024", date(2024, 3, 25)),
        ("3/25/2024", date(2024, 3, 25)),
        ("3/3/2024", date(2024, 3, 3)),
        ("1 sept 1999", date(1999, 9, 1)),
        ("1-Jan-70", date(1970, 1, 1)),
    ],
)
def test_should_read_dates_whose_order_is_clear(text, expected):
    assert read_day(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "2024", "03/2024", "2024-13-01", "31.02.2024", "2023-02-29", "12/11/10",
        "45000", "0024-01-01", "1899-12-31", "2201-01-01", "12 Foo 2024", "2024-03-12 nonsense",
        "1" * 5000, "١٢.٠٣.٢٠٢٤",
    ],
)  # fmt: skip
def test_should_refuse_what_is_no_certain_date(text):
    with pytest.raises(Invalid):
        read_day(text)


def test_should_say_how_an_ambiguous_date_could_be_read():
    with pytest.raises(Invalid) as refused:
        read_day("03/04/2024")
    assert str(refused.value) == (
        "'03/04/2024' could be 03 April or 04 March: write 2024-04-03 or 2024-03-04."
    )


@given(st.dates(date(1970, 1, 1), date(2068, 12, 31)))
def test_should_read_every_date_however_it_is_written(day):
    for form in ("%Y-%m-%d", "%d %b %Y", "%d-%b-%y", "%d.%m.%Y", "%B %d, %Y", "%Y%m%d"):
        assert read_day(day.strftime(form)) == day, form


def test_should_read_a_month_or_a_year_as_a_whole():
    for text, first, last in (
        ("2016", date(2016, 1, 1), date(2016, 12, 31)),
        ("2016-02", date(2016, 2, 1), date(2016, 2, 29)),
        ("12/2016", date(2016, 12, 1), date(2016, 12, 31)),
        ("Sep 2016", date(2016, 9, 1), date(2016, 9, 30)),
        ("2016-09-05", date(2016, 9, 5), date(2016, 9, 5)),
    ):
        assert (read_first_day(text), read_last_day(text)) == (first, last)
    for text in ("2016-13", "13/2016", "Foo 2016", "0000", "12-Feb"):
        with pytest.raises(Invalid):
            read_first_day(text)
        with pytest.raises(Invalid):
            read_last_day(text)


def test_should_read_moments_in_utc():
    noon = datetime(2024, 3, 12, 12, tzinfo=UTC)
    for text in ("2024-03-12T12:00", "2024-03-12 12:00:00Z", "2024-03-12T14:00:00+02:00"):
        assert read_moment(text) == noon
    assert read_moment("12 Mar 2024") == datetime(2024, 3, 12, tzinfo=UTC)
    for text in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "yesterday"):
        with pytest.raises(Invalid):
            read_moment(text)


def test_should_read_yes_and_no():
    assert [read_boolean(text) for text in ("yes", "TRUE", "1", "x", "tak")] == [True] * 5
    assert [read_boolean(text) for text in ("no", "False", "0", "n", "nein")] == [False] * 5
    with pytest.raises(Invalid, match="neither yes nor no"):
        read_boolean("maybe")


def test_should_bound_whole_numbers():
    assert read_whole("1,234") == 1234
    assert read_whole("2147483647") == 2147483647
    for text in ("2147483648", "9" * 30, "1.5", "-1", "11-50", "1e3", "ten"):
        with pytest.raises(Invalid):
            read_whole(text)


def test_should_bound_texts():
    assert read_line(" a\r\n b\t c ", 5) == "a b c"
    assert read_prose(" a\r\nb\rc ") == "a\nb\nc"
    with pytest.raises(Invalid, match="6 characters are too many: at most 5"):
        read_line("abcdef", 5)
    with pytest.raises(Invalid):
        read_prose("x" * 100_001)
    for text in ("!!!", "   ", "🙂", "-"):
        with pytest.raises(Invalid):
            read_name(text)
    assert read_name("Żabka 2") == "Żabka 2"


def test_should_make_keys_that_can_stand_in_an_address():
    assert read_key("OPP 2024/17") == "OPP-2024-17"
    assert read_key("1C1I7A6R") == "1C1I7A6R"
    assert read_key("../../etc/passwd") == "etc-passwd"
    assert read_key("сделка №5") == "сделка-5"
    for text in ("..", "/", "x" * 81):
        with pytest.raises(Invalid):
            read_key(text)


def test_should_read_several_values():
    assert read_list("a; b ;;a; c d") == ["a", "b", "c d"]


def test_should_read_addresses():
    assert read_email(" Ann@Example.COM ") == "ann@example.com"
    for text in ("ann", "@x.com", "a@b", "a@b..com", "a b@c.com", "a@b@c.com", "a@b.com,c@d.com"):
        with pytest.raises(Invalid):
            read_email(text)
    assert read_domain("https://www.Example.com/about?x=1") == "example.com"
    with pytest.raises(Invalid):
        read_domain("javascript://alert(1)@x y")
    assert read_link("https://example.com/a?b#c") == "https://example.com/a?b#c"
    for text in ("javascript:alert(1)", "data:text/html,x", "//x.com", "http://", "https://a b"):
        with pytest.raises(Invalid):
            read_link(text)


def test_should_read_currencies_and_choices():
    assert read_currency("eur") == "EUR"
    assert read_currency("$") == "USD"
    with pytest.raises(Invalid):
        read_currency("doubloon")
    assert read_choice("ROI Model", ["ROI model", "deck"]) == "ROI model"
    with pytest.raises(Invalid, match="'song' is none of ROI model, deck"):
        read_choice("song", ["ROI model", "deck"])


@given(st.text(max_size=80), st.sampled_from(PARSERS))
def test_should_read_or_refuse_any_text(text, parse):
    with contextlib.suppress(Invalid):
        parse(text)


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
def test_should_read_or_refuse_every_odd_text(parse):
    for text in ODD_TEXTS:
        with contextlib.suppress(Invalid):
            parse(text)
