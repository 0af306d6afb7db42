"""Files of ties, address books, advocates and past references."""

from datetime import date
from pathlib import Path

import pytest
from sqlmodel import Session, select

from references.desk.advocates import Advocate
from references.desk.consent import Consent, consents_of
from references.desk.request import ReferenceRequest, RequestStep
from references.imports import EXTENSION
from references.network import address_books
from references.network.address_books import Connection, add_to_record
from references.network.ties import Tie
from tests.workspace.imports.files import counts, put, snapshot
from tests.world import World, ago
from workspace.imports.run import Report, import_files
from workspace.people import people
from workspace.people.tables import Person
from workspace.timeline.timeline import timeline


def load(world: World, path: Path, by: str | None = "alice") -> Report:
    """Import one file in the name of one of the cast."""
    member = world.people[by] if by else None
    with world.database.write() as session:
        return import_files(session, [path], member, path.parent / "errors", EXTENSION)[0]


def load_text(
    world: World, folder: Path, text: str, by: str | None = "alice", name: str = "file.csv"
) -> Report:
    return load(world, put(folder, name, text), by)


def problems(report: Report) -> str:
    return report.error_file.read_text(encoding="utf-8-sig")


def connections_of(session: Session, world: World, name: str = "alice") -> list[Connection]:
    rows = select(Connection).where(Connection.owner_id == world.people[name])
    return list(session.exec(rows.order_by(Connection.id)))


def asserted(session: Session) -> list[Tie]:
    """The ties that somebody entered, as opposed to those that follow from the cast's facts."""
    return list(session.exec(select(Tie).where(Tie.origin == "").order_by(Tie.id)))


def add_jane(world: World) -> int:
    """A contact at Havel Clinics who is in people's address books."""
    with world.database.write() as session:
        return people.add_contact(
            session,
            "Jane Doe",
            None,
            email="jane@havel.example",
            profile="linkedin.com/in/janedoe",
            account_id=world.account(session, "havel").id,
        ).id


# LinkedIn's Connections.csv

PREAMBLE = (
    'Notes:\n"When exporting your connection data, some of it may be missing, as ""they"" choose.'
    '"\n\n'
)
HEADER = "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"


def book(*rows: str, header: str = HEADER, preamble: str = PREAMBLE) -> str:
    return preamble + header + "\n".join(rows) + "\n"


def test_should_require_a_member_for_an_address_book(world: World, tmp_path: Path) -> None:
    text = book("Jane,Doe,,,Havel Clinics,CIO,12 Mar 2024")
    report = load_text(world, tmp_path, text, by=None)
    assert report.refused == "An address book belongs to a member: --as EMAIL says to whom."
    assert "may read" in load_text(world, tmp_path, text, by="frank").refused
    report = load_text(world, tmp_path, text)
    assert (report.kind, counts(report), report.warnings) == ("connections", (1, 0, 0, 0), [])


@pytest.mark.parametrize(
    "text",
    [
        book("Jane,Doe,https://www.linkedin.com/in/janedoe,,Acme,CIO,12 Mar 2024"),
        book("Jane,Doe,linkedin.com/in/JaneDoe/?trk=x,,Acme,CIO,12 Mar 2024", preamble=""),
        book(
            "Jane,Doe,https://linkedin.com/in/janedoe,,Acme,CIO,12 Mar 2024",
            preamble="Notes:\nThis file, as you see, contains your connections.\n",
        ),
        "\ufeff"
        + book("Jane,Doe,https://linkedin.com/in/janedoe,,Acme,CIO,12-Mar-24").replace(
            "\n", "\r\n"
        ),
        book(
            "Jane,Doe,,Acme,CIO,12 Mar 2024,https://linkedin.com/in/janedoe",
            header="First Name,Last Name,Email Address,Company,Position,Connected On,URL\n",
        ),
    ],
    ids=["usual", "no preamble", "no blank line", "mark and CRLF", "profile last"],
)
def test_should_find_the_header_on_any_line(world: World, tmp_path: Path, text: str) -> None:
    assert counts(load_text(world, tmp_path, text)) == (1, 0, 0, 0)
    with world.database.read() as session:
        (found,) = connections_of(session, world)
        assert (found.name, found.url) == ("Jane Doe", "linkedin.com/in/janedoe")
        assert (found.company, found.position) == ("Acme", "CIO")
        assert (found.connected_on, found.source) == (date(2024, 3, 12), "LinkedIn")
        assert (found.visibility, found.person_id) == ("private", None)


def test_should_recognise_an_old_file_without_profiles_by_name_and_company(
    world: World, tmp_path: Path
) -> None:
    old = book(
        "Jane,Doe,,Acme,CIO,12 Mar 2024",
        header="First Name,Last Name,Email Address,Company,Position,Connected On\n",
        preamble="",
    )
    assert counts(load_text(world, tmp_path, old)) == (1, 0, 0, 0)
    new = book("Jane,Doe,https://linkedin.com/in/janedoe,,ACME,Chief,12 Mar 2024")
    assert counts(load_text(world, tmp_path, new)) == (0, 1, 0, 0)
    moved = book("Jane,Doe,https://linkedin.com/in/janedoe,,Other Ltd,Chief,12 Mar 2024")
    assert counts(load_text(world, tmp_path, moved)) == (0, 1, 0, 0)
    assert counts(load_text(world, tmp_path, moved)) == (0, 0, 1, 0)
    with world.database.read() as session:
        (found,) = connections_of(session, world)
        assert (found.company, found.position) == ("Other Ltd", "Chief")


