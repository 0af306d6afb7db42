"""Names of companies: legal forms, scripts and spellings."""

import unicodedata

import pytest

from workspace.accounts.company_names import company_keys, legal_form, same_company


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Borealis", "Borealis, Inc."),
        ("Borealis AB (publ)", "BOREALIS"),
        ("Tundra S.p.A.", "Tundra SpA"),
        ("Wilk Sp. z o.o. Sp.k.", "Wilk"),
        ("Böhm & Söhne GmbH & Co. KG", "Boehm und Soehne"),
        ("Řezník s.r.o.", "Reznik"),
        ("ООО «Северный ветер»", "Severnyy Veter"),
        ("Северсталь ПАО", "Severstal"),
        ("Brown + Green Pty Ltd", "Brown and Green"),
        ("Kaze Co., Ltd.", "Kaze K.K."),
        ("風株式会社", "風"),
        ("Tiber S.A. de C.V.", "Tíber"),
    ],
)
def test_should_know_a_company_without_its_legal_form(one, other):
    assert same_company(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Fresco", "Fres"),
        ("Corporate Gifts", "Gifts"),
        ("Limited Editions", "Editions"),
        ("Bank of the North", "Bank of the South"),
        ("Tundra Holding", "Tundra Group"),
        ("Brew & Co", "Brew"),
        ("Inc.", "Ltd"),
        ("Glue", "Glu"),
        ("!", "?"),
    ],
)
def test_should_not_take_two_companies_for_one(one, other):
    assert not same_company(one, other)


def test_should_leave_a_word_of_every_name():
    assert company_keys("AG") == ("ag",)
    assert legal_form("Wilk GmbH & Co. KG") == "gmbhandcokg"
    assert legal_form("Wilk") == ""


def test_should_read_an_umlaut_of_two_characters_as_one() -> None:
    decomposed = unicodedata.normalize("NFD", "Müller Möbel GmbH")
    assert decomposed != "Müller Möbel GmbH"
    assert company_keys(decomposed) == company_keys("Müller Möbel GmbH")
