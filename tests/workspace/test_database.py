"""Sessions, transactions and lists on both databases, and the migrations of the schema."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import col, select

from references.desk import workflow
from references.desk.request import RequestStep
from tests.references.asking import advocate, call
from tests.threads import SECONDS, at_the_same_time
from tests.world import World
from workspace.accounts.accounts import Account, add_account
from workspace.clock import today
from workspace.database import Database, after_commit, fetch, page_after, select_row
from workspace.deals import lifecycle, seat_roles, stages, team
from workspace.deals.stage_settings import change_stages, settings_of
from workspace.deals.tables import Deal, PastSeat, Seat
from workspace.errors import Conflict, DealkinError
from workspace.settings import Settings
from workspace.setup import open_database
from workspace.timeline.timeline import TimelineEntry, record


# What an index on an expression is of is not read from SQLite.
@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_should_have_the_schema_that_the_tables_define(database: Database) -> None:
    assert database.is_current()
    command.check(database._alembic())


def test_should_downgrade_the_schema(database: Database) -> None:
    command.downgrade(database._alembic(), "base")
    assert not database.is_current()
    assert set(sa.inspect(database.reader).get_table_names()) == {"alembic_version"}
    database.upgrade()
    assert database.is_current()


def test_should_give_an_older_workspace_its_seat_roles_and_former_seats(world: World) -> None:
    database, bob = world.database, world.people["bob"]
    with database.write() as session:
        deal = world.deal(session, "wards")
        team.free_seat(session, session.exec(select(Seat).where(Seat.deal_id == deal.id)).one(), 1)
    with database.read() as session:
        left = session.exec(select(PastSeat)).one()
        roles = [(role.key, role.name) for role in seat_roles.seat_roles(session)]
    command.downgrade(database._alembic(), "0002")
    database.upgrade()
    with database.read() as session:
        found = session.exec(select(PastSeat)).one()
        assert (found.deal_id, found.person_id, found.role) == (deal.id, bob, "product expert")
        # The day on which it was written down that they had it: no other is told.
        assert found.since == found.until == left.until
        assert [(role.key, role.name) for role in seat_roles.seat_roles(session)] == roles


def test_should_upgrade_a_workspace_that_is_in_use(world: World) -> None:
    """A table that a migration copies keeps its rows, even if other rows refer to them."""
    database = world.database
    with database.write() as session:
        call(session, world, advocate(session, world, "ines"), today())
    versions = [
        each.revision for each in ScriptDirectory.from_config(database._alembic()).walk_revisions()
    ]
    # From version to version, as from each to the newest would be a thousand migrations.
    for newer, version in pairwise(versions):
        command.downgrade(database._alembic(), version)
        before = counts(database)
        assert before["advocate"] == before["referencerequest"] == 1
        command.upgrade(database._alembic(), newer)
        after = counts(database)
        # Imports had a table of changes of their own, which are those of revisions now.
        before.pop("importchange", None)
        assert {name: after[name] for name in before} == before
        command.downgrade(database._alembic(), version)
        if version == "0002":
            break
    database.upgrade()
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(Seat(deal_id=10**6, role="trainer"))


def test_should_give_an_older_workspace_the_limits_that_nobody_chose(world: World) -> None:
    database = world.database
    with database.write() as session:
        for stage in stages.stages(session):
            stage.rotting_days = 30
            session.add(stage)
        session.flush()
        by_name = {stage.name: stage for stage in stages.stages(session)}
        # One limit was chosen and chosen back, one is another, and one only got a new name.
        offer, review = by_name["Proposal/Price Quote"], by_name["Negotiation/Review"]
        for days in (60, 30):
            changed = replace(settings_of(offer), rotting_days=days)
            change_stages(session, {offer.id: changed}, world.people["dana"])
        review.rotting_days = 14
        renamed = replace(settings_of(by_name["Qualification"]), name="Qualified")
        change_stages(session, {by_name["Qualification"].id: renamed}, world.people["dana"])
    command.downgrade(database._alembic(), "0015")
    database.upgrade()
    with database.read() as session:
        assert {stage.name: stage.rotting_days for stage in stages.stages(session)} == {
            "Prospecting": 30,
            "Qualified": 30,
            "Needs Analysis": 30,
            "Value Proposition": 45,
            "Id. Decision Makers": 45,
            "Perception Analysis": 45,
            "Proposal/Price Quote": 30,
            "Negotiation/Review": 14,
            "Closed Won": 30,
            "Closed Lost": 30,
        }


def counts(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    tables = [sa.table(name) for name in sa.inspect(database.reader).get_table_names()]
    with database.read() as session:
        return {
            table.name: session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in tables
        }


def test_should_create_what_is_missing_on_opening(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "not" / "there")
    for _ in range(2):
        database = open_database(settings)
        with database.read() as session:
            assert len(stages.stages(session)) == len(stages.DEFAULT_STAGES)
            roles = seat_roles.seat_roles(session)
            assert [role.name for role in roles] == list(seat_roles.DEFAULT_SEAT_ROLES)
        database.close()


def test_should_make_files_that_only_their_owner_reads(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    database = open_database(settings)
    with database.write() as session:
        add_account(session, "Somebody")
    files = list(settings.home.glob("dealkin.sqlite3*"))
    assert len(files) > 1
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert settings.home.stat().st_mode & 0o777 == 0o700
    database.close()


def test_should_refuse_writes_in_a_reading_session(database: Database) -> None:
    with pytest.raises(DBAPIError), database.read() as session:
        add_account(session, "Somebody")
    with pytest.raises(DBAPIError), database.read() as session:
        session.execute(sa.text("DELETE FROM stage"))
    with database.write() as session:
        add_account(session, "Somebody")


def test_should_roll_back_a_block_that_raises(database: Database) -> None:
    def fail() -> None:
        with database.write() as session:
            account = add_account(session, "Somebody")
            lifecycle.log(session, "Something", account, None)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.read() as session:
        assert session.exec(select(Account)).all() == []
        assert session.exec(select(Deal)).all() == []


def test_should_raise_if_a_commit_fails(database: Database) -> None:
    twice = [Account(key="same", name="One"), Account(key="same", name="Other")]
    with pytest.raises(IntegrityError), database.write() as session:
        session.add_all(twice)
    with database.read() as session:
        assert session.exec(select(Account)).all() == []


def test_should_show_a_reader_one_state_until_it_ends(database: Database) -> None:
    with database.read() as session:
        assert session.exec(select(Account)).all() == []
        with database.write() as writing:
            add_account(writing, "Somebody")
        assert session.exec(select(Account)).all() == []
    with database.read() as session:
        assert len(session.exec(select(Account)).all()) == 1


def test_should_enforce_foreign_keys(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(Account(key="orphan", name="Orphan", parent_id=99))


def test_should_call_watchers_with_every_writing_session(database: Database) -> None:
    seen = []
    database.watch(seen.append)
    with database.write() as session:
        assert seen == [session]
    with database.read():
        assert len(seen) == 1


def test_should_let_several_writers_succeed(database: Database) -> None:
    def log() -> None:
        for _ in range(5):
            with database.write() as session:
                lifecycle.log(session, "A deal", None, None)

    assert at_the_same_time(*[log] * 4) == []
    with database.read() as session:
        keys = set(session.exec(select(Deal.key)))
    assert keys == {f"D-{number:04d}" for number in range(1, 21)}


@pytest.mark.parametrize("way", [60.0, 0.01], ids=["gives way", "not for ever"])
def test_should_let_members_write_before_work_in_the_background(
    database: Database, monkeypatch: pytest.MonkeyPatch, way: float
) -> None:
    monkeypatch.setattr("workspace.database.LONGEST_WAY", way)
    written = threading.Event()
    during: list[bool] = []

    def work() -> None:
        with database.write(in_background=True):
            pass
        written.set()

    thread = threading.Thread(target=work, daemon=True)

    def afterwards() -> None:
        # The member's row is committed, and what follows it is still to be done.
        thread.start()
        during.append(written.wait(SECONDS if way < 1 else 0.2))

    with database.write() as session:
        after_commit(session, afterwards)
    thread.join(SECONDS)
    assert during == [way < 1]
    assert written.is_set()


def test_should_refuse_one_of_two_edits_of_one_version(world: World) -> None:
    with world.database.read() as session:
        seen = world.deal(session, "wards").version
    read = threading.Barrier(2, timeout=SECONDS)

    def edit(text: str) -> Callable[[], None]:
        def run() -> None:
            with world.database.write() as session:
                deal = world.deal(session, "wards")
                if not world.database.is_sqlite:
                    read.wait()
                lifecycle.edit(session, deal, None, {"next_step": text}, version=seen)

        return run

    problems = at_the_same_time(edit("Call"), edit("Write"))
    assert [type(problem) for problem in problems] == [Conflict]
    with world.database.read() as session:
        assert world.deal(session, "wards").version == seen + 1


def test_should_run_sqlite_as_safely_as_possible(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'one.sqlite3'}")
    for engine, read_only in ((database.writer, 0), (database.reader, 1)):
        with engine.connect() as connection:
            pragma = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "query_only")
            }
        assert pragma == {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "query_only": read_only,
        }
    assert database.writer.pool.size() == 1
    database.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_should_refuse_sqlite_in_memory(url: str) -> None:
    with pytest.raises(DealkinError):
        Database(url)


@dataclass(frozen=True)
class Line:
    """A deal as a line of a list."""

    key: str
    amount: Decimal | None
    account: str = "unknown"


def test_should_fill_rows_by_name(world: World) -> None:
    query = select_row(Line, amount=Deal.amount, key=Deal.key).where(col(Deal.amount).is_not(None))
    with world.database.read() as session:
        rows = fetch(session, Line, query)
        amounts = dict(session.execute(sa.select(Deal.key, Deal.amount)).all())
    assert rows
    assert all(row.amount == amounts[row.key] and row.account == "unknown" for row in rows)


def test_should_take_columns_of_the_same_name_from_a_table(world: World) -> None:
    query = select_row(Line, Deal, account=Account.name).join(
        Account, col(Account.id) == col(Deal.account_id)
    )
    with world.database.read() as session:
        rows = {row.key: row for row in fetch(session, Line, query)}
    wards = rows[world.deals["wards"]]
    assert (wards.amount, wards.account) == (80_000, "St Brannoc Hospital")
    with pytest.raises(TypeError, match="needs the fields amount"):
        select_row(Line, Account)


@dataclass(frozen=True)
class LineOfAccount:
    """A deal in a list of accounts: `key` is the account's, `headcount` no column of deals."""

    key: str
    deal_key: str
    headcount: int | None


