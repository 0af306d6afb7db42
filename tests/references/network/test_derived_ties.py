"""Ties that follow from the record: they come with its facts and go with them."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, delete, select

from references.network.circles import LARGEST_CIRCLE
from references.network.paths import Network
from references.network.ties import Tie, TieKind, Visibility
from tests.world import World
from workspace.accounts.accounts import Account, add_account
from workspace.clock import today
from workspace.database import Database
from workspace.deals import lifecycle, stakeholders, team
from workspace.deals.tables import Seat
from workspace.people.people import add_contact, add_employment, edit_person
from workspace.people.tables import Education, Employment, Membership, Person

pytestmark = pytest.mark.usefixtures("network")


def add_people(session: Session, count: int, **facts: Any) -> list[Person]:
    return [add_contact(session, f"Person {n}", None, **facts) for n in range(count)]


def ties(database: Database, kind: str = "") -> list[Tie]:
    with database.read() as session:
        found = session.exec(select(Tie).order_by(Tie.one_id, Tie.other_id)).all()
    return [tie for tie in found if not kind or tie.kind == kind]


def work(session: Session, person: Person, start: str, end: str = "", at: str = "Old Co") -> None:
    add_employment(
        session,
        person,
        at,
        None,
        start=date.fromisoformat(start),
        end=date.fromisoformat(end) if end else None,
    )


def test_should_tie_two_people_who_worked_at_the_same_time(database: Database) -> None:
    with database.write() as session:
        one, other, later = add_people(session, 3)
        work(session, one, "2010-01-01", "2014-06-30")
        work(session, other, "2012-01-01", "2016-12-31")
        work(session, later, "2015-01-01", "2018-12-31")
    found = {(tie.one_id, tie.other_id): tie for tie in ties(database)}
    assert set(found) == {(one.id, other.id), (other.id, later.id)}
    tie = found[one.id, other.id]
    assert tie.kind == TieKind.WORKED
    assert tie.evidence == "Old Co, 2012–2014"
    assert (tie.start, tie.end) == (date(2012, 1, 1), date(2014, 6, 30))
    assert tie.visibility == Visibility.EVERYONE
    assert tie.asserted_by_id is None


def test_should_make_longer_smaller_and_nearer_contact_stronger(database: Database) -> None:
    with database.write() as session:
        small = add_account(session, "Small", headcount=40)
        large = add_account(session, "Large", headcount=20_000)
        people = add_people(session, 8)
        for person, at, department, end in (
            (people[0], small, "", "2015-01-01"),
            (people[1], small, "", "2015-01-01"),
            (people[2], large, "", "2015-01-01"),
            (people[3], large, "", "2015-01-01"),
            (people[4], large, "Finance", "2015-01-01"),
            (people[5], large, "finance", "2015-01-01"),
            (people[6], small, "", "2010-06-01"),
        ):
            session.add(
                Employment(
                    person_id=person.id,
                    account_id=at.id,
                    organisation=at.name,
                    department=department,
                    start=date(2010, 1, 1),
                    end=date.fromisoformat(end),
                )
            )
    base = {(tie.one_id, tie.other_id): tie.base for tie in ties(database)}
    in_small = base[people[0].id, people[1].id]
    in_large = base[people[2].id, people[3].id]
    in_department = base[people[4].id, people[5].id]
    briefly = base[people[0].id, people[6].id]
    assert in_small > in_department > in_large > 0
    assert in_small > briefly


def test_should_tie_present_colleagues_without_dates(database: Database) -> None:
    with database.write() as session:
        account = add_account(session, "Bolt", headcount=40)
        add_people(session, 2, account_id=account.id)
    (tie,) = ties(database)
    assert (tie.kind, tie.evidence, tie.end) == (TieKind.COLLEAGUES, "Bolt", None)


def test_should_remove_a_tie_with_its_fact_and_derive_it_again(database: Database) -> None:
    with database.write() as session:
        one, other = add_people(session, 2)
        work(session, one, "2010-01-01", "2014-06-30")
        work(session, other, "2012-01-01", "2016-12-31")
    assert len(ties(database)) == 1
    with database.write() as session:
        job = session.exec(select(Employment).where(Employment.person_id == other.id)).one()
        job.start = date(2014, 7, 1)
        session.add(job)
    assert ties(database) == []
    with database.write() as session:
        job = session.exec(select(Employment).where(Employment.person_id == other.id)).one()
        job.start = date(2013, 1, 1)
        session.add(job)
    assert [tie.evidence for tie in ties(database)] == ["Old Co, 2013–2014"]
    with database.write() as session:
        session.delete(session.exec(select(Employment).where(Employment.person_id == one.id)).one())
    assert ties(database) == []


def test_should_move_ties_with_a_fact_to_another_person(database: Database) -> None:
    with database.write() as session:
        one, other, third = add_people(session, 3)
        work(session, one, "2010-01-01", "2014-06-30")
        work(session, other, "2012-01-01", "2016-12-31")
    with database.write() as session:
        job = session.exec(select(Employment).where(Employment.person_id == other.id)).one()
        job.person_id = third.id
        session.add(job)
    assert [(tie.one_id, tie.other_id) for tie in ties(database)] == [(one.id, third.id)]


def test_should_write_nothing_if_nothing_changed(database: Database) -> None:
    with database.write() as session:
        one, other = add_people(session, 2)
        work(session, one, "2010-01-01", "2014-06-30")
        work(session, other, "2012-01-01", "2016-12-31")
    before = [(tie.id, tie.created_at) for tie in ties(database)]
    with database.write() as session:
        edit_person(session, session.get_one(Person, one.id), None, {"title": "Chief"})
    assert [(tie.id, tie.created_at) for tie in ties(database)] == before


def test_should_overlap_studies_with_unknown_ends_of_usual_length(database: Database) -> None:
    with database.write() as session:
        one, other, early = add_people(session, 3)
        for person, start, end, subject in (
            (one, date(2004, 9, 1), date(2008, 6, 30), "Physics"),
            (other, None, date(2007, 6, 30), "physics"),
            (early, None, date(2001, 6, 30), ""),
        ):
            session.add(
                Education(
                    person_id=person.id, institution="ETH", field=subject, start=start, end=end
                )
            )
    (tie,) = ties(database, TieKind.STUDIED)
    assert (tie.one_id, tie.other_id) == (one.id, other.id)
    assert tie.evidence == "ETH, 2004–2007, both Physics"


def test_should_weigh_boards_more_than_associations_and_count_events_in_days(
    database: Database,
) -> None:
    def meet(session: Session, people: list[Person], kind: str, start: date, end: date) -> None:
        for person in people:
            session.add(
                Membership(
                    person_id=person.id, kind=kind, organisation=kind.title(), start=start, end=end
                )
            )

    with database.write() as session:
        people = add_people(session, 6)
        meet(session, people[:2], "board", date(2018, 1, 1), date(2022, 1, 1))
        meet(session, people[2:4], "association", date(2018, 1, 1), date(2022, 1, 1))
        meet(session, people[4:], "event", date(2021, 5, 4), date(2021, 5, 4))
    board, association, event = ties(database, TieKind.GATHERED)
    assert board.base > association.base >= 0.05
    assert event.evidence == "Both at Event, 2021"
    assert event.end == date(2021, 5, 4)


@pytest.mark.slow
def test_should_tie_only_people_of_one_department_in_a_large_company(database: Database) -> None:
    with database.write() as session:
        account = add_account(session, "Crowd", headcount=500)
        people = add_people(session, LARGEST_CIRCLE, account_id=account.id)
        for person in people[:2]:
            person.department = "Legal"
    assert len(ties(database)) == LARGEST_CIRCLE * (LARGEST_CIRCLE - 1) // 2
    with database.write() as session:
        newcomer = add_contact(session, "Newcomer", None, account_id=account.id)
    (tie,) = ties(database)
    assert (tie.one_id, tie.other_id) == (people[0].id, people[1].id)
    with database.write() as session:
        session.get_one(Person, newcomer.id).account_id = None
    assert len(ties(database)) == LARGEST_CIRCLE * (LARGEST_CIRCLE - 1) // 2


def test_should_tie_a_team_to_the_stakeholders_of_its_deal(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        stakeholders.add_stakeholder(
            session,
            deal,
            world.people["ines"],
            world.people["alice"],
            coverage="in depth",
        )
    met = ties(world.database, TieKind.MET)
    assert [(tie.one_id, tie.other_id) for tie in met] == [
        tuple(sorted((world.people["bob"], world.people["ines"])))
    ]
    assert world.deals["wards"] in met[0].evidence
    with world.database.write() as session:
        seat = session.exec(
            select(Seat).where(Seat.deal_id == world.deal(session, "wards").id)
        ).one()
        team.free_seat(session, seat, None)
    assert ties(world.database, TieKind.MET) == []


def test_should_derive_no_tie_from_a_confidential_deal(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        stakeholders.add_stakeholder(session, deal, world.people["ines"], world.people["alice"])
    assert ties(world.database, TieKind.MET) == []
    with world.database.write() as session:
        lifecycle.edit(session, world.deal(session, "nightingale"), None, {"confidential": False})
    assert len(ties(world.database, TieKind.MET)) == 1
    with world.database.write() as session:
        lifecycle.edit(session, world.deal(session, "nightingale"), None, {"confidential": True})
    assert ties(world.database, TieKind.MET) == []


def test_should_derive_the_ties_of_an_older_record(database: Database) -> None:
    quiet = Database(database.url.render_as_string(hide_password=False))
    with quiet.write() as session:
        one, other = add_people(session, 2)
        work(session, one, "2010-01-01", "2014-06-30")
        work(session, other, "2012-01-01", "2016-12-31")
    quiet.close()
    assert ties(database) == []
    network = Network(database)
    network.catch_up()
    assert len(ties(database)) == 1
    with database.write() as session:
        session.exec(delete(Tie))
    network.catch_up()
    assert ties(database) == []


def test_should_strengthen_ties_when_an_account_shrinks(database: Database) -> None:
    with database.write() as session:
        account = add_account(session, "Bolt", headcount=9_000)
        add_people(session, 2, account_id=account.id)
    (before,) = ties(database)
    with database.write() as session:
        session.get_one(Account, account.id).headcount = 30
    (after,) = ties(database)
    assert after.base > before.base


def test_should_count_no_years_of_the_future(database: Database) -> None:
    soon = today() + timedelta(days=30)
    with database.write() as session:
        one, other = add_people(session, 2)
        work(session, one, soon.isoformat())
        work(session, other, "2020-01-01")
    assert ties(database) == []
