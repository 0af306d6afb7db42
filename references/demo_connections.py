"""The demo's address books: whom members know who is not in the record, and who may see it."""

from datetime import date, timedelta

from sqlmodel import Session

from references.network.address_books import AddressBook, match_connections
from references.network.ties import Visibility
from workspace.clock import today
from workspace.keys import row_of_key
from workspace.people.tables import Person

SOURCE = "LinkedIn"

# Name, company, position, and how many months ago they connected.
_Entry = tuple[str, str, str, int]
# The member's key, who may see the entries, and the entries.
_BOOKS: tuple[tuple[str, Visibility, tuple[_Entry, ...]], ...] = (
    ("dorota-zielonka", Visibility.EVERYONE, (
        ("Hanna Kuszewska", "Bank Kotwica S.A.", "Head of Data Warehouse", 7),
        ("Ryszard Polonski", "Bank Kotwica S.A.", "Board member, operations", 50),
        ("Maciej Trzcinka", "Bank Nadbałtycki", "Dyrektor ds. hurtowni danych", 14),
        ("Olga Wierzba", "Bank Wielżyński", "Risk modelling manager", 9),
        ("Irena Sadłowska", "Towarzystwo Ubezpieczeń Latarnia", "CFO", 20),
    )),
    ("tomasz-belka", Visibility.EVERYONE, (
        ("Hanna Kuszewska", "Bank Kotwica", "Head of Data Warehouse", 31),
        ("Jerzy Pniewski", "Bank Nadbałtycki", "Procurement lead", 4),
        ("Wanda Olszyńska", "Szpital Miejski w Porębach", "Dyrektor finansowy", 11),
        ("Kornel Brzezicki", "Mazurski Smak", "Head of quality", 16),
    )),
    ("kamila-rusek", Visibility.PRIVATE, (
        ("Patryk Dąbrówka", "Bank Nadbałtycki", "DWH Lead", 5),
        ("Zofia Manikowska", "Bank Kotwica", "Head of data platforms", 19),
        ("Leon Stachura", "Koszyk i Spółka", "Data architect", 27),
    )),
    ("agnieszka-wrona", Visibility.PRIVATE, (
        ("Teresa Gołąbek", "Mazurski Smak", "Head of purchasing", 6),
        ("Michał Rdest", "Hollinbrook Foods", "Category buyer", 40),
        ("Barbara Kosmala", "Bank Kotwica", "Head of data governance", 13),
    )),
    ("siobhan-keaveney", Visibility.EVERYONE, (
        ("Orla Devane", "Bank of Clonmara", "Head of data", 8),
        ("Fergal Prunty", "Shannonside Bank", "Chief Data Officer", 22),
        ("Deirdre Molloy", "Bank of Clonmara", "Compliance manager", 60),
    )),
    ("lena-carstens", Visibility.TEAM, (
        ("Ulrike Bannow", "Albrand Versicherung", "Leiterin Data Warehouse", 10),
        ("Hartmut Giese", "Klinikum Harsewald", "Head of IT", 3),
    )),
    ("henrik-asmussen", Visibility.ASK, (
        ("Silke Thode", "Küstenkorb", "Head of forecasting", 12),
        ("Kacper Wilga", "Bank Nadbałtycki", "Head of analytics", 24),
    )),
)  # fmt: skip


def add_connections(session: Session) -> None:
    """Add the demo's address books."""
    for member, visibility, entries in _BOOKS:
        owner = row_of_key(session, Person, member)
        book = AddressBook(session, owner.id, [name for name, *_ in entries], ())
        rows = []
        for name, company, position, months in entries:
            row, _, _ = book.put(
                name,
                source=SOURCE,
                company=company,
                position=position,
                connected_on=_months_ago(months),
            )
            row.visibility = visibility
            rows.append(row)
        match_connections(session, rows)


def _months_ago(months: int) -> date:
    return today() - timedelta(days=30 * months)
