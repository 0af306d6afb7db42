"""Files of every kind: idempotent upserts, and refused rows that leave the others alone."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import select

from tests.workspace.imports.files import (
    ODD_TEXTS,
    counts,
    load,
    load_text,
    put,
    snapshot,
)
from tests.world import World
from workspace.accounts.accounts import Account
from workspace.assets.assets import Asset, AssetProduct, Use
from workspace.audit import AuditEntry, audit
from workspace.clock import today
from workspace.deals.tables import (
    Competitor,
    Deal,
    DealCompetitor,
    DealProduct,
    Product,
    Seat,
    Stage,
)
from workspace.imports.files import RawRow
from workspace.imports.formats import Format, columns, needs
from workspace.imports.ledger import Import
from workspace.imports.rows import Result, apply_each
from workspace.imports.run import ImportExtension, import_files
from workspace.people.tables import Education, Employment, Member, MemberRole, Person, Role
from workspace.timeline import notifications
from workspace.timeline.notifications import Notification
from workspace.timeline.timeline import TimelineEntry

FILES = {
    "uses": (
        "asset,deal,stage,by,used_on,helped,comment\n"
        "Ward demo,O-1,Value Proposition,ann@x.example,2024-02-01,yes,It settled it\n"
        "Ward demo,O-2,,,,,\n"
    ),
    "seats": (
        "deal,role,person,since\n"
        "O-1,account executive,ann@x.example,2024-01-10\n"
        "O-1,sales engineer,,\n"
        "O-1,sales engineer,bob@x.example,\n"
    ),
    "activity": (
        "deal,at,by,kind,text\n"
        'O-1,2024-01-11T09:30,ann@x.example,call,"Called.\nTwice."\n'
        "O-1,2024-01-12,,,Somebody wrote\n"
    ),
    "deals": (
        "deal,name,account,owner,stage,amount,currency,opened,expected_close,closed,products,"
        "competitors,use_case,notes,reason,confidential,next_step,next_step_on\n"
        "O-1,Records,Havel Clinics,ann@x.example,Closed Won,$1200.50,,2024-01-10,2024-03-01,"
        '2024-02-28,Atlas; Beacon,Datamoor,Patient records,"First.\nSecond.",Price,,,\n'
        "O-2,Ward boards,Lumen Bank,Bob Brandt,Proposal/Price Quote,10k,EUR,12 Mar 2024,,,Atlas,,,"
        ",,yes,Call them,2031-03-12\n"
        ",No key,Lumen Bank,,,,,,,,,,,,,,,\n"
    ),
    "assets": (
        "asset,kind,summary,url,products,author,published,expires,withdrawn,language\n"
        "Ward demo,Demo,Shown on a ward,https://x.example/d,Atlas,bob@x.example,2023-01-01,,no,en\n"
    ),
    "education": (
        "person,institution,degree,field,start,end,source\n"
        "ina@havel.example,Charles University,MSc,Medicine,2004,2009,\n"
    ),
    "employment": (
        "person,organisation,title,department,start,end,source\n"
        "ina@havel.example,havel clinics,Head of data,IT,2019-03,,profile\n"
        "ann@x.example,Other Ltd,Seller,,2010-01-01,2012-12-31,\n"
    ),
    "people": (
        "name,email,account,title,department,city,country,languages,home_town,about\n"
        "Ína Hrubá,Ina@Havel.example,Havel Clinics,CIO,IT,Brno,CZ,cs;en,Zlín,Wants less paper\n"
        "Nobody Known,,Lumen Bank,,,,,,,\n"
    ),
    "members": (
        "name,email,title,roles,city,country,timezone,languages,home_town,skills,about\n"
        "Ann Arbor,ann@x.example,AE,rep; manager,Paris,France,Europe/Paris,fr;en,Lyon,,Sells\n"
        "Bob Brandt,bob@x.example,SE,expert,,,,,,data warehousing;clinics,\n"
    ),
    "accounts": (
        "account,domain,industry,headcount,country,region,parent,relationship,description\n"
        "Havel Clinics,www.havel.example,Q86,800,Czechia,,Havel Group,,Clinics\n"
        "Havel Group,,,,,,,partner,\n"
        "Lumen Bank,,Banking,12000,DE,,,former customer,\n"
    ),
    "competitors": "competitor,domain,description\nDatamoor,datamoor.example,Cheap\n",
    "products": (
        "product,family,description,list_price,currency\n"
        "Atlas,Data,A warehouse,50000,EUR\nBeacon,Analytics,,,\n"
    ),
}


def put_all(folder):
    return [put(folder, f"{name}.csv", text) for name, text in FILES.items()]


def test_should_read_every_kind_whatever_the_order(database, tmp_path):
    reports = load(database, *put_all(tmp_path))

    assert [report.kind for report in reports] == list(FILES)
    assert {report.kind: counts(report) for report in reports} == {
        kind: (text.count("\n") - 1 - text.count("First.\n") - text.count("Called.\n"), 0, 0, 0)
        for kind, text in FILES.items()
    }
    assert [report.warnings for report in reports if report.warnings] == []
    with database.read() as session:
        people = {person.name: person for person in session.exec(select(Person))}
        accounts = {account.name: account for account in session.exec(select(Account))}
        found = {deal.name: deal for deal in session.exec(select(Deal))}
        stages = {stage.id: stage.name for stage in session.exec(select(Stage))}
        ann, bob, ina = (people[name] for name in ("Ann Arbor", "Bob Brandt", "Ína Hrubá"))
        havel, lumen = accounts["Havel Clinics"], accounts["Lumen Bank"]

        assert (havel.domain, havel.industry, havel.headcount) == ("havel.example", "Q86", 800)
        assert (havel.country, havel.region) == ("CZ", "Central & Eastern Europe")
        assert havel.parent_id == accounts["Havel Group"].id
        assert havel.relationship == "customer"
        assert lumen.relationship == "former customer"
        assert accounts["Havel Group"].relationship == "partner"

        assert (ann.email, ann.country, ann.languages) == ("ann@x.example", "FR", "fr; en")
        assert bob.skills == "data warehousing; clinics"
        roles = session.exec(select(MemberRole.role).where(MemberRole.person_id == ann.id))
        assert sorted(roles) == ["manager", "rep"]
        assert session.get_one(Member, bob.id).password_hash is None
        assert (ina.email, ina.account_id) == ("ina@havel.example", havel.id)

        job = session.exec(select(Employment).where(Employment.person_id == ina.id)).one()
        assert (job.organisation, job.account_id) == ("Havel Clinics", havel.id)
        assert (job.start, job.end, job.source) == (date(2019, 3, 1), None, "profile")
        degree = session.exec(select(Education)).one()
        assert (degree.start, degree.end) == (date(2004, 1, 1), date(2009, 12, 31))
        assert degree.source == "imported"

        records, boards, no_key = (found[name] for name in ("Records", "Ward boards", "No key"))
        assert (records.key, records.account_id, records.owner_id) == ("O-1", havel.id, ann.id)
        assert (records.amount, records.currency) == (Decimal("1200.50"), "USD")
        assert (records.opened, records.closed) == (date(2024, 1, 10), date(2024, 2, 28))
        assert (records.outcome, stages[records.stage_id]) == ("won", "Closed Won")
        assert (records.notes, records.reason) == ("First.\nSecond.", "Price")
        assert (boards.owner_id, boards.amount, boards.confidential) == (bob.id, 10_000, True)
        assert (boards.next_step, boards.closed) == ("Call them", None)
        assert boards.next_step_on == date(2031, 3, 12)
        assert (no_key.key, no_key.opened, stages[no_key.stage_id]) == (
            "D-0001", None, "Prospecting"
        )  # fmt: skip
        links = session.exec(select(Product.name).join(DealProduct).where(
            DealProduct.deal_id == records.id
        ))  # fmt: skip
        assert sorted(links) == ["Atlas", "Beacon"]
        assert session.exec(select(Competitor.name).join(DealCompetitor)).all() == ["Datamoor"]

        asset = session.exec(select(Asset)).one()
        assert (asset.kind, asset.author_id, asset.withdrawn) == ("demo", bob.id, False)
        assert len(session.exec(select(AssetProduct)).all()) == 1
        use, bare = session.exec(select(Use).order_by(Use.id)).all()
        assert (use.by_id, use.used_on, use.helped) == (ann.id, date(2024, 2, 1), True)
        assert stages[use.stage_id] == "Value Proposition"
        assert (bare.deal_id, bare.by_id, bare.used_on, bare.helped) == (
            boards.id, None, None, None
        )  # fmt: skip
        seats = session.exec(select(Seat.role, Seat.person_id, Seat.since).order_by(Seat.id)).all()
        assert seats == [
            ("account executive", ann.id, date(2024, 1, 10)),
            ("sales engineer", None, None),
            ("sales engineer", bob.id, None),
        ]
        entries = session.exec(
            select(TimelineEntry).where(TimelineEntry.deal_id == records.id)
        ).all()
        assert sorted(entry.kind for entry in entries) == [
            "call", "imported", "note", "seat", "seat", "seat", "use"
        ]  # fmt: skip
        call = next(entry for entry in entries if entry.kind == "call")
        assert (call.at, call.by_id, call.text) == (
            datetime(2024, 1, 11, 9, 30, tzinfo=UTC), ann.id, "Called.\nTwice."
        )  # fmt: skip
        ledger = session.exec(select(Import)).all()
        assert {row.kind: row.created for row in ledger} == {
            report.kind: report.created for report in reports
        }
        actions = set(session.exec(select(AuditEntry.action)))
        assert actions >= {
            "product added", "competitor added", "account added", "member added", "person added",
            "employment added", "education added", "deal imported", "asset added", "deal use",
            "deal seat", "deal call", "account edited",
        } - {"account edited"}  # fmt: skip


def test_should_change_nothing_the_second_time(database, tmp_path):
    paths = put_all(tmp_path)
    load(database, *paths)
    before = snapshot(database)

    reports = load(database, *reversed(paths))

    assert snapshot(database) == before
    assert all(not (r.created or r.updated or r.failed or r.refused) for r in reports)
    assert all(r.unchanged for r in reports)


def test_should_update_what_a_file_says_and_leave_the_rest(database, tmp_path):
    load(database, *put_all(tmp_path))
    changed = {
        "products": "product,list_price\natlas,60000\n",
        "competitors": "competitor,description\nDATAMOOR,Dear\n",
        "accounts": "account,headcount,country,domain\nhavel clinics,900,Poland,\n",
        "members": "name,email,roles,title\nAnn Arbor,ANN@x.example,rep,VP\n",
        "people": "name,email,city\nÍna Hrubá-Nová,ina@havel.example,Praha\n",
        "employment": (
            "person,organisation,title,start,end\n"
            "Ína Hrubá-Nová,Havel Clinics,head of data,2019-03,2024-06\n"
        ),
        "education": "person,institution,degree,start,field\n"
        "ina@havel.example,Charles University,MSC,2004,Informatics\n",
        "deals": (
            "deal,stage,closed,amount,products,competitors\n"
            "O-1,Closed Lost,2024-03-05,900,Beacon,\nO-2,Won,2024-04-01,,,\n"
        ),
        "assets": "asset,kind,expires,products\nward DEMO,video,2030-01-01,Beacon\n",
        "uses": "asset,deal,by,used_on,helped\nWard demo,O-1,ann@x.example,2024-02-01,no\n",
        "seats": "deal,role,person,since\nO-1,sales engineer,bob@x.example,2024-01-20\n",
    }
    paths = [put(tmp_path, f"{name}.csv", text) for name, text in changed.items()]

    reports = load(database, *paths)

    assert {report.kind: counts(report) for report in reports} == {
        kind: (0, text.count("\n") - 1, 0, 0) for kind, text in changed.items()
    }
    with database.read() as session:
        atlas = session.exec(select(Product).where(Product.name == "Atlas")).one()
        assert (atlas.list_price, atlas.family, atlas.currency) == (60_000, "Data", "EUR")
        havel = session.exec(select(Account).where(Account.name == "havel clinics")).first()
        assert havel is None
        havel = session.exec(select(Account).where(Account.name == "Havel Clinics")).one()
        assert (havel.headcount, havel.country, havel.domain) == (900, "PL", "havel.example")
        ina = session.exec(select(Person).where(Person.email == "ina@havel.example")).one()
        assert (ina.name, ina.city, ina.title) == ("Ína Hrubá-Nová", "Praha", "CIO")
        assert ina.account_id == havel.id
        job = session.exec(select(Employment).where(Employment.person_id == ina.id)).one()
        assert (job.end, job.title) == (date(2024, 6, 30), "Head of data")
        assert session.exec(select(Education.field)).one() == "Informatics"
        lost = session.exec(select(Deal).where(Deal.key == "O-1")).one()
        assert (lost.outcome, lost.closed, lost.amount) == ("lost", date(2024, 3, 5), 900)
        assert (lost.currency, lost.use_case) == ("USD", "Patient records")
        won = session.exec(select(Deal).where(Deal.key == "O-2")).one()
        assert (won.outcome, won.closed, won.amount) == ("won", date(2024, 4, 1), 10_000)
        lumen = session.exec(select(Account).where(Account.name == "Lumen Bank")).one()
        assert lumen.relationship == "former customer"
        linked = select(Product.name).join(DealProduct).where(DealProduct.deal_id == lost.id)
        assert session.exec(linked).all() == ["Beacon"]
        assert len(session.exec(select(DealCompetitor)).all()) == 1
        asset = session.exec(select(Asset)).one()
        assert (asset.name, asset.kind, asset.expires) == ("Ward demo", "video", date(2030, 1, 1))
        ann = session.exec(select(Person).where(Person.name == "Ann Arbor")).one()
        roles = session.exec(select(MemberRole.role).where(MemberRole.person_id == ann.id))
        assert (list(roles), ann.title, ann.home_town) == (["rep"], "VP", "Lyon")
    before = snapshot(database)
    load(database, *paths)
    assert snapshot(database) == before


def test_should_put_bad_rows_into_an_error_file_and_take_the_rest(database, tmp_path):
    text = (
        "deal,name,account,stage,amount,opened,closed,next_step\n"
        "O-1,Good,Acme,Prospecting,100,2024-01-01,,\n"
        "O-2,Bad amount,New One,Prospecting,1.234,2024-13-01,,=cmd|' /C calc'!A0\n"
        "O-3,Bad stage,New Two,Dreaming,1,,,\n"
        "O-4,Closed too early,New Three,Won,1,2024-02-01,2024-01-01,\n"
        "O-5,Still open,New Four,Prospecting,1,,2024-01-01,\n"
        ",,Acme,Prospecting,1,,,\n"
        "O-6,Too long," + "x" * 300 + ",Prospecting,1,,,\n"
        "O-7,Too many,Acme,Prospecting,1,,,,more,cells\n"
        "O-8,Fine,Acme,Won,1,2024-01-01,2024-01-01,\n"
    )
    report = load_text(database, tmp_path, text)

    assert counts(report) == (3, 0, 0, 6)
    assert report.error_file == tmp_path / "errors" / "file.errors.csv"
    with report.error_file.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["line", "problem", *text.splitlines()[0].split(",")]
    assert [row[0] for row in rows] == ["3", "4", "5", "6", "7", "8", "9"]
    assert "'1.234' could be 1234" in rows[0][1]
    assert "'2024-13-01' is not a date" in rows[0][1]
    assert rows[0][-1] == "'=cmd|' /C calc'!A0"
    assert "no stage of the pipeline (Prospecting, Qualification" in rows[1][1]
    assert "before it was opened" in rows[2][1]
    assert "still open" in rows[3][1]
    assert "neither a key nor a name" in rows[4][1]
    assert "300 characters are too many" in rows[5][1]
    assert "10 cells, but the header has 8" in rows[6][1]
    with database.read() as session:
        # A refused row leaves nothing, not even the account that only it names.
        assert sorted(session.exec(select(Account.name))) == ["Acme", "New One"]
        assert sorted(session.exec(select(Deal.key))) == ["O-1", "O-2", "O-8"]
        deal = session.exec(select(Deal).where(Deal.key == "O-2")).one()
        assert (deal.amount, deal.opened) == (None, None)

    mended = report.error_file.read_text("utf-8-sig").replace("1.234", "1234")
    mended = mended.replace("2024-13-01", "2024-12-01")
    again = load(database, put(tmp_path, "mended.csv", mended))[0]
    assert (again.updated, again.failed) == (1, 6)
    with database.read() as session:
        deal = session.exec(select(Deal).where(Deal.key == "O-2")).one()
        assert (deal.amount, deal.next_step) == (1234, "=cmd|' /C calc'!A0")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("account,headcount\n!!!,1\n", "account: '!!!' is not a name"),
        ("account,headcount\n,5\n", "account: It is missing."),
        ("product,list_price,currency\nAtlas,€5,GBP\n", "in EUR, the column says GBP"),
        ("name,email,roles\nAnn,ann@x.example,king\n", "none of rep, manager"),
        ("name,email,roles\nAnn,not an address,rep\n", "not an e-mail address"),
        ("person,organisation\nnobody@x.example,Acme\n", "no person in the record"),
        ("person,institution\n,Oxford\n", "person: It is missing."),
        ("deal,role,person\nD-1,pilot,\n", "none of account executive"),
        ("deal,role,person\nD-1,trainer,\n", "no deal in the record"),
        ("deal,name\nstages,Records\n", "kept for a page of ours"),
        ("deal,role,person\nD-1,trainer,Ann\n", "no member in the record"),
        ("asset,kind\nDeck,\n", "kind: It is missing."),
        ("asset,kind\nDeck,song\n", "none of demo, deck"),
        ("asset,kind,published,expires\nD,deck,2024-01-02,2024-01-01\n", "cannot expire before"),
        ("asset,deal\nDeck,D-1\n", "no asset in the library"),
        ("deal,at,text\nD-1,2024-01-01,Hello\n", "no deal in the record"),
        ("deal,text\nD-1,Hello\n", "at: It is missing."),
        ("deal,at,kind,text\nD-1,2024-01-01,logged,Hello\n", "none of note, call"),
    ],
)
def test_should_say_what_is_wrong_with_a_row(database, tmp_path, text, problem):
    report = load_text(database, tmp_path, text)
    assert counts(report) == (0, 0, 0, 1)
    assert problem in report.error_file.read_text("utf-8-sig")
    with database.read() as session:
        assert session.exec(select(AuditEntry)).all() == []
        assert session.exec(select(Import)).all() == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("account,parent\nAcme,ACME\n", "cannot belong to itself"),
        ("account,relationship\nAcme,friend\n", "none of prospect, customer"),
        ("competitor,domain\nDatamoor,a b\n", "not a domain"),
        ("name,email\nAnn," + "a" * 250 + "@x.example\n", "too many"),
        ("asset,kind,url\nDeck,deck,javascript:alert(1)\n", "not a link"),
        ("account,headcount\nAcme,about ten\n", "headcount: 'about ten' is not a number"),
        ("account,headcount\nAcme,99999999999999999999\n", "too large"),
        ("deal,amount\nD-1,to be agreed\n", "'to be agreed' is not an amount"),
        ("deal,amount\nD-1,kr 500\n", "'kr 500' could be in DKK or ISK or NOK or SEK"),
        ("deal,amount,currency\nD-1,500,doubloons\n", "'doubloons' is not a currency"),
        ("deal,opened\nD-1,soon\n", "'soon' is not a date"),
        ("deal,stage,expected_close\nD-1,Prospecting,2031-02-30\n", "is not a date"),
        ("product,list_price\nAtlas,on request\n", "is not an amount"),
        ("name,account,profile\nAnn,Acme,see mail\n", "A profile is a page on the web"),
        ("name,account,email\nAnn,Acme,n/a\n", "'n/a' is not an e-mail address"),
        ("account,description\nAcme," + "x" * 100_001 + "\n", "too many"),
    ],
)
def test_should_leave_out_an_optional_cell_that_it_cannot_read(database, tmp_path, text, problem):
    report = load_text(database, tmp_path, text)
    assert (counts(report), report.incomplete) == ((1, 0, 0, 0), 1)
    assert problem in report.error_file.read_text("utf-8-sig")
    assert any(problem in warning for warning in report.warnings)
    # The file of what is wrong can be corrected and imported like any other.
    assert counts(load(database, report.error_file)[0]) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    "text",
    [
        "deal,confidential\nD-1,perhaps\n",
        "deal,stage,closed\nD-1,Closed Won,in spring\n",
        "deal,name,stage,close date\nD-1,Lift,Closed Won,2024-02-30\n",
        "asset,kind,withdrawn\nDeck,deck,perhaps\n",
        "asset,kind,expires\nDeck,deck,some day\n",
    ],
)
def test_should_refuse_a_row_whose_decisive_cell_it_cannot_read(database, tmp_path, text):
    assert counts(load_text(database, tmp_path, text)) == (0, 0, 0, 1)


def test_should_refuse_files_that_it_does_not_understand_and_take_the_others(database, tmp_path):
    reports = load(
        database,
        put(tmp_path, "dictionary.csv", "Table,Field,Description\naccounts,account,Name\n"),
        tmp_path / "missing.csv",
        put(tmp_path, "good.csv", "account\nAcme\n"),
        put(tmp_path, "empty.csv", ""),
    )
    assert "(Table, Field, Description)" in reports[0].refused
    assert "cannot be opened" in reports[1].refused
    assert counts(reports[2]) == (1, 0, 0, 0)
    assert reports[3].refused == "It is empty."


def test_should_tell_how_words_were_read_and_what_was_added(database, tmp_path):
    load_text(database, tmp_path, "product\nGTX Pro\n")
    accounts = load_text(
        database,
        tmp_path,
        "account,industry,country,parent\nA,technolgy,Philipines,Group\nB,technolgy,PH,\n"
        "C,basket weaving,Atlantis,\n",
    )
    assert accounts.warnings == [
        "'technolgy' was read as Software & IT services. (2 rows)",
        "'Philipines' was read as Philippines.",
        "The account 'Group' was not known yet and was added.",
        "The industry 'basket weaving' is not known and was left empty.",
        "The country 'Atlantis' is not known and was left empty.",
    ]
    found = load_text(
        database,
        tmp_path,
        "deal,name,account,owner,stage,products,competitors\n"
        "1,One,A,ghost@x.example,Won,GTXPro; Other,Rival\n",
    )
    assert found.warnings == [
        "'ghost@x.example' is no member in the record. Their deals were imported without an owner.",
        "'GTXPro' was read as GTX Pro.",
        "The product 'Other' was not known yet and was added.",
        "The competitor 'Rival' was not known yet and was added.",
        "A closed deal has no closing date: the day of the import was taken.",
    ]
    before = snapshot(database)
    load(database, tmp_path / "file.csv")
    assert snapshot(database) == before


def test_should_take_the_same_row_twice_for_one(database, tmp_path):
    report = load_text(database, tmp_path, "deal,name\n1,One\n1,One\n2,Two\n1,Uno\n")
    assert counts(report) == (2, 1, 1, 0)


def test_should_survive_hostile_text_in_every_field(database, tmp_path):
    hostile = [
        "x'; DROP TABLE deal; -- x", "<script>alert(1)</script>", "\u202eevil", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢", "田中さん",
        "\x07bell", "%s%n{0}", "../../etc/passwd", "🏳0🌈", "ﷺ", "１２３", "nul\0byte", "a\u2028b",
    ]  # fmt: skip
    rows = [
        f'K{number},"{text}","{text}",Prospecting,"{text}; x","{text}","{text}","{text}"'
        for number, text in enumerate(hostile)
    ]
    text = "deal,name,account,stage,products,use_case,notes,next_step\n" + "\n".join(rows)
    report = load_text(database, tmp_path, text)
    assert report.created == len(hostile)
    before = snapshot(database)
    assert load(database, tmp_path / "file.csv")[0].unchanged == len(hostile)
    assert snapshot(database) == before


def test_should_survive_every_odd_text(database, tmp_path):
    path = tmp_path / "odd.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["deal", "name", "account", "products", "notes", "amount", "opened"])
        for number, text in enumerate(ODD_TEXTS):
            writer.writerow([f"T{number}", "Fine", "", "", text, "", ""])
            writer.writerow([f"N{number}", text, text, text, text, "", ""])
            writer.writerow([text, "x", "", "", "", text, text])
    report = load(database, path)[0]
    assert not report.refused
    assert report.created + report.updated + report.unchanged + report.failed == 3 * len(ODD_TEXTS)
    assert report.created > 1.5 * len(ODD_TEXTS)
    before = snapshot(database)
    load(database, path)
    assert snapshot(database) == before


def test_should_take_kinds_of_files_that_others_bring(database, tmp_path):
    def cheers(context, rows):
        context.require_role(Role.MARKETER)

        def apply(row):
            person_id = row.need("person", context.person_id)
            row.need("cheer", str)
            audit(context.session, context.by, "cheer", f"person {person_id}")
            return Result.CREATED

        apply_each(rows, apply)

    extension = ImportExtension(
        formats=(Format("cheers", needs("person,cheer"), columns("person,cheer")),),
        functions={"cheers": cheers},
        splitters={"cheer:": lambda text: [RawRow(1, ["person", "cheer"]), *_lines(text)]},
    )

    def _lines(text):
        lines = enumerate(text.splitlines()[1:], start=2)
        return [
            RawRow(number, line.split("="), "" if "=" in line else "?") for number, line in lines
        ]

    cheer = put(tmp_path, "cheer.txt", " Cheer:\nann@x.example=Hooray\nnobody=Hooray\nBoo\n")
    people = put(tmp_path, "people.csv", "name,email\nAnn,ann@x.example\n")
    with database.write() as session:
        # The record's own kinds come first, as others refer to them.
        reports = import_files(session, [cheer, people], None, tmp_path, extension)
    assert [(report.kind, counts(report)) for report in reports] == [
        ("cheers", (1, 0, 0, 2)), ("people", (1, 0, 0, 0))
    ]  # fmt: skip
    assert load(database, cheer)[0].refused.startswith("Its columns")


def test_should_notify_nobody_of_what_files_say(world: World, tmp_path: Path) -> None:
    """A team is notified of a closed deal, but not by a file with the closings of a year."""
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        notifications.follow(session, deal.id, world.people["charlie"])
        key = deal.key
    text = f"deal,stage,closed\n{key},Closed Won,{today()}\n"
    assert load_text(world.database, tmp_path, text).updated == 1
    seats = f"deal,role,person\n{key},trainer,{world.email('dana')}\n"
    assert load_text(world.database, tmp_path, seats).created == 1
    with world.database.read() as session:
        assert session.exec(select(Notification.id)).all() == []
