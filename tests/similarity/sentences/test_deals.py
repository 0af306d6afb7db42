"""A deal's name and amount in one sentence."""

import pytest

from similarity.sentences.deals import LONGEST_NAME, amount_in, name_in


@pytest.mark.parametrize(
    ("sentence", "amount", "currency"),
    [
        ("Nurse scheduling, 120k PLN, closes in March", 120_000, "PLN"),
        ("£1.5m for 34 doors", 1_500_000, "GBP"),
        ("Pilot for 34 EUR a seat", 34, "EUR"),
        ("worth EUR 1 250 000, with 2,000 people", 1_250_000, "EUR"),
        ("USD 80,000 since the ERP 2000 failed", 80_000, "USD"),
        ("umowa na 300 tys. zł", 300_000, "PLN"),
        ("a dairy with 2,000 people and 12 km of pipes", None, None),
        ("34 doors, three plants, since 2019", None, None),
        ("ALL 34 hospitals TRY 3 sites for TRY 50,000", 50_000, "TRY"),
    ],
)
def test_should_find_an_amount_where_a_currency_is_beside_it(
    sentence: str, amount: int | None, currency: str | None
) -> None:
    found = amount_in(sentence)
    assert (found and found.amount, found and found.currency) == (amount, currency)


@pytest.mark.parametrize(
    ("sentence", "account", "name"),
    [
        ("Ovens at Zagonek Foods, 120k PLN", "Zagonek Foods", "Ovens at Zagonek Foods"),
        ("Lantern for three ovens at Zagonek Foods", "Zagonek Foods", "Lantern for three ovens"),
        ("Nurse scheduling for the Whitmoor Trust.", "Whitmoor Trust", "Nurse scheduling"),
        ("Opalux Dairy, a dairy in Cork", "Opalux Dairy", "Opalux Dairy, a dairy in Cork"),
        ("Opalux wants a plan of shifts, 120k PLN", "Opalux", "Plan of shifts"),
        ("Opalux, a dairy in Cork, is looking for cold stores", "Opalux", "Cold stores"),
        ("Opalux does not want shifts but needs cold stores", "Opalux", "Cold stores"),
        ("Opalux potrzebuje grafiku dla magazynu", "Opalux", "Grafiku dla magazynu"),
        ("Опалюкс хочет купить склады холода, Корк", "Опалюкс", "Склады холода"),
        ("Opalux needs ovens", "Opalux", "Opalux needs ovens"),
        ("The plant needs cold stores at Opalux", "Opalux", "The plant needs cold stores"),
        ("nurse scheduling – too much agency spending", "", "nurse scheduling"),
    ],
)
def test_should_make_a_short_name(sentence: str, account: str, name: str) -> None:
    assert name_in(sentence, account) == name


def test_should_cut_a_long_name_between_words() -> None:
    name = name_in("word " * 60, "")
    assert len(name) <= LONGEST_NAME
    assert name.endswith("word…")