def test_should_read_rows_with_every_quirk(world: World, tmp_path: Path) -> None:
    text = book(
        'Priya,Sharma,linkedin.com/in/priya-1,,"Stripe, Inc.","Engineer ""Platform""",7-Feb-22',
        "Priya,Sharma,https://linkedin.com/in/priya-2,,Stripe Inc,PM,1 Feb 2022",
        'Priya,Sharma,linkedin.com/in/priya-1,,"Stripe, Inc.","Engineer ""Platform""",7-Feb-22',
        "Neha,,https://linkedin.com/in/neha,,,,",
        ",,,,,,20 Mar 2022",
        ",,https://linkedin.com/in/nobody,,,,",
        "Rahul,Verma,,not an address,Flipkart,SDE,01 Aug 2021",
        "Rahul,Verma,,,Flipkart,SDE,03/04/2021",
        ",,,,,,",
    )  # fmt: skip
    report = load_text(world, tmp_path, text)
    assert (counts(report), report.left_out) == ((4, 0, 2, 0), 2)
    for reason in ("is not an e-mail address", "could be 03 April or 04 March"):
        assert reason in problems(report)
    with world.database.read() as session:
        assert [(row.name, row.position) for row in connections_of(session, world)] == [
            ("Priya Sharma", 'Engineer "Platform"'),
            ("Priya Sharma", "PM"),
            ("Neha", ""),
            ("Rahul Verma", "SDE"),
        ]
    before = snapshot(world.database)
    assert counts(load_text(world, tmp_path, text)) == (0, 0, 6, 0)
    assert snapshot(world.database) == before


OLD_HEADER = "First Name,Last Name,Email Address,Company,Position,Connected On\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            book(
                "Hanna,Lis,https://www.linkedin.com/in/hanna-lis/?trk=x,h@x.example,Lis Ltd,Owner,"
                "01 Jul 2026",
                "Olaf,Berg,linkedin.com/in/olaf-berg,,Berg AS,Architect,15 Jun 2026",
                preamble="Notes:\nThese are your connections.\n",
            ),
            (2, 0, 0, 0),
        ),
        (
            book(
                "Hanna,Lis,https://www.linkedin.com/in/hanna-lis,,Lis Ltd,Engineer,15 Mar 2024",
                'Olaf,Berg,https://www.linkedin.com/in/olaf-berg,o@x.example,"Berg, AS",CTO,'
                "02 Jan 2023",
                "Mei,Ito,https://www.linkedin.com/in/mei-ito,,Ito Capital,Partner,20 Jun 2022",
                "Hanna,Lis,https://www.linkedin.com/in/hanna-lis,,Lis Ltd,Engineer,15 Mar 2024",
                preamble='Notes:\n"Some fields are empty, as your connections chose."\n\n',
            ),
            (3, 0, 1, 0),
        ),
        (
            book(
                "Hanna,Lis,h@x.example,Lis Ltd,CEO,01 Jan 2020",
                "Olaf,Berg,o@x.example,Berg AS,CTO,15 Mar 2021",
                "Mei,Ito,,Ito Capital,Partner,",
                header=OLD_HEADER,
                preamble="",
            ),
            (3, 0, 0, 0),
        ),
        (
            "\ufeff"
            + book(
                'Hanna,Lis,https://www.linkedin.com/in/h-1,,"Lis, Inc.","Lead ""Data""",7-Feb-22',
                "Hanna,Lis,https://www.linkedin.com/in/hanna-2,,Lis Inc,PM,01 Feb 2022",
                "Olaf,,https://www.linkedin.com/in/olaf,,,,",
                "Mei,Ito,,m@x.example,Ito Capital,Partner,20 Jun 2022",
                ",,https://www.linkedin.com/in/withdrawn,,,,20 Jun 2022",
            ).replace("\n", "\r\n"),
            (4, 0, 0, 0),
        ),
        (
            book(
                *(
                    f"Name{number},Surname{number},n{number}@x.example,Company {number},Owner,"
                    f"{number + 1:02} May 2023,https://linkedin.com/in/name{number}"
                    for number in range(10)
                ),
                header=OLD_HEADER.strip() + ",URL\n",
                preamble="Notes:\nThese are your connections.\nAll of them.\n\n",
            ),
            (10, 0, 0, 0),
        ),
        (
            book(
                "Hanna,Lis,https://www.linkedin.com/in/hanna-lis,,Lis Ltd,Engineer,01 Jan 2020",
                "Mei,Ito,https://www.linkedin.com/in/mei-ito,m@x.example,,,15 Feb 2021",
                ",,,,,,20 Mar 2022",
            ),
            (2, 0, 0, 0),
        ),
        (
            book(
                "Hanna,Lis,https://www.linkedin.com/in/hanna-1,,Lis Ltd,Engineer,01 Jan 2020",
                "Hanna,Lis,https://www.linkedin.com/in/hanna-2,,Lis Ltd,Engineer,01 Jan 2020",
                "Olaf,Berg,,o@x.example,Berg AS,CTO,02 Jan 2023",
                "Olaf,Berg,,,Other AS,CTO,02 Jan 2023",
                "Mei,Ito,,no address,Ito Capital,Partner,20 Jun 2022",
            ),
            (5, 0, 0, 0),
        ),
    ],
    ids=[
        "no blank line, short preamble",
        "exact duplicate",
        "old header, no preamble",
        "mark, CRLF and quotes",
        "profile last",
        "withdrawn profile",
        "two people of one name",
    ],
)
def test_should_read_the_samples_of_connections(
    world: World, tmp_path: Path, text: str, expected: tuple[int, int, int, int]
) -> None:
    report = load_text(world, tmp_path, text)
    assert (report.kind, counts(report)) == ("connections", expected)
    again = load_text(world, tmp_path, text)
    assert counts(again) == (0, 0, expected[0] + expected[2], expected[3])


# vCards


def card(*lines: str, version: str = "3.0") -> str:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def test_should_read_cards_of_every_version_as_connections(world: World, tmp_path: Path) -> None:
    text = (
        card(
            "N:Doe;Jane;Q.;Dr.;",
            "FN:Dr. Jane Q. Doe",
            "item1.EMAIL;type=INTERNET:second@x.example",
            "item2.EMAIL;type=pref:Jane@X.example",
            "item2.X-ABLabel:_$!<Work>!$_",
            "ORG:Acme\\, Inc.;Accounting",
            "TITLE:Head of",
            "  data",
            "BDAY:--0412",
            "PHOTO;ENCODING=b;TYPE=JPEG:" + "A" * 70,
            *(" " + "A" * 70 for _ in range(1_000)),
            "X-SOCIALPROFILE;type=linkedin:http\\://www.linkedin.com/in/janedoe",
            "URL:https://acme.example",
        )
        + card(
            "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=91u=C3=B1ez;Ana;;;",
            "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Ana =",
            "=C3=91u=C3=B1ez",
            "NOTE;ENCODING=QUOTED-PRINTABLE:He said=0D=0A=",
            "EMAIL:nobody@x.example",
            "A line that is no property",
            version="2.1",
        )
        + card("FN:No Address", "EMAIL:none", version="4.0")
    )
    report = load_text(world, tmp_path, text, name="book.vcf")
    assert (report.kind, counts(report), report.warnings) == ("cards", (3, 0, 0, 0), [])
    with world.database.read() as session:
        jane, ana, last = connections_of(session, world)
        assert (jane.name, jane.email, jane.company) == ("Jane Doe", "jane@x.example", "Acme, Inc.")
        assert (jane.position, jane.url) == ("Head of data", "linkedin.com/in/janedoe")
        assert (jane.source, jane.visibility) == ("Address book", "private")
        assert (ana.name, ana.email) == ("Ana Ñuñez", None)
        assert (last.name, last.email) == ("No Address", None)
    before = snapshot(world.database)
    assert counts(load_text(world, tmp_path, text, name="book.vcf")) == (0, 0, 3, 0)
    assert snapshot(world.database) == before