def test_should_take_columns_from_several_tables(world: World) -> None:
    query = select_row(LineOfAccount, Account, Deal).join(
        Deal, col(Account.id) == col(Deal.account_id)
    )
    with world.database.read() as session:
        rows = {row.deal_key: row for row in fetch(session, LineOfAccount, query)}
    wards = rows[world.deals["wards"]]
    assert (wards.key, wards.headcount) == (world.accounts["brannoc"], 2_400)


def test_should_prefer_a_named_column_then_the_first_table(world: World) -> None:
    joined = col(Account.id) == col(Deal.account_id)
    queries = {
        "account": select_row(LineOfAccount, Account, Deal).join(Deal, joined),
        "deal": select_row(LineOfAccount, Deal, Account).join(Account, joined),
        "named": select_row(LineOfAccount, Account, Deal, key=Account.name).join(Deal, joined),
    }
    wards = world.deals["wards"]
    with world.database.read() as session:
        keys = {
            name: {row.deal_key: row.key for row in fetch(session, LineOfAccount, query)}[wards]
            for name, query in queries.items()
        }
    assert keys == {
        "account": world.accounts["brannoc"],
        "deal": wards,
        "named": "St Brannoc Hospital",
    }


def test_should_select_from_the_first_table_where_no_column_is_its_own(world: World) -> None:
    query = select_row(Line, Account, key=Deal.key, amount=Deal.amount).join(
        Deal, col(Account.id) == col(Deal.account_id), isouter=True
    )
    with world.database.write() as session:
        add_account(session, "Without Deals Ltd")
        accounts = set(session.exec(select(Account.id)))
        with_deals = set(session.exec(select(Deal.account_id)))
        rows = fetch(session, Line, query)
    # An account without deals has a row only where accounts are selected from.
    assert sum(row.key is None for row in rows) == len(accounts - with_deals) > 0


