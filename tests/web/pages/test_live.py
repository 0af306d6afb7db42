"""Live updates: a stream tells that there is something new, to those who still may know."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from queue import Empty, Queue
from typing import Any

import httpx
import pytest
from litestar import Litestar
from sqlmodel import select

from tests.serving import serving
from tests.threads import SECONDS
from tests.web.conftest import Visit
from tests.world import World
from workspace.collaboration import notes
from workspace.database import Database
from workspace.deals import lifecycle, team
from workspace.deals.tables import Seat
from workspace.people.sign_in import sessions
from workspace.people.sign_in.tables import SignInSession
from workspace.people.tables import Member
from workspace.timeline.timeline import TimelineEntry, state_of

STREAM = {"Accept": "text/event-stream"}
End = dict[str, Any] | None


@pytest.fixture
def address(app: Litestar) -> Iterator[str]:
    """The address of a server of the cast's application."""
    with serving(app) as found:
        yield found


class Stream:
    """What comes over one stream, in the order in which it comes; None is its end."""

    def __init__(self) -> None:
        self.events: Queue[tuple[str, str] | None] = Queue()

    def read(self, answer: httpx.Response) -> None:
        name = ""
        try:
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data:"):
                    self.events.put((name, line.removeprefix("data:").strip()))
        except httpx.HTTPError:
            pass
        self.events.put(None)

    def next(self) -> tuple[str, Any]:
        """The next event and what it says."""
        found = self.events.get(timeout=SECONDS)
        assert found is not None, "the stream ended without a word"
        return found[0], json.loads(found[1]) if found[1] else None

    def ends(self) -> None:
        """The stream says that it is over, tells nothing more, and closes."""
        assert self.next() == ("end", None)
        assert self.events.get(timeout=SECONDS) is None

    def silent(self) -> bool:
        """Whether nothing more has come by now."""
        try:
            self.events.get(timeout=0.3)
        except Empty:
            return True
        return False


