"""What an asker gets is the same whatever is in private address books, until a yes."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlmodel import col, delete, select

from references.network.ties import Visibility
from references.prospecting import blind
from references.prospecting.tables import ConnectionMatch, NetworkSearch
from tests.references.prospecting.books import add_connection
from tests.web.conftest import Visit
from tests.world import World
from web.workspace import Workspace

QUESTION = "Head of data at a bank in Germany"
PAGES = (
    "/",
    "/network",
    "/network?q=Head+of+data+at+a+bank+in+Germany",
    "/network?q=Head+of+data",
    "/network?q=anyone+at+Lumen+Bank",
    "/connections",
    "/connections?q=Lumen",
    "/introductions",
    "/inbox",
    "/accounts/{lumen}",
    "/accounts/{lumen}/paths",
    "/accounts/{havel}/paths",
    "/people?q=Jonas",
    "/people/jonas-havelka/ties",
    "/search?q=head+of+data",
)
ADMINISTRATION = ("/administration/jobs", "/administration/people/jonas-havelka/privacy")
# Entries that fit, nearly fit and do not, and people of the record, whom a private tie leads to.
ENTRIES = st.lists(
    st.tuples(
        st.sampled_from(("bob", "charlie", "dana", "grace", "frank")),
        st.sampled_from(("Pia Novak", "Otto Lang", "Ida Berg")),
        st.sampled_from(("Lumen Bank", "Banco Ribera", "Acme", "Sparkasse Deutschland")),
        st.sampled_from(("Head of data", "CFO", "Data engineer", "")),
        st.sampled_from((Visibility.PRIVATE, Visibility.ASK)),
    )
    | st.tuples(
        st.sampled_from(("bob", "charlie")),
        *map(st.just, ("Jonas Havelka", "Havel Clinics", "Head of data", Visibility.PRIVATE)),
    ),
    max_size=6,
)


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """The statements that are sent to the database, but those about sessions."""
    sent: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        # How long a connection waits for others depends on the clock.
        timed = ("signinsession", "busy_timeout", "lock_timeout")
        if not any(word in statement for word in timed):
            sent.append(statement)

    engines = {world.database.reader, world.database.writer}
    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        for engine in engines:
            sa.event.remove(engine, "before_cursor_execute", note)


def seen_by(visit: Visit, world: World, asker: str) -> list[tuple[str, int, str, tuple[str, ...]]]:
    """Each page as the asker gets it, with the statements that it took."""
    visitor = visit(asker)
    found = []
    pages = (*PAGES, *(ADMINISTRATION if asker == "grace" else ()))
    for path in pages:
        with statements(world) as sent:
            answer = visitor.get(path.format(**world.accounts))
        text = re.sub(r"N-[0-9a-z]+", "N-key", answer.text)
        found.append((path, answer.status_code, text, tuple(sent)))
    return found


def ask(visit: Visit, world: World, asker: str) -> tuple[int, str, tuple[str, ...]]:
    """Ask colleagues as the asker, who withdraws the search before."""
    with world.database.read() as session:
        mine = select(NetworkSearch.key).where(
            NetworkSearch.asker_id == world.people[asker],
            col(NetworkSearch.withdrawn).is_(False),
        )
        keys = session.exec(mine).all()
    for key in keys:
        visit(asker).post(f"/network/searches/{key}/withdraw")
    with statements(world) as sent:
        answer = visit(asker).post("/network/searches", {"q": QUESTION, "why": "A first talk"})
    return answer.status_code, answer.headers["location"], tuple(sent)


@pytest.mark.parametrize("asker", ["alice", "grace"])
def test_should_show_askers_the_same_whatever_is_in_private_books(
    visit: Visit,
    world: World,
    workspace: Workspace,
    asker: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What administrators are told of the server is looked up by the clock.
    monkeypatch.setattr("web.conditions.KEPT_SECONDS", 1e9)

    def match_and_decline(declined: int) -> None:
        with world.database.write() as session:
            for search in session.exec(
                select(NetworkSearch).where(col(NetworkSearch.matched_at).is_(None))
            ).all():
                blind.match_search(session, workspace.titles, search)
        for owner in ("bob", "charlie", "dana", "grace"):
            with world.database.write() as session:
                viewer = world.viewer(owner)
                for search in blind.matched_searches(session, viewer):
                    for match in search.matches[:declined]:
                        blind.decline(session, viewer, match.key)

    workspace.catalog.warm()
    ask(visit, world, asker)
    match_and_decline(0)
    # The first questions of a process load its caches.
    seen_by(visit, world, asker)
    asked = ask(visit, world, asker)
    before = seen_by(visit, world, asker)
    assert all(status == 200 for _, status, *_ in before)
    matched: list[int] = []

    @settings(
        max_examples=12,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(ENTRIES, st.integers(0, 2))
    @example([("bob", "Pia Novak", "Lumen Bank", "Head of data", Visibility.PRIVATE)], 1)
    def keeps_still(entries: list[tuple[Any, ...]], declined: int) -> None:
        with world.database.write() as session:
            for owner, *facts in entries:
                if owner != asker:
                    add_connection(session, world, owner, *facts)
        assert ask(visit, world, asker) == asked
        match_and_decline(declined)
        after = seen_by(visit, world, asker)
        for one, other in zip(before, after, strict=True):
            assert one == other
        with world.database.write() as session:
            matched.append(len(session.exec(select(ConnectionMatch)).all()))
            session.exec(delete(ConnectionMatch))

    keeps_still()
    # The test says nothing where nobody was told of anything.
    assert any(matched)


def test_should_offer_and_decline_on_the_page(
    visit: Visit, world: World, workspace: Workspace
) -> None:
    with world.database.write() as session:
        add_connection(session, world, "bob", "Pia Novak", "Lumen Bank", "Head of data")
        add_connection(session, world, "charlie", "Ida Berg", "Lumen Bank", "Head of data")
    ask(visit, world, "alice")
    with world.database.write() as session:
        for search in session.exec(select(NetworkSearch)).all():
            blind.match_search(session, workspace.titles, search)
    assert "1 of your connections fits" in visit("bob").get("/").text
    page = visit("bob").get("/network").text
    assert "Only you see these matches" in page
    (key,) = set(re.findall(r"/network/matches/(M-[0-9a-z]+)/offer", page))
    assert visit("alice").post(f"/network/matches/{key}/offer").status_code == 404
    assert visit("bob").post(f"/network/matches/{key}/offer", {"note": "Hi"}).status_code == 303
    (other,) = set(
        re.findall(r"/network/matches/(M-[0-9a-z]+)/offer", visit("charlie").get("/network").text)
    )
    assert visit("charlie").post(f"/network/matches/{other}/decline").status_code == 303
    mine = visit("alice").get("/network").text
    assert "Pia Novak" in mine
    assert "Hi" in mine
    assert "Ida Berg" not in mine
    assert "You said no." in visit("charlie").get("/network").text
