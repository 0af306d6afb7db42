"""Imports, edits, merges, deletions and their undoing in any order: the record stays whole."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from references.imports import EXTENSION
from references.merging import merge_accounts, merge_people
from references.network.derived_ties import Touched, derive_ties
from references.network.ties import Tie
from references.removal import (
    delete_account,
    delete_asset,
    delete_deal,
    delete_fact,
    delete_person,
)
from similarity.index.tables import Document
from similarity.names import recorder
from similarity.names.tables import NameEntry, Subject
from tests.backends import share
from tests.conftest import Backend
from tests.duplicated import add_duplicates
from tests.whole_record import dangling, dump
from tests.world import FakeEmbedder, World
from web.jobs import kinds_of
from web.workspace import Workspace, workspace_on
from workspace.accounts.accounts import Account, account_rows, edit_account
from workspace.assets.assets import Asset
from workspace.clock import today
from workspace.collaboration.job_changes import edit_contact
from workspace.database import Database
from workspace.deals.discretion import read_for
from workspace.deals.tables import Deal
from workspace.errors import DealkinError
from workspace.imports import runs, undo
from workspace.imports.ledger import ImportRun, RunState
from workspace.imports.recognition import Reading
from workspace.jobs import running
from workspace.people.people import person_rows
from workspace.people.tables import Employment, Member, Person
from workspace.revisions import history
from workspace.revisions.changes import record
from workspace.revisions.rows import kept_in_words
from workspace.revisions.tables import Revision, RevisionKind
from workspace.revisions.undo import TakeBack, steps_of
from workspace.settings import Settings

NUMBERS = st.integers(0, 50)
DELETIONS: tuple[tuple[type[Any], Callable[..., Revision]], ...] = (
    (Account, delete_account),
    (Person, delete_person),
    (Deal, delete_deal),
    (Asset, delete_asset),
    (Employment, delete_fact),
)
# What is done, with which rows. At least ten steps, so that they meet each other's traces.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("delete"), st.sampled_from(DELETIONS), NUMBERS),
        st.tuples(st.just("merge"), st.booleans(), NUMBERS, NUMBERS, st.booleans()),
        st.tuples(st.just("take_back"), NUMBERS),
        st.tuples(st.just("edit"), NUMBERS, NUMBERS),
        st.tuples(st.just("import_files"), NUMBERS),
        st.tuples(st.just("undo_import"), NUMBERS),
    ),
    min_size=10,
    max_size=14,
)
PEOPLE = "name,email,account,title"
ACCOUNTS = "account,domain,headcount,parent"


class History:
    """One record, changed and changed back in any order."""

    def __init__(self, workspace: Workspace, world: World) -> None:
        self.workspace = workspace
        self.dana = world.viewer("dana")
        self.world = world
        self.edited = False

    def begin(self) -> None:
        """Records that are there twice."""
        with self.workspace.database.write() as session:
            add_duplicates(self.world, session)
        self.before = dump(self.workspace)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that gets what Dana may know of, as the sessions of pages do."""
        with self.workspace.database.write() as session:
            read_for(session, self.dana)
            yield session

    def pick(self, session: Session, table: type[Any], number: int) -> Any:
        """One of the rows of a table; members are no subject of this."""
        query = select(table).order_by(table.id)
        if table is Person:
            query = query.where(col(Person.id).not_in(select(Member.person_id)))
        rows = session.exec(query).all()
        return rows[number % len(rows)] if rows else None

    def delete(self, kind: tuple[type[Any], Callable[..., Revision]], number: int) -> None:
        table, act = kind
        with suppress(DealkinError), self.writing() as session:
            if row := self.pick(session, table, number):
                act(session, self.dana, row)

    def merge(self, people: bool, one: int, other: int, theirs: bool) -> None:
        with suppress(DealkinError), self.writing() as session:
            table: Any = Person if people else Account
            kept, former = (self.pick(session, table, number) for number in (one, other))
            if kept is None:
                return
            act: Any = merge_people if people else merge_accounts
            column = "email" if people else "domain"
            act(
                session,
                self.dana,
                kept,
                former,
                {column: getattr(former, column)} if theirs else {},
            )

    def take_back(self, number: int) -> None:
        with suppress(DealkinError), self.writing() as session:
            rows = history.revisions(session, self.dana)
            if rows:
                row = rows[number % len(rows)]
                history.take_back(session, self.dana, row.id, EXTENSION.removers)

    def edit(self, number: int, to: int) -> None:
        self.edited = True
        with suppress(DealkinError), self.writing() as session:
            person, account = self.pick(session, Person, number), self.pick(session, Account, to)
            if person and account:
                changes = {"account_id": account.id, "city": f"Town {to}"}
                edit_contact(session, person, self.dana.person_id, changes)
                edit_account(session, account, None, {"headcount": 10 + number})

    def import_files(self, number: int) -> None:
        names = ("St Brannoc Hospitals", "St Brannoc Hosp.", f"New {number % 3}")
        account, other = names[number % 3], names[(number + 1) % 3]
        people = f"{PEOPLE}\nInes Moreira,ines@private.example,{account},Head {number}\n"
        people += f"Nora Number{number % 4},nora{number % 4}@x.example,{other},Analyst\n"
        accounts = f"{ACCOUNTS}\n{account},,{100 + number},{other}\n"
        uploads = [
            runs.Upload(name, text.encode(), Reading())
            for name, text in (("people.csv", people), ("accounts.csv", accounts))
        ]
        with self.workspace.database.write() as session:
            run = runs.store(session, None, uploads)
            runs.begin(session, run)
        self._job(runs.IMPORT, run.id)

    def undo_import(self, number: int) -> None:
        with self.workspace.database.write() as session:
            done = select(ImportRun).where(ImportRun.state == RunState.DONE)
            rows = session.exec(done.order_by(col(ImportRun.id))).all()
            if not rows:
                return
            run = rows[number % len(rows)]
            undo.begin_undo(session, run, None)
        self._job(runs.UNDO, run.id)

    def _job(self, kind: str, run_id: int) -> None:
        self.edited = True
        kinds = kinds_of(self.workspace)
        running.run_now(self.workspace.database, kinds, kind, {"import": run_id})

    def whole(self) -> None:
        """Nothing dangles; documents, names, ties and counts are those of the database."""
        with self.workspace.database.read() as session:
            assert dangling(session) == []
            people = set(session.exec(select(Person.id)))
            assert {row.id for row in person_rows(session, limit=1000)} == people
            accounts = set(session.exec(select(Account.id)))
            assert {row.id for row in account_rows(session, limit=1000)} == accounts
            of_names = select(NameEntry.subject_id).where(NameEntry.kind == Subject.PERSON)
            assert set(session.exec(of_names)) == people
            of_names = select(NameEntry.subject_id).where(NameEntry.kind == Subject.ACCOUNT)
            assert set(session.exec(of_names)) == accounts
            deals = set(session.exec(select(Deal.id)))
            documents = select(Document.subject_id).where(Document.kind == "deal")
            assert set(session.exec(documents)) == deals
        # No document, no name and no tie is otherwise if it is made from scratch.
        assert self.workspace.catalog.catch_up(thorough=True) == 0
        assert recorder.catch_up(self.workspace.database) == 0
        stored = ties(self.workspace.database)
        with self.workspace.database.write() as session:
            derive_ties(session, Touched(people=people, accounts=accounts, deals=deals))
        assert ties(self.workspace.database) == stored

    def finish(self) -> None:
        """What was only deleted and merged comes back as it was, taken back from the last on."""
        if self.edited:
            return
        with self.workspace.database.read() as session:
            ids = [row.id for row in history.revisions(session, self.dana)]
            taken = session.exec(
                select(Revision.id).where(
                    col(Revision.undone_at).is_not(None), Revision.kind != RevisionKind.IMPORT
                )
            ).first()
        for revision_id in ids:
            with self.writing() as session:
                history.take_back(session, self.dana, revision_id, EXTENSION.removers)
        # Taken back in another order, a row may meet one that was merged since.
        if taken is None:
            assert dump(self.workspace) == self.before


