"""Likely duplicates: which records may be one, and why."""

from pathlib import Path

import pytest

from tests.world import World
from workspace.accounts.accounts import add_account
from workspace.duplicates.evaluation import evaluate_duplicates
from workspace.duplicates.finding import account_records, contact_records
from workspace.duplicates.matching import Reason, Record, likely_duplicates
from workspace.errors import Invalid
from workspace.people.people import add_contact

COMPANIES = [
    Record("1", ("Zagonek Foods Sp. z o.o.",), domains=frozenset(["zagonek.pl"])),
    Record("2", ("ZAGONEK FOODS",), domains=frozenset(["zagonek.pl"]), town="Poznań"),
    Record("3", ("Harbour Grill",), street="12 Quay St", town="Hull", phone="+44 1482 555 123"),
    Record("4", ("The Harbour Gril",), street="12 Quay Street", town="Hull", phone="01482-555123"),
    Record("5", ("Harbour Grill",), street="7 Mill Lane", town="Leeds", phone="0113 555 9911"),
    Record("6", ("ООО «Северный Ветер»",)),
    Record("7", ("Severny Veter LLC",)),
    Record("8", ("Norrland Timber AB",)),
]
PEOPLE = [
    Record("1", ("Сергей Викторович Мельников",), person=True),
    Record("2", ("Sergei Melnikov",), person=True),
    Record("3", ("Viktor Melnikov",), person=True),
    Record("4", ("محمد حسن",), person=True),
    Record("5", ("Mohammed Hassan",), person=True),
    Record("6", ("Dr. Bob Ashcroft, MBA",), person=True, employer="Tarn plc"),
    Record("7", ("Ashcroft, Robert",), person=True, employer="Tarn"),
    Record("8", ("Anna Lindqvist",), person=True, emails=frozenset(["anna@one.example"])),
    Record("9", ("Anna Bergström",), person=True, emails=frozenset(["anna@one.example"])),
]


def test_should_find_companies_by_name_domain_and_address() -> None:
    pairs = likely_duplicates(COMPANIES)
    assert {(pair.one, pair.other) for pair in pairs} == {("1", "2"), ("3", "4"), ("6", "7")}
    grill = next(pair for pair in pairs if pair.one == "3")
    assert set(grill.reasons) == {Reason.NAME, Reason.STREET, Reason.TOWN, Reason.PHONE}


def test_should_find_the_pairs_of_some_alone() -> None:
    pairs = likely_duplicates(COMPANIES, new={"2", "3", "4"})
    assert {frozenset((pair.one, pair.other)) for pair in pairs} == {
        frozenset("12"), frozenset("34"),
    }  # fmt: skip


def test_should_find_people_in_all_scripts_and_orders() -> None:
    pairs = {(pair.one, pair.other) for pair in likely_duplicates(PEOPLE)}
    assert pairs == {("1", "2"), ("4", "5"), ("6", "7"), ("8", "9")}


def test_should_measure_a_folder_of_records_and_true_pairs(tmp_path: Path) -> None:
    (tmp_path / "records.csv").write_text(
        "id,name,city\na,Tarn plc,Kendal\nb,TARN PLC,Kendal\nc,Tarn,Oslo\nd,Elm,Bath\n",
        encoding="utf-8",
    )
    (tmp_path / "pairs.csv").write_text("one,other,same\nb,a,1\nc,d,0\n", encoding="utf-8")
    report = evaluate_duplicates(tmp_path)
    assert report["records"] == 4
    assert (report["precision"], report["recall"], report["f1"]) == (1.0, 1.0, 1.0)
    (tmp_path / "pairs.csv").write_text("one,other\na,zz\n", encoding="utf-8")
    with pytest.raises(Invalid, match="line 2"):
        evaluate_duplicates(tmp_path)


def pairs_of(*names: str, person: bool | None = None) -> set[tuple[str, str]]:
    """The names that are found to be one, among others."""
    others = [
        "Tarn Optics",
        "Elm Row Bakery",
        "Fjordline Cargo",
        "Quince & Daughters",
        "Ostrava Pumps",
    ]
    records = [Record(name, (name,), person=person) for name in (*names, *others)]
    return {(pair.one, pair.other) for pair in likely_duplicates(records)}


def test_should_know_people_by_their_names_where_nothing_says_what_they_are() -> None:
    assert pairs_of("Виктор Орлов", "Сергей Викторович Орлов", "Viktor Orlov") == {
        ("Виктор Орлов", "Viktor Orlov")
    }
    assert pairs_of("Ali Hasan", "Али Хасанов") == set()
    assert pairs_of("Volodymyr Sirko", "Владимир Сирко") == {("Volodymyr Sirko", "Владимир Сирко")}
    assert pairs_of("بنك صحار", "Bank Sohar", "Bank Siauliu") == {("بنك صحار", "Bank Sohar")}


def test_should_take_what_stands_behind_a_legal_form_for_a_place() -> None:
    pairs = pairs_of(
        "Velden Pharma N.V.", "VELDEN PHARMA NV, UTRECHT", "Velden Logistics BV", person=False
    )
    assert pairs == {("Velden Pharma N.V.", "VELDEN PHARMA NV, UTRECHT")}


def test_should_not_take_colleagues_of_one_surname_for_one() -> None:
    def colleague(name: str, employer: str = "Halden Works") -> Record:
        return Record(name, (name,), person=True, employer=employer, town="Oslo")

    crowd = [
        colleague(f"{first}a {last}o", f"{last}o Foods") for first in "BCDF" for last in "GHJK"
    ]
    staff = [colleague("Marit Solberg"), colleague("Anders Solberg"), colleague("Andres Solberg")]
    found = {(pair.one, pair.other) for pair in likely_duplicates([*crowd, *staff])}
    assert found == {("Anders Solberg", "Andres Solberg")}


def test_should_give_the_telephone_and_the_address_of_the_record_as_reasons(
    world: World,
) -> None:
    at_quay = {"street": "12 Quay Street", "city": "Hull", "postcode": "HU1 1AA", "country": "GB"}
    with world.database.write() as session:
        one = add_account(session, "Harbour Grill", phone="+44 1482 555 123", **at_quay)
        other = add_account(session, "The Harbour Gril", phone="112; 01482/555123", **at_quay)
        ann = add_contact(session, "Ann Oduya", None, phone="+44 7700 900 123", city="Hull")
        anna = add_contact(session, "Anna Oduya", None, phone="07700 900123", city="Hull")
        accounts, people = (
            {frozenset((pair.one, pair.other)): pair.reasons for pair in likely_duplicates(records)}
            for records in (list(account_records(session)), list(contact_records(session)))
        )
    reasons = set(accounts[frozenset((str(one.id), str(other.id)))])
    assert reasons == {Reason.NAME, Reason.PHONE, Reason.STREET, Reason.TOWN, Reason.POSTCODE}
    assert Reason.PHONE in people[frozenset((str(ann.id), str(anna.id)))]
