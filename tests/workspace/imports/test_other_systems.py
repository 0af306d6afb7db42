"""Exports of other systems: deals, contacts and companies under the names that they give them."""

import pytest
from sqlmodel import select

from tests.workspace.imports.files import counts, load, load_text, put
from workspace.accounts.accounts import Account
from workspace.deals.tables import Deal, Outcome, Stage
from workspace.errors import Invalid
from workspace.imports.files import RawFile, split_rows
from workspace.imports.recognition import recognise
from workspace.people.tables import Person


def deals_of(database):
    """Name, account, stage, amount, opened, expected and closing date of each deal."""
    with database.read() as session:
        accounts = dict(session.exec(select(Account.id, Account.name)).all())
        stages = dict(session.exec(select(Stage.id, Stage.name)).all())
        return [
            (
                deal.name,
                accounts.get(deal.account_id),
                stages[deal.stage_id],
                str(deal.amount),
                *map(str, (deal.opened, deal.expected_close, deal.closed)),
            )
            for deal in session.exec(select(Deal).order_by(Deal.id))
        ]


LIFT = ("Lift", "Borealis", "Closed Won", "900.00", "2024-02-01", "None", "2024-05-06")
DOCK = ("Dock", "Tundra", "Negotiation/Review", "80.00", "2024-03-01", "2031-01-31", "None")
GATE = ("Gate", "Tundra", "Closed Lost", "70.00", "2024-03-01", "None", "2024-04-05")
EXPORTS = {
    "HubSpot's page": (
        "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Close Date,Create Date,Associated Company\n"
        "61,Lift,Closed Won,Sales,900,2024-05-06 09:00,2024-02-01 10:00,Borealis\n"
        "62,Dock,Contract Sent,Sales,80,2031-01-31 09:00,2024-03-01 10:00,Tundra\n"
        "63,Gate,Closed Lost,Sales,70,2024-04-05 09:00,2024-03-01 10:00,Tundra\n"
    ),
    "HubSpot's API": (
        "hs_object_id,dealname,dealstage,pipeline,amount,closedate,createdate,company\n"
        "61,Lift,closedwon,default,900,2024-05-06T09:00:00Z,2024-02-01T10:00:00Z,Borealis\n"
        "62,Dock,contractsent,default,80,2031-01-31T09:00:00Z,2024-03-01T10:00:00Z,Tundra\n"
        "63,Gate,closedlost,default,70,2024-04-05T09:00:00Z,2024-03-01T10:00:00Z,Tundra\n"
    ),
    "Salesforce's report": (
        '"Account Name","Opportunity Name","Stage","Amount","Close Date","Created Date","Age"\n'
        '"Borealis","Lift","Closed Won","900","2024-05-06","2024-02-01","9"\n'
        '"Tundra","Dock","Negotiation/Review","80","2031-01-31","2024-03-01","9"\n'
        '"Tundra","Gate","Closed Lost","70","2024-04-05","2024-03-01","9"\n'
        "\n\n"
        '"All deals"\n"Confidential Information - Do Not Distribute"\n"Wilk Ltd"\n'
    ),
    "Pipedrive": (
        "Deal - ID,Deal - Title,Deal - Organization,Deal - Value,Deal - Stage,Deal - Status,"
        "Deal - Deal created,Deal - Expected close date,Deal - Won time,Deal - Lost time\n"
        "61,Lift,Borealis,900,Demo Scheduled,Won,2024-02-01 10:00:00,,2024-05-06 09:00:00,\n"
        "62,Dock,Tundra,80,Negotiations Started,Open,2024-03-01 10:00:00,2031-01-31,,\n"
        "63,Gate,Tundra,70,Proposal Made,Lost,2024-03-01 10:00:00,,,2024-04-05 09:00:00\n"
    ),
    "Zoho": (
        "Deal Id,Deal Name,Account Name,Stage,Amount,Closing Date,Created Time\n"
        "zcrm_61,Lift,Borealis,Closed Won,900,2024-05-06,2024-02-01 10:00:00\n"
        "zcrm_62,Dock,Tundra,Negotiation/Review,80,2031-01-31,2024-03-01 10:00:00\n"
        "zcrm_63,Gate,Tundra,Closed Lost to Competition,70,2024-04-05,2024-03-01 10:00:00\n"
    ),
    "Dynamics": (
        "Topic,Potential Customer,Status,Est. Revenue,Est. Close Date,Actual Close Date,"
        "Created On\n"
        "Lift,Borealis,Won,900,,2024-05-06,2024-02-01\n"
        "Gate,Tundra,Lost,70,,2024-04-05,2024-03-01\n"
    ),
    "flags and dates": (
        "Name|Company|Value|Stage|Closed|Won|Won time|Lost time|Close date|Created\n"
        "Lift|Borealis|900|Demo|TRUE|TRUE|||2024-05-06|2024-02-01\n"
        "Dock|Tundra|80|Negotiation|FALSE|FALSE|||2031-01-31|2024-03-01\n"
        "Gate|Tundra|70|Demo|TRUE|FALSE|||2024-04-05|2024-03-01\n"
    ),
    "dates of closing alone": (
        '"Title";"Organization";"Value";"Stage";"Won time";"Lost time";"Created"\n'
        '"Lift";"Borealis";"900,00";"Demo Scheduled";"2024-05-06 10:00";"";"2024-02-01"\n'
        '"Gate";"Tundra";"70,00";"Demo Scheduled";"";"2024-04-05 10:00";"2024-03-01"\n'
        "\n"
        '"All deals, of all teams"\n"Grand Totals (2 records)"\n'
    ),
    "Odoo": (
        "Opportunity,Customer,Stage,Expected Revenue,Expected Closing,Created on\n"
        "Dock,Tundra,Negotiation,80,2031-01-31,2024-03-01 10:00:00\n"
    ),
    "Data Loader's flags": (
        "Id,Name,Account Name,StageName,Amount,CloseDate,IsClosed,IsWon,CreatedDate\n"
        "61,Lift,Borealis,Signed and sealed,900,2024-05-06,true,true,2024-02-01\n"
        "62,Dock,Tundra,Negotiation/Review,80,2031-01-31,false,false,2024-03-01\n"
        "63,Gate,Tundra,Went elsewhere,70,2024-04-05,true,false,2024-03-01\n"
    ),
}


