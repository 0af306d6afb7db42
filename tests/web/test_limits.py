"""Limits: a member, or a network, who asks too often is told when to try again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.conftest import Visit, acts
from tests.world import World
from web import limits
from web.limits import Kind, Limit, Limiter


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIMITS", dict.fromkeys(Kind, Limit(3)))


def times(monkeypatch: pytest.MonkeyPatch, moment: float) -> None:
    monkeypatch.setattr(limits.time, "monotonic", lambda: moment)


def test_should_allow_again_once_the_time_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = Limiter()
    for moment in (0.0, 10.0, 20.0):
        times(monkeypatch, moment)
        assert limiter.wait(Kind.SEARCH, "member 1") == 0
    times(monkeypatch, 30.0)
    assert limiter.wait(Kind.SEARCH, "member 1") == 30.0
    assert limiter.wait(Kind.SEARCH, "member 2") == 0
    assert limiter.wait(Kind.WRITE, "member 1") == 0
    assert limiter.wait(Kind.SEARCH, "member 1", times=2) == 0
    times(monkeypatch, 60.0)
    # One of the four is a minute old.
    assert limiter.wait(Kind.SEARCH, "member 1", times=2) == 0


@given(st.lists(st.floats(0, 5, allow_nan=False), max_size=60))
def test_should_never_allow_more_than_the_limit_in_any_window(steps: list[float]) -> None:
    limiter, moment, allowed = Limiter(), 0.0, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "LIMITS", dict.fromkeys(Kind, Limit(4, 10.0)))
        for step in steps:
            moment += step
            patch.setattr(limits.time, "monotonic", lambda moment=moment: moment)
            if not limiter.wait(Kind.WRITE, "x"):
                allowed.append(moment)
    for start in allowed:
        assert sum(start <= other < start + 10.0 for other in allowed) <= 4


def test_should_forget_those_who_no_longer_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_COUNTS", 10)
    limiter = Limiter()
    times(monkeypatch, 0.0)
    for number in range(10):
        limiter.wait(Kind.LINK, f"network {number}")
    times(monkeypatch, 100.0)
    limiter.wait(Kind.LINK, "network 11")
    assert len(limiter._times) == 1


@pytest.mark.parametrize("path", ["/search?q=ward", "/search/names?q=w", "/deals?q=ward"])
def test_should_limit_searches_of_a_member(visit: Visit, path: str) -> None:
    alice = visit("alice")
    assert [alice.get(path).status_code for _ in range(4)] == [200, 200, 200, 429]
    page = alice.get(path)
    assert "Slow down" in page.text
    assert "Try again in" in page.text
    assert 0 < int(page.headers["retry-after"]) <= 60
    line = alice.get(path, **{"HX-Request": "true"})
    assert line.headers["content-type"].startswith("text/plain")
    # Others search, and they themselves go on with everything else.
    assert visit("bob").get(path).status_code == 200
    assert alice.get("/deals").status_code == 200


def test_should_limit_writes_of_a_member(visit: Visit, world: World) -> None:
    alice = visit("alice")
    sent: dict[str, Any] = {"seat_limit": "2"}
    assert [alice.save("/availability", sent).status_code for _ in range(3)] == [303] * 3
    before = acts(world)
    assert alice.save("/availability", sent).status_code == 429
    assert acts(world) == before
    assert visit("bob").save("/availability", sent).status_code == 303


def test_should_limit_all_members_of_a_network_together(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.middleware.MEMBERS_OF_A_NETWORK", 2)
    answers = [
        visit(name).get("/search?q=x").status_code
        for name in ("alice", "bob", "charlie", "dana")
        for _ in range(2)
    ]
    assert answers == [200] * 6 + [429] * 2


@pytest.mark.parametrize("path", ["/g/of-nobody", "/join/of-nobody"])
def test_should_limit_links_by_network_whatever_their_secret(visit: Visit, path: str) -> None:
    stranger = visit(None)
    answers = [stranger.get(f"{path}-{number}").status_code for number in range(4)]
    assert answers[:3] in ([404] * 3, [410] * 3)
    assert answers[3] == 429
    # A session does not lift the limit, and headers of the client do not either.
    assert visit("alice").get(path).status_code == 429
    assert stranger.get(path, **{"X-Forwarded-For": "192.0.2.9"}).status_code == 429


def test_should_limit_visits_of_those_who_are_not_signed_in(visit: Visit) -> None:
    stranger = visit(None)
    answers = [stranger.get("/sign-in").status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    assert visit("alice").get("/deals").status_code == 200