def test_should_take_a_column_by_the_name_of_its_own_table_only() -> None:
    with pytest.raises(TypeError, match="needs the fields deal_key"):
        select_row(LineOfAccount, Account)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"key": Deal.key}, "needs the fields amount"),
        ({"key": Deal.key, "amount": Deal.amount, "owner": Deal.owner_id}, "no field owner"),
    ],
)
def test_should_refuse_columns_that_are_not_the_fields_of_the_row(
    columns: dict[str, Any], problem: str
) -> None:
    with pytest.raises(TypeError, match=problem):
        select_row(Line, **columns)


@pytest.mark.parametrize("descending", [False, True])
def test_should_page_through_a_list_in_its_order(world: World, descending: bool) -> None:
    order = (sa.func.coalesce(Deal.amount, -1), col(Deal.id))
    query = sa.select(col(Deal.key))
    with world.database.read() as session:
        whole = list(session.scalars(page_after(session, query, order, descending=descending)))
        pages: list[str] = []
        while True:
            place = sa.select(*order).where(col(Deal.key) == pages[-1]) if pages else None
            page = page_after(session, query, order, place, descending=descending)
            keys = list(session.scalars(page.limit(2)))
            if not keys:
                break
            pages += keys
        nobody = sa.select(*order).where(col(Deal.key) == "D-GONE")
        first = page_after(session, query, order, nobody, descending=descending).limit(2)
        assert list(session.scalars(first)) == whole[:2]
    assert len(whole) > 4
    assert pages == whole


