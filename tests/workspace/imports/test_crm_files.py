"""The four files of a sales data set: a few rows, and as many as a whole department has."""

import time
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func
from sqlmodel import select

from tests.workspace.imports.files import counts, load, put, snapshot
from workspace.accounts.accounts import Account
from workspace.deals.seat_roles import rename_seat_role
from workspace.deals.tables import Deal, DealProduct, Product, Seat, Stage
from workspace.imports.run import import_files
from workspace.people.tables import Member, MemberRole, Person

ACCOUNTS = (
    "account,sector,year_established,revenue,employees,office_location,subsidiary_of\n"
    "Cancity,retail,2001,718.62,2448,United States,\n"
    "Bluth Company,technolgy,1993,1242.32,3027,Philipines,Acme Corporation\n"
    "Acme Corporation,technolgy,1996,1100.04,2822,United States,\n"
)
PRODUCTS = "product,series,sales_price\nGTX Pro,GTX,4821\nMG Special,MG,55\n"
TEAMS = (
    "sales_agent,manager,regional_office\nMoses Frase,Dustin Brinkmann,Central\n"
    "Darcel Schlecht,Melvin Marxen,Central\n"
)
PIPELINE = (
    "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
    "1C1I7A6R,Moses Frase,GTXPro,Cancity,Won,2016-10-20,2017-03-01,1054\n"
    "EC4QE1BX,Darcel Schlecht,MG Special,Bluth Company,Lost,2016-10-25,2017-03-07,0\n"
    "HAXMC4IX,Moses Frase,MG Special,,Engaging,2016-11-03,,\n"
    "6CWZFOHJ,Darcel Schlecht,GTX Pro,Bluth Company,Prospecting,,,\n"
)
WARNINGS = {
    "accounts": ["'technolgy' was read as Software & IT services.",
                 "'Philipines' was read as Philippines."],
    "deals": ["'GTXPro' was read as GTX Pro."],
}  # fmt: skip


def put_some(folder):
    texts = {"d": PIPELINE, "c": TEAMS, "b": ACCOUNTS, "a": PRODUCTS}
    return [put(folder, f"{name}.csv", text) for name, text in texts.items()]


def without_counts(warnings):
    return [warning.partition(" (")[0] for warning in warnings]


def test_should_read_the_four_files_in_any_order(database, tmp_path):
    reports = load(database, *put_some(tmp_path))

    assert [(report.kind, counts(report)) for report in reports] == [
        ("deals", (4, 0, 0, 0)),
        ("members", (2, 0, 0, 0)),
        ("accounts", (3, 0, 0, 0)),
        ("products", (2, 0, 0, 0)),
    ]
    for report in reports:
        assert without_counts(report.warnings) == WARNINGS.get(report.kind, [])
    with database.read() as session:
        accounts = {account.name: account for account in session.exec(select(Account))}
        bluth = accounts["Bluth Company"]
        assert (bluth.industry, bluth.headcount, bluth.country) == ("J62", 3027, "PH")
        assert bluth.parent_id == accounts["Acme Corporation"].id
        assert bluth.description == (
            "Founded in 1993, annual revenue of 1,242.32 million US dollars."
        )
        assert (bluth.relationship, accounts["Cancity"].relationship) == ("prospect", "customer")

        people = {person.name: person for person in session.exec(select(Person))}
        moses, dustin = people["Moses Frase"], people["Dustin Brinkmann"]
        assert (moses.email, moses.region, dustin.region) == (None, "Central", "Central")
        member = session.get_one(Member, moses.id)
        assert (member.password_hash, member.manager_id) == (None, dustin.id)
        roles = set(session.exec(select(MemberRole.person_id, MemberRole.role)))
        assert {(moses.id, "rep"), (dustin.id, "manager")} <= roles

        stages = {stage.id: stage.name for stage in session.exec(select(Stage))}
        deals = {deal.key: deal for deal in session.exec(select(Deal))}
        assert {key: (deal.name, stages[deal.stage_id]) for key, deal in deals.items()} == {
            "1C1I7A6R": ("GTX Pro for Cancity", "Closed Won"),
            "EC4QE1BX": ("MG Special for Bluth Company", "Closed Lost"),
            "HAXMC4IX": ("MG Special", "Qualification"),
            "6CWZFOHJ": ("GTX Pro for Bluth Company", "Prospecting"),
        }
        won, early = deals["1C1I7A6R"], deals["6CWZFOHJ"]
        assert (won.amount, won.owner_id) == (Decimal(1054), moses.id)
        assert (won.opened, won.closed) == (date(2016, 10, 20), date(2017, 3, 1))
        assert (early.amount, early.opened, early.closed) == (None, None, None)
        assert deals["HAXMC4IX"].account_id is None
        seats = session.exec(select(Seat.role, Seat.person_id).where(Seat.deal_id == won.id))
        assert seats.all() == [("account executive", moses.id)]
        assert len(session.exec(select(Product)).all()) == 2


def test_should_change_nothing_the_second_time(database, tmp_path):
    paths = put_some(tmp_path)
    load(database, *paths)
    before = snapshot(database)
    reports = load(database, *reversed(paths))
    assert snapshot(database) == before
    assert sum(report.unchanged for report in reports) == 11


def test_should_give_owners_the_role_that_is_theirs_by_another_name(database, tmp_path):
    with database.write() as session:
        rename_seat_role(session, "account-executive", "Seller", None)
    load(database, *put_some(tmp_path))
    with database.read() as session:
        assert set(session.exec(select(Seat.role))) == {"Seller"}
    reports = load(database, *put_some(tmp_path))
    assert sum(report.unchanged for report in reports) == 11