@pytest.mark.parametrize("system", EXPORTS)
def test_should_read_the_deals_of_other_systems(database, tmp_path, system):
    report = load_text(database, tmp_path, EXPORTS[system])
    assert (report.kind, report.refused, report.failed) == ("deals", "", 0)
    expected = [
        deal for deal in (LIFT, DOCK, GATE) if f"{deal[0]}" in EXPORTS[system].replace('"', "")
    ]
    assert deals_of(database) == expected
    assert counts(load_text(database, tmp_path, EXPORTS[system])) == (0, 0, len(expected), 0)


def test_should_know_a_deal_by_its_id_in_the_other_system(database, tmp_path):
    header = "Record ID,Deal Name,Deal Stage,Amount,Close Date,Associated Company\n"
    load_text(database, tmp_path, f"{header}61,Lift,Contract Sent,900,2031-05-06,Borealis\n")
    moved = f"{header}61,Lift for all,Closed Won,950,2024-05-06,Borealis\n"
    assert counts(load_text(database, tmp_path, moved)) == (0, 1, 0, 0)
    assert [(name, stage) for name, _, stage, *_ in deals_of(database)] == [
        ("Lift for all", "Closed Won")
    ]


def test_should_find_the_accounts_of_deals_by_their_ids(database, tmp_path):
    accounts = put(
        tmp_path, "a.csv", "Id,Name,Industry,Website\n7A,Borealis,Banking,borealis.example\n"
    )
    deals = put(
        tmp_path,
        "d.csv",
        "Id,AccountId,Name,StageName,Amount,CloseDate\n"
        "61,7A,Lift,Closed Won,900,2024-05-06\n"
        "62,9Z,Dock,Prospecting,80,2031-01-31\n",
    )
    reports = load(database, deals, accounts)
    assert [report.kind for report in reports] == ["deals", "accounts"]
    assert [account for _, account, *_ in deals_of(database)] == ["Borealis", None]
    assert any("imported without an account" in text for text in reports[0].warnings)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("name,amount,Sales phase of ours", "Lift,900,Won"),
        ("deal,name,amount,Bearbeitungsstadium / Stage", "1,Lift,900,Won"),
        ("Deal Name,Amount,Deal Stage,Kunde (Firma)", "Lift,900,Won,Borealis"),
        ("name,account,amount,Final outcome", "Lift,Borealis,900,Won"),
        ("name,account,stage,Day closed / closing", "Lift,Borealis,Won,2024-05-06"),
        ("First Name,Last Name,Email,Company or customer", "Ivo,Horn,ivo@x.example,Borealis"),
        ("account,industry,Full name of the buyer", "Borealis,Banking,Ivo Horn"),
        ("account,country,Deal stage", "Borealis,PL,Won"),
    ],
)
def test_should_refuse_a_file_whose_meaning_it_would_leave_unread(database, tmp_path, header, row):
    report = load_text(database, tmp_path, f"{header}\n{row}\n")
    assert "would be left unread" in report.refused
    assert deals_of(database) == []


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("name,account,stage,Days in stage,Stage change date", "Lift,Borealis,Won,7,2024-01-01"),
        ("name,account,stage,amount,Last stage,Company size", "Lift,Borealis,Won,9,New,12"),
        # An empty column tells nothing.
        ("name,account,amount,Final outcome", "Lift,Borealis,900,"),
    ],
)
def test_should_leave_out_what_decides_nothing(database, tmp_path, header, row):
    assert load_text(database, tmp_path, f"{header}\n{row}\n").refused == ""


