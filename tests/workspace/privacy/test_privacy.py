"""Telling a person what is stored, erasing it everywhere, and keeping it from being erased."""

import io
import json
import time
import zipfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel, col, select

from references.merging import merge_people
from references.network import ties
from references.network.address_books import Connection
from references.network.ties import TieKind, Visibility
from references.removal import delete_account, delete_person
from similarity.names import recorder
from tests.references.asking import advocate, call
from tests.workspace.assets.hostile_files import pdf
from tests.workspace.backups.postgres import empty_place, use_client_programs
from tests.world import World
from web.backups import back_up, restore_workspace
from web.jobs import kinds_of
from web.workspace import Workspace
from workspace import audit_log
from workspace.accounts.accounts import Account
from workspace.assets import files
from workspace.assets.assets import Asset
from workspace.assets.files import AssetFile
from workspace.assets.inspection import inspect
from workspace.backups.archives import make_backup
from workspace.clock import now, today
from workspace.collaboration import notes
from workspace.collaboration.job_changes import JobChange
from workspace.database import Database
from workspace.deals import leaving
from workspace.deals.tables import Stakeholder
from workspace.delivery import outbox
from workspace.errors import Conflict, NotFound
from workspace.imports import runs
from workspace.imports.recognition import Reading
from workspace.jobs.running import run_now
from workspace.keys import row_of_key
from workspace.people import people
from workspace.people.names import name_key
from workspace.people.sign_in.tables import (
    AddressChange,
    KnownDevice,
    PendingSignIn,
    RecoveryCode,
    SignInSession,
    TwoStepSecret,
)
from workspace.people.tables import Person
from workspace.people.viewer import PLAIN_VIEW
from workspace.privacy import requests
from workspace.privacy.erasure import (
    ERASE,
    erasures_file,
    fingerprint_of,
    require_erasable,
    write_erasures,
)
from workspace.privacy.mentions import ERASED, NameForms
from workspace.privacy.person_export import person_file, stored_of
from workspace.privacy.register import PURPOSES, personal_tables
from workspace.privacy.tables import Erasure, LegalHold, PrivacyLink
from workspace.revisions import history
from workspace.settings import Settings
from workspace.timeline.notifications import Notification
from workspace.timeline.timeline import TimelineEntry

EMAIL = "ines.moreira@brannoc.example"
# Her own, and the number of where she works.
PHONE, SWITCHBOARD = "+44 7700 900 017", "+44 1632 960 100"


@pytest.mark.usefixtures("database")
def test_should_know_every_table_that_names_a_person() -> None:
    """A new table with a reference to a person needs an entry: think of export and erasure."""
    assert {table.name for table in personal_tables()} <= PURPOSES.keys()
    assert PURPOSES.keys() - {table.name for table in personal_tables()} == set()


# Columns whose names tell that they may name a person, in tables without a reference to persons;
# each with what keeps persons out of it, or takes them out.
NAMING = {
    **dict.fromkeys(
        (
            *("account.description", "competitor.description", "product.description"),
            *("emailtext.body", "emailtext.subject"),
            *("revisionchange.before", "revisionchange.after", "importfile.name"),
            *("importfile.reading", "importpart.wrong", "webhookmessage.body"),
        ),
        "texts: erasure takes the person out",
    ),
    **dict.fromkeys(
        (
            *("account.name", "account.plain_name", "formeraccount.name", "company.name"),
            *("competitor.name", "product.name", "seatrole.name", "stage.name"),
            *("identityprovider.name", "ownfield.name", "ownfield.subject"),
            *("highestid.table_name", "revisionchange.table_name"),
        ),
        "names of other things",
    ),
    "account.phone": "an account's own",
    "mailboxposition.mailbox": "the mailbox of the server",
    "auditvalues.detail": "emptied at erasure",
    "importfile.raw": "emptied at erasure",
    "keptanswer.body": "deleted at erasure",
    "passage.text": "derived from texts",
    "signinattempt.subject": "deleted at erasure",
}
TELLING = (
    *("name", "mail", "address", "recipient", "sender", "subject", "phone", "profile", "url"),
    *("person", "author", "member", "text", "body", "raw", "reading", "detail", "description"),
    *("before", "after", "wrong"),
)


