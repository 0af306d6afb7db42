"""Commands that write to the record."""

from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from references.network.address_books import Connection
from tests.web.cli.conftest import Run
from tests.world import World
from workspace.accounts.accounts import Account
from workspace.database import Database
from workspace.deals.tables import Deal, Stage
from workspace.people import members
from workspace.people.sign_in import passwords
from workspace.people.tables import Role


def test_should_let_the_first_administrator_sign_in(run: Run, opened: Database) -> None:
    made = run("members", "add", "Ada Example", "Ada@dealkin.example", "--role", "admin")
    assert made.code == 0
    password = made.out.strip().rsplit(" ", 1)[-1]
    with opened.read() as session:
        found = passwords.check_password(session, "ada@dealkin.example", password)
        assert found is not None
        assert members.viewer(session, found.id, found.name).roles == {Role.ADMIN}


def test_should_replace_the_old_password(run: Run, opened: Database) -> None:
    first = run("members", "add", "Ada", "ada@dealkin.example").out.strip().rsplit(" ", 1)[-1]
    second = run("members", "password", "ada@dealkin.example").out.strip().rsplit(" ", 1)[-1]
    with opened.read() as session:
        assert passwords.check_password(session, "ada@dealkin.example", first) is None
        assert passwords.check_password(session, "ada@dealkin.example", second) is not None


def test_should_change_nothing_when_a_file_is_imported_twice(
    run: Run, opened: Database, tmp_path: Path
) -> None:
    file = tmp_path / "accounts.csv"
    file.write_text("account,sector,employees\nOrlik Retail,retail,4000\n", encoding="utf-8")
    assert "1 new" in run("import", file).out
    assert "0 new" in run("import", file).out
    with opened.read() as session:
        assert [row.name for row in session.exec(select(Account))] == ["Orlik Retail"]


def test_should_import_an_address_book_in_a_members_name(
    on_world: Run, world: World, tmp_path: Path
) -> None:
    book = tmp_path / "Connections.csv"
    book.write_text(
        "Notes:\nAll of it.\n\nFirst Name,Last Name,Company,Position,Connected On\n"
        "Jonas,Havelka,Havel Clinics,Head of data,12 Mar 2024\n",
        encoding="utf-8",
    )
    cards = tmp_path / "book.vcf"
    cards.write_text("BEGIN:VCARD\nVERSION:4.0\nFN:Ann Onym\nEND:VCARD\n", encoding="utf-8")
    refused = on_world("import", book, cards)
    assert refused.code == 1
    assert refused.err.count("--as EMAIL says to whom") == 2
    taken = on_world("import", book, cards, "--as", world.email("bob"))
    assert (taken.code, taken.out.count("1 new")) == (0, 2)
    with world.database.read() as session:
        rows = session.exec(select(Connection.name, Connection.owner_id, Connection.person_id))
        assert sorted(rows) == [
            ("Ann Onym", world.people["bob"], None),
            ("Jonas Havelka", world.people["bob"], world.people["jonas"]),
        ]


def test_should_show_progress_on_a_terminal(
    run: Run, opened: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "deals.csv"
    file.write_text("name,stage\n" + "".join(f"Deal number {n},Won\n" for n in range(70)))
    quiet = run("reindex")
    assert (quiet.code, quiet.err) == (0, "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert run("reindex").err == ""
    imported = run("import", file)
    assert imported.code == 0, imported.err
    assert "70/70" in imported.err
    # What was caught up with after the import is found, and nothing is left to do.
    assert run("similar", "deal number 5", "--limit", 1, "--json").json["results"]
    assert run("reindex").out.startswith("0 documents")


def test_should_read_a_file_as_the_options_say(run: Run, opened: Database, tmp_path: Path) -> None:
    file = tmp_path / "deals.csv"
    file.write_bytes("name,account,Faza,opened\nLift,Křež,Won,3/4/2024\n".encode("cp852"))
    assert "'Faza' would be left unread" in run("import", file, "--encoding", "cp852").err
    options = ("--encoding", "cp852", "--column", "Faza=stage", "--dates", "day-first")
    assert "1 new" in run("import", file, *options).out
    with opened.read() as session:
        deal = session.exec(select(Deal)).one()
        assert (deal.outcome, deal.opened) == ("won", date(2024, 4, 3))
        assert session.exec(select(Account.name)).one() == "Křež"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--dates", "year-first"), ("--column", "stage"), ("--column", "=stage")),
        *(("--value", "Demo=Proposal"), ("--value", "colour: red=blue"), ("--value", "stage: =x")),
    ],
)
def test_should_refuse_wrong_options_of_an_import(
    run: Run, opened: Database, tmp_path: Path, option: str, value: str
) -> None:
    file = tmp_path / "accounts.csv"
    file.write_text("account\nOrlik Retail\n", encoding="utf-8")
    refused = run("import", file, option, value)
    assert (refused.code, option in refused.err) == (2, True)


def test_should_ask_for_unknown_values_and_take_the_answers(
    on_world: Run, world: World, tmp_path: Path
) -> None:
    file = tmp_path / "deals.csv"
    file.write_text("deal,name,stage\nV1,Lift,Nurturing\nV2,Crane,nurturing\n", encoding="utf-8")
    asks = (
        "The stage Nurturing of 2 rows is not known: --value 'stage: Nurturing=…' says what it"
        " means, --value 'stage: Nurturing=' leaves it out."
    )
    assert asks in on_world("import", "--dry-run", file).out
    made = on_world("import", file)
    assert "2 refused" in made.out
    assert asks in made.out
    wrong = on_world("import", file, "--value", "stage: Nurturing=Nowhere")
    assert (wrong.code, "'Nowhere' is no stage in the record." in wrong.err) == (1, True)
    said = ("--value", "stage: nurturing=qualification")
    shown = on_world("import", "--dry-run", file, *said)
    assert "2 new" in shown.out
    # A dry run remembers nothing.
    assert asks in on_world("import", "--dry-run", file).out
    made = on_world("import", file, *said)
    assert "2 new" in made.out
    assert "is not known" not in made.out
    assert "2 as they were" in on_world("import", file).out
    with world.database.read() as session:
        deal = session.exec(select(Deal).where(Deal.key == "V2")).one()
        assert session.get_one(Stage, deal.stage_id).name == "Qualification"


def test_should_preview_import_and_undo(on_world: Run, world: World, tmp_path: Path) -> None:
    file = tmp_path / "accounts.csv"
    file.write_text("account,country\nDubrava Retail,Poland\n", encoding="utf-8")
    shown = on_world("import", "--dry-run", file)
    assert "would be: 1 new" in shown.out
    made = on_world("import", file)
    assert "1 new" in made.out
    number = made.out.rsplit("--undo ", 1)[1].split()[0]
    refused = on_world("import", "--undo", number, "--as", world.email("bob"))
    assert "There is no such import." in refused.err
    assert f"Import {number} is undone." in on_world("import", "--undo", number).out
    again = on_world("import", "--undo", number)
    assert "This import is undone." in again.err
    with world.database.read() as session:
        assert "Dubrava Retail" not in set(session.exec(select(Account.name)))
