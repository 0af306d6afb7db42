"""Handing over: everything a member works on passes on, and nothing confidential is shown."""

from collections.abc import Mapping

import pytest
from sqlmodel import col, select

from references import handover
from references.desk.advocates import Advocate
from references.desk.request import ReferenceRequest, State
from references.desk.rules import accounts_of_owner
from references.handover import Work
from tests.references.asking import advocate, call
from tests.threads import at_the_same_time
from tests.world import World
from workspace.audit import AuditEntry
from workspace.clock import today
from workspace.collaboration import tasks
from workspace.collaboration.tasks import Task
from workspace.deals import access, lifecycle, team
from workspace.deals.tables import Deal, PastSeat, Seat
from workspace.errors import Invalid
from workspace.people import members
from workspace.people.tables import Member
from workspace.timeline.notifications import Notification

EVERY_WORK = {
    Work.DEALS: 2,
    Work.SEATS: 1,
    Work.TASKS: 1,
    Work.REQUESTS: 1,
    Work.DESK: 1,
    Work.CUSTOMERS: 2,
    Work.ADVOCATES: 1,
    Work.CONFIDENTIAL: 1,
}


def busy(world: World) -> None:
    """Give Alice some of every kind of work, and a task on her confidential deal."""
    with world.database.write() as session:
        alice = world.people["alice"]
        who = advocate(session, world, "ines")
        asked = call(session, world, who, today(), state=State.SUBMITTED)
        asked.requested_by_id = asked.assigned_to_id = alice
        team.add_seat(session, world.deal(session, "kestrel"), "sponsor", alice, None)
        tasks.add_task(session, world.deal(session, "wards"), "Call back", alice)
        tasks.add_task(session, world.deal(session, "nightingale"), "Say nothing", alice)


def receivers(world: World, **names: str) -> Mapping[Work, int | None]:
    return {Work(work): world.people[name] for work, name in names.items()}


def test_should_count_every_kind_of_work(world: World) -> None:
    busy(world)
    with world.database.read() as session:
        assert handover.open_work(session, world.people["alice"]) == EVERY_WORK
        assert handover.open_work(session, world.people["frank"]) == {}


def test_should_pass_everything_on_in_one_step(world: World) -> None:
    busy(world)
    alice, charlie, grace = (world.people[name] for name in ("alice", "charlie", "grace"))
    to = receivers(
        world,
        deals="charlie",
        seats="bob",
        tasks="bob",
        requests="charlie",
        desk="erin",
        customers="charlie",
        advocates="erin",
        confidential="dana",
    )
    with world.database.write() as session:
        assert handover.deactivate(session, alice, to, by=grace) == EVERY_WORK
    with world.database.read() as session:
        assert handover.open_work(session, alice) == {}
        assert not session.get_one(Member, alice).active
        assert world.deal(session, "wards").owner_id == charlie
        # A closed deal stays with who won it: that is what they did.
        assert world.deal(session, "brannoc").owner_id == alice
        seats = select(Seat.person_id).where(Seat.role == "sponsor")
        assert session.exec(seats).all() == [world.people["bob"]]
        past = select(PastSeat.role).where(PastSeat.person_id == alice)
        assert session.exec(past).all() == ["sponsor"]
        on_wards = select(Task.assignee_id).where(Task.text == "Call back")
        assert session.exec(on_wards).all() == [world.people["bob"]]
        asked = session.exec(select(ReferenceRequest)).one()
        assert (asked.requested_by_id, asked.assigned_to_id) == (charlie, world.people["erin"])
        owned = accounts_of_owner(session, charlie)
        assert {world.account(session, name).id for name in ("brannoc", "havel")} <= set(owned)
        assert session.exec(select(Advocate.kept_by_id)).one() == world.people["erin"]
        told = select(Notification.person_id).where(Notification.person_id == charlie)
        assert session.exec(told).first() == charlie
        logged = select(AuditEntry).where(AuditEntry.action == "work handed over")
        entry = session.exec(logged).one()
        assert entry.by_id == grace
        assert entry.detail["deals"] == {"count": 2, "to_id": charlie}


def test_should_pass_confidential_deals_to_one_member_and_tell_its_readers(world: World) -> None:
    busy(world)
    to = receivers(world, confidential="dana")
    with world.database.write() as session:
        deal = world.deal(session, "nightingale")
        handover.deactivate(session, world.people["alice"], to, by=world.people["grace"])
    with world.database.read() as session:
        deal = world.deal(session, "nightingale")
        readers = {reader.id for reader in access.readers_of(session, deal)}
        assert readers == {world.people["bob"], world.people["dana"]}
        secret = select(Task.assignee_id).where(Task.text == "Say nothing")
        assert session.exec(secret).all() == [world.people["dana"]]
        told = set(
            session.exec(select(Notification.person_id).where(col(Notification.why) == "seat"))
        )
        assert {world.people["bob"], world.people["dana"]} <= told
        assert not access.may_see(session, world.people["grace"], deal.id)


