"""The demo workspace: complete, consistent, and with dates relative to today."""

from datetime import timedelta

import pytest
from sqlalchemy import func
from sqlmodel import select

from tests.workspace.imports.files import load
from workspace import demo
from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.collaboration import inbox, reminders, tasks
from workspace.deals.tables import Deal
from workspace.demo import shift_prose
from workspace.errors import Conflict
from workspace.people import members
from workspace.people.sign_in import passwords
from workspace.people.tables import Person
from workspace.timeline.timeline import TimelineEntry


@pytest.mark.slow
def test_should_be_free_of_errors_and_of_warnings(database, tmp_path):
    paths = sorted(demo.FOLDER.glob("*.csv"))
    reports = load(database, *paths)
    for report in reports:
        assert (report.refused, report.failed, report.warnings) == ("", 0, []), report
        assert report.created
    assert len({report.kind for report in reports}) == 14


@pytest.mark.slow
def test_should_fill_an_empty_workspace(database):
    with database.write() as session:
        assert not demo.is_demo(session)
        people = demo.load(session)
    with database.read() as session:
        assert demo.is_demo(session)
        assert len(people) == 25
        assert len(session.exec(select(Account.id)).all()) in range(35, 51)
        assert len(session.exec(select(Deal.id)).all()) in range(280, 321)
        latest = session.exec(select(func.max(Deal.opened))).one()
        assert 0 <= (today() - latest).days < 60
        # Timelines begin when the deal was opened, not when the demo was loaded.
        kinds = set(session.exec(select(TimelineEntry.kind)))
        assert "imported" not in kinds
        first = session.exec(
            select(TimelineEntry.at, Deal.opened)
            .join(Deal, Deal.id == TimelineEntry.deal_id)
            .where(TimelineEntry.kind == "logged")
        ).all()
        assert all(at.date() == opened for at, opened in first)
        for person, password in people:
            assert passwords.check_password(session, person.email, password) == person
        assert len({password for _, password in people}) == 25
        # One rep has open work.
        rep = members.viewer_by_email(session, "agnieszka.wrona@haldenworks.example")
        assert [item.why for item in inbox.items(session, rep)] == ["mention"]
        assert [row.overdue for row in tasks.tasks_of_member(session, rep)] == [True, False]
        assert [each.key for each in reminders.occasions(session, rep)] == ["wojciech-halas"]


def test_should_refuse_s17_demo_data_in_a_workspace_that_is_in_use(database):
    with database.write() as session:
        session.add(Person(key="ann", name="Ann"))
    with database.write() as session, pytest.raises(Conflict, match="empty workspace"):
        demo.load(session)
    with database.read() as session:
        assert not demo.is_demo(session)


def test_should_move_the_days_that_prose_names():
    three_weeks = timedelta(days=21)
    assert shift_prose("orders due 20 November; in June", three_weeks) == (
        "orders due 11 December; in June"
    )
    assert shift_prose("odpowiedź do 6 listopada", three_weeks) == "odpowiedź do 27 listopada"
    assert shift_prose("May 2024, 31 units, 120 Mayer", three_weeks) == (
        "May 2024, 31 units, 120 Mayer"
    )