@pytest.mark.usefixtures("database")
def test_should_know_every_column_that_may_name_a_person() -> None:
    """A new column with a telling name, in a table without a reference, needs an entry."""
    found = {
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.sorted_tables
        if table.name not in PURPOSES
        for column in table.c
        if isinstance(column.type, sa.String | sa.JSON | sa.LargeBinary | sa.TypeDecorator)
        and not column.foreign_keys
        and not column.name.endswith("hash")
        and any(part in column.name for part in TELLING)
    }
    assert found == NAMING.keys()


@pytest.fixture
def known(world: World, workspace: Workspace) -> int:
    """Inês, of whom everything is stored that can be; her id."""
    with world.database.write() as session:
        ines = session.get_one(Person, world.people["ines"])
        people.edit_person(
            session,
            ines,
            world.people["alice"],
            {
                **{"email": EMAIL, "phone": f"{PHONE}; {SWITCHBOARD}"},
                **{"title": "Chief walrus officer", "about": "Keeps walruses."},
            },
        )
        alice = world.people["alice"]
        deal = world.deal(session, "wards")
        notes.write_note(session, deal, alice, "call", f"Inês Moreira ({EMAIL}) wants a demo")
        for said in ("Ines Moreira rang", "MOREIRA, INÊS: no", "Chère Ine\u0302s\xa0Moreira!"):
            notes.write_note(session, deal, alice, "note", said)
        notes.write_note(session, deal, alice, "call", f"She is at {PHONE}, or {SWITCHBOARD}.")
        account = world.account(session, "brannoc")
        account.phone = SWITCHBOARD
        session.add(account)
        deal.notes = "Ask Inês Moreira first."
        session.add(deal)
        jonas = session.get_one(Person, world.people["jonas"])
        jonas.about = "Worked with inês moreira."
        session.add(jonas)
        who = advocate(session, world, "ines")
        call(session, world, who, today())
        ties.assert_tie(
            session,
            world.people["jonas"],
            ines.id,
            TieKind.KNOWS,
            evidence="The choir",
            source="entered",
            asserted_by_id=alice,
            visibility=Visibility.PRIVATE,
        )
        outbox.queue(session, EMAIL, "A question", "Dear Inês Moreira, …")
        outbox.queue(session, "bob@dealkin.example", "News", "Inês Moreira has answered.")
        runs.store(
            session, alice, [runs.Upload("people.csv", f"email\n{EMAIL}\n".encode(), Reading())]
        )
        said = f"Ask {EMAIL} about it"
        # Some entries of address books are matched with her, and others have what is hers.
        url = "https://www.linkedin.com/in/i-m-4711"
        for owner, name, person, facts in (
            ("alice", "Inês Moreira", ines.id, {"url": url, "company": "Walrus Hospitals"}),
            ("alice", "Nesi M.", ines.id, {"street": "Walrus Quay 2"}),
            ("bob", "I. M.", None, {"url": url, "position": "Walrus keeper"}),
            ("bob", "Ines", None, {"email": EMAIL, "company": "Walrus Hospitals"}),
            ("bob", "The boss", None, {"phone": f"+44 1632 960 999; {PHONE}", "city": "Walrus"}),
            ("dana", "Moreira, Ines", None, {"position": "Walrus keeper"}),
        ):
            owned = {"owner_id": world.people[owner], "person_id": person}
            session.add(Connection(name=name, plain_name=name_key(name), **owned, **facts))
        file = inspect("case.pdf", pdf(said))
        stored = files.keep(workspace.settings.files, file.raw)
        row = files.add_version(
            session, row_of_key(session, Asset, "ward-demo"), file, stored, alice
        )
        row.text, row.text_state = said, files.TextState.READ
    return world.people["ines"]


