"""Address books of the cast."""

from typing import Any

from sqlmodel import Session

from references.network.address_books import AddressBook, Connection, match_connections
from references.network.ties import Visibility
from tests.world import World


def add_connection(
    session: Session,
    world: World,
    owner: str,
    name: str,
    company: str,
    position: str,
    visibility: Visibility = Visibility.PRIVATE,
    **facts: Any,
) -> Connection:
    """An entry of a member's address book, matched with the record like an imported one."""
    book = AddressBook(session, world.people[owner], [name], ())
    row, _, _ = book.put(name, source="LinkedIn", company=company, position=position, **facts)
    row.visibility = visibility
    match_connections(session, [row])
    return row