def test_should_give_an_older_workspace_parameters_for_what_timelines_said(world: World) -> None:
    database = world.database
    with database.write() as session:
        request = call(session, world, advocate(session, world, "ines"), today())
        workflow.record_outcome(session, world.viewer("erin"), request, "helped")
        wards = world.deal(session, "wards")
        record(session, wards.id, None, "edited", detail={"file": "deals.csv"})
    kinds = ("logged", "edited", "reference")
    read = sa.select(
        col(TimelineEntry.kind), col(TimelineEntry.text), col(TimelineEntry.detail)
    ).where(
        col(TimelineEntry.kind).in_(kinds),
        col(TimelineEntry.deal_id).in_((wards.id, request.deal_id)),
    )
    read = read.order_by(col(TimelineEntry.at), col(TimelineEntry.id))
    with database.read() as session:
        before = [tuple(row) for row in session.execute(read)]
        steps = [row.detail for row in session.exec(select(RequestStep))]
    assert {"outcome": "helped"} in steps
    command.downgrade(database._alembic(), "0048")
    with database.read() as session:
        texts = {row.text for row in session.execute(read)}
        assert {"Qualification", "deals.csv", "helped"} <= texts
    database.upgrade()
    with database.read() as session:
        assert [tuple(row) for row in session.execute(read)] == before
        assert [row.detail for row in session.exec(select(RequestStep))] == steps
