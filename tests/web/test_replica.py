"""Pages on a replica: what is read there, and what nobody misses however far it is behind."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.testing import TestClient
from sqlmodel import Session, select

from tests import conftest
from tests.backends import POSTGRESQL
from tests.serving import serving
from tests.standby import Standby, standby_of
from tests.web.api.conftest import Program, secret_of
from tests.web.conftest import Visit, Visitor
from tests.web.pages.records.test_shared import share
from tests.web.pages.test_live import listening, write
from tests.workspace.assets.hostile_files import pdf
from tests.workspace.assets.test_files import add_file
from tests.workspace.backups.postgres import use_client_programs
from tests.world import FakeEmbedder, World
from web.app import create_app
from web.backups import drill
from web.conditions import Conditions
from web.workspace import Workspace, workspace_on
from workspace import replica as replicas
from workspace.assets.sharing import ShareLink, end_link
from workspace.backups.archives import make_backup
from workspace.database import Database
from workspace.deals import lifecycle, team
from workspace.deals.tables import Seat
from workspace.people import members
from workspace.people.profile_privacy import ProfileField, hide_fields
from workspace.people.tables import Person
from workspace.replica import Replica
from workspace.settings import Settings

BACKENDS = (POSTGRESQL,)
pytestmark = pytest.mark.slow

SETTINGS = Settings()


@pytest.fixture(scope="module")
def standby(postgres: str) -> Iterator[Standby]:
    if conftest.POSTGRES:
        pytest.skip("The replica is made of a server on this machine.")
    with standby_of(postgres) as made:
        yield made


def opened(database: Database, standby: Standby, home: Path) -> Workspace:
    """The workspace of a process that has a replica."""
    settings = SETTINGS.model_copy(
        update={"home": home, "replica_database_url": standby.url(database)}
    )
    return workspace_on(database, settings, FakeEmbedder())


@pytest.fixture
def workspace(
    database: Database, world: World, standby: Standby, tmp_path: Path
) -> Iterator[Workspace]:
    """The workspace of the cast, whose replica has all of it."""
    made = opened(database, standby, tmp_path)
    assert made.replica
    standby.follow(database)
    made.replica.check()
    with closing(made.replica):
        yield made


@pytest.fixture
def replica(workspace: Workspace) -> Replica:
    assert workspace.replica
    return workspace.replica


@pytest.fixture
def asked(replica: Replica) -> Iterator[Callable[[], int]]:
    """How many queries the replica got since it was last asked for."""
    queries: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        queries.append(statement)

    def count() -> int:
        counted = len(queries)
        queries.clear()
        return counted

    sa.event.listen(replica.engine, "before_cursor_execute", note)
    yield count
    sa.event.remove(replica.engine, "before_cursor_execute", note)


@contextmanager
def other_process(
    workspace: Workspace, standby: Standby, world: World, home: Path
) -> Iterator[Callable[[Visitor], Visitor]]:
    """The same browsers at another process, which shares nothing with the first but the
    databases."""
    url = workspace.database.url.render_as_string(hide_password=False)
    with closing(Database(url)) as database:
        other = opened(database, standby, home / "other")
        assert other.replica
        other.replica.check()
        with (
            closing(other.replica),
            TestClient(create_app(other), base_url="http://dealkin.local") as client,
        ):

            def there(visitor: Visitor) -> Visitor:
                same = Visitor(client, world)
                same.cookies, same.token = dict(visitor.cookies), visitor.token
                return same

            yield there


def test_should_read_pages_of_members_from_the_replica(
    visit: Visit, workspace: Workspace, standby: Standby, asked: Callable[[], int], world: World
) -> None:
    alice = visit("alice")
    standby.follow(workspace.database)
    asked()
    on_primary: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        on_primary.append(statement)

    sa.event.listen(workspace.database.reader, "before_cursor_execute", note)
    try:
        page = alice.get(f"/deals/{world.deals['wards']}/activity")
    finally:
        sa.event.remove(workspace.database.reader, "before_cursor_execute", note)
    assert page.status_code == 200
    assert asked() > 10
    # Who is signed in, with which rights, and what they have written.
    tables = ("signinsession", "memberrole", "writemark", "importrun", "draft")
    others = [each for each in on_primary if not any(table in each for table in tables)]
    assert others == []


def test_should_miss_nothing_that_the_member_has_written(
    visit: Visit,
    workspace: Workspace,
    standby: Standby,
    asked: Callable[[], int],
    world: World,
    tmp_path: Path,
) -> None:
    here = f"/deals/{world.deals['wards']}/activity"
    alice, dana = visit("alice"), visit("dana")
    with_token = Program(alice.client, secret_of(world, "alice"))
    standby.follow(workspace.database)
    with other_process(workspace, standby, world, tmp_path) as there, standby.held_back():
        assert alice.post(here, {"kind": "note", "text": "The ward has 42 beds"}).status_code == 303
        assert "42 beds" in alice.get(here).text
        assert "42 beds" in there(alice).get(here).text, "of another process"
        notes = with_token.get(f"/api/v1/deals/{world.deals['wards']}/timeline")
        assert notes.status_code == 200, notes.text
        assert "42 beds" in notes.text, "by a program of the member"
        asked()
        assert "42 beds" not in dana.get(here).text
        assert asked() > 10, "colleagues go on reading an older state"
    standby.follow(workspace.database)
    asked()
    for member in (alice, dana):
        assert "42 beds" in member.get(here).text
        assert asked() > 10


def test_should_find_what_a_colleague_has_just_written(
    visit: Visit, workspace: Workspace, standby: Standby, world: World, asked: Callable[[], int]
) -> None:
    alice, bob = visit("alice"), visit("bob")
    standby.follow(workspace.database)
    with standby.held_back():
        made = alice.post("/deals", {"name": "Fresh from the fair", "account": "Fair Ltd"})
        assert made.status_code == 303, made.text
        address = made.headers["location"]
        asked()
        answer = bob.get(address)
        assert asked() > 0
        # The same address again, which the database answers.
        assert (answer.status_code, answer.headers["location"]) == (307, address)
        page = bob.get(address)
        assert page.status_code == 200
        assert "Fresh from the fair" in page.text
        assert asked() == 0
        # What there is nowhere is not found, after a second look at most.
        assert bob.get("/deals/D-9999").status_code == 404


def test_should_open_and_end_links_at_once_for_members_too(
    visit: Visit, workspace: Workspace, standby: Standby, world: World
) -> None:
    alice, bob = visit("alice"), visit("bob")
    add_file(workspace, world, "Ward demo.pdf", pdf("Wards"))
    standby.follow(workspace.database)
    with standby.held_back():
        link = share(alice, world)
        assert bob.get(link).status_code == 200
    standby.follow(workspace.database)
    with standby.held_back():
        with workspace.database.write() as session:
            shared = session.exec(select(ShareLink)).one()
            end_link(session, world.deal(session, "wards"), shared.id, world.people["alice"])
        assert bob.get(link).status_code == 410


def test_should_show_what_a_program_has_written(
    visit: Visit, workspace: Workspace, standby: Standby, world: World
) -> None:
    alice = visit("alice")
    program = Program(alice.client, secret_of(world, "alice"))
    standby.follow(workspace.database)
    with standby.held_back():
        deal = world.deals["wards"]
        made = program.call(
            "POST", f"/api/v1/deals/{deal}/notes", {"kind": "note", "text": "Of a program"}
        )
        assert made.status_code == 201, made.text
        assert "Of a program" in alice.get(f"/deals/{deal}/activity").text


def _make_confidential(session: Session, world: World) -> None:
    deal = world.deal(session, "wards")
    lifecycle.edit(session, deal, world.people["alice"], {"confidential": True})


def _uninvite(session: Session, world: World) -> None:
    lifecycle.uninvite(session, world.deal(session, "nightingale"), world.people["charlie"], None)


def _leave_team(session: Session, world: World) -> None:
    deal = world.deal(session, "nightingale")
    seat = next(row for row in team.seats_of(session, deal.id) if row.name == "Bob Brandt")
    team.free_seat(session, session.get_one(Seat, seat.id), None)


def _give_away(session: Session, world: World) -> None:
    deal = world.deal(session, "nightingale")
    lifecycle.edit(session, deal, None, {"owner_id": world.people["dana"]})


@pytest.mark.parametrize(
    ("who", "deal", "end"),
    [
        ("charlie", "wards", _make_confidential),
        ("charlie", "nightingale", _uninvite),
        ("bob", "nightingale", _leave_team),
        ("alice", "nightingale", _give_away),
    ],
)
def test_should_end_access_at_once(
    visit: Visit,
    workspace: Workspace,
    standby: Standby,
    world: World,
    who: str,
    deal: str,
    end: Callable[[Session, World], None],
) -> None:
    here = f"/deals/{world.deals[deal]}"
    with workspace.database.write() as session:
        lifecycle.invite(session, world.deal(session, "nightingale"), world.people["charlie"], None)
    reader = visit(who)
    standby.follow(workspace.database)
    with standby.held_back():
        assert reader.get(here).status_code == 200
        with workspace.database.write() as session:
            end(session, world)
        assert reader.get(here).status_code == 404
    standby.follow(workspace.database)
    # What the replica does not find, the database is asked for at the same address.
    assert reader.get(here).status_code == 307
    assert reader.get(here).status_code == 404


def test_should_hide_at_once_what_a_colleague_hides(
    visit: Visit, workspace: Workspace, standby: Standby, world: World
) -> None:
    with workspace.database.write() as session:
        person = session.get_one(Person, world.people["bob"])
        person.about = "Collects kettles"
        session.add(person)
    alice = visit("alice")
    standby.follow(workspace.database)
    with standby.held_back():
        assert "Collects kettles" in alice.get("/people/bob-brandt").text
        with workspace.database.write() as session:
            hide_fields(session, world.people["bob"], {ProfileField.ABOUT})
        assert "Collects kettles" not in alice.get("/people/bob-brandt").text


def test_should_sign_out_whoever_is_deactivated(
    visit: Visit, workspace: Workspace, standby: Standby, world: World
) -> None:
    charlie = visit("charlie")
    standby.follow(workspace.database)
    with standby.held_back():
        assert charlie.get("/deals").status_code == 200
        with workspace.database.write() as session:
            members.deactivate(session, world.people["charlie"])
        assert charlie.get("/deals").headers["location"].startswith("/sign-in")


def test_should_read_from_the_database_while_the_replica_is_down(
    visit: Visit,
    app: Litestar,
    workspace: Workspace,
    replica: Replica,
    standby: Standby,
    asked: Callable[[], int],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dana = visit("dana")
    standby.follow(workspace.database)
    assert dana.get("/deals").status_code == 200
    assert asked() > 0
    standby.stop()
    try:
        assert dana.get("/deals").status_code == 200
        assert "The replica cannot be read" in caplog.text
        app.state.conditions = Conditions()
        assert "replica" in dana.get("/health/ready").json()["conditions"]
        assert "The replica cannot be read" in visit("grace").get("/deals").text
        assert 0 < replica.check() <= replicas.RETRY_SECONDS, "it is not asked again at once"
    finally:
        standby.start()
    standby.follow(workspace.database)
    monkeypatch.setattr(replica, "_retry_at", 0.0)
    replica.check()
    assert "The replica answers again" in caplog.text
    app.state.conditions = Conditions()
    assert "replica" not in dana.get("/health/ready").json()["conditions"]
    asked()
    assert dana.get("/deals").status_code == 200
    assert asked() > 0


def test_should_ask_again_for_a_page_whose_replica_fails_in_between(
    visit: Visit, workspace: Workspace, replica: Replica, standby: Standby
) -> None:
    dana = visit("dana")
    standby.follow(workspace.database)
    failed = False

    def fail(connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal failed
        if not failed and "FROM deal" in statement:
            failed = True
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    sa.event.listen(replica.engine, "before_cursor_execute", fail)
    try:
        answer = dana.get("/deals?sort=name")
    finally:
        sa.event.remove(replica.engine, "before_cursor_execute", fail)
    assert failed
    assert (answer.status_code, answer.headers["location"]) == (307, "/deals?sort=name")
    assert dana.get("/deals?sort=name").status_code == 200


def test_should_read_nothing_that_is_too_old(
    visit: Visit,
    workspace: Workspace,
    replica: Replica,
    standby: Standby,
    asked: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
    world: World,
) -> None:
    dana, moment = visit("dana"), replicas.monotonic()
    standby.follow(workspace.database)
    with standby.held_back():
        monkeypatch.setattr(replicas, "monotonic", lambda: moment)
        replica.check()
        write(world, "Ten seconds old")
        for passed in (1, 10):
            monkeypatch.setattr(replicas, "monotonic", lambda: moment + passed)  # noqa: B023
            replica.check()
            asked()
            assert "Ten seconds old" not in dana.get(f"/deals/{world.deals['wards']}/activity").text
            assert asked() > 0
        assert not replica.problem
        moment += replicas.LONGEST_BEHIND + 1
        monkeypatch.setattr(replicas, "monotonic", lambda: moment)
        replica.check()
        asked()
        assert "Ten seconds old" in dana.get(f"/deals/{world.deals['wards']}/activity").text
        assert not asked()
        assert "more than 15 seconds behind" in replica.problem
    standby.follow(workspace.database)
    replica.check()
    assert not replica.problem
    assert dana.get("/deals").status_code == 200
    assert asked() > 0


def test_should_find_by_the_caches_and_paths_of_the_database(
    visit: Visit, workspace: Workspace, standby: Standby, world: World
) -> None:
    """Caches follow the database itself, and may be newer than the state that a page reads."""
    dana, alice = visit("dana"), visit("alice")
    workspace.catalog.catch_up()
    standby.follow(workspace.database)
    with standby.held_back():
        deal = world.deals["wards"]
        with workspace.database.write() as session:
            row = world.deal(session, "kestrel")
            lifecycle.edit(session, row, None, {"name": "Quillfeather pilot"})
        generation = workspace.catalog.generation
        for page in (f"/deals/{deal}", f"/deals/{deal}/kin", "/search?q=Quillfeather", "/today"):
            assert dana.get(page).status_code in (200, 303, 404), page
        alice.post(f"/deals/{deal}/activity", {"kind": "note", "text": "Quillfeather asked"})
        assert "Quillfeather" in alice.get("/search?q=Quillfeather+pilot").text
        assert workspace.catalog.generation != generation
    standby.follow(workspace.database)
    assert "Quillfeather pilot" in dana.get("/search?q=Quillfeather+pilot").text


def test_should_tell_an_open_page_what_it_can_read(
    app: Litestar, workspace: Workspace, standby: Standby, world: World
) -> None:
    standby.follow(workspace.database)
    with serving(app) as address, listening(address, world, "dana", "wards") as room:
        _, first = room.next()
        with standby.held_back():
            write(world, "Not there yet")
            assert room.silent(), "the page would fetch what is not there"
        name, now = room.next()
        assert name == "look"
        assert now["state"] != first["state"]


def test_should_read_where_a_page_has_written(
    visit: Visit, workspace: Workspace, standby: Standby, world: World, asked: Callable[[], int]
) -> None:
    alice = visit("alice")
    standby.follow(workspace.database)
    asked()
    refused = alice.post(f"/deals/{world.deals['wards']}/activity", {"kind": "note", "text": " "})
    assert refused.status_code == 422
    # The head of the page alone.
    assert asked() < 10


def test_should_say_where_there_is_no_replica(
    database: Database, world: World, tmp_path: Path, standby: Standby
) -> None:
    url = database.url.render_as_string(hide_password=False)
    for address in (url, standby.url(database).replace(str(database.url.database), "postgres")):
        with closing(
            Replica(database, address.replace("postgresql://", "postgresql+psycopg://"))
        ) as other:
            other.check()
            assert not other.is_near
            assert "leads to no streaming replica" in other.problem


def test_should_hold_a_drill_beside_a_pooler_and_a_replica(
    world: World, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both know the database in use, and not the scratch place."""
    use_client_programs(monkeypatch)
    url = world.database.url.render_as_string(hide_password=False)
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    settings = workspace.settings.model_copy(
        update={
            "database_url": nowhere,
            "direct_database_url": url,
            "replica_database_url": nowhere,
        }
    )
    file, manifest = make_backup(world.database, settings, tmp_path / "kept")
    assert drill(file, settings, FakeEmbedder())["rows"] == sum(manifest.rows.values())