PEOPLE = {
    "Outlook": (
        "First Name,Middle Name,Last Name,Title,Web Page,E-mail Address,Company,Job Title\n"
        "Ivo,,Horn,Mr.,,ivo@borealis.example,Borealis,CFO\n"
    ),
    "HubSpot's page": (
        "Record ID,First Name,Last Name,Email,Job Title,Associated Company,Lifecycle Stage\n"
        "5,Ivo,Horn,ivo@borealis.example,CFO,Borealis,lead\n"
    ),
    "HubSpot's API": (
        "firstname,lastname,email,company,jobtitle,createdate\n"
        "Ivo,Horn,ivo@borealis.example,Borealis,CFO,2024-02-01\n"
    ),
    "Salesforce": (
        '"Salutation","First Name","Last Name","Title","Account Name","Email","Mailing City"\n'
        '"Mr.","Ivo","Horn","CFO","Borealis","ivo@borealis.example","Oslo"\n'
    ),
    "Pipedrive": (
        "Person - Name,Person - Organization,Person - Email - Work,Person - Job title\n"
        "Ivo Horn,Borealis,ivo@borealis.example,CFO\n"
    ),
    "atomic-crm": (
        "first_name,last_name,gender,title,company_name,company,email_work,email_home\n"
        "Ivo,Horn,male,CFO,Borealis,,ivo@borealis.example,ivo@home.example\n"
    ),
    "a list": "Name;Company;Position;E-Mail\nHorn, Ivo;Borealis;CFO;ivo@borealis.example\n",
    "a German list": (
        "Vorname;Nachname;Firma;Position;E-Mail\nIvo;Horn;Borealis;CFO;ivo@borealis.example\n"
    ),
}


