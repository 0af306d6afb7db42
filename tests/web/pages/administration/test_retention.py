"""Retention rules: a preview, and what the rules delete."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from tests.references.asking import advocate
from tests.web.conftest import Visit, acts
from tests.world import World
from web.jobs import kinds_of
from web.workspace import Workspace
from workspace.clock import now
from workspace.delivery import outbox
from workspace.delivery.outbox import OutboxMessage
from workspace.imports import runs
from workspace.imports.ledger import ImportFile, ImportRun
from workspace.imports.recognition import Reading
from workspace.jobs import queue
from workspace.jobs.running import run_next, run_now
from workspace.jobs.tables import Job
from workspace.people import people
from workspace.people.tables import Person
from workspace.privacy import requests, retention
from workspace.privacy.retention import RETENTION, Kept

HERE = "/administration/retention"


def test_should_preview_and_apply_the_rules(
    visit: Visit, world: World, workspace: Workspace
) -> None:
    long_ago = now() - timedelta(days=400)
    with world.database.write() as session:
        sent = outbox.queue(session, "bob@dealkin.example", "News", "…")
        outbox.queue(session, "bob@dealkin.example", "Waits", "…")
        run = runs.store(session, None, [runs.Upload("a.csv", b"name\nx\n", Reading())])
        idle = people.add_contact(session, "Ida Idle", None)
        held = people.add_contact(session, "Hal Held", None)
        requests.hold(session, held, "A dispute", by=None)
        # Inês is asked for references, and Jonas has no part in anything.
        advocate(session, world, "ines")
        session.flush()
        sent.sent_at = run.at = long_ago
        session.add_all((sent, run))
        session.execute(sa.update(Person).values(created_at=long_ago))
    grace, before = visit("grace"), acts(world)
    days = {"mail": "90", "imports": "90", "contacts": "365"}
    page = grace.save(HERE, {**days, "then": "preview"}).text
    assert (page.count("Would be deleted now: 1"), page.count("Would be deleted now: 2")) == (2, 1)
    assert acts(world) == before
    assert grace.save(HERE, {**days, "mail": "5", "then": "save"}).status_code == 422
    assert grace.save(HERE, {**days, "then": "save"}).status_code == 303
    result = run_now(world.database, kinds_of(workspace), RETENTION)
    assert result == {"mail": 1, "imports": 1, "contacts": 2}
    with world.database.read() as session:
        assert session.get(OutboxMessage, sent.id) is None
        assert session.get_one(ImportRun, run.id)
        assert session.get_one(ImportFile, (run.id, 0)).raw == b""
        for person_id in (idle.id, world.people["jonas"]):
            assert session.get(Person, person_id) is None
        for person_id in (held.id, world.people["ines"], world.people["alice"]):
            assert session.get(Person, person_id) is not None
    assert run_now(world.database, kinds_of(workspace), RETENTION)["contacts"] == 0


def test_should_erase_contacts_one_by_one_and_go_on_after_a_kill(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = now() - timedelta(days=400)
    with world.database.write() as session:
        idle = [people.add_contact(session, f"Ida Idle{number}", None).id for number in range(4)]
        session.execute(
            sa.update(Person).where(col(Person.id).in_(idle)).values(created_at=long_ago)
        )
        retention.set_rules(session, {Kept.CONTACTS: 365}, by=None)
        job = queue.enqueue(session, RETENTION, None)

    def left() -> list[int]:
        with world.database.read() as session:
            query = sa.select(Person.id).where(col(Person.id).in_(idle)).order_by(col(Person.id))
            return list(session.scalars(query))

    whole = retention.erase

    def killed_at_the_third(session: Session, person: Person, *, by: int | None) -> object:
        if person.id == idle[2]:
            raise RuntimeError
        return whole(session, person, by=by)

    monkeypatch.setattr(retention, "erase", killed_at_the_third)
    assert run_next(world.database, kinds_of(workspace))
    assert left() == idle[2:], "each is erased in a part of its own"
    with world.database.write() as session:
        # Meanwhile the last one gets a part in something.
        requests.hold(session, session.get_one(Person, idle[3]), "A dispute", by=None)
        session.execute(sa.update(Job).where(col(Job.id) == job.id).values(due_at=long_ago))
    monkeypatch.setattr(retention, "erase", whole)
    assert run_next(world.database, kinds_of(workspace))
    assert left() == idle[3:]
    with world.database.read() as session:
        assert session.get_one(Job, job.id).result == {"contacts": 3}