def ties(database: Database) -> list[tuple[Any, ...]]:
    """The derived ties."""
    columns = (Tie.one_id, Tie.other_id, Tie.kind, Tie.origin, Tie.base, Tie.start, Tie.end)
    with database.read() as session:
        rows = session.execute(sa.select(*map(col, columns)).where(col(Tie.origin) != ""))
        return sorted(map(tuple, rows), key=repr)


@pytest.mark.usefixtures("_searchable_world")
def test_should_keep_the_record_whole_in_any_order(
    backend: Backend, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    prepared: World = request.getfixturevalue("_prepared_world")
    lent: list[tuple[Database, str]] = []

    def give_back() -> None:
        for database, name in lent:
            database.close()
            backend.give_back(name)
        lent.clear()

    def fresh() -> History:
        give_back()
        name = backend.lend("searchable_world")
        database = Database(backend.url(name))
        lent.append((database, name))
        world = World(
            database,
            people=dict(prepared.people),
            viewers=dict(prepared.viewers),
            deals=dict(prepared.deals),
            accounts=dict(prepared.accounts),
            assets=dict(prepared.assets),
        )
        home = Settings().model_copy(update={"home": tmp_path})
        return History(workspace_on(database, home, FakeEmbedder()), world)

    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]

    examples = len(share(prepared.database, range(5), 2))

    @settings(max_examples=examples, deadline=None, suppress_health_check=checks)
    @given(STEPS)
    def check(steps: list[tuple[Any, ...]]) -> None:
        made = fresh()
        made.begin()
        for number, (name, *values) in enumerate(steps, 1):
            getattr(made, name)(*values)
            if number % 3 == 0 or number == len(steps):
                made.whole()
        made.finish()

    try:
        check()
    finally:
        give_back()