@pytest.mark.parametrize("system", PEOPLE)
def test_should_read_the_contacts_of_other_systems(database, tmp_path, system):
    report = load_text(database, tmp_path, PEOPLE[system])
    assert (report.kind, counts(report)) == ("people", (1, 0, 0, 0))
    with database.read() as session:
        person = session.exec(select(Person)).one()
        account = session.get_one(Account, person.account_id)
        assert (person.name, person.title, person.email, account.name) == (
            *("Ivo Horn", "CFO", "ivo@borealis.example", "Borealis"),
        )


def test_should_take_no_form_of_address_for_a_job_title(database, tmp_path):
    load_text(database, tmp_path, "First Name,Last Name,Title,Company\nIvo,Horn,Dr.,Borealis\n")
    with database.read() as session:
        assert session.exec(select(Person.title)).one() == ""


@pytest.mark.parametrize(
    "text",
    [
        "Record ID,Company name,Company Domain Name,Industry,Number of Employees\n"
        "7,Borealis,borealis.example,Banking,120\n",
        "name,domain,industry,numberofemployees\nBorealis,borealis.example,BANKING,120\n",
        "Organization name;Website;Branche;Employees\n"
        "Borealis;https://www.borealis.example;Banking;120\n",
    ],
)
def test_should_read_the_companies_of_other_systems(database, tmp_path, text):
    report = load_text(database, tmp_path, text)
    assert (report.kind, counts(report)) == ("accounts", (1, 0, 0, 0))
    with database.read() as session:
        account = session.exec(select(Account)).one()
        assert (account.name, account.domain, account.industry, account.headcount) == (
            *("Borealis", "borealis.example", "K64", 120),
        )


def test_should_keep_rows_that_a_footer_does_not_have(database, tmp_path):
    text = "account,domain,country\nBorealis,,NO\n\n\nTundra,,\n"
    assert counts(load_text(database, tmp_path, text)) == (2, 0, 0, 0)
    below = "Grand Totals (2 records)\nCopyright (c) 2026 Wilk Ltd\n"
    report = load_text(database, tmp_path, f"{text}\nMy report\n{below}")
    assert counts(report) == (0, 0, 2, 0)
    assert report.warnings == ["3 lines below the data were left out: they are a report's footer."]


def test_should_take_no_line_of_totals_for_a_deal(database, tmp_path):
    text = (
        "Opportunity Name,Account Name,Stage,Amount,Close Date\n"
        "Lift,Borealis,Closed Won,EUR 900,2024-05-06\n"
        "Subtotal,,,EUR 900,\nCount,1,,,\n"
        "Sum,Borealis,Prospecting,EUR 5,2031-01-31\n"
        "Grand Totals (2 records), ,,EUR 905,\n"
        "\nCopyright (c) 2026 Wilk Ltd\n"
    )
    report = load_text(database, tmp_path, text)
    assert (counts(report), report.left_out) == ((2, 0, 0, 0), 3)
    assert [name for name, *_ in deals_of(database)] == ["Lift", "Sum"]
    assert any("Lines of totals were left out" in warning for warning in report.warnings)


def test_should_find_the_accounts_of_contacts_by_their_ids(database, tmp_path):
    accounts = put(tmp_path, "a.csv", "Id,Name,Website\n7A,Borealis,borealis.example\n")
    people = put(
        tmp_path,
        "c.csv",
        "Id,AccountId,LastName,FirstName,Email\n"
        "1,7A,Horn,Ivo,ivo@borealis.example\n2,9Z,Mey,Ada,ada@tundra.example\n",
    )
    reports = load(database, people, accounts)
    assert [report.kind for report in reports] == ["people", "accounts"]
    assert any("imported without an account" in text for text in reports[0].warnings)
    with database.read() as session:
        found = select(Person.name, Account.name).join(Account).order_by(Person.id)
        assert session.exec(found).all() == [("Ivo Horn", "Borealis")]


