"""Staffing: proposals for all open seats of a pipeline, as a browser asks for them."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from litestar.testing import TestClient
from sqlmodel import Session, col

from references.teams.proposals import staffing
from tests.benchmarks._record import MadeUpModel, fill
from tests.benchmarks._work import add_work
from web.app import create_app
from web.server import settle
from web.workspace import workspace_on
from workspace.clock import today
from workspace.database import Database
from workspace.deals.seat_roles import DEFAULT_SEAT_ROLES, add_default_seat_roles
from workspace.deals.tables import Deal, Outcome, Seat
from workspace.people import members
from workspace.people.sign_in import sessions
from workspace.people.tables import Member, MemberRole, Person, Role
from workspace.settings import Settings

DEALS, MEMBERS, SEATS = 3_000, 500, 100
# How many seats are open on each deal that has some.
SEATS_PER_DEAL = 2
TITLES = (
    *("Account executive", "Solution architect", "Principal consultant", "Sales engineer"),
    *(
        "Internal auditor",
        "Training manager",
        "VP sales",
        "Customer marketing",
        "Product specialist",
    ),
)
SKILLS = ("forecasting", "warehousing", "claims", "rotas", "contracts", "sensors")
TIMES = 10


def run() -> Iterator[dict[str, Any]]:
    """The staffing page, and a deal's own page with its part of the same proposals."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Database(f"sqlite:///{Path(folder) / 'record.sqlite3'}")) as database,
    ):
        database.upgrade()
        fill(database, DEALS)
        with database.write() as session:
            add_default_seat_roles(session)
            add_work(session)
            _staff(session)
            manager = members.add_member(session, "Manager", "m@example.com", {Role.MANAGER})
            token = sessions.open_session(session, manager.id)
            viewer = members.viewer(session, manager.id, manager.name)
        workspace = workspace_on(database, Settings(home=Path(folder)), MadeUpModel())
        workspace.catalog.catch_up()
        with database.read() as session:
            solved = staffing(session, viewer, workspace.catalog)
        key = solved.deals[0][0].key
        proposed = [each for rows in solved.proposals.values() for each in rows]
        app = create_app(workspace)
        with TestClient(app, cookies={"session": token}) as client:
            # As `dealkin serve` does once its caches are warm.
            client.get("/staffing")
            settle()
            for name, path in (("staffing", "/staffing"), ("a deal", f"/deals/{key}/experts")):
                taken = []
                for _ in range(TIMES):
                    start = time.perf_counter()
                    answer = client.get(path)
                    taken.append(time.perf_counter() - start)
                    assert answer.status_code == 200, answer.text
                p50, p95 = np.percentile(taken, [50, 95]) * 1000
                yield {
                    "page": name,
                    "members": f"{MEMBERS}",
                    "open seats": f"{len(proposed)}",
                    "filled by proposals": f"{sum(not each.nobody for each in proposed)}",
                    "gap %": f"{solved.gap * 100:.2f}",
                    "p50 ms": f"{p50:.0f}",
                    "p95 ms": f"{p95:.0f}",
                }


def _staff(session: Session, seed: int = 11) -> None:
    """Leave exactly SEATS open on open deals, and have MEMBERS members with titles and skills."""
    random = np.random.default_rng(seed)
    there = list(session.execute(sa.select(col(Member.person_id))).scalars())
    for number in range(len(there), MEMBERS):
        person = Person(key=f"more-{number}", name=f"More {number}")
        session.add(person)
        session.flush()
        there.append(person.id)
        session.add(Member(person_id=person.id))
    session.flush()
    for number, person_id in enumerate(there):
        person = session.get_one(Person, person_id)
        person.title = TITLES[number % len(TITLES)]
        person.skills = "; ".join(random.choice(SKILLS, 2, replace=False).tolist())
        person.timezone = ("Europe/Warsaw", "Europe/London", "America/New_York")[number % 3]
        role = Role.EXPERT if number % 3 else Role.REP
        session.add(MemberRole(person_id=person_id, role=role))
    session.execute(sa.delete(Seat).where(col(Seat.person_id).is_(None)))
    closed = sa.select(col(Deal.id)).where(col(Deal.outcome) != Outcome.OPEN)
    for seat in session.execute(sa.select(Seat).where(col(Seat.deal_id).in_(closed))).scalars():
        seat.person_id = int(random.choice(there))
    # Nobody can be on more open deals than their own limit.
    of_open = sa.select(col(Deal.id)).where(col(Deal.outcome) == Outcome.OPEN)
    session.execute(sa.delete(Seat).where(col(Seat.deal_id).in_(of_open)))
    waiting = session.execute(of_open.order_by(col(Deal.id)).limit(SEATS // SEATS_PER_DEAL))
    for place, deal_id in enumerate(waiting.scalars()):
        for number in range(SEATS_PER_DEAL):
            role = DEFAULT_SEAT_ROLES[(place + 3 * number) % len(DEFAULT_SEAT_ROLES)]
            session.add(Seat(deal_id=deal_id, role=role))
        deal = session.get_one(Deal, deal_id)
        deal.expected_close = today() + timedelta(days=int(random.integers(1, 90)))
    session.flush()