def test_should_return_refused_cards_with_the_reason(world: World, tmp_path: Path) -> None:
    text = (
        card("FN:Whole", "EMAIL:whole@x.example")
        + card("EMAIL:nameless@x.example")
        + card("FN:The Team", "KIND:group", version="4.0")
        + card("FN:Acme", "X-ABShowAs:COMPANY")
        + card("FN:Jane", "EMAIL:a b@x.example")
        + "BEGIN:VCARD\nFN:Cut off\n"
        + card("FN:Agent of", "AGENT:", "BEGIN:VCARD", "FN:Inner", "END:VCARD", "TITLE:Outer")
        + "BEGIN:VCARD\nFN:Cut off too\n"
    )
    report = load_text(world, tmp_path, text, name="book.vcf")
    assert (counts(report), report.left_out) == ((3, 0, 0, 2), 3)
    assert any("a group or an organisation" in warning for warning in report.warnings)
    assert any("names nobody" in warning for warning in report.warnings)
    told = problems(report)
    for reason in ("is not an e-mail", "has no end"):
        assert reason in told
    with world.database.read() as session:
        found = connections_of(session, world)
        assert [(row.name, row.email, row.position) for row in found] == [
            ("Whole", "whole@x.example", ""),
            ("Jane", None, ""),
            ("Agent of", None, "Outer"),
        ]
    mended = told.replace("a b@x.example", "ab@x.example")
    again = load_text(world, tmp_path, mended, name="mended.csv")
    # Those that were cut off may be meant as they are.
    assert (again.kind, counts(again)) == ("cards", (2, 1, 0, 0))


def test_should_read_a_hostile_line_without_delay(world: World, tmp_path: Path) -> None:
    # With patterns that try every way to read a parameter this would not end.
    text = card("FN;x=" + "," * 5_000, "N;" + '"' * 5_001, "FN:Jane Doe")
    report = load_text(world, tmp_path, text, name="book.vcf")
    assert counts(report) == (1, 0, 0, 0)


def test_should_tie_the_related_people_of_a_card_if_the_record_has_both(
    world: World, tmp_path: Path
) -> None:
    jane = add_jane(world)
    ines, jonas = world.people["ines"], world.people["jonas"]
    text = (
        card(
            "FN:Jane Doe",
            "EMAIL:jane@havel.example",
            "RELATED;TYPE=colleague:urn:uuid:AB-1",
            "RELATED;TYPE=friend;VALUE=text:Inês Moreira",
            "RELATED;TYPE=spouse;VALUE=text:Inês Moreira",
            "RELATED;TYPE=colleague:mailto:nobody@x.example",
            "RELATED;TYPE=contact:mailto:alice@dealkin.example",
            version="4.0",
        )
        + card("FN:Jonas Havelka", "UID:urn:uuid:ab-1", version="4.0")
        + card(
            "FN:Somebody Else",
            "item1.X-ABRELATEDNAMES:Jane Doe",
            "item1.X-ABLabel:_$!<Manager>!$_",
        )
    )
    report = load_text(world, tmp_path, text, name="book.vcf")
    assert counts(report) == (3, 0, 0, 0)
    with world.database.read() as session:
        ties = {({tie.one_id, tie.other_id} - {jane}).pop(): tie for tie in asserted(session)}
        assert set(ties) == {ines, jonas, world.people["alice"]}
        assert (ties[jonas].kind, ties[jonas].visibility) == ("colleagues", "private")
        assert (ties[ines].kind, ties[ines].asserted_by_id) == ("knows", world.people["alice"])
        assert ties[world.people["alice"]].kind == "first-degree connection"
    before = snapshot(world.database)
    assert counts(load_text(world, tmp_path, text, name="book.vcf")) == (0, 0, 3, 0)
    assert snapshot(world.database) == before


