"""Two accounts and two people that are one each, with all that may hang on them."""

from datetime import date

from sqlmodel import Session

from references.desk.customers import AccountOwner
from references.desk.guest_links import Purpose, create_link
from references.network.ties import TieKind, assert_tie
from tests.references.asking import advocate, call
from tests.world import World, ago
from workspace.accounts.accounts import add_account
from workspace.clock import today
from workspace.deals.tables import Stakeholder
from workspace.people import people
from workspace.people.tables import Person


def add_duplicates(world: World, session: Session) -> None:
    """St Brannoc and Inês a second time; both persons are advocates with requests and links."""
    twin = _twins(world, session)
    first = advocate(session, world, "ines")
    world.people["twin"] = twin.id
    second = advocate(session, world, "twin")
    first.address, second.address = "ines@confirmed.example", "twin@elsewhere.example"
    first.calls_a_quarter, second.calls_a_quarter = 3, 1
    call(session, world, second, today())
    call(session, world, first, today())
    for who in (first, second):
        create_link(
            session,
            Purpose.CONSENT,
            who.person_id,
            who.address or "",
            "http://x.example",
            advocate_id=who.id,
        )


def _twins(world: World, session: Session) -> Person:
    """Two accounts and two people with all that may hang on them; the second person."""
    alice, bob = world.people["alice"], world.people["bob"]
    other = add_account(session, "St Brannoc Hosp.", domain="brannoc.example", headcount=2400)
    child = add_account(session, "Brannoc Labs", parent_id=other.id)
    session.add(AccountOwner(account_id=other.id, person_id=alice, since=ago(3)))
    deal = world.deal(session, "wards")
    deal.account_id = other.id
    ines = session.get_one(Person, world.people["ines"])
    twin = people.add_contact(
        session,
        "Ines Moreira",
        None,
        email="ines@private.example",
        account_id=other.id,
        phone="+44 7700 900 555",
        city="Porto",
    )
    people.add_employment(session, twin, "Acme", None, title="Analyst", start=date(2001, 1, 1))
    for person in (ines, twin):
        people.add_employment(
            session, person, "Twinned", None, title="Head", start=date(2010, 1, 1)
        )
    session.add(Stakeholder(deal_id=deal.id, person_id=twin.id, buying_role="champion"))
    others = world.deal(session, "tidewater")
    for person in (ines, twin):
        place = Stakeholder(deal_id=others.id, person_id=person.id)
        session.add(place)
        session.flush()
    place.buying_role, place.influence = "economic buyer", "high"
    for person in (ines, twin):
        assert_tie(session, bob, person.id, TieKind.CONNECTED, asserted_by_id=bob, source="list")
    assert_tie(session, twin.id, world.people["dana"], TieKind.KNOWS, asserted_by_id=alice)
    assert_tie(session, twin.id, ines.id, TieKind.KNOWS, asserted_by_id=alice)
    assert child.parent_id == other.id
    return twin