def test_should_take_the_companies_of_an_address_book_for_accounts(database, tmp_path):
    text = (
        "Name,Is a Company,Company Name,Email,City,Job Position\n"
        "Borealis,True,,info@borealis.example,Oslo,\n"
        "Ivo Horn,False,Borealis,ivo@borealis.example,,CFO\n"
        "Borealis North,True,Borealis,,,\n"
    )
    assert counts(load_text(database, tmp_path, text)) == (3, 0, 0, 0)
    with database.read() as session:
        accounts = session.exec(select(Account).order_by(Account.id)).all()
        assert [(account.name, account.city) for account in accounts] == [
            *(("Borealis", "Oslo"), ("Borealis North", "")),
        ]
        assert accounts[1].parent_id == accounts[0].id
        assert session.exec(select(Person.name)).all() == ["Ivo Horn"]
    assert counts(load_text(database, tmp_path, text)) == (0, 0, 3, 0)


def test_should_take_nobody_with_a_first_name_for_a_company(database, tmp_path):
    text = (
        "First name,Last name,Email,Company,Company type\nIvo,Horn,i@b.example,Borealis,Company\n"
    )
    load_text(database, tmp_path, text)
    with database.read() as session:
        found = select(Person.name, Account.name).join(Account)
        assert session.exec(found).all() == [("Ivo Horn", "Borealis")]


def test_should_take_a_status_reason_for_what_it_tells(database, tmp_path):
    text = (
        "Topic,Potential Customer,Status,Status Reason,Pipeline Phase,Est. close date\n"
        "Lift,Borealis,Open,In Progress,,2031-01-31\n"
        "Dock,Borealis,Open,In Progress,3-Propose,2031-01-31\n"
        "Gate,Borealis,Open,On Hold,3-Propose,2031-01-31\n"
        "Hall,Borealis,Lost,Out-Sold,,2024-05-06\n"
    )
    assert counts(load_text(database, tmp_path, text)) == (4, 0, 0, 0)
    assert [(name, stage) for name, _, stage, *_ in deals_of(database)] == [
        *(("Lift", "Prospecting"), ("Dock", "Proposal/Price Quote")),
        *(("Gate", "Proposal/Price Quote"), ("Hall", "Closed Lost")),
    ]
    with database.read() as session:
        parked = select(Deal.name).where(Deal.outcome == Outcome.PARKED)
        assert session.exec(parked).all() == ["Gate"]


def test_should_say_which_columns_tell_the_same():
    with pytest.raises(Invalid, match="'E-mail' is there more than once"):
        recognise(
            RawFile("x.csv", "", split_rows("Name,E-mail,E-Mail\nIvo,a@x.example,b@x.example"))
        )
    file = recognise(
        RawFile("x.csv", "", split_rows("First name,Last name,Company,Company name\nIvo,Horn,,B\n"))
    )
    assert file.rows[0].cells["account"] == "B"
    assert file.warnings == [
        "The columns 'Company' and 'Company name' both tell the account: the first that is filled"
        " was taken."
    ]