PHOTO = "\r\n".join(" " + "A" * 74 for _ in range(40))
# Cards as programs write them, with the rows that are taken and refused, and a name in them.
CARDS = {
    "Android": (
        card("EMAIL;PREF:first@x.example", "CATEGORIES:My Contacts", version="2.1")
        + card("EMAIL;PREF:second@x.example", "CATEGORIES:My Contacts", version="2.1")
        + card(
            "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=91=20=C3=91;;;;",
            "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=91=20=C3=91",
            "TEL;CELL;PREF:123456789",
            version="2.1",
        )
        + card(
            "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C5=81=C3=B3=C5=BA=;;;;",
            "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C5=81=C3=B3=",
            "=C5=BA",
            "NOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=91=20=",
            "=C3=91",
            version="2.1",
        )
        + card("N:Lis;Hanna;;;", "FN:Hanna Lis", "TEL;CELL:123", version="2.1")
        + card("N:Berg;Olaf;;;", "FN:Olaf Berg", "TEL;HOME:456", version="2.1"),
        (4, 0, 0, 0),
        "Ñ Ñ",
    ),
    "BlackBerry": (
        card(
            "FN:Olaf Berg",
            "N:Berg;olaf;;;",
            "ORG:Berg AS",
            "TEL;TYPE=CELL:+4700000000",
            f"PHOTO;ENCODING=BASE64:/9j/4AAQ\r\n{PHOTO}\r\n",
            "NOTE:",
            version="2.1",
        ),
        (1, 0, 0, 0),
        "Olaf Berg",
    ),
    "Google": (
        card("FN:Hanna Lis", "N:Lis;Hanna;;;", "EMAIL;TYPE=INTERNET:h@x.example")
        + card("FN:Olaf Berg", "N:Berg;Olaf;;;", "EMAIL;TYPE=INTERNET:o@x.example")
        + card("FN:Mei Ito", "N:Ito;Mei;;;", "EMAIL;TYPE=INTERNET:m@x.example"),
        (3, 0, 0, 0),
        "Mei Ito",
    ),
    "Outlook": (
        card(
            "N:Berg;Olaf;;Mr.;III",
            "FN:Olaf Berg III",
            "ORG:Company, The;TheDepartment",
            "NOTE;ENCODING=QUOTED-PRINTABLE:First line=0D=0ASecond line=0D=0A=",
            "=0A",
            "TEL;WORK;VOICE:BusinessPhone",
            "ADR;WORK:;TheOffice;1 Main St;Oslo;;0150;Norway",
            "LABEL;WORK;ENCODING=QUOTED-PRINTABLE:TheOffice=0D=0A1 Main St=0D=0AOslo=",
            " Norway",
            "BDAY:19800321",
            "KEY;X509;ENCODING=BASE64:",
            "",
            "EMAIL;PREF;INTERNET:o@x.example",
            "X-MS-OL-DEFAULT-POSTAL-ADDRESS:2",
            "REV:20121012T210525Z",
            version="2.1",
        ),
        (1, 0, 0, 0),
        "Olaf Berg",
    ),
    "Apple": (
        card(
            "PRODID:-//Apple Inc.//Address Book 6.1//EN",
            "N:Berg;Olaf;Johan;Mr.;I",
            "FN:Mr. Berg Olaf I Johan",
            "NICKNAME:Olli\\,Berg",
            "ORG:Berg AS;Sales",
            "EMAIL;type=INTERNET;type=WORK;type=pref:o@x.example",
            "EMAIL;type=INTERNET;type=HOME:olaf@x.example",
            "item1.ADR;type=HOME;type=pref:;;1\\nMain St\\, 3rd floor;Oslo;;0150;Norway",
            "item1.X-ABADR:no",
            "item2.URL;type=pref:https://x.example",
            "item2.X-ABLabel:_$!<HomePage>!$_",
            "BDAY;value=date:1980-05-21",
            f"PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ\r\n{PHOTO}",
            "X-ABUID:0E7602CC-443E-4B82-B4B1-90F62F99A199:ABPerson",
        ),
        (1, 0, 0, 0),
        "Olaf Berg",
    ),
    "two of one company": (
        card("FN:Hanna Lis", "ORG:Lis Ltd", "EMAIL;TYPE=INTERNET,PREF:h@x.example")
        + card("FN:Mei Ito", "ORG:Lis Ltd", "URL:https://x.example/mei", "EMAIL:m@x.example"),
        (2, 0, 0, 0),
        "Hanna Lis",
    ),
    "version 4": (
        card(
            "FN:Lis\\, Hanna",
            "N:Lis;Hanna;;;",
            "GENDER:F",
            "ORG:Lis GmbH",
            'TEL;VALUE=uri;TYPE="voice,home":tel:+49-30-000000',
            "EMAIL;TYPE=home;PREF=1:h@x.example",
            "ADR;TYPE=work;LABEL=1 Main St^nBerlin^': DE",
            "LANG;TYPE=work;PREF=1:de",
            "TZ:-0500",
            "REV;VALUE=DATE-AND-OR-TIME:20210314T092838Z",
            "UID:urn:uuid:8b574c60-fd7f-4e99-b584-c5db131ae687",
            version="4.0",
        ),
        (1, 0, 0, 0),
        "Lis, Hanna",
    ),
    "no address": (
        card("FN:Given Family", "N:Family;Given;Additional;Prefix;Suffix", "GEO:37.3;-122.0"),
        (1, 0, 0, 0),
        "Given Family",
    ),
}


@pytest.mark.parametrize(
    ("text", "expected", "name"), CARDS.values(), ids=[str(program) for program in CARDS]
)
def test_should_read_the_samples_of_cards(
    world: World, tmp_path: Path, text: str, expected: tuple[int, int, int, int], name: str
) -> None:
    assert counts(load_text(world, tmp_path, text, name="book.vcf")) == expected
    with world.database.read() as session:
        assert name in [row.name for row in connections_of(session, world)]


# Whom the record has


@pytest.mark.parametrize(
    "row",
    [
        "J.,Doe,,jane@havel.example,Elsewhere,CIO,12 Mar 2024",
        "J.,Doe,https://de.linkedin.com/in/JaneDoe?x=1,,Elsewhere,CIO,12 Mar 2024",
        "JANE,DOÉ,,,havel  clinics,CIO,12 Mar 2024",
    ],
    ids=["e-mail", "profile", "name and account"],
)
def test_should_add_a_private_tie_if_the_record_has_the_person(
    world: World, tmp_path: Path, row: str
) -> None:
    jane = add_jane(world)
    load_text(world, tmp_path, book(row, "Jane,Doe,,,Elsewhere,CIO,"))
    with world.database.read() as session:
        found, other = connections_of(session, world)
        (tie,) = asserted(session)
        assert (found.person_id, found.tie_id, other.person_id) == (jane, tie.id, None)
        assert {tie.one_id, tie.other_id} == {jane, world.people["alice"]}
        assert (tie.kind, tie.source) == ("first-degree connection", "LinkedIn")
        assert (tie.visibility, tie.asserted_by_id) == ("private", world.people["alice"])
        assert (tie.start, tie.origin) == (date(2024, 3, 12), "")


def test_should_match_neither_of_two_namesakes_at_one_account(world: World, tmp_path: Path) -> None:
    add_jane(world)
    with world.database.write() as session:
        account = world.account(session, "havel")
        people.add_contact(session, "Jane Doe", None, account_id=account.id)
    load_text(world, tmp_path, book("Jane,Doe,,,Havel Clinics,,"))
    with world.database.read() as session:
        assert connections_of(session, world)[0].person_id is None


