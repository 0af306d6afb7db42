"""The demo's address books: whom members know who is not in the record, and who may see it."""

from datetime import date, timedelta

from sqlmodel import Session

from references.network.address_books import AddressBook, match_connections
from references.network.ties import Visibility
from references.prospecting import blind
from references.prospecting.titles import Titles
from workspace.clock import today
from workspace.keys import row_of_key
from workspace.people.members import viewer as viewer_of
from workspace.people.tables import Person
from workspace.people.viewer import Viewer

SOURCE = "LinkedIn"

# Name, company, position, and how many months ago they connected.
_Entry = tuple[str, str, str, int]
# The member's key, who may see the entries, and the entries.
_BOOKS: tuple[tuple[str, Visibility, tuple[_Entry, ...]], ...] = (
    ("dorota-zielonka", Visibility.EVERYONE, (
        ("Hanna Kuszewska", "Bank Kotwica Polska S.A.", "Head of Data Warehouse", 7),
        ("Ryszard Polonski", "Bank Kotwica Polska S.A.", "Board member, operations", 50),
        ("Maciej Trzcinka", "Polski Bank Nadbałtycki", "Dyrektor ds. hurtowni danych", 14),
        ("Olga Wierzba", "Bank Wielżyński", "Risk modelling manager", 9),
        ("Irena Sadłowska", "Towarzystwo Ubezpieczeń Latarnia", "CFO", 20),
    )),
    ("tomasz-belka", Visibility.EVERYONE, (
        ("Hanna Kuszewska", "Bank Kotwica Polska", "Head of Data Warehouse", 31),
        ("Jerzy Pniewski", "Polski Bank Nadbałtycki", "Procurement lead", 4),
        ("Wanda Olszyńska", "Szpital Miejski w Porębach", "Dyrektor finansowy", 11),
        ("Kornel Brzezicki", "Mazurski Smak", "Head of quality", 16),
    )),
    ("kamila-rusek", Visibility.PRIVATE, (
        ("Patryk Dąbrówka", "Polski Bank Nadbałtycki", "DWH Lead", 5),
        ("Zofia Manikowska", "Bank Kotwica Polska", "Head of data platforms", 19),
        ("Leon Stachura", "Koszyk i Spółka", "Data architect", 27),
    )),
    ("agnieszka-wrona", Visibility.PRIVATE, (
        ("Teresa Gołąbek", "Mazurski Smak", "Head of purchasing", 6),
        ("Michał Rdest", "Hollinbrook Foods", "Category buyer", 40),
        ("Barbara Kosmala", "Bank Kotwica Polska", "Head of data governance", 13),
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
        ("Kacper Wilga", "Polski Bank Nadbałtycki", "Head of analytics", 24),
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


# Who asked colleagues' private books for whom, and why; the second was answered with a yes.
_SEARCHES = (
    (
        "siobhan-keaveney",
        "Head of data at a bank in Poland",
        "Bank of Clonmara wants to hear how a bank of its size merged its customer data.",
        None,
    ),
    (
        "tomasz-belka",
        "Data architect at a grocery chain in Poland",
        "For a first conversation about product data, before the tender.",
        ("kamila-rusek", "Leon Stachura", "Mention the Poznań meetup, he was on the panel."),
    ),
)


def add_searches(session: Session, titles: Titles) -> None:
    """Add the demo's searches of private address books, matched as the job matches them."""
    for asker, text, why, answer in _SEARCHES:
        viewer = _viewer(session, asker)
        search = blind.ask_books(session, viewer, text, why)
        blind.match_search(session, titles, search)
        if answer is None:
            continue
        owner, name, note = answer
        for matched in blind.matched_searches(session, _viewer(session, owner)):
            for match in matched.matches:
                if match.name == name:
                    blind.offer(session, _viewer(session, owner), match.key, note)


def _viewer(session: Session, key: str) -> Viewer:
    person = row_of_key(session, Person, key)
    return viewer_of(session, person.id, person.name)


def _months_ago(months: int) -> date:
    return today() - timedelta(days=30 * months)