def test_should_refuse_a_stage_that_contradicts_the_status(database, tmp_path):
    text = (
        "name,account,stage,status\n"
        "Lift,Borealis,Closed Won,lost\nDock,Borealis,Closed Lost,Open\nGate,Borealis,,Maybe\n"
    )
    assert counts(load_text(database, tmp_path, text)) == (0, 0, 0, 3)


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("appointmentscheduled", "Needs Analysis"),
        ("Qualified To Buy", "Value Proposition"),
        ("presentationscheduled", "Id. Decision Makers"),
        ("Decision Maker Bought-In", "Proposal/Price Quote"),
        ("Proposal", "Proposal/Price Quote"),
        ("negotiation", "Negotiation/Review"),
        ("Price quote", "Proposal/Price Quote"),
        ("CLOSED_WON", "Closed Won"),
        ("needsanalysis", "Needs Analysis"),
        ("Gewonnen", "Closed Won"),
        ("Abandoned", "Closed Lost"),
        ("Geschlossen und gewonnen", "Closed Won"),
        ("6 - Closed Won (100%)", "Closed Won"),
        ("zamknięta / przegrana", "Closed Lost"),
        ("2-Proposal", "Proposal/Price Quote"),
        ("7 - Customer", "Closed Won"),
        ("Closed / signed", "Closed Won"),
    ],
)
def test_should_know_the_stages_of_other_systems(database, tmp_path, text, stage):
    row = f"deal,name,account,stage,closed\n1,Lift,Borealis,{text},{{}}\n"
    closed = "2024-05-06" if stage.startswith("Closed") else ""
    report = load_text(database, tmp_path, row.format(closed))
    assert counts(report) == (1, 0, 0, 0)
    assert deals_of(database)[0][2] == stage
    exact = stage.startswith("Closed") or text == "needsanalysis"
    assert any("was read as" in warning for warning in report.warnings) is not exact


def test_should_refuse_a_stage_that_nobody_knows(database, tmp_path):
    text = "deal,name,account,stage\n"
    for number, stage in enumerate(("Limbo", "Closed", "E-signed", "Customer deal")):
        text += f"{number},Lift {number},Borealis,{stage}\n"
    assert counts(load_text(database, tmp_path, text)) == (0, 0, 0, 4)


def test_should_take_one_of_several_addresses(database, tmp_path):
    header = "Full Name,Emails,Company\n"
    load_text(database, tmp_path, f"{header}Ivo Horn,ivo@home.example,Borealis\n")
    several = f'{header}Ivo Horn,"ivo@borealis.example; ivo@home.example",Borealis\n'
    several += "Rut Alm,rut@tundra.example ::: rut@home.example,Tundra\n"
    assert counts(load_text(database, tmp_path, several)) == (1, 0, 1, 0)
    with database.read() as session:
        assert sorted(session.exec(select(Person.email))) == [
            *("ivo@home.example", "rut@tundra.example"),
        ]


