"""Imports in parts: interrupted and continued, previewed, and undone exactly."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlmodel import Session, col, select

from references.imports import EXTENSION
from references.network.address_books import Connection
from references.network.ties import Tie
from tests.whole_record import contents, dump
from tests.world import World
from web.jobs import kinds_of
from web.workspace import Workspace
from workspace.accounts.accounts import Account
from workspace.collaboration import notes
from workspace.deals import lifecycle
from workspace.deals.tables import Deal
from workspace.errors import Conflict, NotFound
from workspace.imports import runs, undo
from workspace.imports.ledger import ImportPart, ImportRun, RunState
from workspace.imports.preview import preview
from workspace.imports.recognition import Reading
from workspace.imports.run import Report
from workspace.jobs import running
from workspace.people.tables import Person
from workspace.revisions.rows import kept_in_words
from workspace.revisions.tables import RevisionChange


def csv(header: str, *rows: str) -> bytes:
    return ("\n".join([header, *rows]) + "\n").encode()


def begin(workspace: Workspace, *files: tuple[str, bytes], by: int | None = None) -> ImportRun:
    uploads = [runs.Upload(name, raw, Reading()) for name, raw in files]
    with workspace.database.write() as session:
        run = runs.store(session, by, uploads)
        runs.begin(session, run)
    return run


def finish(workspace: Workspace, run: ImportRun) -> list[Report]:
    running.run_now(
        workspace.database, kinds_of(workspace), runs.IMPORT, {"import": run.id}, by=run.by_id
    )
    with workspace.database.read() as session:
        return runs.reports_of(session, run.id)


def test_should_show_what_was_kept_before_there_were_codes() -> None:
    assert kept_in_words(["deal N-1: edited since"]) == ["deal N-1: edited since"]


def undone(workspace: Workspace, run: ImportRun) -> list[str]:
    """Undo an import; what was kept, in words."""
    with workspace.database.write() as session:
        undo.begin_undo(session, runs.locked(session, run.id), None)
    running.run_now(workspace.database, kinds_of(workspace), runs.UNDO, {"import": run.id})
    with workspace.database.read() as session:
        again = runs.read_run(session, run.id)
        assert again.state == RunState.UNDONE
        left = select(RevisionChange).where(RevisionChange.revision_id == run.revision_id)
        assert session.exec(left).first() is None
        # Codes are kept, and no words.
        assert all(isinstance(each, dict) for each in again.kept)
        return kept_in_words(again.kept)


def random_files(world: World, seed: int) -> list[tuple[str, bytes]]:
    """Files that add to the cast's record and change it, in every kind."""
    draw = random.Random(seed)
    accounts = [
        "St Brannoc Hospitals",
        "Kestrel Health",
        *(f"Account {seed} {n}" for n in range(6)),
    ]
    keys = [world.deals["wards"], world.deals["meridian"], *(f"X{seed}-{n}" for n in range(12))]
    people = [f"Person{chr(65 + n)} Onym{chr(65 + seed % 20)}" for n in range(10)]
    stages = ["Prospecting", "Qualification", "Closed Won", "Closed Lost"]

    def deal(key: str) -> str:
        stage = draw.choice(stages)
        closed = "2026-05-05" if stage.startswith("Closed") else ""
        amount = draw.choice(["", "1250.50", "99000"])
        products = draw.choice(
            ["", "Atlas Warehouse", "Atlas Warehouse; Novum", "Relay Integration"]
        )
        return (
            f"{key},Deal {key},{draw.choice(accounts)},{stage},{amount},EUR,2026-01-05,{closed},"
            f"{products},{draw.choice(['', 'Datamoor', 'Rival'])},alice@dealkin.example,"
            f"{draw.choice(['yes', 'no']) if key in keys[9:] else ''}"
        )

    return [
        (
            "accounts.csv",
            csv(
                "account,domain,industry,headcount,country,parent",
                *(
                    f"{name},,{draw.choice(['', 'Banking'])},{draw.choice(['', '77'])},"
                    f"{draw.choice(['', 'Poland'])},{accounts[n - 1] if n > 3 else ''}"
                    for n, name in enumerate(accounts)
                    if n > 1
                ),
            ),
        ),
        (
            "people.csv",
            csv(
                "name,email,account,title",
                *(
                    f"{name},p{seed}.{n}@x.example,{draw.choice(accounts)},Head of {n}"
                    for n, name in enumerate(people)
                ),
            ),
        ),
        (
            "employment.csv",
            csv(
                "person,organisation,title,start,end",
                *(
                    f"p{seed}.{n}@x.example,Old Works,Analyst,{2001 + n % 3},2010"
                    for n in range(len(people))
                ),
                "Ines Moreira,Old Works,Nurse,2002,2009",
            ),
        ),
        (
            "deals.csv",
            csv(
                "deal,name,account,stage,amount,currency,opened,closed,products,competitors,owner,"
                "confidential",
                *map(deal, keys),
            ),
        ),
        (
            "more deals.csv",
            csv(
                "name,account,stage,products",
                *(
                    f"Unkeyed {seed} {n},{draw.choice(accounts)},Prospecting,Novum"
                    for n in range(9)
                ),
            ),
        ),
        (
            "stakeholders.csv",
            csv(
                "deal,person,buying_role,reports_to",
                f"{keys[0]},p{seed}.0@x.example,champion,p{seed}.1@x.example",
                f"{keys[0]},p{seed}.1@x.example,economic buyer,",
                f"{keys[3]},p{seed}.2@x.example,coach,",
            ),
        ),
        ("seats.csv", csv("deal,role,person", f"{keys[4]},sales engineer,bob@dealkin.example")),
        (
            "assets.csv",
            csv(
                "asset,kind,summary,products",
                f"Sheet {seed},deck,A sheet,Novum",
                "Ward waiting times demo,demo,Changed by the import,",
            ),
        ),
        ("uses.csv", csv("asset,deal,used_on", f"Sheet {seed},{keys[5]},2026-02-02")),
        (
            "activity.csv",
            csv(
                "deal,at,kind,text",
                f"{keys[1]},2026-03-03,call,Called",
                f"{keys[6]},2026-03-03,,Hi",
            ),
        ),
        (
            "Connections.csv",
            csv(
                "First Name,Last Name,URL,Email Address,Company,Position,Connected On",
                *(
                    f"{name.replace(' ', ',')},https://linkedin.com/in/p{seed}{n},"
                    f"p{seed}.{n}@x.example,Some Ltd,Head,12 Mar 2024"
                    for n, name in enumerate(people)
                ),
            ),
        ),
        (
            "ties.csv",
            csv(
                "one,other,kind,visibility",
                f"p{seed}.3@x.example,alice@dealkin.example,knows,everyone",
            ),
        ),
    ]