@contextmanager
def listening(address: str, world: World, name: str, deal: str | None = None) -> Iterator[Stream]:
    """A stream of one of the cast's, on a deal's page or another; it has said how things stand."""
    with world.database.write() as session:
        token = sessions.open_session(session, world.people[name])
    stream = Stream()
    with (
        httpx.Client(base_url=address, cookies={"session": token}, timeout=SECONDS) as client,
        client.stream(
            "GET", "/live", params={"deal": world.deals[deal]} if deal else {}, headers=STREAM
        ) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        reader = threading.Thread(target=stream.read, args=(answer,), daemon=True)
        reader.start()
        yield stream


def write(world: World, text: str, deal: str = "wards", by: str = "alice") -> None:
    with world.database.write() as session:
        notes.write_note(session, world.deal(session, deal), world.people[by], "note", text)


def test_should_tell_an_open_deal_and_an_inbox_of_a_note(address: str, world: World) -> None:
    with (
        listening(address, world, "dana", "wards") as room,
        listening(address, world, "bob", "kestrel") as elsewhere,
    ):
        name, first = room.next()
        assert (name, first["inbox"]) == ("look", 0)
        elsewhere.next()
        write(world, "@bob-brandt, what a day: 42 beds")
        name, now = room.next()
        assert name == "look"
        assert now["state"] != first["state"]
        assert (now["version"], now["inbox"]) == (first["version"], 0)
        assert elsewhere.next()[1]["inbox"] == 1
        # It says that there is something, and nothing of what it is.
        assert set(now) == {"inbox", "state", "version"}


def test_should_tell_of_a_change_of_the_deal(address: str, world: World) -> None:
    with listening(address, world, "dana", "wards") as room:
        before = room.next()[1]["version"]
        with world.database.write() as session:
            deal = world.deal(session, "wards")
            lifecycle.edit(session, deal, world.people["alice"], {"next_step": "Demo"})
        assert room.next()[1]["version"] == before + 1


def _uninvite(world: World, database: Database) -> None:
    with database.write() as session:
        lifecycle.uninvite(session, world.deal(session, "nightingale"), world.people["erin"], None)


def _deactivate(world: World, database: Database) -> None:
    with database.write() as session:
        row = session.get_one(Member, world.people["erin"])
        row.active = False
        session.add(row)


def _sign_out(world: World, database: Database) -> None:
    with database.write() as session:
        mine = SignInSession.person_id == world.people["erin"]
        for row in session.exec(select(SignInSession).where(mine)):
            session.delete(row)


@pytest.mark.parametrize("lose", [_uninvite, _deactivate, _sign_out])
def test_should_tell_nothing_to_a_member_who_lost_the_right(
    address: str, world: World, lose: Callable[[World, Database], None]
) -> None:
    with world.database.write() as session:
        lifecycle.invite(session, world.deal(session, "nightingale"), world.people["erin"], None)
    with listening(address, world, "erin", "nightingale") as stream:
        stream.next()
        write(world, "Before", "nightingale")
        assert stream.next()[0] == "look"
        lose(world, world.database)
        write(world, "Only the board knows", "nightingale")
        stream.ends()


def test_should_end_the_stream_if_another_process_takes_the_right(
    address: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its commit wakes nobody here: the stream looks by itself, in time."""
    monkeypatch.setattr("web.pages.live.LONGEST_WAIT", 0.2)
    with world.database.write() as session:
        lifecycle.invite(session, world.deal(session, "nightingale"), world.people["erin"], None)
    with (
        listening(address, world, "erin", "nightingale") as stream,
        closing(Database(world.database.url.render_as_string(False))) as elsewhere,
    ):
        stream.next()
        _uninvite(world, elsewhere)
        stream.ends()


def test_should_tell_no_more_of_a_confidential_deal_after_leaving_its_team(
    address: str, world: World
) -> None:
    with listening(address, world, "bob", "nightingale") as stream:
        stream.next()
        with world.database.write() as session:
            deal = world.deal(session, "nightingale")
            seat = session.exec(select(Seat).where(Seat.deal_id == deal.id)).one()
            team.free_seat(session, seat, world.people["alice"])
        write(world, "Only the board knows", "nightingale")
        stream.ends()


def test_should_open_a_stream_only_for_members_who_may_see_the_deal(
    visit: Visit, world: World
) -> None:
    for name in ("charlie", "dana"):
        answer = visit(name).get(f"/live?deal={world.confidential_deal}", **STREAM)
        assert answer.status_code == 404
        assert visit(name).get(f"/live?deal={world.confidential_deal}").status_code == 404
    assert visit(None).get("/live", **STREAM).status_code == 303


def test_should_answer_a_page_that_gets_no_stream(visit: Visit, world: World) -> None:
    key = world.deals["wards"]
    with world.database.read() as session:
        deal = world.deal(session, "wards")
        state, version = state_of(session, deal.id), deal.version
    looked = visit("dana").get(f"/live?deal={key}")
    assert looked.json() == {"inbox": 0, "state": state, "version": version}
    assert looked.headers["cache-control"] == "private, no-store"
    assert visit("dana").get("/live").json() == {"inbox": 0, "state": "", "version": 0}


@pytest.mark.slow
def test_should_tell_of_an_edited_or_withdrawn_note(address: str, world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        note = notes.write_note(session, deal, world.people["alice"], "note", "Frist words")
    states = set()
    with listening(address, world, "dana", "wards") as room:
        states.add(room.next()[1]["state"])
        for change in (
            lambda session, deal, entry: notes.rewrite_note(session, deal, entry, "First words"),
            lambda session, deal, entry: notes.rewrite_note(session, deal, entry, "First word"),
            notes.remove_note,
        ):
            with world.database.write() as session:
                deal = world.deal(session, "wards")
                change(session, deal, session.get_one(TimelineEntry, note.id))
            name, look = room.next()
            assert name == "look"
            states.add(look["state"])
    assert len(states) == 4


def test_should_not_tell_of_a_known_event_again(address: str, world: World) -> None:
    with world.database.write() as session:
        token = sessions.open_session(session, world.people["dana"])
        deal = world.deal(session, "wards")
        known = {"deal": deal.key, "state": state_of(session, deal.id), "version": deal.version}
    stream = Stream()
    with (
        httpx.Client(base_url=address, cookies={"session": token}, timeout=SECONDS) as client,
        client.stream("GET", "/live", params=known, headers=STREAM) as answer,
    ):
        threading.Thread(target=stream.read, args=(answer,), daemon=True).start()
        assert stream.silent()
        write(world, "News")
        assert stream.next()[0] == "look"