# Each file's header and its one row, and what is read of it.
REACHED = {
    "HubSpot's contacts": (
        "First Name,Last Name,Email,Phone Number,Mobile Phone Number,Street Address,City,"
        "Postal Code,Country/Region",
        "Ann,Ek,ann@ek.example,+46 8 465 004 01,+46 70 174 06 05,Kungsgatan 1,Stockholm,"
        "111 43,Sweden",
    ),
    "Salesforce's contacts": (
        "FirstName,LastName,Email,Phone,MobilePhone,HomePhone,Fax,MailingStreet,MailingCity,"
        "MailingPostalCode,MailingCountry",
        "Ann,Ek,ann@ek.example,+46 8 465 004 01,+46 70 174 06 05,1,2,Kungsgatan 1,Stockholm,"
        "111 43,Sweden",
    ),
    "a report of Salesforce's contacts": (
        "First Name,Last Name,Email,Phone,Mobile,Mailing Street,Mailing City,"
        "Mailing Zip/Postal Code,Mailing Country",
        "Ann,Ek,ann@ek.example,+46 8 465 004 01,+46 70 174 06 05,Kungsgatan 1,Stockholm,"
        "111 43,Sweden",
    ),
    "Dynamics' contacts": (
        "First Name,Last Name,Email,Business Phone,Mobile Phone,Address 1: Street 1,"
        "Address 1: City,Address 1: ZIP/Postal Code,Address 1: Country/Region",
        "Ann,Ek,ann@ek.example,+46 8 465 004 01,+46 70 174 06 05,Kungsgatan 1,Stockholm,"
        "111 43,Sweden",
    ),
    "Zoho's contacts": (
        "First Name,Last Name,Email,Phone,Mobile,Mailing Street,Mailing City,Mailing Zip,"
        "Mailing Country",
        "Ann,Ek,ann@ek.example,+46 8 465 004 01,+46 70 174 06 05,Kungsgatan 1,Stockholm,"
        "111 43,Sweden",
    ),
    "Odoo's contacts": (
        "Name,Email,Phone,Mobile,Street,Street2,City,Zip,Country",
        "Ann Ek,ann@ek.example,+46 8 465 004 01,+46 70 174 06 05,Kungsgatan 1,,Stockholm,"
        "111 43,Sweden",
    ),
    "Outlook's contacts": (
        "First Name,Last Name,E-mail Address,Business Phone,Mobile Phone,Home Phone,"
        "Business Street,Business City,Business Postal Code,Business Country/Region,Home Street",
        "Ann,Ek,ann@ek.example,+46 8 465 004 01,+46 70 174 06 05,9,Kungsgatan 1,Stockholm,"
        "111 43,Sweden,Hemma 2",
    ),
    "HubSpot's companies": (
        "Record ID,Company name,Company Domain Name,Phone Number,Street Address,City,Postal Code,"
        "Country/Region",
        "9,Ek,ek.example,+46 8 465 004 01; +46 70 174 06 05,Kungsgatan 1,Stockholm,111 43,Sweden",
    ),
    "Salesforce's accounts": (
        "Id,Account Name,Website,Phone,BillingStreet,BillingCity,BillingPostalCode,BillingCountry",
        '9,Ek,ek.example,"+46 8 465 004 01, +46 70 174 06 05",Kungsgatan 1,Stockholm,111 43,Sweden',
    ),
    "Pipedrive's organizations": (
        "Organization - Name,Organization - Website,Organization - Phone,"
        "Organization - Street/road name of Address,Organization - House number of Address,"
        "Organization - City/town/village/locality of Address,"
        "Organization - ZIP/Postal code of Address,Organization - Country of Address",
        "Ek,ek.example,+46 8 465 004 01;+46 70 174 06 05,Kungsgatan,1,Stockholm,111 43,Sweden",
    ),
    "EspoCRM's accounts": (
        "Name,Website,Phone,Billing Address Street,Billing Address City,"
        "Billing Address Postal Code,Billing Address Country",
        "Ek,ek.example,+46 8 465 004 01;+46 70 174 06 05,Kungsgatan 1,Stockholm,111 43,Sweden",
    ),
}


@pytest.mark.parametrize("system", REACHED)
def test_should_read_telephones_and_addresses(database, tmp_path, system):
    header, row = REACHED[system]
    report = load_text(database, tmp_path, f"{header}\n{row}\n")
    table = {"people": Person, "accounts": Account}[report.kind]
    assert counts(report) == (1, 0, 0, 0), report.warnings
    with database.read() as session:
        [found] = session.exec(select(table)).all()
        assert found.phone == "+46 8 465 004 01; +46 70 174 06 05"
        assert (found.street, found.postcode, found.city, found.country) == (
            *("Kungsgatan 1", "111 43", "Stockholm", "SE"),
        )


def test_should_leave_out_a_number_that_a_spreadsheet_rounded(database, tmp_path):
    many = ";".join(f"+46 8 465 004 {number}" for number in range(10, 40))
    text = (
        "name,email,phone,city\n"
        "Ann Ek,ann@ek.example,4.68555E+11; +46 8 465 004 01,Stockholm\n"
        f"Bo Ek,bo@ek.example,{many},Stockholm\n"
    )
    report = load_text(database, tmp_path, text)
    assert counts(report) == (2, 0, 0, 0)
    with database.read() as session:
        ann, bo = session.exec(select(Person).order_by(Person.id)).all()
        assert (ann.phone, ann.city) == ("+46 8 465 004 01", "Stockholm")
        assert bo.phone.startswith("+46 8 465 004 10; ")
        assert 170 < len(bo.phone) <= 200