def test_should_add_the_tie_when_the_person_is_added_later(world: World, tmp_path: Path) -> None:
    load_text(world, tmp_path, book("Jane,Doe,,,Havel Clinics,,", "Jan,Doe,,,Havel Clinics,,"))
    jane = add_jane(world)
    with world.database.write() as session:
        assert address_books.match_people(session, [jane]) == 1
        assert address_books.match_people(session, [jane]) == 0
    with world.database.write() as session:
        first, second = connections_of(session, world)
        assert (first.person_id, second.person_id) == (jane, None)
        # Once found they stay, whatever becomes of the facts.
        people.edit_person(session, session.get_one(Person, jane), None, {"name": "Jana Nová"})
        assert address_books.match_people(session, [jane]) == 0
        assert connections_of(session, world)[0].person_id == jane


def test_should_ignore_the_card_of_the_owner(world: World, tmp_path: Path) -> None:
    text = card("FN:Alice", f"EMAIL:{world.email('alice')}")
    assert counts(load_text(world, tmp_path, text, name="me.vcf")) == (0, 0, 1, 0)
    with world.database.read() as session:
        assert connections_of(session, world) == []


def test_should_show_an_address_book_to_its_owner_only(world: World, tmp_path: Path) -> None:
    jane = add_jane(world)
    text = book("Jane,Doe,,jane@havel.example,Havel Clinics,CIO,12 Mar 2024", "Ann,Onym,,,Acme,,")
    assert counts(load_text(world, tmp_path, text, by="alice")) == (2, 0, 0, 0)
    with world.database.read() as session:
        alices = [(row.id, row.name, row.position) for row in connections_of(session, world)]
    # Nothing of hers is found, counted or changed by the same book of somebody else.
    other = text.replace("CIO", "Chief")
    assert counts(load_text(world, tmp_path, other, by="charlie")) == (2, 0, 0, 0)
    assert counts(load_text(world, tmp_path, other, by="charlie")) == (0, 0, 2, 0)
    with world.database.read() as session:
        after = [(row.id, row.name, row.position) for row in connections_of(session, world)]
        assert after == alices
        assert [(tie.asserted_by_id, tie.visibility) for tie in asserted(session)] == [
            (world.people["alice"], "private"),
            (world.people["charlie"], "private"),
        ]
        # Those whom only an address book knows are not in the record.
        assert session.exec(select(Person).where(Person.name == "Ann Onym")).first() is None
        mine = address_books.connections_of(session, world.people["charlie"])
        assert [(row.name, row.person_key is not None) for row in mine] == [
            ("Jane Doe", True), ("Ann Onym", False)
        ]  # fmt: skip
        assert session.get_one(Person, jane).title == ""


# Ties


def test_should_import_ties_as_private_ties_of_their_owner_by_default(
    world: World, tmp_path: Path
) -> None:
    text = (
        "one,other,kind,evidence,start,end,source,visibility,owner\n"
        "Inês Moreira,Jonas Havelka,Studied together,Porto,2004,2009,survey,Everyone,\n"
        "jonas havelka,alice@dealkin.example,,,,,,,\n"
    )
    report = load_text(world, tmp_path, text)
    assert (report.kind, counts(report)) == ("ties", (2, 0, 0, 0))
    assert counts(load_text(world, tmp_path, text)) == (0, 0, 2, 0)
    with world.database.read() as session:
        first, second = asserted(session)
        assert (first.kind, first.evidence, first.source) == ("studied together", "Porto", "survey")
        assert (first.start, first.end) == (date(2004, 1, 1), date(2009, 12, 31))
        assert (first.visibility, first.asserted_by_id) == ("everyone", world.people["alice"])
        assert (second.kind, second.visibility, second.source) == ("knows", "private", "imported")
    # What a row leaves empty stays: a tie that was shared is not taken back.
    changed = text.replace(",Everyone,", ",,").replace(",Porto,", ",Porto and Braga,")
    assert counts(load_text(world, tmp_path, changed)) == (0, 1, 1, 0)
    with world.database.read() as session:
        first, _ = asserted(session)
        assert (first.evidence, first.visibility) == ("Porto and Braga", "everyone")
        assert first.start == date(2004, 1, 1)


def test_should_let_only_administrators_import_the_ties_of_others(
    world: World, tmp_path: Path
) -> None:
    text = "one,other,owner\nInês Moreira,Jonas Havelka,bob@dealkin.example\n"
    for member in ("alice", "dana", "erin"):
        report = load_text(world, tmp_path, text, by=member)
        assert counts(report) == (0, 0, 0, 1)
        assert "Only administrators" in problems(report)
    for member in ("bob", "grace", None):
        assert load_text(world, tmp_path, text, by=member).failed == 0
    with world.database.read() as session:
        assert [tie.asserted_by_id for tie in asserted(session)] == [world.people["bob"]]
    nobody_s = "one,other\nInês Moreira,Jonas Havelka\n"
    assert "whose tie" in problems(load_text(world, tmp_path, nobody_s, by=None))


def test_should_write_wrong_ties_to_the_error_file(world: World, tmp_path: Path) -> None:
    text = (
        "one,other,kind,start,end,visibility\n"
        "Inês Moreira,Inês Moreira,,,,\n"
        "Inês Moreira,Nobody,,,,\n"
        "Inês Moreira,Jonas Havelka,hates,,,\n"
        "Inês Moreira,Jonas Havelka,,2020,2019,\n"
        "Inês Moreira,Jonas Havelka,,,,secret\n"
    )
    report = load_text(world, tmp_path, text)
    assert counts(report) == (0, 0, 0, 5)
    for reason in ("between two people", "'Nobody' is no person", "'hates' is none of",
                   "end is before", "'secret' is none of"):  # fmt: skip
        assert reason in problems(report)


# Advocates and past references

ADVOCATES = (
    "person,activities,calls_a_quarter,events_in_two_quarters,paused_until,consent,legal_basis,"
    "captured_on,source,start,end,note\n"
    "jane@havel.example,Reference call; quote,1,,,given,freely given consent,{told},by mail,,,"
    "Likes to talk\n"
    "Inês Moreira,reference call,,2,{later},requested,,{asked},,,,\n"
)


def changes_nothing_again(world: World, tmp_path: Path, text: str) -> None:
    """The two rows of Erin's file change nothing when she loads it once more."""
    before = snapshot(world.database)
    assert counts(load_text(world, tmp_path, text, by="erin")) == (0, 0, 2, 0)
    assert snapshot(world.database) == before


def advocates_file() -> str:
    return ADVOCATES.format(told=ago(100), asked=ago(10), later=ago(-30))