def test_should_follow_the_pipeline(database, tmp_path):
    load(database, *put_some(tmp_path))
    later = PIPELINE
    for before, after in (
        ("MG Special,,Engaging,2016-11-03,,", "GTXPro,Cancity,Won,2016-11-03,2017-01-09,500"),
        ("6CWZFOHJ,Darcel Schlecht", "6CWZFOHJ,Moses Frase"),
    ):
        later = later.replace(before, after)
    report = load(database, put(tmp_path, "later.csv", later))[0]
    assert counts(report) == (0, 2, 2, 0)
    with database.read() as session:
        deal = session.exec(select(Deal).where(Deal.key == "HAXMC4IX")).one()
        assert (deal.name, deal.outcome, deal.amount) == ("GTX Pro for Cancity", "won", 500)
        assert deal.closed == date(2017, 1, 9)
        moved = session.exec(select(Deal).where(Deal.key == "6CWZFOHJ")).one()
        seats = session.exec(select(Seat.person_id).where(Seat.deal_id == moved.id)).all()
        assert moved.owner_id in seats
        assert len(seats) == 2


def test_should_import_opportunities_alone(database, tmp_path):
    report = load(database, put(tmp_path, "pipeline.csv", PIPELINE))[0]
    assert counts(report) == (4, 0, 0, 0)
    assert any("'Moses Frase' is no member" in warning for warning in report.warnings)
    load(database, *put_some(tmp_path))
    with database.read() as session:
        assert None not in session.exec(select(Deal.owner_id)).all()


def put_many(folder):
    """A whole sales department: 35 members, 85 accounts, 7 products and 8,800 opportunities."""
    products = ["GTXPro" if number == 6 else f"Product {number}" for number in range(7)]
    products_file = ["product,series,sales_price", "GTX Pro,GTX,4821"]
    products_file += [
        f"{name},Basic,{100 + 50 * number}" for number, name in enumerate(products[:6])
    ]
    agents = [f"Agent {number}" for number in range(30)]
    teams = ["sales_agent,manager,regional_office"]
    teams += [
        f"{agent},Manager {number % 5},Office {number % 3}" for number, agent in enumerate(agents)
    ]
    teams += [f"Manager {number},,Office {number % 3}" for number in range(5)]
    accounts = [f"Company {number}" for number in range(85)]
    accounts_file = [ACCOUNTS.partition("\n")[0]]
    accounts_file += [
        f"{name},{'technolgy' if number % 7 == 0 else 'retail'},{1980 + number % 40},{number}.5,"
        f"{100 + number},{'Philipines' if number == 3 else 'Poland'},"
        f"{'Company 0' if number % 10 == 9 else ''}"
        for number, name in enumerate(accounts)
    ]
    stages = ["Won", "Won", "Won", "Lost", "Lost", "Engaging", "Engaging", "Prospecting"]
    pipeline = [PIPELINE.partition("\n")[0]]
    for number in range(8_800):
        stage = stages[number % 8]
        closed = stage in ("Won", "Lost")
        opened = date(2016, 1, 1) + timedelta(days=number % 300)
        cells = [
            f"OPP{number:05}",
            agents[number % 30],
            products[number % 7],
            "" if stage == "Engaging" and number % 3 == 0 else accounts[number % 85],
            stage,
            "" if stage == "Prospecting" else opened.isoformat(),
            (opened + timedelta(days=90)).isoformat() if closed else "",
            str(500 + number % 1_000) if stage == "Won" else "0" if stage == "Lost" else "",
        ]
        pipeline.append(",".join(cells))
    dictionary = ["Table,Field,Description", "accounts,account,Company name"]
    files = {
        "sales_pipeline": pipeline,
        "data_dictionary": dictionary,
        "sales_teams": teams,
        "accounts": accounts_file,
        "products": products_file,
    }
    return [put(folder, f"{name}.csv", "\n".join(lines) + "\n") for name, lines in files.items()]


@pytest.mark.slow
@pytest.mark.bulk
def test_should_import_8800_opportunities(database, tmp_path):
    paths = put_many(tmp_path)
    errors = tmp_path / "errors"

    started = time.process_time()
    with database.write() as session:
        reports = import_files(session, paths, None, errors)
    took = time.process_time() - started

    assert [(report.kind, counts(report)) for report in reports] == [
        ("deals", (8800, 0, 0, 0)),
        ("", (0, 0, 0, 0)),
        ("members", (35, 0, 0, 0)),
        ("accounts", (85, 0, 0, 0)),
        ("products", (7, 0, 0, 0)),
    ]
    assert "(Table, Field, Description)" in reports[1].refused
    assert {r.kind: without_counts(r.warnings) for r in reports if r.warnings} == WARNINGS
    assert not errors.exists()
    with database.read() as session:
        by_stage = dict(
            session.exec(select(Stage.name, func.count()).join(Deal).group_by(Stage.name)).all()
        )
        assert by_stage == {
            "Closed Won": 3300, "Closed Lost": 2200, "Qualification": 2200, "Prospecting": 1100
        }  # fmt: skip
        without = select(func.count()).select_from(Deal).where(Deal.account_id.is_(None))
        assert session.exec(without).one() == 733
        pro = select(func.count()).select_from(DealProduct).join(Product)
        assert session.exec(pro.where(Product.name == "GTX Pro")).one() == 1257
        assert session.exec(select(func.count()).select_from(Seat)).one() == 8800
        assert session.exec(select(func.count()).select_from(Account)).one() == 85
    # Far above the usual time, so that only a mistake of another order of magnitude fails.
    assert took < 60

    before = snapshot(database)
    with database.write() as session:
        again = import_files(session, paths[::-1], None, errors)
    assert snapshot(database) == before
    assert sum(report.unchanged for report in again) == 8927
