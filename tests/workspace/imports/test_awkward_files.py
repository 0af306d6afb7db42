"""Files as offices have them: headers of other languages, counts, and names that stand twice."""

import pytest
from sqlmodel import select

from tests.workspace.imports.files import counts, load_text
from workspace.errors import Invalid
from workspace.imports.files import RawFile, split_rows
from workspace.imports.recognition import Reading, recognise
from workspace.people.tables import Person


def read(text, reading=None):
    return recognise(RawFile("file.csv", "", split_rows(text)), reading=reading)


@pytest.mark.parametrize(
    ("kind", "text", "cells"),
    [
        (
            "people",
            "Anrede;Vorname;Nachname;Firma;Funktion;E-Mail-Adresse;Telefon;Land\n"
            "Herr;Jörg;Weiß;Weiß GmbH;Leiter IT;joerg@weiss.example;030 1;Deutschland\n",
            {"name": "Jörg Weiß", "title": "Leiter IT", "country": "Deutschland", "phone": "030 1",
             "account": "Weiß GmbH", "email": "joerg@weiss.example"},
        ),
        (
            "people",
            "Imię;Nazwisko;Stanowisko;Firma;Adres e-mail;Kraj\n"
            "Łukasz;Żak;Dyrektor;Huta;lukasz@huta.example;Polska\n",
            {"name": "Łukasz Żak", "title": "Dyrektor", "country": "Polska", "account": "Huta",
             "email": "lukasz@huta.example"},
        ),
        (
            "people",
            "Имя;Фамилия;Должность;Компания;Электронная почта;Телефон\n"
            "Анна;Котова;Директор;Ромашка;anna@romashka.example;495 1\n",
            {"name": "Анна Котова", "title": "Директор", "account": "Ромашка", "phone": "495 1",
             "email": "anna@romashka.example"},
        ),
        (
            "accounts",
            "Компания;Сайт;Отрасль;Страна;Сотрудников;Город\n"
            "Ромашка;romashka.example;Металлургия;Россия;50;Тверь\n",
            {"account": "Ромашка", "domain": "romashka.example", "industry": "Металлургия",
             "country": "Россия", "headcount": "50", "city": "Тверь"},
        ),
        (
            "accounts",
            "Firma;Strona internetowa;Branża;Kraj;Liczba pracowników\n"
            "Huta;huta.example;Produkcja;Polska;51-200\n",
            {"account": "Huta", "domain": "huta.example", "industry": "Produkcja",
             "country": "Polska", "headcount": "51-200"},
        ),
    ],
)  # fmt: skip
def test_should_read_headers_of_other_languages(kind, text, cells):
    file = read(text)
    assert (file.kind, file.rows[0].cells) == (kind, cells)


def test_should_take_no_organisation_for_a_deal_because_its_deals_are_counted():
    header = "Name,Label,Address,People,Closed deals,Open deals,Owner,ID"
    file = read(f"{header}\nHuta,Hot,Długa 5,3,2,1,Ada,9\n")
    assert (file.kind, file.rows[0].cells["account"]) == ("accounts", "Huta")
    text = "Name,Owner,Stage,Total deals\nHuta,Ada,Demo,3\n"
    with pytest.raises(Invalid, match="'Total deals' counts deals"):
        read(text)
    assert read(text, Reading(columns={"total_deals": ""})).kind == "deals"


def test_should_not_take_two_contacts_of_one_name_for_one_where_their_ids_differ(
    database, tmp_path
):
    text = (
        "Record ID,First Name,Last Name,Email,Company\n"
        "101,Ewa,Nowak,ewa@huta.example,Huta\n102,Ewa,Nowak,,Huta\n"
    )
    report = load_text(database, tmp_path, text)
    assert counts(report) == (1, 0, 0, 1)
    assert "is in this file more than once (lines 2, 3)" in report.wrong[0][1]
    # The same contact twice is one.
    again = text.replace("102", "101")
    assert counts(load_text(database, tmp_path, again)) == (0, 0, 2, 0)
    with database.read() as session:
        assert session.exec(select(Person.name)).all() == ["Ewa Nowak"]
