"""Advocates with a new employer: customer marketing is told, and confirms their consent."""

from functools import partial

from sqlalchemy import event
from sqlmodel import Session, col, select

from references.desk.advocates import Advocate
from references.desk.rules import desk_members, require_not_asking
from workspace.audit import audit
from workspace.collaboration.job_changes import JobChange, tell
from workspace.database import Database
from workspace.people.tables import Person


def attach(database: Database) -> None:
    """Have customer marketing told of every job change of an advocate."""
    database.watch(_watch)


def _watch(session: Session) -> None:
    changes: list[JobChange] = []
    event.listen(session, "after_flush", partial(_note, changes))
    event.listen(session, "before_commit", partial(_tell_desk, changes))


def _note(changes: list[JobChange], session: Session, _context: object) -> None:
    changes += [row for row in session.new if isinstance(row, JobChange)]


def _tell_desk(changes: list[JobChange], session: Session) -> None:
    if not changes:
        return
    people = {change.person_id for change in changes}
    query = select(Advocate.person_id).where(col(Advocate.person_id).in_(people))
    advocates = set(session.exec(query))
    for change in changes:
        if change.person_id in advocates:
            tell(session, change, desk_members(session, None), None)
    changes.clear()
    session.flush()


def confirm_employer(session: Session, advocate: Advocate, by: int | None) -> None:
    """Have an advocate's consent hold for the customer where they work now.

    A member who asks this advocate for a reference cannot do it.
    """
    require_not_asking(session, by, advocate)
    person = session.get_one(Person, advocate.person_id)
    advocate.account_id = person.account_id
    session.add(advocate)
    audit(session, by, "consent confirmed for new employer", f"person {person.id}")
