"""Leading: one process at a time does what must not be done twice."""

import threading
from datetime import datetime, timedelta

import pytest

from tests.threads import SECONDS, at_the_same_time
from workspace import leading
from workspace.clock import now
from workspace.database import Database
from workspace.leading import Leader


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[timedelta]:
    """What is appended is added to the moment of the database's leases."""
    passed: list[timedelta] = []

    def moment() -> datetime:
        return now() + sum(passed, timedelta())

    monkeypatch.setattr(leading, "now", moment)
    return passed


def test_should_have_one_leader(database: Database) -> None:
    first, second = Leader(database), Leader(database)
    assert not first.leads
    assert first.ask()
    assert not second.ask()
    assert (first.leads, second.leads) == (True, False)
    assert first.ask(), "a leader renews its lease"


def test_should_let_one_of_many_lead_that_ask_first(database: Database) -> None:
    leaders = [Leader(database) for _ in range(6)]
    assert not at_the_same_time(*[leader.ask for leader in leaders])
    assert sum(leader.leads for leader in leaders) == 1


def test_should_let_another_lead_after_a_stop(database: Database) -> None:
    first, second = Leader(database), Leader(database)
    first.ask()
    first.stop()
    assert not first.leads
    assert second.ask()
    first.stop()
    assert not Leader(database).ask(), "a former leader ends no other one's lease"


def test_should_let_another_lead_when_the_lease_ends(
    database: Database, later: list[timedelta]
) -> None:
    first, second = Leader(database), Leader(database)
    first.ask()
    later.append(leading.LEASE + timedelta(seconds=1))
    assert second.ask()
    assert not first.ask()
    assert not first.leads


def test_should_not_believe_in_a_lease_that_it_could_not_renew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader = Leader(database)
    monkeypatch.setattr(leading, "LEASE", timedelta(0))
    assert leader.ask()
    assert not leader.leads


def test_should_work_only_while_it_leads(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "PAUSE_SECONDS", 0.02)
    first, second = Leader(database), Leader(database)
    worked, both = threading.Event(), threading.Event()
    done: list[str] = []

    def work(name: str) -> float:
        done.append(name)
        (worked if name == "first" else both).set()
        return 0.01

    first.ask()
    second.start_worker("second", lambda: work("second"))
    first.start_worker("first", lambda: work("first"))
    assert worked.wait(SECONDS)
    assert set(done) == {"first"}
    first.stop()
    second.start()
    assert both.wait(SECONDS)
    second.stop()