def test_should_pass_an_open_confidential_deal_on_with_its_owner(world: World) -> None:
    with world.database.write() as session:
        deal = lifecycle.log(
            session,
            "Project Sparrow",
            world.account(session, "kestrel"),
            world.people["charlie"],
            confidential=True,
        )
        to = receivers(world, confidential="alice", desk="erin")
        handover.deactivate(session, world.people["charlie"], to, by=None)
        assert session.get_one(Deal, deal.id).owner_id == world.people["alice"]
    with world.database.read() as session:
        readers = access.readers_of(session, session.get_one(Deal, deal.id))
        assert [reader.id for reader in readers] == [world.people["alice"]]


def test_should_not_let_who_hands_over_take_the_confidential_deals(world: World) -> None:
    busy(world)
    for to in (receivers(world, confidential="grace"), {}):
        with pytest.raises(Invalid) as refused, world.database.write() as session:
            handover.deactivate(session, world.people["alice"], to, by=world.people["grace"])
        assert list(refused.value.fields) == ["confidential"]
    with world.database.read() as session:
        assert session.get_one(Member, world.people["alice"]).active
        assert handover.open_work(session, world.people["alice"]) == EVERY_WORK


@pytest.mark.parametrize("work", ["deals", "desk", "tasks"])
def test_should_refuse_a_receiver_who_cannot_take_it(world: World, work: str) -> None:
    busy(world)
    with world.database.write() as session:
        members.deactivate(session, world.people["charlie"])
    # Charlie is deactivated, Frank may only read, and Alice is who leaves.
    wrong = ["charlie", "frank", "alice"] + (["bob"] if work == "desk" else [])
    for name in wrong:
        to = receivers(world, confidential="dana", **{work: name})
        with pytest.raises(Invalid) as refused, world.database.write() as session:
            handover.hand_over(session, world.people["alice"], to, by=None)
        assert list(refused.value.fields) == [work]


def test_should_leave_work_without_anybody_where_nobody_is_named(world: World) -> None:
    busy(world)
    with world.database.write() as session:
        to = receivers(world, confidential="dana")
        handover.hand_over(session, world.people["alice"], to, by=None)
    with world.database.read() as session:
        assert world.deal(session, "wards").owner_id is None
        assert session.exec(select(Seat.person_id).where(Seat.role == "sponsor")).all() == [None]
        assert session.exec(select(ReferenceRequest.assigned_to_id)).all() == [None]
        assert session.get_one(Member, world.people["alice"]).active


def test_should_not_give_a_second_seat_in_the_same_role(world: World) -> None:
    with world.database.write() as session:
        wards = world.deal(session, "wards")
        team.add_seat(session, wards, "product expert", world.people["charlie"], None)
        to = receivers(world, seats="charlie", confidential="alice")
        handover.hand_over(session, world.people["bob"], to, by=None)
    with world.database.read() as session:
        query = select(Seat.person_id).where(Seat.deal_id == wards.id).order_by(col(Seat.id))
        assert session.exec(query).all() == [None, world.people["charlie"]]


def test_should_propose_the_manager_and_for_confidential_deals_nobody_else(world: World) -> None:
    with world.database.write() as session:
        session.get_one(Member, world.people["alice"]).manager_id = world.people["dana"]
    grace = world.people["grace"]
    with world.database.read() as session:
        everybody = handover.colleagues(session, world.people["alice"])
        proposed = handover.proposed_receivers(session, world.people["alice"], everybody, grace)
        assert proposed[Work.DEALS].name == proposed[Work.CONFIDENTIAL].name == "Dana Dvořák"
        assert proposed[Work.DESK].id == grace
        assert Work.SEATS not in proposed
        proposed = handover.proposed_receivers(session, world.people["bob"], everybody, grace)
        assert proposed[Work.DEALS].id == grace
        assert Work.CONFIDENTIAL not in proposed


def test_should_take_back_what_a_leaver_is_asked(world: World) -> None:
    with world.database.write() as session:
        seat = team.add_seat(session, world.deal(session, "kestrel"), "sponsor", None, None)
        session.flush()
        team.ask_seat(session, seat, world.people["bob"], None)
        handover.deactivate(
            session, world.people["bob"], receivers(world, confidential="dana"), by=None
        )
    with world.database.read() as session:
        assert session.exec(select(Seat.asked_id).where(Seat.role == "sponsor")).all() == [None]


def test_should_hand_over_once_though_two_do_it(world: World) -> None:
    busy(world)
    outcomes: list[dict[Work, int]] = []

    def act() -> None:
        to = receivers(world, deals="charlie", customers="charlie", confidential="dana")
        with world.database.write() as session:
            outcomes.append(handover.hand_over(session, world.people["alice"], to, by=None))

    assert not at_the_same_time(act, act)
    assert sorted(map(bool, outcomes)) == [False, True]


def test_should_keep_a_customer_with_its_new_owner_until_somebody_wins_again(
    world: World,
) -> None:
    with world.database.write() as session:
        to = receivers(world, customers="charlie", confidential="dana")
        handover.hand_over(session, world.people["alice"], to, by=None)
        havel = world.account(session, "havel")
    with world.database.read() as session:
        assert havel.id in accounts_of_owner(session, world.people["charlie"])
        assert havel.id not in accounts_of_owner(session, world.people["alice"])