def test_should_import_advocates_with_their_limits_and_consent(
    world: World, tmp_path: Path
) -> None:
    jane = add_jane(world)
    text = advocates_file()
    for member in ("alice", "dana", "bob"):
        assert "marketer" in load_text(world, tmp_path, text, by=member).refused
    report = load_text(world, tmp_path, text, by="erin")
    assert (report.kind, counts(report)) == ("advocates", (2, 0, 0, 0))
    changes_nothing_again(world, tmp_path, text)
    with world.database.read() as session:
        first, second = session.exec(select(Advocate).order_by(Advocate.id)).all()
        assert (first.person_id, first.activities) == (jane, "reference call; quote")
        assert (first.calls_a_quarter, first.note) == (1, "Likes to talk")
        assert (second.events_in_two_quarters, second.paused_until) == (2, ago(-30))
        (said,) = consents_of(session, [first.id])[first.id]
        assert (said.state, said.captured_on, said.source) == ("given", ago(100), "by mail")
        assert said.recorded_by_id == world.people["erin"]
    # A later word is added to what was said before.
    withdrawn = f"person,consent,captured_on\njane@havel.example,withdrawn,{ago(5)}\n"
    assert counts(load_text(world, tmp_path, withdrawn, by="erin")) == (0, 1, 0, 0)
    assert counts(load_text(world, tmp_path, withdrawn, by="erin")) == (0, 0, 1, 0)
    assert counts(load_text(world, tmp_path, text, by="erin")) == (0, 0, 2, 0)
    with world.database.read() as session:
        states = session.exec(select(Consent.state).order_by(Consent.id)).all()
        assert states == ["given", "requested", "withdrawn"]


def test_should_write_wrong_advocates_to_the_error_file(world: World, tmp_path: Path) -> None:
    add_jane(world)
    text = (
        "person,activities,consent,captured_on,end,calls_a_quarter\n"
        "bob@dealkin.example,quote,,,,\n"
        "jane@havel.example,singing,,,,\n"
        "jane@havel.example,quote,given,,,\n"
        f"jane@havel.example,quote,given,{ago(-3)},,\n"
        f"jane@havel.example,quote,expired,{ago(300)},,\n"
        "jane@havel.example,quote,,,,many\n"
        f"jane@havel.example,quote,expired,{ago(300)},{ago(20)},\n"
    )
    report = load_text(world, tmp_path, text, by="grace")
    for reason in ("'singing' is none of", "captured_on: It is missing", "in the future",
                   "has ended some day", "is not a number"):  # fmt: skip
        assert reason in problems(report)
    assert report.failed == 6
    with world.database.read() as session:
        consent = session.exec(select(Consent)).one()
        assert (consent.state, consent.end) == ("given", ago(20))


PAST = (
    "deal,advocate,activity,prospect,date,by,outcome,note\n"
    "{wards},jane@havel.example,Reference Call,Inês Moreira,{long_ago},alice@dealkin.example,"
    "helped,They spoke of the records\n"
    "{wards},jane@havel.example,,,{recently},,Missed,\n"
)


def test_should_count_imported_past_references(world: World, tmp_path: Path) -> None:
    jane = add_jane(world)
    load_text(world, tmp_path, advocates_file(), by="erin")
    text = PAST.format(**world.deals, long_ago=ago(200), recently=ago(40))
    assert "marketer" in load_text(world, tmp_path, text, by="alice").refused
    report = load_text(world, tmp_path, text, by="erin")
    assert (report.kind, counts(report)) == ("references", (2, 0, 0, 0))
    changes_nothing_again(world, tmp_path, text)
    with world.database.read() as session:
        call, missed = session.exec(select(ReferenceRequest).order_by(ReferenceRequest.id)).all()
        assert (call.state, call.outcome, missed.state, missed.outcome) == (
            "completed", "helped", "missed", ""
        )  # fmt: skip
        assert (call.starts_at.date(), call.activity) == (ago(200), "reference call")
        assert (call.requested_by_id, call.prospect_id) == (
            world.people["alice"], world.people["ines"]
        )  # fmt: skip
        steps = session.exec(select(RequestStep).where(RequestStep.request_id == call.id)).all()
        assert [(step.action, step.after) for step in steps] == [("imported", "completed")]
        deal = world.deal(session, "wards")
        events = timeline(session, [(deal.id, deal.key, deal.name)], kinds=["reference"])
        assert {event.at.date() for event in events} == {ago(200), ago(40)}
        assert events[1].detail["person_id"] == session.get_one(Person, jane).name
    changed = text.replace("helped", "no effect")
    assert counts(load_text(world, tmp_path, changed, by="erin")) == (0, 1, 1, 0)


def test_should_write_wrong_references_to_the_error_file(world: World, tmp_path: Path) -> None:
    add_jane(world)
    load_text(world, tmp_path, advocates_file(), by="erin")
    text = (
        "deal,advocate,date,outcome\n"
        f"{world.deals['wards']},Jonas Havelka,{ago(5)},\n"
        f"{world.deals['wards']},jane@havel.example,,\n"
        f"{world.deals['wards']},jane@havel.example,{ago(-5)},\n"
        f"{world.deals['wards']},jane@havel.example,{ago(5)},splendid\n"
        f"{world.confidential_deal},jane@havel.example,{ago(5)},\n"
    )
    report = load_text(world, tmp_path, text, by="erin")
    assert counts(report) == (0, 0, 0, 5)
    for reason in ("is no advocate yet", "date: It is missing", "yet to come",
                   "'splendid' is none of", f"'{world.confidential_deal}' is no deal"):  # fmt: skip
        assert reason in problems(report)


# Who is who


def add_people(world: World, folder: Path, *rows: str) -> None:
    """Contacts in the record."""
    text = "name,email,account,title,profile\n" + "\n".join(rows) + "\n"
    assert load_text(world, folder, text).failed == 0


def matched(world: World) -> dict[str, str]:
    """Alice's connections that are matched, by their e-mail address, profile or name."""
    with world.database.read() as session:
        return {
            row.url or row.email or row.name: session.get_one(Person, row.person_id).name
            for row in connections_of(session, world)
            if row.person_id
        }


