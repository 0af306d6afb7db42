"""Rows of accounts and products."""

import pytest
from sqlmodel import col, select

from tests.workspace.imports.files import (
    counts,
    load,
    load_text,
)
from workspace.accounts.accounts import Account
from workspace.deals.tables import (
    Product,
)
from workspace.exports.spreadsheets import write_csv, write_xlsx


def test_should_not_make_a_customer_a_prospect_again(database, tmp_path):
    load_text(database, tmp_path, "deal,name,account,stage\n1,One,Acme,Won\n2,Two,Basel,Lost\n")
    report = load_text(database, tmp_path, "account,relationship\nAcme,prospect\nBasel,partner\n")
    assert counts(report) == (0, 1, 1, 0)


def test_should_take_no_customer_from_a_confidential_deal(world, database, tmp_path):
    won = "deal,name,account,stage,owner,confidential\n1,One,Acme,Won,{},yes\n2,Two,Basel,Won,,\n"
    won = won.format(world.email("alice"))
    load_text(database, tmp_path, won)
    with database.read() as session:
        named = col(Account.name).in_(("Acme", "Basel"))
        relationships = select(Account.name, Account.relationship).where(named)
        found = dict(session.exec(relationships).all())
        assert found == {"Acme": "prospect", "Basel": "customer"}
    both = "account,relationship\nAcme,{0}\nBasel,{0}\n"
    load_text(database, tmp_path, both.format("customer"))
    assert counts(load_text(database, tmp_path, both.format("prospect"))) == (0, 1, 1, 0)
    with database.read() as session:
        named = col(Account.name).in_(("Acme", "Basel"))
        relationships = select(Account.name, Account.relationship).where(named)
        found = dict(session.exec(relationships).all())
        assert found == {"Acme": "prospect", "Basel": "customer"}


def test_should_keep_parents_from_going_round_in_circles(database, tmp_path):
    report = load_text(database, tmp_path, "account,parent\nA,B\nB,C\nC,A\nD,D2\n")
    # A circle is cut at one row, which loses its parent and nothing else.
    assert (report.created + report.updated, report.incomplete, report.failed) == (3, 1, 0)
    with database.read() as session:
        parents = dict(session.exec(select(Account.id, Account.parent_id)).all())
        for start in parents:
            seen, at = set(), start
            while at is not None:
                assert at not in seen
                seen.add(at)
                at = parents[at]


def test_should_list_what_a_file_of_products_names(world, database, tmp_path):
    text = "deal,name,owner,products,confidential\nX-1,Quiet,{},Hush Box,yes\n"
    load_text(database, tmp_path, text.format(world.email("alice")))
    report = load_text(database, tmp_path, "product,family\nHushBox,Data\n", by=1)
    assert counts(report) == (1, 0, 0, 0)
    with database.read() as session:
        found = session.exec(select(Product).where(Product.name == "HushBox")).one()
        assert (found.listed, found.family) == (True, "Data")


def test_should_take_a_usual_headcount_of_a_band(database, tmp_path):
    text = "account,headcount\nBorealis,201-500\nTundra,>300\nLumen,many\n"
    report = load_text(database, tmp_path, text)
    assert (counts(report), report.incomplete) == ((3, 0, 0, 0), 1)
    assert "The headcount '201-500' was read as 320." in report.warnings
    load_text(database, tmp_path, "account,headcount\nBorealis,412\n")
    # A number that is known exactly stays, until the band contradicts it.
    assert counts(load_text(database, tmp_path, text)) == (0, 0, 3, 0)
    load_text(database, tmp_path, "account,headcount\nTundra,11-50\n")
    with database.read() as session:
        found = dict(session.exec(select(Account.name, Account.headcount)).all())
        assert found == {"Borealis": 412, "Tundra": 23, "Lumen": None}


def accounts_of(database):
    with database.read() as session:
        rows = session.exec(select(Account).order_by(Account.id)).all()
        return [(row.name, row.domain, row.country) for row in rows]


HEADER = "account,domain,country\n"


