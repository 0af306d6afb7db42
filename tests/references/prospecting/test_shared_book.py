"""A search of columns in memory finds what the plain comparison of each connection finds."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from sqlmodel import Session, col, select

from references.network.address_books import Connection, remove_connection
from references.network.paths import Network
from references.network.ties import Visibility, teammates
from references.prospecting import shared_book
from references.prospecting.book import Book
from references.prospecting.connections import readable_fitting
from references.prospecting.fitting import Employer, completed, is_employer, keys_of
from references.prospecting.shared_book import SharedBook, SharedBookState
from references.prospecting.title_words import LEAST_SHARE, MORE_WORDS, Title
from references.prospecting.titles import FITS, Titles
from similarity import calibration
from similarity.index.centring import centred
from similarity.sentences.facets import FacetKind
from similarity.sentences.positions import Position, position_in
from tests.references.prospecting.books import add_connection
from tests.world import FakeEmbedder, World
from web.jobs import kinds_of
from web.workspace import Workspace
from workspace.accounts import accounts
from workspace.accounts.accounts import Account
from workspace.accounts.geography import country_name
from workspace.accounts.industries import industry_name
from workspace.deals import leaving
from workspace.deals.discretion import read_for
from workspace.jobs.running import run_now
from workspace.people.tables import Member
from workspace.people.viewer import PLAIN_VIEW, Viewer
from workspace.privacy.erasure import ERASE

OWNERS = ("alice", "bob", "charlie", "dana", "frank")
VIEWERS = ("alice", "bob", "charlie", "frank", "plain")
TITLES = (
    "Head of data warehousing", "Data warehouse lead", "Head of Data Warehouses", "DWH manager",
    "Hed of data warehosing", "Head of data", "Data governance manager", "Senior data engineer",
    "Head of human resources", "CFO", "Chief Financial Officer", "Financial controller", "Cook", "",
    "Kierownik hurtowni danych", "Dyrektor ds. hurtowni danych", "Kierowniczka hurtowni danych",
    "Główna księgowa", "Specjalista ds. ryzyka", "Dyrektor finansowy", "!!!",
    "Руководитель хранилища данных", "Начальник отдела хранилищ данных", "Финансовый директор",
)  # fmt: skip
COMPANIES = (
    "Lumen Bank", "Lumen Bank AG", "Lumen Bank Foundation", "Lumenova", "Banco Ribera",
    "Havel Clinics", "PKO Bank Polski", "Bank Gdynia", "Sparkasse Deutschland", "Acme", "",
    "Сбербанк России", "ООО «Ромашка»", "Nobody's Bank", "Unlisted Bank",
)  # fmt: skip
QUESTIONS = (
    "Head of data warehousing at a bank in Germany",
    "Head of data warehousing",
    "Hed of data warehousing at a bank",
    "Kierownik hurtowni danych w banku w Polsce",
    "Руководитель хранилища данных в банке",
    "CFO at Lumen Bank",
    "Anyone at Lumen Bank",
    "anyone at a bank",
    "anyone at a bank in Poland",
    "Head of data in Europe",
    "Financial director at a hospital",
)


class Meanings(FakeEmbedder):
    """Knows what Polish and English call a warehouse."""

    model_id = "meanings"

    def encode(self, texts: list[str]) -> np.ndarray:
        return super().encode([text.replace("hurtowni danych", "data warehouse") for text in texts])


def fill(session: Session, world: World, seed: int, count: int) -> None:
    """Entries by chance; a few of them with the same title at the same company."""
    random = np.random.default_rng(seed)
    for number in range(count):
        row = add_connection(
            session,
            world,
            OWNERS[random.integers(len(OWNERS))],
            f"Entry {seed} {number}",
            COMPANIES[random.integers(len(COMPANIES))],
            TITLES[random.integers(len(TITLES))],
            list(Visibility)[random.integers(4)],
            connected_on=date(2020, 1, 1) + timedelta(days=int(random.integers(900)))
            if random.random() < 0.8
            else None,
        )
        if number % 20 == 0:
            # The card of their owner.
            row.person_id = row.owner_id
    session.flush()


def plainly_fitting(
    session: Session, world: World, viewer: Viewer, position: Position, encoder: FakeEmbedder
) -> list[tuple[int, float, tuple[str, ...], bool]]:
    """Each connection that the viewer may read compared by itself, as the rules say it."""
    active = set(session.exec(select(Member.person_id).where(col(Member.active).is_(True))))
    team = teammates(session, viewer.person_id) if viewer.person_id else []
    found = []
    for row in session.exec(select(Connection)):
        readable = row.visibility == Visibility.EVERYONE or (
            viewer.person_id is not None
            and (
                row.owner_id == viewer.person_id
                or (row.visibility == Visibility.TEAM and row.owner_id in team)
            )
        )
        if not readable or row.owner_id not in active or row.person_id == row.owner_id:
            continue
        fit = _fit(session, position, row, encoder)
        if fit:
            last = row.connected_on or row.created_at.date()
            found.append((-round(fit[0], 1), -last.toordinal(), row.id, fit))
    return [(row_id, *fit) for _, _, row_id, fit in sorted(found)]


def _fit(
    session: Session, position: Position, row: Connection, encoder: FakeEmbedder
) -> tuple[float, tuple[str, ...], bool] | None:
    title, reasons = 1.0, []
    if position.title:
        title = _likeness(position.title, row.position, encoder)
        if title < FITS:
            return None
        reasons.append("Same title" if title > 0.99 else "Similar title")
    if position.employer:
        if not is_employer(position.employer, row.company):
            return None
        reasons.append(f"At {position.employer}")
    employer = _employer(session, row.company)
    facets = []
    country, region = position.value(FacetKind.COUNTRY), position.value(FacetKind.REGION)
    for wanted, known, label in (
        (position.value(FacetKind.INDUSTRY), employer.industry, industry_name),
        (country, employer.country, country_name) if country else (region, employer.region, str),
    ):
        agrees = bool(wanted and known and known.startswith(wanted))
        facets.append(1.0 if wanted is None else 0.25 if known is None else float(agrees))
        if agrees:
            reasons.append(label(wanted))
    if 0.0 in facets:
        return None
    certain = 0.25 not in facets
    confirmed = position.employer or len(reasons) > bool(position.title)
    if not certain and not confirmed and (not position.title or title < 0.7):
        return None
    return 0.6 * title + 0.2 * facets[0] + 0.2 * facets[1], tuple(reasons), certain


def _likeness(asked: str, written: str, encoder: FakeEmbedder) -> float:
    wanted, title = Title(asked), Title(written)
    if not written:
        return 0.0
    share = 0.0
    if wanted.words:
        have = [not title.all_stems.isdisjoint(word) for word in wanted.words]
        share = sum(have) / len(have)
    if len(title.words) > len(wanted.words):
        share = min(share, MORE_WORDS)
    share = share if share >= LEAST_SHARE else 0.0
    scale = calibration.title_scale(encoder.model_id)
    if scale:
        one, other = centred(encoder.encode([wanted.subject, title.subject]), None)
        share = max(share, min(max((float(one @ other) - scale[0]) / (scale[1] - scale[0]), 0), 1))
    if wanted.level is not None and title.level is not None:
        share *= 1.0 - 0.1 * abs(wanted.level - title.level)
    return share


def _employer(session: Session, company: str) -> Employer:
    for key in keys_of(company):
        query = select(Account).where(Account.plain_name == key).order_by(col(Account.id))
        account = session.exec(query).first()
        if account:
            facts = Employer(account.industry, account.country, account.region)
            return completed(facts, company)
    return completed(Employer(), company)


def compare(world: World, book: SharedBook, encoder: FakeEmbedder) -> int:
    """Compare all questions of all viewers; how many connections were found."""
    count = 0
    for name in VIEWERS:
        viewer = PLAIN_VIEW if name == "plain" else world.viewer(name)
        for text in QUESTIONS:
            position = position_in(text)
            with world.database.read() as session:
                read_for(session, viewer)
                found = readable_fitting(session, viewer, book, position)
                wanted = plainly_fitting(session, world, viewer, position, encoder)
            told = [(row.id, fit.score, fit.reasons, fit.certain) for row, fit in found]
            assert [each[0] for each in told] == [each[0] for each in wanted], (name, text)
            assert [each[2:] for each in told] == [each[2:] for each in wanted], (name, text)
            scores = [each[1] for each in wanted]
            assert [each[1] for each in told] == pytest.approx(scores, abs=1e-6), (name, text)
            count += len(found)
    return count


def make_record(session: Session, world: World) -> None:
    lead = {"alice": "dana", "bob": "dana"}
    for member, manager in lead.items():
        row = session.get_one(Member, world.people[member])
        row.manager_id = world.people[manager]
        session.add(row)
    accounts.add_account(session, "Nobody's Bank", country="DE")
    unlisted = accounts.add_account(session, "Unlisted Bank", industry="C10", country="DE")
    unlisted.listed = False
    session.add(unlisted)
    fill(session, world, 1, 160)


@pytest.mark.parametrize("meaning", [False, True])
def test_should_find_what_the_plain_comparison_finds(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, meaning: bool
) -> None:
    encoder = Meanings() if meaning else FakeEmbedder()
    if meaning:
        monkeypatch.setitem(calibration.TITLE_SCALES, "meanings", (0.3, 0.8))
    book = SharedBook(world.database, Titles(world.database, encoder))
    with world.database.write() as session:
        make_record(session, world)
    book.titles.prepare()
    assert compare(world, book, encoder) > 300


def test_should_follow_what_becomes_of_connections_and_accounts(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A book that another process has, and one that reads all anew after many changes."""
    encoder = FakeEmbedder()
    book = SharedBook(world.database, Titles(world.database, encoder))
    with world.database.write() as session:
        make_record(session, world)
    compare(world, book, encoder)

    def some(session: Session, start: int) -> list[Connection]:
        rows = session.exec(select(Connection).order_by(col(Connection.id))).all()
        return list(rows)[start::5]

    def share(session: Session) -> None:
        for number, row in enumerate(some(session, 0)):
            row.visibility = list(Visibility)[number % 4]
            session.add(row)

    def edit(session: Session) -> None:
        for number, row in enumerate(some(session, 1)):
            row.position, row.company = TITLES[number % len(TITLES)], "Banco Nuovo of Poland"
            row.plain_company = "banco nuovo of poland"
            session.add(row)

    def remove(session: Session) -> None:
        for row in some(session, 2):
            remove_connection(session, row, None)

    def leave(session: Session) -> None:
        member = session.get_one(Member, world.people["bob"])
        member.active = False
        session.add(member)

    def move(session: Session) -> None:
        account = world.account(session, "lumen")
        account.industry, account.country = "Q86", "PL"
        session.add(account)

    for change in (share, edit, remove, leave, move, lambda session: fill(session, world, 2, 40)):
        with world.database.write() as session:
            change(session)
        compare(world, book, encoder)
    monkeypatch.setattr(shared_book, "MOST_CHANGES", 3)
    with world.database.write() as session:
        fill(session, world, 3, 40)
    assert compare(world, book, encoder) > 0


