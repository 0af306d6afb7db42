"""Every direction of the rule who may see and change a deal, compared over made records."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from tests.world import World
from workspace.database import Database
from workspace.deals import access
from workspace.deals.stages import first_stage
from workspace.deals.tables import Deal, DealInvitation, Seat
from workspace.errors import DealkinError, Forbidden, NotFound
from workspace.people.tables import Member, Person, Role
from workspace.people.viewer import PLAIN_VIEW, Viewer

PEOPLE = range(4)
DEALS = range(3)


@dataclass(frozen=True)
class Record:
    """Members and deals by their numbers; a seat without a person is open."""

    active: tuple[bool, ...]
    roles: tuple[frozenset[Role], ...]
    owners: tuple[int | None, ...]
    confidential: tuple[bool, ...]
    seats: tuple[tuple[int, int | None], ...]
    invitations: frozenset[tuple[int, int]]

    def sees(self, person: int | None, deal: int) -> bool:
        """The rule of seeing, in plain words of Python."""
        if not self.confidential[deal]:
            return True
        return person is not None and (
            self.works_on(person, deal) or (deal, person) in self.invitations
        )

    def edits(self, person: int, deal: int) -> bool:
        """The rule of changing, in plain words of Python."""
        roles = self.roles[person]
        leads = bool(roles & {Role.MANAGER, Role.ADMIN})
        return bool(roles) and self.sees(person, deal) and (leads or self.works_on(person, deal))

    def works_on(self, person: int, deal: int) -> bool:
        """Whether a person owns a deal or is on its team."""
        return self.owners[deal] == person or (deal, person) in self.seats

    def has_reader(self, deal: int) -> bool:
        """Whether an active member would see this deal if it were confidential."""
        secret = replace(self, confidential=(True,) * len(DEALS))
        return any(self.active[person] and secret.sees(person, deal) for person in PEOPLE)


def each_of(things: range, strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.tuples(*(strategy for _ in things))


deals, people = st.sampled_from(DEALS), st.sampled_from(PEOPLE)
records = st.builds(
    Record,
    active=each_of(PEOPLE, st.booleans()),
    roles=each_of(PEOPLE, st.frozensets(st.sampled_from(Role), max_size=2)),
    owners=each_of(DEALS, st.none() | people),
    confidential=each_of(DEALS, st.booleans()),
    seats=st.lists(st.tuples(deals, st.none() | people), max_size=4).map(tuple),
    invitations=st.frozensets(st.tuples(deals, people), max_size=3),
)


@dataclass
class Rows:
    """A record's rows: the ids of its members, its deals, and the ids of its seats."""

    members: list[int]
    deals: list[Deal]
    seats: list[int]

    def viewer(self, record: Record, person: int) -> Viewer:
        return Viewer(self.members[person], f"Member {person}", record.roles[person])


def written(session: Session, record: Record) -> Rows:
    """The record in an empty database, by its bare rows."""
    members = [Person(key=f"member-{number}", name=f"Member {number}") for number in PEOPLE]
    session.add_all(members)
    session.flush()
    for person, active in zip(members, record.active, strict=True):
        session.add(Member(person_id=person.id, active=active))
    stage = first_stage(session)
    rows = [
        Deal(
            key=f"D-{number}",
            name=f"Deal {number}",
            stage_id=stage.id,
            owner_id=None if owner is None else members[owner].id,
            confidential=record.confidential[number],
        )
        for number, owner in enumerate(record.owners)
    ]
    session.add_all(rows)
    session.flush()
    seats = [
        Seat(
            deal_id=rows[deal].id,
            role="trainer",
            person_id=None if person is None else members[person].id,
        )
        for deal, person in record.seats
    ]
    session.add_all(seats)
    session.add_all(
        DealInvitation(deal_id=rows[deal].id, person_id=members[person].id)
        for deal, person in record.invitations
    )
    session.flush()
    return Rows([person.id for person in members], rows, [seat.id for seat in seats])


def over_records(
    database: Database, check: Callable[[Session, Record, Rows], None], examples: int = 25
) -> None:
    """Check made records, each in a transaction that is rolled back."""

    @settings(max_examples=examples)
    @given(records)
    def run(record: Record) -> None:
        with Session(database.writer) as session:
            check(session, record, written(session, record))

    run()


def refusal(
    get: Callable[[Session, Viewer, str], Deal], session: Session, viewer: Viewer, key: str
) -> type[DealkinError] | None:
    """How a function that gets a deal refuses, if it does."""
    try:
        get(session, viewer, key)
    except DealkinError as error:
        return type(error)
    return None