@pytest.mark.parametrize(
    ("known", "entry"),
    [
        # Two profiles.
        ("Ivo Horn,,Borealis,,linkedin.com/in/ivo-9", "Ivo,Horn,linkedin.com/in/ivo-1,,Borealis,,"),
        # Two addresses at work.
        (
            "Ivo Horn,ivo.h@borealis.example,Borealis,,",
            "Ivo,Horn,,ivo.j@borealis.example,Borealis,,",
        ),
        # An address of two people, and one of a team.
        ("Ivo Horn,horns@home.example,Borealis,,", "Rut,Alm,,horns@home.example,Borealis,,"),
        (
            "Ivo Horn,office@borealis.example,Borealis,,",
            "Rut,Alm,,office@borealis.example,Tundra,,",
        ),
        (
            "Ivo Horn,office@borealis.example,Borealis,,",
            "Ivo,Horn,,office@borealis.example,Tundra,,",
        ),
        # A person at another company.
        ("Ivo Horn,,Borealis,,", "Ivo,Horn,,,Borealis Bank,,"),
    ],
)
def test_should_match_nobody_whom_a_stronger_identifier_tells_apart(
    world: World, tmp_path: Path, known: str, entry: str
) -> None:
    add_people(world, tmp_path, known)
    assert load_text(world, tmp_path, book(entry)).failed == 0
    assert matched(world) == {}


@pytest.mark.parametrize(
    ("known", "entry"),
    [
        ("Ivo Horn,,Borealis,,", "Ivo,Horn,linkedin.com/in/ivo-1,ivo@mail.example,Borealis,,"),
        # A private address beside the one at work.
        ("Ivo Horn,ivo@borealis.example,Borealis,,", "Ivo,Horn,,ivo@gmail.com,Borealis,,"),
        # A new employer, a new surname.
        ("Ivo Horn,,Borealis,,x.example/ivo", "Ivo,Horn,x.example/ivo,,Tundra,,"),
        ("Rut Horn,rut@borealis.example,Borealis,,", "Rut,Alm,,rut@borealis.example,,,"),
        # A team's address says nothing, for or against.
        ("Ivo Horn,info@borealis.example,Borealis,,", "Ivo,Horn,,ivo@borealis.example,Borealis,,"),
    ],
)  # fmt: skip
def test_should_match_whom_nothing_tells_apart(
    world: World, tmp_path: Path, known: str, entry: str
) -> None:
    add_people(world, tmp_path, known)
    load_text(world, tmp_path, book(entry))
    assert list(matched(world).values()) == [known.partition(",")[0]]


def test_should_not_match_a_name_that_stands_twice(world: World, tmp_path: Path) -> None:
    add_people(
        world,
        tmp_path,
        "Ivo Horn,,Borealis,CFO,",
        "Rut Alm,rut@tundra.example,Tundra,CIO,",
        "Rut Alm,rut.alm@tundra.example,Tundra,CTO,",
    )
    report = load_text(
        world,
        tmp_path,
        book(
            "Ivo,Horn,x.example/ivo-1,,Borealis,CTO,",
            "Ivo,Horn,x.example/ivo-2,,Borealis,CFO,",
            "Rut,Alm,x.example/rut,,Tundra,CIO,",
        ),
    )
    assert matched(world) == {}
    assert [text.partition(" was not")[0] for text in report.warnings if "may be" in text] == [
        "'Ivo Horn' at 'Borealis' may be 'Ivo Horn' in the record and",
        "'Rut Alm' at 'Tundra' may be 'Rut Alm' or 'Rut Alm' in the record and",
    ]


def test_should_suggest_whom_a_connection_may_be(world: World, tmp_path: Path) -> None:
    add_people(
        world,
        tmp_path,
        *(f"{name},,Borealis,," for name in ("Olga Sokolova", "Horváth Béla", "Ines Sá Lima")),
        *(f"{name},,Borealis,," for name in ("Jürgen Böhm", "William Ash", "Marta Wilk")),
    )
    report = load_text(
        world,
        tmp_path,
        book(
            "Ольга,Соколова,x.example/1,,Borealis,,",
            "Béla,Horváth,x.example/2,,Borealis Ltd,,",
            "Inês,Lima,x.example/3,,Borealis,,",
            "Juergen,Boehm,x.example/4,,Borealis,,",
            "Bill,Ash,x.example/5,,Borealis,,",
            "Marta,Wilk-Lis,x.example/6,,Borealis,,",
            "Marta,Wilczek,x.example/7,,Borealis,,",
        ),
    )
    assert matched(world) == {}
    told = [text for text in report.warnings if "may be" in text]
    assert [text.split("'")[1::2] for text in told] == [
        ["Ольга Соколова", "Borealis", "Olga Sokolova"],
        ["Béla Horváth", "Borealis Ltd", "Horváth Béla"],
        ["Inês Lima", "Borealis", "Ines Sá Lima"],
        ["Juergen Boehm", "Borealis", "Jürgen Böhm"],
        ["Bill Ash", "Borealis", "William Ash"],
        ["Marta Wilk-Lis", "Borealis", "Marta Wilk"],
    ]


def test_should_match_without_titles_credentials_and_legal_forms(
    world: World, tmp_path: Path
) -> None:
    add_people(world, tmp_path, *(f"{name},,{at},," for name, at in (
        ("Ivo Horn", "Borealis"), ("Rut Alm", "Tundra S.A."), ("Lea Fink", "Седьмое Небо"),
    )))  # fmt: skip
    load_text(
        world,
        tmp_path,
        book(
            'Prof. Ivo,"Horn, MBA",x.example/1,,"Borealis, Inc.",,',
            "Rut ⭐,Alm PhD,x.example/2,,Tundra,,",
            "Lea,Fink,x.example/3,,Sedmoe Nebo,,",
        ),
    )
    assert sorted(matched(world).values()) == ["Ivo Horn", "Lea Fink", "Rut Alm"]


def test_should_leave_out_what_names_no_person(world: World, tmp_path: Path) -> None:
    cards = (
        card("N:;;;;", "ORG:Borealis AS", "EMAIL:post@borealis.example", version="3.0")
        + card("FN:Ivo Horn", "ORG:Borealis AS")
    )  # fmt: skip
    report = load_text(world, tmp_path, cards, name="book.vcf")
    assert (counts(report), report.left_out, report.error_file) == ((1, 0, 0, 0), 1, None)
    assert "a group or an organisation" in report.warnings[0]


