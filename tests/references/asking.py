"""Advocates and requests for the tests, made as the application makes them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from secrets import token_hex

from sqlmodel import Session

from references.desk import advocates
from references.desk.addresses import confirm_address
from references.desk.advocates import Activity, Advocate
from references.desk.consent import ConsentState, record_consent
from references.desk.request import ReferenceRequest, State
from tests.world import World
from workspace.clock import today
from workspace.people.people import add_contact
from workspace.people.tables import Person


def contact(session: Session, world: World, name: str, account: str) -> Person:
    """A new contact at one of the cast's accounts."""
    person = add_contact(
        session,
        name,
        None,
        email=f"{name.split()[0].lower()}@{account}.example",
        account_id=world.account(session, account).id,
    )
    world.people[name.split()[0].lower()] = person.id
    return person


def advocate(
    session: Session,
    world: World,
    name: str,
    *,
    activities: Iterable[Activity] = tuple(Activity),
    consent: ConsentState | None = ConsentState.GIVEN,
) -> Advocate:
    """One of the cast's contacts as an advocate who consented, to everything where not said."""
    person = session.get_one(Person, world.people[name])
    if not person.email:
        person.email = f"{name}@customers.example"
    made = advocates.nominate(session, person, world.people["alice"], activities=activities)
    if person.email:
        confirm_address(
            session, made, person.email, world.people["erin"], "https://dealkin.example"
        )
    if consent:
        record_consent(session, made, consent, world.people["erin"])
    return made


def call(
    session: Session,
    world: World,
    who: Advocate,
    day: date,
    *,
    activity: Activity = Activity.CALL,
    state: State = State.COMPLETED,
    deal: str = "wards",
) -> ReferenceRequest:
    """A call that the record holds already, on a day."""
    made = ReferenceRequest(
        key=f"R-{token_hex(4)}",
        deal_id=world.deal(session, deal).id,
        activity=activity,
        advocate_id=who.id,
        requested_by_id=world.people["alice"],
        state=state,
        approved_at=noon(day - timedelta(days=10)),
        starts_at=noon(day),
    )
    session.add(made)
    session.flush()
    return made


def noon(day: date) -> datetime:
    """Noon of a day, in UTC."""
    return datetime.combine(day, time(12), UTC)


def ahead(days: int) -> date:
    """The day so many days from today."""
    return today() + timedelta(days=days)