@contextmanager
def revision_of(world: World, revision_ids: list[int]) -> Iterator[Session]:
    """A session whose changes are those of a revision, whose id is added."""
    with world.database.write() as session:
        revision = Revision(kind=RevisionKind.IMPORT)
        session.add(revision)
        session.flush()
        record(session, revision)
        revision_ids.append(revision.id)
        yield session


def undone(session: Session, revision_id: int) -> list[str]:
    """What an undo of a revision tells."""
    told = TakeBack(session, set(), {}, None).undo(steps_of(session, revision_id))
    return kept_in_words(told)


def test_should_give_back_what_a_deal_says_together_or_none_of_it(world: World) -> None:
    ids: list[int] = []
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        deal.amount, deal.currency, deal.term_months = Decimal(100), "EUR", None
    with revision_of(world, ids) as session:
        deal = world.deal(session, "wards")
        deal.amount, deal.next_step = Decimal(200), "Call"
        deal.outcome, deal.closed, deal.reason = "lost", today(), "Price"
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        deal.currency = "USD"
        deal.outcome = "won"
    with world.database.write() as session:
        [told] = undone(session, ids[0])
        assert told.endswith("edited since: amount, closed, currency, outcome, reason")
        deal = world.deal(session, "wards")
        assert (deal.amount, deal.currency, deal.next_step) == (200, "USD", "")
        assert (deal.outcome, deal.closed, deal.reason) == ("won", today(), "Price")


def test_should_tell_of_an_address_that_another_person_has_by_now(world: World) -> None:
    ids: list[int] = []
    with world.database.write() as session:
        session.get_one(Person, world.people["ines"]).email = "ines@brannoc.example"
    with revision_of(world, ids) as session:
        ines = session.get_one(Person, world.people["ines"])
        ines.email, ines.city = "ines@new.example", "Porto"
    with world.database.write() as session:
        before = session.get_one(Person, world.people["ines"]).city
        session.add(Person(key="person-i", name="Inga M", email="ines@brannoc.example"))
    with world.database.write() as session:
        [told] = undone(session, ids[0])
        assert told.endswith("in use elsewhere: email")
        ines = session.get_one(Person, world.people["ines"])
        assert ines.email == "ines@new.example"
        assert ines.city != before