def hits(database: Database, home: Path) -> list[str]:
    """Where the person is still found: in any column of any table, and in any file."""
    found = []
    needles = (
        "nês Moreira",
        "ines moreira",
        "ines-moreira",
        EMAIL,
        "moreira",
        "walrus",
        PHONE,
        "i-m-4711",
    )
    with database.read() as session:
        for table in SQLModel.metadata.sorted_tables:
            for row in session.connection().execute(sa.select(table)).mappings():
                text = " ".join(
                    value.decode("latin-1")
                    if isinstance(value, bytes)
                    else json.dumps(value, ensure_ascii=False, default=str)
                    for value in row.values()
                ).casefold()
                found += [table.name for needle in needles if needle.casefold() in text]
    for file in sorted(home.rglob("*")):
        if file.is_file() and "backups" not in file.parts:
            raw = file.read_bytes()
            found += [file.name for needle in needles if needle.encode() in raw]
    return found


def test_should_tell_everything_that_is_stored(world: World, known: int) -> None:
    with world.database.write() as session:
        ines = session.get_one(Person, known)
        raw = person_file(session, ines, world.viewer("grace"))
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        told = json.loads(archive.read("person.json"))
    by_table = {each["table"]: each for each in told["stored"]}
    assert by_table.keys() >= {"person", "employment", "education", "advocate", "consent", "tie"}
    assert all(each["why"] for each in told["stored"])
    # A tie that a colleague asserted between two others is theirs, too.
    evidence = {row.get("evidence") for row in by_table["tie"]["rows"]}
    assert "The choir" in evidence
    entered = next(row for row in by_table["tie"]["rows"] if row.get("evidence") == "The choir")
    assert entered["stored by"] == "Alice Adeyemi"
    texts = json.dumps(told["mentions"], ensure_ascii=False)
    for mention in ("wants a demo", "Ask Inês Moreira first", "inês moreira."):
        assert mention in texts, mention
    # Whose address books they are stays private.
    books = told["private address books of colleagues"]
    assert (books["entries"], books["members"]) == (6, 3)
    filled = ["name", "email", "url", "phone", "street", "city", "company", "position"]
    assert books["have"] == filled
    assert "Walrus Hospitals" not in str(told)
    with world.database.read() as session:
        own = stored_of(session, known, PLAIN_VIEW, for_themselves=True)
    assert [each.hidden for each in own if each.table == "connection"] == [6]
    # Mail repeats what other tables say, and may be about a confidential deal.
    assert "Inês Moreira has answered" not in texts


def test_should_tell_of_confidential_deals_only_how_many(world: World, known: int) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        deal.confidential = True
        deal.owner_id = world.people["alice"]
        session.add(deal)
        session.add(Stakeholder(deal_id=deal.id, person_id=known, note="Hates walruses"))
        session.add(
            Connection(owner_id=world.people["alice"], name="Otto Secret", plain_name="otto secret")
        )
        alice = session.get_one(Person, world.people["alice"])
        raw = person_file(session, session.get_one(Person, known), world.viewer("alice"))
        raw_of_alice = person_file(session, alice, world.viewer("grace"))
    with world.database.read() as session:
        shown = stored_of(session, known, world.viewer("grace"))
        to_alice = stored_of(session, world.people["alice"], PLAIN_VIEW, for_themselves=True)
        of_alice = stored_of(session, world.people["alice"], world.viewer("grace"))
        on_team = stored_of(session, known, world.viewer("alice"))
    told = "".join(
        zipfile.ZipFile(io.BytesIO(each)).read("person.json").decode()
        for each in (raw, raw_of_alice)
    )
    hidden = {each.table: each.hidden for each in shown}
    assert hidden["stakeholder"] == 1
    assert hidden["person"] == 0
    assert "Hates walruses" in str(on_team)
    for text in ("Hates walruses", "wants a demo", "Ask Inês Moreira first"):
        assert text not in told
        assert text not in str(shown)
        assert text not in str(to_alice)
    by_table = {each.table: each for each in of_alice}
    # Not even how many there are: a new one would tell that a colleague knows someone.
    assert "connection" not in by_table
    assert "Otto Secret" not in told
    assert "Otto Secret" in str(to_alice)
    # A deal that everybody sees is told of by its key alone.
    assert all(
        row.keys() <= {"key", "part", "owner_id", "stored by", "stored since"}
        for row in by_table["deal"].rows
    )