def test_should_show_each_viewer_the_deals_of_the_rule(database: Database) -> None:
    def check(session: Session, record: Record, rows: Rows) -> None:
        viewers: list[tuple[int | None, Viewer]] = [(None, PLAIN_VIEW)]
        viewers += [(person, rows.viewer(record, person)) for person in PEOPLE]
        for person, viewer in viewers:
            seen = {row.id for deal, row in enumerate(rows.deals) if record.sees(person, deal)}
            unseen = {row.id for row in rows.deals} - seen
            visible = access.visible_deals(viewer)
            assert set(session.exec(select(Deal.id).where(visible))) == seen
            assert set(session.exec(select(Deal.id).where(sa.not_(visible)))) == unseen
            assert set(access.hidden_deal_ids(session, viewer)) == unseen
            hidden = select(Deal.id).where(access.hidden_deals(viewer))
            assert set(session.exec(hidden)) == unseen
            for row in rows.deals:
                found = refusal(access.readable_deal, session, viewer, row.key)
                assert found is (None if row.id in seen else NotFound)

    over_records(database, check)


def test_should_name_the_members_of_the_rule_for_each_deal(database: Database) -> None:
    def check(session: Session, record: Record, rows: Rows) -> None:
        for deal, row in enumerate(rows.deals):
            readers = {rows.members[person] for person in PEOPLE if record.sees(person, deal)}
            sees = access.sees_deal(row.id)
            assert set(session.exec(select(Member.person_id).where(sees))) == readers
            others = session.exec(select(Member.person_id).where(sa.not_(sees)))
            assert set(others) == set(rows.members) - readers
            for person, member_id in enumerate(rows.members):
                assert access.may_see(session, member_id, row.id) == record.sees(person, deal)
            active = {rows.members[person] for person in PEOPLE if record.active[person]}
            assert {reader.id for reader in access.readers_of(session, row)} == readers & active

    over_records(database, check)


def test_should_let_each_viewer_change_the_deals_of_the_rule(database: Database) -> None:
    def check(session: Session, record: Record, rows: Rows) -> None:
        ids = [row.id for row in rows.deals]
        for person in PEOPLE:
            viewer = rows.viewer(record, person)
            editable = {row.id for deal, row in enumerate(rows.deals) if record.edits(person, deal)}
            assert access.editable_deal_ids(session, viewer, ids) == editable
            for deal, row in enumerate(rows.deals):
                assert access.may_edit(session, viewer, row) == (row.id in editable)
                found = refusal(access.editable_deal, session, viewer, row.key)
                unseen = Forbidden if record.sees(person, deal) else NotFound
                assert found is (None if row.id in editable else unseen)
        assert access.editable_deal_ids(session, PLAIN_VIEW, ids) == set()

    over_records(database, check)


def test_should_foresee_whether_a_change_leaves_a_reader(database: Database) -> None:
    def check(session: Session, record: Record, rows: Rows) -> None:
        for deal, row in enumerate(rows.deals):
            for owner in (None, *PEOPLE):
                owners = (*record.owners[:deal], owner, *record.owners[deal + 1 :])
                left = replace(record, owners=owners).has_reader(deal)
                owner_id = None if owner is None else rows.members[owner]
                assert access.has_reader(session, row, owner_id) == left
            for number, seat_id in enumerate(rows.seats):
                seats = (*record.seats[:number], *record.seats[number + 1 :])
                left = replace(record, seats=seats).has_reader(deal)
                assert access.has_reader(session, row, row.owner_id, freed=seat_id) == left
            for person, member_id in enumerate(rows.members):
                invitations = record.invitations - {(deal, person)}
                left = replace(record, invitations=invitations).has_reader(deal)
                assert access.has_reader(session, row, row.owner_id, uninvited=member_id) == left

    over_records(database, check)


def test_should_hold_in_queries_that_read_seats_and_invitations_themselves(world: World) -> None:
    with world.database.write() as session:
        secret = world.deal(session, "nightingale").id
        open_to_all = world.deal(session, "brannoc").id
        session.add(DealInvitation(deal_id=open_to_all, person_id=world.people["charlie"]))
        session.add(Seat(deal_id=open_to_all, role="trainer", person_id=world.people["charlie"]))
        session.flush()
        for table in (Seat, DealInvitation):
            mine = sa.and_(
                col(table.deal_id) == open_to_all,
                col(table.person_id) == col(Member.person_id),
                col(Member.person_id) == world.people["charlie"],
            )
            readers = select(Member.person_id).join(table, mine).where(access.sees_deal(secret))
            assert list(session.exec(readers)) == []
            linked = select(Deal.id).join(table, col(table.deal_id) == col(Deal.id))
            visible = access.visible_deals(world.viewer("charlie"))
            assert secret not in set(session.exec(linked.where(visible)))
            editable = access.editable_deal_ids(session, world.viewer("charlie"), [secret])
            assert editable == set()
