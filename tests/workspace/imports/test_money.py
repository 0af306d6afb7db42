"""Amounts with the signs, codes and habits of many countries."""

from decimal import Decimal

import pycountry
import pytest

from tests.workspace.imports.files import counts, load_text
from workspace.errors import Invalid
from workspace.imports.money import Money, read_currency, read_money


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("¥3,500", "3500", "JPY"), ("￥3,500", "3500", "JPY"), ("3,500円", "3500", "JPY"),
        ("₹7,25,000.50", "725000.5", "INR"), ("Rs 7,25,000", "725000", "INR"),
        ("INR 12,34,567", "1234567", "INR"), ("₹2.5 crore", "25000000", "INR"),
        ("R$ 2.750,25", "2750.25", "BRL"), ("2 750,25 Kč", "2750.25", "CZK"),
        ("Kč 99", "99", "CZK"), ("15 000 Ft", "15000", "HUF"), ("₴ 2 500", "2500", "UAH"),
        ("2 500,50 грн.", "2500.5", "UAH"), ("₺ 4.200", "4200", "TRY"),
        ("4.200,10 TL", "4200.1", "TRY"), ("C$75", "75", "CAD"), ("AU$75", "75", "AUD"),
        ("NZ$ 75", "75", "NZD"), ("S$75", "75", "SGD"), ("NT$7,500", "7500", "TWD"),
        ("MX$75.5", "75.5", "MXN"), ("US$ 75", "75", "USD"), ("$75 CAD", "75", "CAD"),
        ("CAD $75", "75", "CAD"), ("$9,000.00 USD", "9000", "USD"), ("₩90,000", "90000", "KRW"),
        ("₪90", "90", "ILS"), ("฿90", "90", "THB"), ("₫90.000", "90000", "VND"),
        ("₦90", "90", "NGN"), ("₱90", "90", "PHP"), ("RM 90", "90", "MYR"),
        ("Rp 90.000", "90000", "IDR"), ("S/ 90", "90", "PEN"), ("R 90", "90", "ZAR"),
        ("90 lei", "90", "RON"), ("90 ден", "90", "MKD"), ("90 тыс. ₽", "90000", "RUB"),
        ("1,5 млрд руб.", "1500000000", "RUB"), ("90 ₸", "90", "KZT"),
        ("SEK 75 000:-", "75000", "SEK"), ("75.000:-", "75000", None),
        ("75.000,-", "75000", None), ("75.000,-- €", "75000", "EUR"), ("CHF 75.–", "75", "CHF"),
        ("€7.250", "7250", "EUR"), ("7.250 zł", "7250", "PLN"), ("KWD 7.5", "7.5", "KWD"),
        ("7 Mrd. €", "7000000000", "EUR"), ("500 NOK kr", "500", "NOK"),
        ("5億円", "500000000", "JPY"),
    ],
)  # fmt: skip
def test_should_read_amounts_of_many_countries(text, amount, currency):
    assert read_money(text) == Money(Decimal(amount), currency)


def test_should_read_the_code_of_every_currency():
    for currency in pycountry.currencies:
        code = currency.alpha_3
        for text in (f"{code} 1,500.25", f"1,500.25 {code}", f"{code.lower()}1500.25"):
            assert read_money(text) == Money(Decimal("1500.25"), code)


@pytest.mark.parametrize("text", ["kr 500", "500 kr.", "Bs 500", "500 br"])
def test_should_not_choose_among_the_currencies_of_a_sign(text):
    money = read_money(text)
    assert money.currency is None
    assert len(money.possible) > 1


@pytest.mark.parametrize(
    "text", ["KWD 1.234", "$5 EUR", "1,23,456 €", "5 kk", "₿5", "7.250", "1.2.3 €", "€", "5 $ x"]
)
def test_should_refuse_what_is_no_certain_amount(text):
    with pytest.raises(Invalid):
        read_money(text)


def test_should_let_the_column_of_currencies_decide_what_a_sign_means(database, tmp_path):
    text = (
        "deal,amount,currency\n1,kr 500,NOK\n2,$500,CAD\n3,¥500,CNY\n4,Rs. 500,PKR\n5,£500,\n"
        "6,kr 500,USD\n7,¥500,USD\n"
    )
    assert counts(load_text(database, tmp_path, text)) == (5, 0, 0, 2)


def test_should_read_currencies_by_sign_and_name():
    texts = ("Kč", "₹", "us dollar", "Euro", "Swiss Franc", "pln")
    assert [read_currency(text) for text in texts] == ["CZK", "INR", "USD", "EUR", "CHF", "PLN"]
    with pytest.raises(Invalid, match="could be SEK or NOK"):
        read_currency("kr")
