"""The demo's ties, advocates and past references: clean, and telling the story they should."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from references.desk.advocates import Activity, Advocate
from references.desk.budgets import availability
from references.desk.consent import ConsentState, consent_on, consents_of
from references.desk.request import ReferenceRequest
from references.imports import DEMO, EXTENSION
from references.network.paths import Network, active_members
from references.network.ties import Tie
from tests.conftest import Backend
from workspace import demo
from workspace.accounts.accounts import Account
from workspace.clock import today
from workspace.database import Database
from workspace.deals.stakeholders import stakeholders_of
from workspace.deals.tables import Deal, Stakeholder
from workspace.imports.run import import_files
from workspace.people.tables import Person
from workspace.people.viewer import PLAIN_VIEW


@pytest.fixture(scope="module")
def loaded(backend: Backend) -> Iterator[tuple[Database, Network]]:
    """The demo in a database that these tests only read."""
    backend.prepare("demo", "empty")
    with closing(Database(backend.url("demo"))) as database:
        network = Network(database)
        network.attach()
        with database.write() as session:
            demo.load(session, (demo.FOLDER, DEMO), EXTENSION)
        yield database, network


@pytest.fixture
def session(loaded: tuple[Database, Network]) -> Iterator[Session]:
    with loaded[0].read() as reading:
        yield reading


@pytest.fixture
def network(loaded: tuple[Database, Network]) -> Network:
    return loaded[1]


def person_id(session: Session, email: str) -> int:
    return session.exec(select(Person.id).where(Person.email == email)).one()


@pytest.mark.slow
def test_should_be_free_of_errors_and_of_warnings(database: Database, tmp_path: Path) -> None:
    paths = [path for folder in (demo.FOLDER, DEMO) for path in sorted(folder.glob("*.csv"))]
    with database.write() as session:
        reports = import_files(session, paths, None, tmp_path, EXTENSION)
    for report in reports:
        assert (report.refused, report.failed, report.warnings) == ("", 0, []), report
        assert report.created
    with database.write() as session:
        again = import_files(session, paths, None, tmp_path, EXTENSION)
    assert {(report.created, report.updated) for report in again} == {(0, 0)}


def test_should_tell_of_customers_who_know_prospects(session: Session) -> None:
    theirs, customer = aliased(Person), aliased(Account)
    met = sa.or_(
        sa.and_(col(Tie.one_id) == Stakeholder.person_id, col(Tie.other_id) == theirs.id),
        sa.and_(col(Tie.other_id) == Stakeholder.person_id, col(Tie.one_id) == theirs.id),
    )
    deals = session.execute(
        sa.select(Deal.key)
        .join(Stakeholder, col(Stakeholder.deal_id) == Deal.id)
        .join(Account, col(Account.id) == Deal.account_id)
        .join(Tie, col(Tie.origin) != "")
        .join(theirs, met)
        .join(customer, col(customer.id) == theirs.account_id)
        .where(
            Deal.outcome == "open",
            Account.relationship == "prospect",
            customer.relationship == "customer",
        )
        .distinct()
    ).all()
    assert len(deals) >= 12
    held = select(Stakeholder.deal_id).join(Deal, col(Deal.id) == Stakeholder.deal_id)
    assert len(session.exec(held.where(Deal.outcome == "open").distinct()).all()) >= 25


def test_should_lead_to_a_reference_whom_the_buyer_trusts(
    session: Session, network: Network
) -> None:
    deal = session.exec(select(Deal).where(Deal.key == "HW-0267")).one()
    stances = {row.name: row.stance for row in stakeholders_of(session, deal.id)}
    assert stances["Tadeusz Wiącek"] == "opponent"
    buyer = person_id(session, "wojciech.halas@mazurskismak.example")
    elzbieta = person_id(session, "elzbieta.morawiec@zagonekfoods.example")
    path = network.paths(
        session, PLAIN_VIEW, [elzbieta], [buyer], limit=1, avoid=active_members(session)
    )[0]
    assert [step.name for step in path.people] == ["Elżbieta Morawiec", "Wojciech Hałas"]
    assert path.band == "strong"
    assert any("Motława" in each.evidence for each in path.evidence[0])
    advocate = session.exec(select(Advocate.id).where(Advocate.person_id == elzbieta)).one()
    assert availability(session, [advocate], Activity.CALL, today())[advocate].may_be_asked


def test_should_have_advocates_in_every_state(session: Session) -> None:
    advocates = {
        email: advocate
        for advocate, email in session.exec(
            select(Advocate, Person.email).join(Person, col(Person.id) == Advocate.person_id)
        )
    }
    ids = [advocate.id for advocate in advocates.values()]
    said = consents_of(session, ids)
    states = [consent_on(said[each], today()).state for each in ids]
    assert states.count(ConsentState.GIVEN) >= 20
    assert set(states) == set(ConsentState)
    may = availability(session, ids, Activity.CALL, today())
    reasons = {email: may[advocate.id].reason for email, advocate in advocates.items()}
    assert "pause" in reasons["annika.sjodal@norrviktelecom.example"]
    # The customer's budget is spent for all of its advocates.
    for name in ("fiona.blakestone", "neil.aspinall-roe"):
        assert "no further call" in reasons[f"{name}@larkfare.example"]
    assert len([each for each in may.values() if each.may_be_asked]) >= 15


def test_should_have_references_of_the_past_as_if_it_ended_today(session: Session) -> None:
    requests = session.exec(select(ReferenceRequest)).all()
    outcomes = [request.outcome or request.state for request in requests]
    assert {each: outcomes.count(each) for each in set(outcomes)} == {
        "helped": 13, "no effect": 3, "missed": 2
    }  # fmt: skip
    latest = max(request.starts_at.date() for request in requests)
    assert timedelta() <= today() - latest < timedelta(days=60)