GOOGLE = (
    "First Name,Middle Name,Last Name,Nickname,Organization Name,Organization Title,Labels,"
    "E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value,Website 1 - Value\n"
    "Ivo,,Horn,,Borealis,CFO,* myContacts,Work,ivo@borealis.example ::: ivo@home.example,Home,"
    "horn@home.example,https://www.linkedin.com/in/ivo-horn\n"
    ",,,,Borealis Helpdesk,,* myContacts,,help@borealis.example,,,https://borealis.example\n"
)
OLD_GOOGLE = (
    "Name,Given Name,Additional Name,Family Name,Group Membership,E-mail 1 - Type,"
    "E-mail 1 - Value,Organization 1 - Type,Organization 1 - Name,Organization 1 - Title\n"
    "Ivo Horn,Ivo,,Horn,* myContacts,* Work,ivo@borealis.example,,Borealis,CFO\n"
)


@pytest.mark.parametrize("text", [GOOGLE, OLD_GOOGLE], ids=["current", "old"])
def test_should_read_google_s_contacts_as_an_address_book(
    world: World, tmp_path: Path, text: str
) -> None:
    assert "--as EMAIL" in load_text(world, tmp_path, text, by=None).refused
    report = load_text(world, tmp_path, text)
    assert (report.kind, counts(report)) == ("cards", (1, 0, 0, 0))
    assert counts(load_text(world, tmp_path, text)) == (0, 0, 1, 0)
    with world.database.read() as session:
        (found,) = connections_of(session, world)
        assert (found.name, found.email, found.company, found.position, found.visibility) == (
            *("Ivo Horn", "ivo@borealis.example", "Borealis", "CFO", "private"),
        )


def test_should_know_somebody_by_any_address_of_their_card(world: World, tmp_path: Path) -> None:
    add_people(world, tmp_path, "Ivo Horn,ivo@home.example,Tundra,,")
    text = card("FN:Ivo Horn", "EMAIL:ivo@borealis.example", "EMAIL:ivo@home.example", "EMAIL:x y")
    load_text(world, tmp_path, text, name="book.vcf")
    assert matched(world) == {"ivo@home.example": "Ivo Horn"}


def test_should_take_activities_by_one_word(world: World, tmp_path: Path) -> None:
    jane = add_jane(world)
    text = "person,activities\njane@havel.example,call; Visit; case; quote\n"
    assert counts(load_text(world, tmp_path, text, by="erin")) == (1, 0, 0, 0)
    with world.database.read() as session:
        advocate = session.exec(select(Advocate).where(Advocate.person_id == jane)).one()
        assert advocate.activities == "reference call; site visit; case study; quote"


CARD = """BEGIN:VCARD
VERSION:3.0
FN:Jane Doe
ORG:Acme
TEL;TYPE=WORK,FAX:+44 20 7946 0001
TEL;TYPE=CELL:+44 7700 900\\n 123
item1.TEL;VALUE=uri;TYPE=work;PREF=1:tel:+44-20-7946-0018;ext=12
ADR;TYPE=HOME:;;1 Mill Lane;Leeds;;LS1 1AA;United Kingdom
ADR;TYPE=WORK:;Floor 2;12 Quay Street;Hull;;HU1 1AA;United Kingdom
BDAY:--0412
END:VCARD
"""
GOOGLE = (
    "First Name,Last Name,Organization Name,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,"
    "Phone 2 - Label,Phone 2 - Value,Birthday,Address 1 - Label,"
    "Address 1 - Street,Address 1 - City,Address 1 - Postal Code,Address 1 - Country\n"
    "Jane,Doe,Acme,,Work,+44-20-7946-0018 ext. 12 ::: +44 7700 900 123,"
    "Work Fax,+44 20 7946 0001,1984-04-12,Work,"
    '"12 Quay Street, Floor 2",Hull,HU1 1AA,United Kingdom\n'
)


OUTLOOK = (
    "Title,First Name,Middle Name,Last Name,Company,Department,Job Title,Business Street,"
    "Business City,Business Postal Code,Business Country/Region,Home Street,Business Fax,"
    "Business Phone,Mobile Phone,Birthday,Children,E-mail Address,Spouse,Web Page\n"
    'Ms,Jane,,Doe,Acme,Sales,CIO,"12 Quay Street, Floor 2",Hull,HU1 1AA,United Kingdom,'
    "1 Mill Lane,+44 20 7946 0001,+44-20-7946-0018 ext. 12,+44 7700 900 123,4/12/1984,Tim,"
    ",Max Doe,http://acme.example\n"
    "Mr,Otto,,Ek,Acme,,,,,,,,,,,0/0/00,,otto@acme.example,,\n"
    "Mr,Uwe,,Ek,Acme,,,,,,,,,,,10/31/1970,,uwe@acme.example,,\n"
)


@pytest.mark.parametrize(
    ("name", "text"), [("book.vcf", CARD), ("google.csv", GOOGLE), ("outlook.csv", OUTLOOK)]
)
def test_should_keep_telephones_and_the_address_at_work_of_an_address_book(
    world: World, tmp_path: Path, name: str, text: str
) -> None:
    report = load(world, put(tmp_path, name, text))
    assert (report.kind, report.failed) == ("cards", 0)
    with world.database.write() as session:
        found, *others = connections_of(session, world)
        assert [(row.name, row.birthday) for row in others] == [
            *([("Otto Ek", ""), ("Uwe Ek", "10-31")] if name == "outlook.csv" else []),
        ]
        assert found.phone == "+44-20-7946-0018 ext. 12; +44 7700 900 123"
        place = ("12 Quay Street, Floor 2", "HU1 1AA", "Hull", "GB")
        assert (found.street, found.postcode, found.city, found.country) == place
        assert found.birthday == "04-12"
        # They go along when the owner adds the person to the record.
        person = add_to_record(session, found, world.people["alice"])
        assert (person.street, person.postcode, person.city, person.country) == place
        assert person.phone == found.phone


def test_should_not_keep_where_a_connection_lives(world: World, tmp_path: Path) -> None:
    home = GOOGLE.replace(',Work,"12', ',Home,"12')
    load(world, put(tmp_path, "google.csv", home))
    with world.database.read() as session:
        (found,) = connections_of(session, world)
        assert (found.street, found.city, found.country) == ("", "", None)
