"""Names of people: what is compared, and which names can mean one person."""

import pytest

from workspace.people.names import name_key, names_alike, personal_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Horn, Ivo", "Ivo Horn"),
        ("Alm Berg, Rut Maria", "Rut Maria Alm Berg"),
        ("Prof. Dr. Rut Alm", "Rut Alm"),
        ("Rut Alm, MBA, PhD", "Rut Alm"),
        ("Rut Alm, DipHR", "Rut Alm"),
        ("Horn, Ivo, MBA", "Ivo Horn"),
        ("Ivo Horn PMP", "Ivo Horn"),
        ("Ivo Horn Jr.", "Ivo Horn"),
        ("🚀 Ivo “Ivi” Horn (he/him)", "Ivo Horn"),
        ("Yi Ma", "Yi Ma"),
        ("Lee Xin Ma", "Lee Xin Ma"),
        ("Dr. Horn", "Horn"),
        ("J. R. Horn", "J. R. Horn"),
        ("🙂", "🙂"),
    ],
)
def test_should_leave_a_name_without_titles(text, name):
    assert personal_name(text) == name


def test_should_compare_names_without_accents():
    assert name_key("Dr. Žofie Šímová") == name_key("SIMOVA, ZOFIE".title())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ольга Соколова", "Olga Sokolova"),
        ("Андрей Шевчук", "Andrii Shevchuk"),
        ("Béla Horváth", "Horváth Béla"),
        ("Jörg Größl", "Joerg Groessl"),
        ("Inês Lima", "Inês Maria Sá Lima"),
        ("W. Ash", "William Ash"),
        ("Bill Ash", "William Ash"),
        ("Γιάννης Παππάς", "Giannis Pappas"),
    ],
)  # fmt: skip
def test_should_see_one_person_in_two_spellings(one, other):
    assert names_alike(one, other)
    assert names_alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ivo Horn", "Rut Horn"),
        ("Ivo Horn", "Ivo Horning"),
        ("Horn", "Ivo Horn"),
        ("I. H.", "Ivo Horn"),
        ("Marta Wilk", "Marta Wilczek"),
        ("", "Ivo Horn"),
    ],
)
def test_should_see_two_people_in_two_names(one, other):
    assert not names_alike(one, other)
