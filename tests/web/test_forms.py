"""The form parser."""

import pytest

from web.forms import Form, is_link, parse_pairs
from workspace.errors import Invalid


def form(**sent: str) -> Form:
    return Form(sent.items())


def test_should_treat_an_empty_field_as_not_sent() -> None:
    empty = form(text=" ", number="", day="", amount="", choice="")
    assert empty.maybe("text", 10) is None
    assert empty.integer("number") is None
    assert empty.day("day") is None
    assert empty.money("amount") is None
    assert empty.choice("choice", ["a"]) is None
    empty.done()


def test_should_report_all_errors_at_once() -> None:
    wrong = form(name="", size="big", extra="x")
    wrong.text("name", 10, required=True)
    wrong.integer("size")
    with pytest.raises(Invalid) as refused:
        wrong.done()
    assert refused.value.fields.keys() == {"name", "size", "extra"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("125000", "125000"),
        ("125,000.50", "125000.50"),
        ("12,5", "12.5"),
        ("1 250 000", "1250000"),
        ("1'250'000", "1250000"),
        ("0", "0"),
    ],
)
def test_should_read_amounts_as_people_write_them(written: str, read: str) -> None:
    amount = form(amount=written)
    assert str(amount.money("amount")) == read
    amount.done()


@pytest.mark.parametrize("written", ["1,2,3", "1.234", "nan", "inf", "1e3", "-5", "٣", "1,23,456"])
def test_should_refuse_amounts_that_may_mean_two_things(written: str) -> None:
    amount = form(amount=written)
    assert amount.money("amount") is None
    assert "amount" in amount.wrong


def test_should_bound_whole_numbers() -> None:
    big = form(number=str(2**63))
    assert big.integer("number") is None
    assert "number" in big.wrong
    assert form(number=str(2**63 - 1)).integer("number") == 2**63 - 1


@pytest.mark.parametrize(
    ("written", "read"),
    [("2400", 2400), ("2,400", 2400), ("1.250.000", 1_250_000), ("1 250 000", 1_250_000), ("0", 0)],
)
def test_should_read_whole_numbers_as_people_write_them(written: str, read: int) -> None:
    number = form(number=written)
    assert number.integer("number") == read
    number.done()


@pytest.mark.parametrize(
    "written", ["2.5", "2,40", "1,250.000", "1,,250", "12_5", "-3", "+3", "1e3", "٣", "2400.", ","]
)
def test_should_refuse_whole_numbers_that_may_mean_two_things(written: str) -> None:
    number = form(number=written)
    assert number.integer("number") is None
    assert "such as 2400 or 2,400" in number.wrong["number"]


def test_should_refuse_a_field_that_is_sent_twice() -> None:
    twice = Form([("name", "a"), ("name", "b")])
    assert twice.text("name", 10) == ""
    assert twice.wrong == {"name": "Sent more than once."}


@pytest.mark.parametrize("body", [b"\xff=1", b"a=%ff", b"&".join([b"a=1"] * 600)])
def test_should_refuse_a_malformed_form(body: bytes) -> None:
    with pytest.raises(Invalid):
        parse_pairs(body)


@pytest.mark.parametrize("address", ["javascript:x", "data:x", "x", "//x", "http://", "http://a b"])
def test_should_accept_only_http_links(address: str) -> None:
    assert not is_link(address)
    assert is_link("https://example.com/a?b=c#d")