@contextmanager
def stopping_after(parts: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the process end in the middle of a later part."""
    apply = runs.ImportWork.apply
    left = parts

    def stop(self: Any, session: Session, most: int) -> None:
        nonlocal left
        apply(self, session, most)
        left -= 1
        if left < 0:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runs.ImportWork, "apply", stop)
        yield


@pytest.mark.parametrize("seed", range(4))
def test_should_undo_imports_exactly(world: World, workspace: Workspace, seed: int) -> None:
    alice = world.people["grace"]
    first = random_files(world, seed)
    before = dump(workspace)
    run = begin(workspace, *first, by=alice)
    reports = finish(workspace, run)
    for report in reports:
        assert not report.refused
        assert report.created + report.updated > 0, report.wrong
    between = dump(workspace)
    assert between != before
    # A second import changes what the first one made.
    again = begin(workspace, *random_files(world, seed + 100), *first[3:4], by=alice)
    finish(workspace, again)
    assert dump(workspace) != between
    assert undone(workspace, again) == []
    assert dump(workspace) == between
    assert undone(workspace, run) == []
    assert dump(workspace) == before


def test_should_come_to_the_same_after_interruptions(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_FIRST_ROWS", 7)
    monkeypatch.setattr(runs, "_FEWEST_ROWS", 7)
    monkeypatch.setattr(runs, "_MOST_ROWS", 7)
    grace = world.people["grace"]
    files = random_files(world, 7)
    run = begin(workspace, *files, by=grace)
    expected = finish(workspace, run)
    straight = contents(workspace)
    undone(workspace, run)
    run = begin(workspace, *files, by=grace)
    for parts in range(4):
        with stopping_after(parts, monkeypatch), pytest.raises(KeyboardInterrupt):
            finish(workspace, run)
        with workspace.database.read() as session:
            assert runs.read_run(session, run.id).state == RunState.RUNNING
    assert finish(workspace, run) == expected
    assert contents(workspace) == straight
    with workspace.database.read() as session:
        parts = session.exec(select(ImportPart).where(ImportPart.run_id == run.id)).all()
        assert sum(part.rows for part in parts) == runs.read_run(session, run.id).total
        # The bytes are not needed any more.
        assert {file.raw for file in runs.files_of(session, run.id)} == {b""}


def test_should_leave_as_it_is_what_was_done_when_the_process_died(
    world: World, workspace: Workspace
) -> None:
    run = begin(workspace, *random_files(world, 7), by=world.people["grace"])
    reports = finish(workspace, run)
    done = dump(workspace)
    # The process died after the last part, before its job was marked as done.
    assert finish(workspace, run) == reports
    again = dump(workspace)
    assert {name for name in again if again[name] != done[name]} <= {"job"}
    undone(workspace, run)
    undone_record = dump(workspace)
    running.run_now(workspace.database, kinds_of(workspace), runs.UNDO, {"import": run.id})
    again = dump(workspace)
    assert {name for name in again if again[name] != undone_record[name]} <= {"job"}


def test_should_undo_an_import_that_was_interrupted(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dump(workspace)
    run = begin(workspace, *random_files(world, 8), by=world.people["grace"])
    with stopping_after(5, monkeypatch), pytest.raises(KeyboardInterrupt):
        finish(workspace, run)
    assert dump(workspace) != before
    assert undone(workspace, run) == []
    assert dump(workspace) == before
    with pytest.raises(Conflict):
        finish(workspace, run)


def test_should_continue_an_undo_that_was_interrupted(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "_FIRST_STEPS", 9)
    monkeypatch.setattr(undo, "_FEWEST_STEPS", 9)
    monkeypatch.setattr(undo, "_MOST_STEPS", 9)
    before = dump(workspace)
    run = begin(workspace, *random_files(world, 9), by=world.people["grace"])
    finish(workspace, run)
    with workspace.database.write() as session:
        undo.begin_undo(session, runs.locked(session, run.id), None)
    forget, left = undo.forget, 5

    def stop(*args: Any) -> None:
        nonlocal left
        forget(*args)
        left -= 1
        if not left:
            raise KeyboardInterrupt

    kinds = kinds_of(workspace)
    with monkeypatch.context() as patch:
        patch.setattr(undo, "forget", stop)
        with pytest.raises(KeyboardInterrupt):
            running.run_now(workspace.database, kinds, runs.UNDO, {"import": run.id})
    assert dump(workspace) != before
    running.run_now(workspace.database, kinds, runs.UNDO, {"import": run.id})
    assert dump(workspace) == before


def test_should_keep_what_was_edited_since_and_tell(world: World, workspace: Workspace) -> None:
    header = "deal,name,account,amount,currency,use_case,products"
    run = begin(
        workspace,
        (
            "deals.csv",
            csv(
                header,
                f"{world.deals['wards']},,,777,EUR,Imported use,",
                "N-1,Edited,Edited Ltd,1,EUR,,Edited product",
                "N-2,Noted,Noted Ltd,2,EUR,,",
                "N-3,Untouched,Untouched Ltd,3,EUR,,Lost product",
            ),
        ),
        ("people.csv", csv("name,email,account", "Pat Onym,pat@x.example,Edited Ltd")),
    )
    finish(workspace, run)
    viewer = world.viewer("alice")
    with workspace.database.write() as session:
        wards = world.deal(session, "wards")
        lifecycle.edit(session, wards, viewer.person_id, {"use_case": "Alice's use"})
        edited = session.exec(select(Deal).where(Deal.key == "N-1")).one()
        lifecycle.edit(session, edited, viewer.person_id, {"next_step": "Call"})
        noted = session.exec(select(Deal).where(Deal.key == "N-2")).one()
        notes.write_note(session, noted, viewer.person_id or 0, "note", "Met them.")
    kept = undone(workspace, run)
    assert sorted(kept) == sorted(
        [
            f"deal {world.deals['wards']}: edited since: use_case",
            "deal N-1: edited since",
            "deal N-2: used since",
        ]
    )
    with workspace.database.read() as session:
        wards = world.deal(session, "wards")
        assert (int(wards.amount or 0), wards.use_case) == (80_000, "Alice's use")
        keys = session.exec(select(Deal.key).where(col(Deal.key).startswith("N-")))
        assert sorted(keys) == ["N-1", "N-2"]
        names = set(session.exec(select(Account.name)))
        assert {"Edited Ltd", "Noted Ltd"} <= names
        assert "Untouched Ltd" not in names
        assert session.exec(select(Person).where(Person.email == "pat@x.example")).first() is None


def test_should_take_a_tie_along_that_came_after_the_connection(
    world: World, workspace: Workspace
) -> None:
    before = dump(workspace)
    book = csv(
        "First Name,Last Name,URL,Email Address,Company,Position,Connected On",
        "Late,Onym,https://linkedin.com/in/late,,Some Ltd,Head,12 Mar 2024",
    )
    run = begin(workspace, ("Connections.csv", book), by=world.people["bob"])
    finish(workspace, run)
    people = csv("name,email,profile", "Late Onym,late@x.example,https://linkedin.com/in/late")
    later = begin(workspace, ("people.csv", people))
    finish(workspace, later)
    with workspace.database.read() as session:
        (connection,) = session.exec(select(Connection)).all()
        assert connection.tie_id is not None
        assert session.get(Tie, connection.tie_id) is not None
    assert undone(workspace, run) == []
    assert undone(workspace, later) == []
    assert dump(workspace) == before


def test_should_leave_others_imports_alone(world: World, workspace: Workspace) -> None:
    accounts = ("accounts.csv", csv("account", "Orlik"))
    bobs = begin(workspace, accounts, by=world.people["bob"])
    shell = begin(workspace, accounts)
    with workspace.database.write() as session:
        for name in ("alice", "grace"):
            with pytest.raises(NotFound):
                runs.own_run(session, world.viewer(name), bobs.id)
        with pytest.raises(NotFound):
            runs.own_run(session, world.viewer("bob"), shell.id)
        assert runs.own_run(session, world.viewer("bob"), bobs.id).id == bobs.id
        assert runs.own_run(session, world.viewer("grace"), shell.id).id == shell.id


def test_should_preview_without_a_trace(world: World, workspace: Workspace) -> None:
    files = [
        (
            "deals.csv",
            csv(
                "deal,name,amount,currency,stage",
                f"{world.deals['wards']},,90000,EUR,",
                f"{world.deals['meridian']},,,,",
                "N-1,New one,5,EUR,",
                "N-2,Wrong stage,5,EUR,Nonsense",
            ),
        ),
        ("other.csv", csv("what,ever", "1,2")),
    ]
    before = dump(workspace)
    uploads = [runs.Upload(name, raw, Reading()) for name, raw in files]
    shown = preview(workspace.database, runs.files_to_be(uploads), None, EXTENSION)
    assert dump(workspace) == before
    deals, other = shown.files
    assert (deals.created, deals.updated, deals.unchanged, deals.failed) == (1, 1, 1, 1)
    (problem,) = deals.problems
    assert (problem.count, problem.lines) == (1, [5])
    assert "'Nonsense' is no stage" in problem.text
    assert "are not those of any file" in other.refused
    (amount,) = shown.fields
    assert (amount.table, amount.column, amount.count) == ("deal", "amount", 1)
    assert amount.examples == [("St Brannoc ward dashboards", "80000.00", "90000.00")]


def test_should_keep_the_writing_connection_for_short_times(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"S-{n},Deal {n},Account {n % 40},{n}" for n in range(600)]
    run = begin(workspace, ("deals.csv", csv("deal,name,account,amount", *rows)))
    sizes: list[int] = []
    apply = runs.ImportWork.apply

    def measured(self: Any, session: Session, most: int) -> None:
        before = self.position
        apply(self, session, most)
        sizes.append(self.position - before)

    monkeypatch.setattr(runs.ImportWork, "apply", measured)
    # As if 500 rows took a second.
    clock = iter(range(10**6))
    monkeypatch.setattr(runs.time, "monotonic", lambda: sum(sizes) / 500 + next(clock) * 1e-9)
    finish(workspace, run)
    assert sizes[0] == 50
    assert set(sizes[1:-1]) <= {99, 100}