def test_should_keep_no_trace_of_what_not_everybody_may_read(
    world: World, workspace: Workspace
) -> None:
    def held() -> tuple[int, list[str]]:
        with world.database.read() as session, workspace.shared_book.searching(session) as book:
            generation = session.exec(select(SharedBookState.generation)).one()
            return generation, book.titles

    def change(act: Callable[[Session], object]) -> None:
        with world.database.write() as session:
            act(session)

    before = held()
    for visibility in (Visibility.PRIVATE, Visibility.ASK, Visibility.TEAM):
        change(
            lambda session, visibility=visibility: add_connection(
                *(session, world, "bob", "Pia Novak", "Acme", "Astronaut"), visibility
            )
        )
        assert held() == before
    change(
        lambda session: add_connection(
            *(session, world, "bob", "Otto Lang", "Acme", "Baker"), Visibility.EVERYONE
        )
    )
    assert held() == (before[0] + 1, ["Baker"])


def test_should_forget_the_connections_of_a_member_who_is_erased(
    world: World, workspace: Workspace
) -> None:
    bob = world.people["bob"]

    def held() -> tuple[int, int]:
        with world.database.read() as session:
            ties = len(workspace.network.graph(session))
            # What a process holds that was not there before.
            assert ties == len(Network(world.database).graph(session))
            with workspace.shared_book.searching(session) as book:
                return len(book), ties

    with world.database.write() as session:
        add_connection(session, world, "bob", "Otto Lang", "Acme", "Baker", Visibility.EVERYONE)
    connections, ties = held()
    assert connections == 1
    with world.database.write() as session:
        leaving.deactivate(session, bob, by=None)
    run_now(world.database, kinds_of(workspace), ERASE, {"person_id": bob})
    connections, left = held()
    assert connections == 0
    assert left < ties


def test_should_read_what_names_tell_before_the_first_question(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_book, "READ_AT_ONCE", 2)
    with world.database.write() as session:
        for number, company in enumerate(COMPANIES):
            add_connection(
                *(session, world, "bob", f"Entry {number}", company, "Cook"), Visibility.EVERYONE
            )
    workspace.shared_book.warm()
    with world.database.read() as session, workspace.shared_book.searching(session) as book:
        assert isinstance(book, Book)
        assert len(book) == len(COMPANIES)
        assert book.companies.unread() == []