def test_should_know_an_account_by_its_domain(database, tmp_path):
    text = (
        f"{HEADER}Borealis,borealis.example,NO\nBorealis Shipping AS,www.borealis.example,NO\n"
        "Северный Ветер,veter.example,RU\nSevernyy Veter,https://veter.example/en,\n"
        "Böhm & Co,boehm.example,DE\nBoehm und Co,BOEHM.example,DE\n"
    )
    report = load_text(database, tmp_path, text)
    assert counts(report) == (3, 0, 3, 0)
    assert "'Borealis Shipping AS' was read as Borealis." in report.warnings
    assert [name for name, *_ in accounts_of(database)] == [
        *("Borealis", "Северный Ветер", "Böhm & Co"),
    ]
    assert counts(load_text(database, tmp_path, text)) == (0, 0, 6, 0)


def test_should_keep_the_branches_of_a_company_apart(database, tmp_path):
    text = (
        f"{HEADER}Borealis Inc.,borealis.example,US\nBorealis GmbH,borealis.example,DE\n"
        "Tundra Ltd,,GB\nTundra GmbH,,DE\n"
    )
    report = load_text(database, tmp_path, text)
    assert counts(report) == (4, 0, 0, 0)
    assert [text.partition(", but")[0] for text in report.warnings] == [
        "'Borealis GmbH' looks like Borealis Inc.", "'Tundra GmbH' looks like Tundra Ltd",
    ]  # fmt: skip
    assert counts(load_text(database, tmp_path, text)) == (0, 0, 4, 0)
    # Nobody can say which of them is meant.
    assert counts(load_text(database, tmp_path, f"{HEADER}Tundra,,\n")) == (0, 0, 0, 1)
    mention = "name,email,account\nIvo Horn,ivo@x.example,Borealis\n"
    assert counts(load_text(database, tmp_path, mention)) == (0, 0, 0, 1)


def test_should_know_an_account_without_its_legal_form(database, tmp_path):
    load_text(database, tmp_path, f"{HEADER}Wilk Sp. z o.o.,,PL\nTundra,tundra.example,NO\n")
    other = f"{HEADER}WILK,wilk.example,PL\nTundra A/S,tundra-other.example,NO\n"
    assert counts(load_text(database, tmp_path, other)) == (1, 1, 0, 0)
    assert accounts_of(database) == [
        ("Wilk Sp. z o.o.", "wilk.example", "PL"),
        ("Tundra", "tundra.example", "NO"),
        ("Tundra A/S", "tundra-other.example", "NO"),
    ]
    deals = "deal,name,account\n1,Lift,Wilk spółka z o.o.\n2,Dock,Tundra\n"
    report = load_text(database, tmp_path, deals)
    assert (report.created, len(accounts_of(database))) == (2, 3)


def test_should_not_give_an_account_the_domain_of_another_company(database, tmp_path):
    load_text(database, tmp_path, f"{HEADER}Borealis,borealis.example,NO\n")
    report = load_text(database, tmp_path, f"{HEADER}Borealis,borealis-bank.example,NO\n")
    assert counts(report) == (0, 0, 0, 1)
    assert accounts_of(database) == [("Borealis", "borealis.example", "NO")]


def test_should_not_know_accounts_by_a_domain_that_many_have(database, tmp_path):
    text = (
        f"{HEADER}Borealis,facebook.com,NO\nTundra,https://www.facebook.com/tundra,NO\n"
        "Wilk,gmail.com,PL\nLis,gmail.com,PL\nWilk,wilk.example,PL\n"
    )
    assert counts(load_text(database, tmp_path, text)) == (4, 1, 0, 0)


def test_should_make_a_key_of_a_name_in_another_script(database, tmp_path):
    load_text(database, tmp_path, "account\nСеверный Ветер\nΗλιοτρόπιο\n")
    with database.read() as session:
        assert sorted(session.exec(select(Account.key))) == ["iliotropio", "severnyy-veter"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_should_take_the_apostrophes_of_an_exported_list_off_again(database, tmp_path, kind):
    header = ["account", "region"]
    rows = [["@Home Ltd", "+East"], ["'quoted'", "O'Neill"], ["'=Odd", "-"]]
    raw = write_csv(header, rows) if kind == "csv" else write_xlsx("Accounts", header, rows)
    path = tmp_path / f"accounts.{kind}"
    path.write_bytes(raw)
    [report] = load(database, path)
    assert counts(report) == (3, 0, 0, 0)
    with database.read() as session:
        found = session.exec(select(Account.name, Account.region).order_by(Account.id)).all()
    assert [list(row) for row in found] == rows
    assert counts(load(database, path)[0]) == (0, 0, 3, 0)