def test_should_show_no_secrets(world: World) -> None:
    alice, soon = world.people["alice"], now() + timedelta(days=1)
    with world.database.write() as session:
        session.add(SignInSession(token_hash="hush1", key="k", person_id=alice, expires_at=soon))
        session.add(KnownDevice(token_hash="hush2", person_id=alice, expires_at=soon))
        session.add(PendingSignIn(token_hash="hush3", person_id=alice, expires_at=soon))
        session.add(RecoveryCode(person_id=alice, code_hash="hush4"))
        session.add(TwoStepSecret(person_id=alice, secret="hush5"))
        session.add(
            AddressChange(person_id=alice, token_hash="hush6", email="a@b.example", expires_at=soon)
        )
        session.add(PrivacyLink(person_id=alice, token_hash="hush7", expires_at=soon))
    with world.database.read() as session:
        stored = stored_of(session, alice, PLAIN_VIEW, for_themselves=True)
    assert {each.table for each in stored} >= {"signinsession", "recoverycode", "twostepsecret"}
    assert "hush" not in str(stored)
    columns = {name for each in stored for row in each.rows for name in row}
    assert not {name for name in columns if "password" in name or "token" in name}


def test_s19_should_erase_a_person_everywhere_and_from_an_older_backup(
    world: World,
    workspace: Workspace,
    known: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S19, on both databases."""
    use_client_programs(monkeypatch)
    database, settings = world.database, workspace.settings
    workspace.catalog.catch_up()
    assert len(set(hits(database, settings.home))) > 8
    folder = erasures_file(settings).parent
    backup, _ = make_backup(database, settings, folder)
    result = run_now(
        database, kinds_of(workspace), ERASE, {"person_id": known}, by=world.people["grace"]
    )
    assert result["texts"] > 3
    assert hits(database, settings.home) == []
    assert not list(files.all_stored(settings.files)), "a file that names them is deleted"
    with database.read() as session:
        assert session.exec(select(AssetFile)).one().erased_at
        assert audit_log.broken_links(session) == []
        assert session.get(Person, known) is None
        # What they were part of is still there.
        assert session.exec(select(Person).where(Person.id == world.people["jonas"])).one()
    with database.read() as session:
        # The number of the company is not theirs alone.
        texts = session.exec(select(TimelineEntry.text)).all()
        assert f"She is at [erased], or {SWITCHBOARD}." in texts
    assert "moreira" not in erasures_file(settings).read_text().casefold()
    with empty_place(database, tmp_path / "restored") as place:
        restored = place.model_copy(update={"model": settings.model, "backups": "off"})
        restore_workspace(backup, restored)
        with closing(Database(restored.database)) as again:
            with again.read() as session:
                assert session.get(Person, known) is None
                assert audit_log.broken_links(session) == []
            assert hits(again, restored.home) == []
            assert not list(files.all_stored(restored.files))


@pytest.mark.parametrize(
    ("name", "named", "others"),
    [
        (
            "Zoë Brontëson",
            [
                "Zoe Bronteson",
                "BRONTËSON, Zoë",
                "zoë  brontëson",
                "Brontëson Zoe's",
                "(Zoë-Brontëson)",
            ],
            ["Zoe", "Brontëson", "Zoe Brontesons", "Zoe or Bronteson", "x.zoe-bronteson@a.example"],
        ),
        ("Mark Long", ["mark long", "Long, Mark"], ["mark", "long", "Mark Longer", "Marks long"]),
        ("Dr. Jürgen Müller", ["Juergen Mueller", "Müller, Jurgen"], ["Müller", "Dr. Müller"]),
        ("Иван Петров", ["Ivan Petrov", "Петров Иван"], ["Иван", "Ivan Petrovich"]),
        (
            "Ana Sofía de la Cruz",
            ["De la Cruz, Ana Sofia", "Cruz, Ana Sofia de la"],
            ["de la", "Ana"],
        ),
    ],
)
def test_should_find_a_name_in_any_spelling_and_order(
    name: str, named: list[str], others: list[str]
) -> None:
    forms = NameForms([name])
    for text in named:
        assert ERASED in forms.without(f"Met {text} today"), text
        assert not forms.without(text).strip("()'s").replace(ERASED, ""), text
    for text in others:
        assert forms.without(text) == text


def test_should_read_a_long_text_once() -> None:
    forms = NameForms(["Zoë Brontëson"])

    def seconds(length: int) -> float:
        text = "Zoë Zoë, brontë ünd " * length + "Zoe Bronteson"
        begun = time.thread_time()
        assert forms.without(text).endswith(f"ünd {ERASED}")
        return time.thread_time() - begun

    # Reading it again for each of its words would take a hundred times as long.
    assert min(seconds(10_000) for _ in range(3)) < 40 * min(seconds(1_000) for _ in range(3))


def test_should_leave_the_texts_of_a_namesake(world: World, workspace: Workspace) -> None:
    with world.database.write() as session:
        zoe = people.add_contact(session, "Zoë Brontëson", world.people["alice"])
        people.add_contact(session, "Zoe Bronteson", world.people["alice"])
        deal, zoe_id = world.deal(session, "wards"), zoe.id
        deal.notes = "Zoë Brontëson, and Zoe Bronteson."
        session.add(deal)
    result = run_now(world.database, kinds_of(workspace), ERASE, {"person_id": zoe_id})
    assert result["shared name"]
    with world.database.read() as session:
        assert world.deal(session, "wards").notes == f"{ERASED}, and Zoe Bronteson."


def test_should_leave_entries_of_address_books_about_others(
    world: World, workspace: Workspace, known: int
) -> None:
    desk = "+44 1632 960 100"
    jonas = world.people["jonas"]
    with world.database.write() as session:
        for owner, name, person, facts in (
            ("alice", "Inês at the desk", known, {"phone": f"{desk}; 12500"}),
            ("bob", "Tom Porter", None, {"phone": desk}),
            ("bob", "Jonas", jonas, {"phone": desk}),
            ("bob", "Short Number", None, {"phone": "12500"}),
            ("bob", "Inês Moreira", None, {"url": "https://www.linkedin.com/in/another"}),
        ):
            owned = {"owner_id": world.people[owner], "person_id": person}
            session.add(Connection(name=name, plain_name=name_key(name), **owned, **facts))
        account = world.account(session, "brannoc")
        account.postcode = "12500"
        session.add(account)
    run_now(world.database, kinds_of(workspace), ERASE, {"person_id": known})
    with world.database.read() as session:
        names = set(session.exec(select(Connection.name)))
        # Of an entry with another profile the name alone goes, as everywhere.
        assert names >= {"Tom Porter", "Jonas", "Short Number", ERASED}
        assert "Inês at the desk" not in names
        assert world.account(session, "brannoc").postcode == "12500"


def test_should_not_delete_a_person_on_legal_hold(world: World, known: int) -> None:
    """The hold also stops the deletion of their account, and goes along in a merge."""
    grace = world.viewer("grace")
    with world.database.write() as session:
        other = people.add_contact(session, "Inesa Moreira", world.people["alice"])
        other.account_id = session.get_one(Person, known).account_id
        session.add(other)
        requests.hold(session, other, "A dispute", by=world.people["grace"])
        account = session.get_one(Account, other.account_id)
    with world.database.write() as session, pytest.raises(Conflict, match="Inesa Moreira"):
        delete_person(session, grace, session.get_one(Person, other.id))
    with world.database.write() as session, pytest.raises(Conflict, match="legal hold"):
        delete_account(session, grace, session.get_one(Account, account.id))
    with world.database.write() as session:
        kept, gone = session.get_one(Person, known), session.get_one(Person, other.id)
        merge_people(session, grace, kept, gone, {})
    with world.database.read() as session:
        assert session.get_one(LegalHold, known).reason == "A dispute"


def test_should_erase_a_person_with_the_records_that_were_merged_into_theirs(
    world: World, workspace: Workspace, known: int
) -> None:
    grace = world.viewer("grace")
    with world.database.write() as session:
        name, email = "Inesita Walruskeeper", "inesita@former.example"
        twin = people.add_contact(session, name, world.people["alice"], email=email)
        session.flush()
        deal = world.deal(session, "wards")
        notes.write_note(session, deal, world.people["alice"], "call", "Inesita Walruskeeper rang")
        outbox.queue(session, email, "A question", "Dear you")
        twin_id, fingerprint = twin.id, fingerprint_of(twin)
    with world.database.write() as session:
        kept, gone = session.get_one(Person, known), session.get_one(Person, twin_id)
        revision = merge_people(session, grace, kept, gone, {}).id
    run_now(world.database, kinds_of(workspace), ERASE, {"person_id": known})
    assert hits(world.database, workspace.settings.home) == []
    with world.database.read() as session:
        for table in SQLModel.metadata.sorted_tables:
            rows = session.connection().execute(sa.select(table)).all()
            assert "inesita" not in str(rows).casefold(), table.name
        # Backups from before the merge have the other record.
        assert session.get_one(Erasure, twin_id).fingerprint == fingerprint
    with world.database.write() as session, pytest.raises(NotFound):
        history.take_back(session, grace, revision, {})


def test_should_finish_an_erasure_that_a_crash_cut_off(
    world: World, workspace: Workspace, known: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, kinds = world.database, kinds_of(workspace)
    with monkeypatch.context() as patched:
        patched.setattr(recorder, "forget_unused", crash)
        with pytest.raises(RuntimeError):
            run_now(database, kinds, ERASE, {"person_id": known})
    assert not erasures_file(workspace.settings).exists()
    run_now(database, kinds, ERASE, {"person_id": known})
    assert erasures_file(workspace.settings).read_text().count("\n") == 1
    assert hits(database, workspace.settings.home) == []


def crash(*_: object) -> None:
    raise RuntimeError


def test_should_keep_the_lines_of_erasures_and_write_them_beside_each_backup(
    world: World, workspace: Workspace, tmp_path: Path
) -> None:
    """A restored database knows nothing of erasures after its backup."""
    file = erasures_file(workspace.settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    line = '{"person_id": 4711, "at": "2026-11-29T00:00:00", "fingerprint": "f"}\n'
    file.write_text(line)
    write_erasures(world.database, file)
    assert file.read_text() == line
    if can_back_up(world.database):
        made = back_up(workspace, tmp_path / "elsewhere")
        assert (tmp_path / "elsewhere" / file.name).read_text() == line
        file.unlink()
        settings = Settings(home=tmp_path / "new", model=workspace.settings.model)
        restore_workspace(Path(made["file"]), settings)
        assert erasures_file(settings).read_text() == line


def can_back_up(database: Database) -> bool:
    """Whether a backup needs no programs of the server."""
    return database.is_sqlite


def test_should_keep_a_person_on_legal_hold(world: World, known: int) -> None:
    with world.database.write() as session:
        ines = session.get_one(Person, known)
        requests.hold(session, ines, "A dispute", by=world.people["grace"])
        with pytest.raises(Conflict, match="legal hold"):
            require_erasable(session, ines)
        requests.lift_hold(session, ines, by=world.people["grace"])
        require_erasable(session, ines)
        with pytest.raises(Conflict, match="Deactivate"):
            require_erasable(session, session.get_one(Person, world.people["alice"]))


def test_should_leave_of_a_member_only_that_somebody_was_there(
    world: World, workspace: Workspace
) -> None:
    bob = world.people["bob"]
    with world.database.write() as session:
        leaving.deactivate(session, bob, by=None)
        move = JobChange(person_id=bob, organisation="Elsewhere")
        session.add(move)
        session.flush()
        session.add(
            Notification(person_id=world.people["alice"], job_change_id=move.id, why="contact")
        )
    run_now(world.database, kinds_of(workspace), ERASE, {"person_id": bob})
    with world.database.read() as session:
        row = session.get_one(Person, bob)
        assert (row.name, row.email, row.skills) == (f"Erased member {bob}", None, "")
        assert row.own == {}
        assert session.exec(select(JobChange.id)).all() == []
        assert audit_log.broken_links(session) == []
        left = session.exec(select(Person.name).where(col(Person.name).contains("Brandt"))).all()
        assert left == []
