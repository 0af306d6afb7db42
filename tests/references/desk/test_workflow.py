"""The reference desk: a request's life, who takes it a step further, and what must never be."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from sqlmodel import Session, col, func, select

from references.desk import (
    advocates,
    budgets,
    calendar,
    consent,
    guest_links,
    policy,
    rules,
    transitions,
    workflow,
)
from references.desk import request as request_states
from references.desk.advocates import Activity, Advocate
from references.desk.consent import Consent, ConsentState, consent_on
from references.desk.guest_links import GuestLink
from references.desk.request import (
    BUDGET_STATES,
    Guest,
    Party,
    ReferenceRequest,
    RequestSlot,
    RequestStep,
    State,
)
from references.desk.returned import take_returned
from tests.references.asking import advocate, ahead, call, contact, noon
from tests.threads import SECONDS, wait_for
from tests.world import World, ago, stage
from workspace.audit import AuditEntry
from workspace.clock import months_after, now, spoken, today
from workspace.deals import lifecycle, stages
from workspace.delivery import outbox
from workspace.delivery.outbox import OutboxMessage, Returned
from workspace.errors import Conflict, DealkinError, Forbidden, Invalid, NotFound, TooMany
from workspace.people.tables import Member, Person
from workspace.people.viewer import Viewer
from workspace.timeline.notifications import Notification
from workspace.timeline.timeline import TimelineEntry, timeline

ORIGIN = "https://deals.example.com"
TIMES = [noon(ahead(days)) for days in (10, 11, 12)]


@dataclass
class Desk:
    """An open deal, an advocate at a customer whom Alice looks after, and the buyer's person.

    The deal is Charlie's, so that the account's owner and the one who asks are two.
    """

    world: World
    advocate_id: int = 0
    other_id: int = 0
    request_id: int = 0
    key: str = ""

    def ask(self, by: str = "charlie", **facts: object) -> None:
        """Have a request made and submitted."""
        with self.world.database.write() as session:
            request = workflow.open_request(
                session,
                self.world.viewer(by),
                self.world.deal(session, "tidewater"),
                session.get_one(Advocate, self.advocate_id),
                Activity.CALL,
                **{"prospect": session.get_one(Person, self.world.people["tess"]), **facts},
            )
            self.request_id, self.key = request.id, request.key

    def do(self, name: str, by: str | Guest, *rest: object, version: int | None = None) -> None:
        """Take a step in a transaction of its own."""
        with self.world.database.write() as session:
            request = session.get_one(ReferenceRequest, self.request_id)
            actor = by if isinstance(by, Guest) else self.world.viewer(by)
            given = {} if isinstance(by, Guest) and name != "schedule" else {"version": version}
            getattr(workflow, name)(session, actor, request, *rest, **given)

    def read(self) -> ReferenceRequest:
        """The request as it is in the record."""
        with self.world.database.read() as session:
            return session.get_one(ReferenceRequest, self.request_id)

    def guest(self, party: Party) -> Guest:
        """The advocate, or the prospect's person, by a link."""
        name = "ines" if party == Party.ADVOCATE else "tess"
        return Guest(self.world.people[name], name.capitalize(), self.request_id, party)

    def bring_to(self, state: State) -> None:
        """Take the request from its submission to a state, as people would."""
        steps: list[tuple[State, Callable[[], None]]] = [
            (State.APPROVED, lambda: (self.do("approve", "erin"), self.do("approve", "alice"))),
            (State.INVITED, lambda: self.do("invite", "erin", ORIGIN)),
            (
                State.ACCEPTED,
                lambda: self.do("accept", self.guest(Party.ADVOCATE), TIMES, ORIGIN),
            ),
            (
                State.SCHEDULED,
                lambda: self.do("schedule", self.guest(Party.PROSPECT), TIMES[1], ORIGIN),
            ),
        ]
        if state == State.SUBMITTED:
            return
        for reached, step in steps:
            step()
            if reached == state:
                return

    def sent(self) -> list[OutboxMessage]:
        """What is in the outbox, in its order, without what was taken out again."""
        with self.world.database.read() as session:
            query = select(OutboxMessage).where(col(OutboxMessage.dropped_at).is_(None))
            return list(session.exec(query.order_by(col(OutboxMessage.id))))


@pytest.fixture
def desk(world: World) -> Desk:
    made = Desk(world)
    with world.database.write() as session:
        made.advocate_id = advocate(session, world, "ines").id
        made.other_id = advocate(session, world, "jonas").id
        contact(session, world, "Tess Tide", "tidewater")
    return made


# The whole life


def test_should_go_from_a_draft_to_its_outcome(desk: Desk) -> None:
    desk.ask(message="Twenty minutes on the migration would help us.")
    assert desk.read().state == State.SUBMITTED
    desk.do("approve", "erin")
    assert desk.read().state == State.SUBMITTED
    desk.do("approve", "alice")
    assert desk.read().state == State.APPROVED
    desk.do("invite", "erin", ORIGIN)
    desk.do("accept", desk.guest(Party.ADVOCATE), TIMES, ORIGIN)
    desk.do("schedule", desk.guest(Party.PROSPECT), TIMES[1], ORIGIN)
    request = desk.read()
    assert (request.state, request.starts_at) == (State.SCHEDULED, TIMES[1])
    assert request.due == TIMES[1].date()
    with pytest.raises(Conflict, match="still to come"):
        desk.do("complete", "charlie", ORIGIN)
    let_it_pass(desk)
    desk.do("complete", "charlie", ORIGIN)
    desk.do("tell", desk.guest(Party.ADVOCATE), "A good talk.")
    desk.do("tell", desk.guest(Party.PROSPECT), "Just what we needed.")
    desk.do("record_outcome", "charlie", "helped", "They ask for an offer.")
    request = desk.read()
    assert (request.state, request.outcome) == (State.COMPLETED, "helped")
    assert request.advocate_feedback == "A good talk."
    assert request.prospect_feedback == "Just what we needed."
    assert request.due is None
    recipients = [(each.recipient, each.method) for each in desk.sent()]
    assert recipients == [
        ("ines@customers.example", ""),
        ("tess@tidewater.example", ""),
        ("ines@customers.example", "REQUEST"),
        ("tess@tidewater.example", "REQUEST"),
        ("ines@customers.example", ""),
        ("tess@tidewater.example", ""),
    ]


def test_should_log_every_step_on_the_deal_and_in_the_audit_log(desk: Desk) -> None:
    desk.ask()
    desk.do("approve", "erin")
    desk.do("decline", "alice", "They are busy with their own launch.")
    with desk.world.database.read() as session:
        deal = desk.world.deal(session, "tidewater")
        events = timeline(session, [(deal.id, deal.key, deal.name)], kinds=["reference"])
        steps = session.exec(
            select(RequestStep)
            .where(RequestStep.request_id == desk.request_id)
            .order_by(col(RequestStep.id))
        ).all()
        audited = session.exec(
            select(func.count())
            .select_from(AuditEntry)
            .where(AuditEntry.action == "deal reference", AuditEntry.subject == f"deal {deal.id}")
        ).one()
    assert [event.detail["step"] for event in events] == ["decline", "approve", "submit"]
    assert events[0].detail["person_id"] == "Inês Moreira"
    assert events[0].text == "They are busy with their own launch."
    assert [(step.before, step.after) for step in steps] == [
        ("", State.DRAFT),
        (State.DRAFT, State.SUBMITTED),
        (State.SUBMITTED, State.SUBMITTED),
        (State.SUBMITTED, State.DECLINED),
    ]
    assert audited == 3


def let_it_pass(desk: Desk) -> None:
    """As if the time had come and gone."""
    with desk.world.database.write() as session:
        request = session.get_one(ReferenceRequest, desk.request_id)
        request.starts_at = now() - timedelta(hours=1)
        session.add(request)


# Who may


@pytest.mark.parametrize(
    ("state", "step", "rest", "may"),
    [
        (State.SUBMITTED, "decline", ("No.",), {"erin", "grace", "alice"}),
        (State.SUBMITTED, "cancel", (), {"charlie", "dana", "erin", "grace"}),
        (State.APPROVED, "invite", (ORIGIN,), {"erin", "grace"}),
        (State.ACCEPTED, "schedule", (TIMES[0], ORIGIN), {"erin", "grace"}),
        (State.ACCEPTED, "ask_other_times", (ORIGIN,), {"erin", "grace"}),
        (State.SCHEDULED, "reschedule", (TIMES[0], ORIGIN), {"erin", "grace"}),
    ],
)
@pytest.mark.parametrize("name", ["alice", "bob", "charlie", "dana", "erin", "frank", "grace"])
def test_should_let_only_the_parties_of_a_step_take_it(
    desk: Desk, name: str, state: State, step: str, rest: tuple[object, ...], may: set[str]
) -> None:
    desk.ask()
    desk.bring_to(state)
    before = desk.read()
    if name in may:
        desk.do(step, name, *rest)
        assert desk.read().version == before.version + 1
    else:
        with pytest.raises(Forbidden, match="This is for"):
            desk.do(step, name, *rest)
        assert desk.read().model_dump() == before.model_dump()


@pytest.mark.parametrize("name", ["bob", "erin", "frank", "alice"])
def test_should_let_only_editors_of_a_deal_request(desk: Desk, name: str) -> None:
    with pytest.raises(Forbidden):
        desk.ask(by=name)
    desk.ask(by="dana")
    assert desk.read().requested_by_id == desk.world.people["dana"]


def test_should_let_a_guest_act_on_their_own_request_only(desk: Desk) -> None:
    desk.ask()
    desk.bring_to(State.INVITED)
    for stranger in (
        Guest(desk.world.people["jonas"], "Jonas", desk.request_id, Party.ADVOCATE),
        Guest(desk.world.people["ines"], "Inês", desk.request_id + 1, Party.ADVOCATE),
        Guest(desk.world.people["tess"], "Tess", desk.request_id, Party.PROSPECT),
    ):
        with pytest.raises(Forbidden):
            desk.do("accept", stranger, TIMES, ORIGIN)
    assert desk.read().state == State.INVITED


# Approvals


def test_should_count_the_request_of_an_account_owner_as_approval(desk: Desk) -> None:
    with desk.world.database.write() as session:
        meridian = desk.world.deal(session, "meridian")
        person = session.get_one(Advocate, desk.advocate_id)
        request = workflow.open_request(
            session, desk.world.viewer("alice"), meridian, person, Activity.CALL
        )
        desk.request_id = request.id
    assert desk.read().owner_approved_by_id == desk.world.people["alice"]
    desk.do("approve", "erin")
    assert desk.read().state == State.APPROVED


def test_should_refuse_an_approval_for_another_party(desk: Desk) -> None:
    desk.ask()
    desk.do("approve", "erin")
    with pytest.raises(Conflict, match="Another approval is pending"):
        desk.do("approve", "grace")
    with pytest.raises(Conflict, match="cannot be sent"):
        desk.do("invite", "erin", ORIGIN)
    desk.do("approve", "alice")
    request = desk.read()
    assert request.desk_approved_by_id == desk.world.people["erin"]
    assert request.owner_approved_by_id == desk.world.people["alice"]


def test_should_let_the_desk_approve_alone_without_the_owner_rule(desk: Desk) -> None:
    with desk.world.database.write() as session:
        policy.set_policy(session, None, {"owner_approval": False})
    desk.ask()
    desk.do("approve", "erin")
    assert desk.read().state == State.APPROVED


def test_should_ignore_confidential_deals_for_the_account_owner(world: World) -> None:
    with world.database.read() as session:
        ids = [world.account(session, name).id for name in ("brannoc", "kestrel", "lumen")]
        owners = rules.account_owners(session, ids)
    assert owners == {ids[0]: world.people["alice"], ids[2]: world.people["charlie"]}


def test_should_take_the_account_owner_from_the_deal_won_last(world: World) -> None:
    with world.database.write() as session:
        lumen = world.account(session, "lumen")
        for owner, closed in (("bob", ago(5)), ("dana", ago(500)), ("erin", None)):
            deal = lifecycle.log(
                session,
                f"Lumen {owner}",
                lumen,
                world.people[owner],
                stage=stage(session, "Closed Won"),
                opened=ago(600),
                closed=closed,
            )
            deal.closed = closed
            session.add(deal)
        assert rules.account_owners(session, [lumen.id]) == {lumen.id: world.people["bob"]}
        session.get_one(Member, world.people["bob"]).active = False
        session.flush()
        assert rules.account_owners(session, [lumen.id]) == {lumen.id: world.people["charlie"]}


def test_should_refuse_a_confidential_deal_that_the_desk_may_not_see(desk: Desk) -> None:
    world = desk.world

    def ask() -> ReferenceRequest:
        with world.database.write() as session:
            deal = world.deal(session, "nightingale")
            lifecycle.advance(session, deal, stages.stages(session)[3], world.people["alice"])
            return workflow.open_request(
                session,
                world.viewer("alice"),
                deal,
                session.get_one(Advocate, desk.advocate_id),
                Activity.CALL,
            )

    with pytest.raises(Conflict, match="Invite one first"):
        ask()
    with world.database.write() as session:
        lifecycle.invite(
            session, world.deal(session, "nightingale"), world.people["erin"], world.people["alice"]
        )
    request = ask()
    with world.database.read() as session:
        assert rules.request_of(session, world.viewer("erin"), request.key).id == request.id
        for name in ("charlie", "dana", "grace"):
            with pytest.raises(NotFound):
                rules.request_of(session, world.viewer(name), request.key)
    desk.request_id = request.id
    with pytest.raises(NotFound):
        desk.do("decline", "grace", "No.")


# The policy


def test_should_require_the_earliest_stage_and_an_open_deal(desk: Desk) -> None:
    with desk.world.database.write() as session:
        who = session.get_one(Advocate, desk.advocate_id)
        for name, by, why in (
            ("wards", "alice", "from the stage Needs Analysis on"),
            ("lumen", "charlie", "closed"),
        ):
            with pytest.raises(Conflict, match=why), session.begin_nested():
                workflow.open_request(
                    session,
                    desk.world.viewer(by),
                    desk.world.deal(session, name),
                    who,
                    Activity.CALL,
                )


def test_should_refuse_an_advocate_over_budget_with_the_next_day(desk: Desk) -> None:
    with desk.world.database.write() as session:
        call(session, desk.world, session.get_one(Advocate, desk.advocate_id), ago(10))
    with pytest.raises(Conflict, match=f"from {spoken(months_after(ago(10), 3))}"):
        desk.ask()


def test_should_count_unseen_requests_and_name_no_reason(desk: Desk) -> None:
    """A request on a deal that one may not see changes nothing that is shown but the day."""
    world = desk.world

    def shown(name: str) -> budgets.Availability:
        with world.database.read() as session:
            ids = [desk.advocate_id]
            viewer = world.viewer(name)
            return budgets.availability(session, ids, Activity.CALL, today(), viewer=viewer)[ids[0]]

    before = shown("charlie")
    with world.database.write() as session:
        who = session.get_one(Advocate, desk.advocate_id)
        call(session, world, who, ago(10), deal="nightingale")
    assert shown("charlie") == before
    assert before.may_be_asked
    assert "takes no further call" in shown("alice").reason
    with pytest.raises(Conflict) as refused:
        desk.ask()
    day = spoken(months_after(ago(10), 3))
    assert str(refused.value) == f"Inês Moreira cannot be asked. Possible from {day}."


def test_should_require_consent_at_every_step_that_uses_it(desk: Desk) -> None:
    desk.ask()
    desk.bring_to(State.APPROVED)
    with desk.world.database.write() as session:
        # Written down by itself, as an import does.
        who = session.get_one(Advocate, desk.advocate_id)
        consent.record_consent(session, who, ConsentState.WITHDRAWN, None)
    with pytest.raises(Conflict, match="withdrew their consent"):
        desk.do("invite", "erin", ORIGIN)


@pytest.mark.parametrize(
    "state", [State.SUBMITTED, State.APPROVED, State.INVITED, State.ACCEPTED, State.SCHEDULED]
)
def test_should_return_open_requests_to_the_desk_on_a_withdrawal(desk: Desk, state: State) -> None:
    desk.ask()
    desk.bring_to(state)
    with desk.world.database.write() as session:
        who = session.get_one(Advocate, desk.advocate_id)
        workflow.withdraw(session, who, ConsentState.WITHDRAWN, None, name="Inês")
    request = desk.read()
    with desk.world.database.read() as session:
        alive = session.exec(
            select(GuestLink.id).where(
                GuestLink.request_id == desk.request_id, col(GuestLink.revoked_at).is_(None)
            )
        ).all()
    assert not alive
    if state == State.SUBMITTED:
        with pytest.raises(Conflict, match="withdrew their consent"):
            desk.do("approve", "erin")
    else:
        assert (request.state, request.reason) == (State.REFUSED, "withdrew their consent")
    cancelled = [each.recipient for each in desk.sent() if each.method == "CANCEL"]
    both = ["ines@customers.example", "tess@tidewater.example"]
    assert cancelled == (both if state == State.SCHEDULED else [])


def test_should_refuse_impossible_times(desk: Desk) -> None:
    desk.ask()
    desk.bring_to(State.INVITED)
    with desk.world.database.write() as session:
        given = session.get_one(Advocate, desk.advocate_id)
        erin = desk.world.people["erin"]
        consent.record_consent(session, given, ConsentState.GIVEN, erin, end=ahead(30))
    guest = desk.guest(Party.ADVOCATE)
    for times, error in (
        (TIMES[:2], Invalid),
        ([TIMES[0]] * 3, Invalid),
        ([*TIMES[:2], now() - timedelta(hours=1)], Invalid),
        ([*TIMES[:2], now() + timedelta(days=800)], Invalid),
        ([noon(ahead(days)) for days in range(10, 16)], Invalid),
        # By then their consent has ended.
        ([*TIMES[:2], noon(ahead(31))], Conflict),
    ):
        with pytest.raises(error):
            desk.do("accept", guest, times, ORIGIN)
    assert desk.read().state == State.INVITED
    with desk.world.database.read() as session:
        assert session.exec(select(RequestSlot.id)).first() is None


def test_should_let_the_prospect_pick_an_offered_time_or_ask_for_others(desk: Desk) -> None:
    desk.ask()
    desk.bring_to(State.ACCEPTED)
    guest = desk.guest(Party.PROSPECT)
    with pytest.raises(Conflict, match="no longer offered"):
        desk.do("schedule", guest, noon(ahead(20)), ORIGIN)
    with desk.world.database.write() as session:
        request = session.get_one(ReferenceRequest, desk.request_id)
        workflow.ask_other_times(session, guest, request, ORIGIN)
    assert desk.read().state == State.INVITED
    others = [noon(ahead(days)) for days in (20, 21, 22)]
    desk.do("accept", desk.guest(Party.ADVOCATE), others, ORIGIN)
    with desk.world.database.read() as session:
        assert rules.slots_of(session, desk.request_id) == others


def test_should_complete_an_activity_without_an_appointment(desk: Desk) -> None:
    with desk.world.database.write() as session:
        request = workflow.open_request(
            session,
            desk.world.viewer("charlie"),
            desk.world.deal(session, "tidewater"),
            session.get_one(Advocate, desk.advocate_id),
            Activity.QUOTE,
        )
        desk.request_id = request.id
    desk.bring_to(State.INVITED)
    desk.do("accept", desk.guest(Party.ADVOCATE), [], ORIGIN)
    with pytest.raises(Conflict):
        desk.do("schedule", "erin", TIMES[0], ORIGIN)
    desk.do("complete", "charlie", ORIGIN)
    assert desk.read().state == State.COMPLETED


def test_should_refuse_the_same_request_twice(desk: Desk) -> None:
    desk.ask()
    with pytest.raises(Conflict, match=desk.key):
        desk.ask()


@pytest.mark.parametrize("who", ["alice", "ines"])
def test_should_require_a_prospect_on_the_buyers_side(desk: Desk, who: str) -> None:
    with desk.world.database.read() as session:
        person = session.get_one(Person, desk.world.people[who])
    with pytest.raises(Invalid):
        desk.ask(prospect=person)


# Swapping, moving, calling off


@pytest.mark.parametrize("state", [State.SUBMITTED, State.INVITED, State.ACCEPTED, State.SCHEDULED])
def test_should_ask_another_advocate_and_notify_the_first(desk: Desk, state: State) -> None:
    desk.ask()
    desk.bring_to(state)
    written = len(desk.sent())
    with desk.world.database.write() as session:
        request = session.get_one(ReferenceRequest, desk.request_id)
        other = session.get_one(Advocate, desk.other_id)
        workflow.swap(session, desk.world.viewer("erin"), request, other)
    request = desk.read()
    assert request.advocate_id == desk.other_id
    # Havel Clinics is Alice's customer too, and she has not agreed to this.
    assert (request.state, request.owner_approved_by_id) == (State.SUBMITTED, None)
    assert request.desk_approved_by_id == desk.world.people["erin"]
    assert request.starts_at is None
    with desk.world.database.read() as session:
        links = select(GuestLink.id).where(
            GuestLink.request_id == desk.request_id, col(GuestLink.revoked_at).is_(None)
        )
        assert session.exec(links).first() is None
        first = session.get_one(Advocate, desk.advocate_id)
        found = budgets.availability(session, [first.id], Activity.CALL, today())[first.id]
        assert found.may_be_asked
    new = desk.sent()[-2:] if state == State.SCHEDULED else desk.sent()
    told = {
        State.SUBMITTED: [],
        State.INVITED: ["ines@customers.example"],
        State.ACCEPTED: ["ines@customers.example", "tess@tidewater.example"],
        State.SCHEDULED: ["ines@customers.example", "tess@tidewater.example"],
    }
    assert [each.recipient for each in new] == told[state]
    assert written >= len(told[state]) - 1
    desk.do("approve", "alice")
    assert desk.read().state == State.APPROVED


def test_should_send_the_same_meeting_with_a_rising_sequence(desk: Desk) -> None:
    desk.ask()
    desk.bring_to(State.SCHEDULED)
    entries = [each for each in desk.sent() if each.calendar]
    desk.do("reschedule", "erin", TIMES[2], ORIGIN)
    entries += [each for each in desk.sent() if each.calendar]
    desk.do("cancel", "charlie", "They decided already.")
    entries += [each for each in desk.sent() if each.calendar]
    found = [
        (each.recipient.split("@")[0], each.method, event(each).get("SEQUENCE")) for each in entries
    ]
    assert found == [
        ("ines", "REQUEST", 0),
        ("tess", "REQUEST", 0),
        ("ines", "REQUEST", 1),
        ("tess", "REQUEST", 1),
        ("ines", "CANCEL", 2),
        ("tess", "CANCEL", 2),
    ]
    assert len({str(event(each)["UID"]) for each in entries}) == 1
    assert event(entries[2])["DTSTART"].dt == TIMES[2]


def event(message: OutboxMessage) -> object:
    """The event in a message's calendar."""
    return Calendar.from_ical(message.calendar or "").events[0]


# Two at once


def test_should_refuse_a_step_from_an_outdated_page(desk: Desk) -> None:
    desk.ask()
    seen = desk.read().version
    desk.do("approve", "erin", version=seen)
    with pytest.raises(Conflict, match="in the meantime"):
        desk.do("decline", "grace", "No.", version=seen)
    assert desk.read().state == State.SUBMITTED


def at_once(*acts: Callable[[], None]) -> list[str]:
    """What came of each act, when all begin together: 'done', or the refusal's name."""
    start = threading.Barrier(len(acts), timeout=SECONDS)
    found = [""] * len(acts)

    def run(place: int, act: Callable[[], None]) -> None:
        start.wait()
        try:
            act()
            found[place] = "done"
        except DealkinError as error:
            found[place] = type(error).__name__

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    wait_for(*threads)
    return found


def test_should_let_one_of_two_concurrent_steps_win(desk: Desk) -> None:
    for _ in range(5):
        desk.ask()
        version = desk.read().version
        found = at_once(
            lambda seen=version: desk.do("decline", "erin", "No.", version=seen),
            lambda seen=version: desk.do("cancel", "charlie", version=seen),
        )
        assert sorted(found) == ["Conflict", "done"]
        assert desk.read().version == version + 1


def test_should_give_a_customers_last_call_to_one_of_two_requests(desk: Desk) -> None:
    world = desk.world
    with world.database.write() as session:
        contact(session, world, "Vera Vance", "brannoc")
        vera = advocate(session, world, "vera")
        policy.set_policy(session, None, {"owner_approval": False})
        made = [
            workflow.open_request(
                session,
                world.viewer(by),
                world.deal(session, deal),
                session.get_one(Advocate, who),
                Activity.CALL,
            ).id
            for by, deal, who in (
                ("charlie", "tidewater", desk.advocate_id),
                ("alice", "meridian", vera.id),
            )
        ]

    found: list[str] = []

    def approve_the_other() -> None:
        try:
            with world.database.write() as session:
                request = session.get_one(ReferenceRequest, made[1])
                workflow.approve(session, world.viewer("grace"), request)
            found.append("done")
        except Conflict as why:
            found.append(str(why))

    other = threading.Thread(target=approve_the_other, daemon=True)
    with world.database.write() as session:
        request = session.get_one(ReferenceRequest, made[0])
        workflow.approve(session, world.viewer("erin"), request)
        session.flush()
        other.start()
        # Whoever does not wait for this one to commit is through by then.
        other.join(1)
    wait_for(other)
    assert "takes no further call within the quarter" in found[0]
    with world.database.read() as session:
        states = session.exec(select(ReferenceRequest.state)).all()
    assert sorted(states) == [State.APPROVED, State.SUBMITTED]


# Mail that comes back


def come_back(desk: Desk, returned: Returned, why: str) -> None:
    """The last email about the request was sent, and something came back for it."""
    with desk.world.database.write() as session:
        request = session.get_one(ReferenceRequest, desk.request_id)
        message = outbox.messages_about(session, rules.outbox_subject(request))[0]
        message.sent_at, message.returned, message.returned_why = now(), returned, why
        session.add(message)
        take_returned(session, message)


def test_should_give_an_invitation_that_was_not_delivered_back_to_the_desk(desk: Desk) -> None:
    desk.ask()
    desk.bring_to(State.INVITED)
    come_back(desk, Returned.BOUNCED, "550 No such person")
    assert desk.read().state == State.APPROVED
    with desk.world.database.read() as session:
        alive = select(GuestLink.id).where(
            GuestLink.request_id == desk.request_id, col(GuestLink.revoked_at).is_(None)
        )
        assert not session.exec(alive).all()
        told = session.exec(
            select(Notification.person_id)
            .join(TimelineEntry, col(TimelineEntry.id) == col(Notification.entry_id))
            .where(TimelineEntry.text == "550 No such person")
        ).all()
        step = session.exec(select(RequestStep).order_by(col(RequestStep.id).desc())).first()
    people = desk.world.people
    assert {people["erin"], people["charlie"]} <= set(told)
    assert step
    assert (step.action, step.by_id) == ("returned", None)
    # The desk corrects the address, and asks again.
    desk.do("invite", "erin", ORIGIN)
    assert desk.read().state == State.INVITED


def test_should_stop_the_clock_while_the_advocate_is_away(desk: Desk) -> None:
    desk.ask()
    desk.bring_to(State.INVITED)
    assert desk.read().due
    come_back(desk, Returned.AWAY, "Back on 4 May")
    request = desk.read()
    assert (request.state, request.due) == (State.INVITED, None)
    # The answer is still welcome.
    desk.do("refuse", desk.guest(Party.ADVOCATE), "Not this time")
    assert desk.read().due


@pytest.mark.parametrize("state", [State.SCHEDULED, State.COMPLETED])
def test_should_change_nothing_where_no_answer_is_awaited(desk: Desk, state: State) -> None:
    desk.ask()
    desk.bring_to(state)
    before = desk.read()
    come_back(desk, Returned.BOUNCED, "550 No such person")
    assert (desk.read().state, desk.read().due) == (before.state, before.due)


# Whatever anybody does

MEMBERS = ("alice", "bob", "charlie", "dana", "erin", "frank", "grace")
DEALS = ("tidewater", "meridian", "kestrel", "nightingale")
# What moves a request on, and who may do it.
ONWARD = {
    State.SUBMITTED: (("approve", "erin"), ("approve", "alice")),
    State.APPROVED: (("invite", "erin"),),
    State.INVITED: (("accept", "erin"),),
    State.ACCEPTED: (("schedule", "erin"),),
    State.SCHEDULED: (("complete", "charlie"), ("miss", "erin")),
}


@dataclass
class Clock:
    """Time that the test lets pass."""

    passed: timedelta = timedelta()

    def now(self) -> datetime:
        """This moment, as everybody in the test takes it to be."""
        return now() + self.passed

    def today(self) -> date:
        """Its date."""
        return self.now().date()


@dataclass
class Life:
    """What a sequence of acts has made."""

    desk: Desk
    clock: Clock
    made: list[int] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)

    def act(self, name: str, who: str, one: int, number: int) -> None:
        """Try something; a refusal leaves everything as it was."""
        before = self.rows()
        try:
            with self.desk.world.database.write() as session:
                self._try(session, name, who, one, number)
        except (Conflict, Forbidden, Invalid, NotFound, TooMany):
            assert self.rows() == before
        self.check(before)

    def _try(self, session: Session, name: str, who: str, one: int, number: int) -> None:
        world = self.desk.world
        ids = (self.desk.advocate_id, self.desk.other_id, world.people["third"])
        person = session.get_one(Advocate, ids[number % 3])
        if name == "wait":
            self.clock.passed += timedelta(days=number * 4)
        elif name == "open":
            deal = world.deal(session, DEALS[one % 4])
            who = who if number % 2 else ("charlie", "alice", "charlie", "alice")[one % 4]
            viewer = world.viewer(who)
            request = workflow.open_request(session, viewer, deal, person, Activity.CALL)
            self.made.append(request.id)
        elif name == "give consent":
            end = self.clock.today() + timedelta(days=(5, 30, 400)[number % 3])
            consent.record_consent(session, person, ConsentState.GIVEN, None, end=end)
        elif name == "withdraw consent":
            workflow.withdraw(session, person, ConsentState.WITHDRAWN, None, name="They")
        elif self.made:
            request = session.get_one(ReferenceRequest, self.made[one % len(self.made)])
            if name == "onward":
                ways = ONWARD.get(State(request.state), (("cancel", "erin"),))
                name, who = ways[number % len(ways)]
                if name in ("complete", "miss") and request.starts_at:
                    self.clock.passed = request.starts_at + timedelta(hours=1) - now()
            self._step(session, name, world.viewer(who), request, person, number)

    def _step(
        self,
        session: Session,
        name: str,
        viewer: Viewer,
        request: ReferenceRequest,
        person: Advocate,
        number: int,
    ) -> None:
        assert request.advocate_id is not None
        holder = session.get_one(Advocate, request.advocate_id).person_id
        guest = Guest(holder, "A guest", request.id, Party.ADVOCATE)
        starts = noon(self.clock.today() + timedelta(days=1 + number * 9))
        times = [starts + timedelta(hours=each) for each in range(3)]
        acts: dict[str, Callable[[], object]] = {
            "approve": lambda: workflow.approve(session, viewer, request),
            "decline": lambda: workflow.decline(session, viewer, request, "No."),
            "invite": lambda: workflow.invite(session, viewer, request, ORIGIN),
            "swap": lambda: workflow.swap(session, viewer, request, person),
            "cancel": lambda: workflow.cancel(session, viewer, request),
            "accept": lambda: workflow.accept(session, guest, request, times, ORIGIN),
            "refuse": lambda: workflow.refuse(session, guest, request, ""),
            "schedule": lambda: workflow.schedule(session, viewer, request, starts, ORIGIN),
            "reschedule": lambda: workflow.reschedule(session, viewer, request, starts, ORIGIN),
            "other times": lambda: workflow.ask_other_times(session, viewer, request, ORIGIN),
            "complete": lambda: workflow.complete(session, viewer, request, ORIGIN),
            "miss": lambda: workflow.miss(session, viewer, request, ORIGIN),
        }
        acts[name]()

    def rows(self) -> dict[int, dict[str, object]]:
        """Every request as it stands."""
        with self.desk.world.database.read() as session:
            found = session.exec(select(ReferenceRequest)).all()
            return {request.id: request.model_dump() for request in found}

    def check(self, before: dict[int, dict[str, object]]) -> None:
        """No limit is broken, no approval skipped, nobody used who has not consented."""
        people = self.desk.world.people
        with self.desk.world.database.read() as session:
            rows = session.exec(
                select(ReferenceRequest, Advocate, Person)
                .join(Advocate, col(Advocate.id) == col(ReferenceRequest.advocate_id))
                .join(Person, col(Person.id) == col(Advocate.person_id))
            ).all()
            used: dict[int | None, list[date]] = {}
            accounts = [person.account_id for *_, person in rows if person.account_id]
            owners = rules.account_owners(session, accounts)
            for request, who, person in rows:
                self.reached.add(request.state)
                if request.state not in BUDGET_STATES:
                    continue
                moment: datetime | None = request.starts_at or request.approved_at
                assert moment is not None
                used.setdefault(person.account_id, []).append(moment.date())
                assert request.desk_approved_by_id in (people["erin"], people["grace"])
                assert request.owner_approved_by_id == owners.get(person.account_id or 0)
                moved = before.get(request.id) != request.model_dump()
                if moved and request.state not in (State.COMPLETED, State.MISSED):
                    said = consent.consents_of(session, [who.id])[who.id]
                    for day in (self.clock.today(), request.starts_at and request.starts_at.date()):
                        assert day is None or consent_on(said, day).state == ConsentState.GIVEN
        for days in used.values():
            for first, second in pairwise(sorted(days)):
                assert second >= months_after(first, 3)


ACTS = (
    *(["onward"] * 14),
    *(["open"] * 4),
    *("approve", "invite", "accept", "schedule", "complete", "miss", "reschedule", "other times"),
    *("decline", "cancel", "refuse", "swap", "swap", "wait", "wait"),
    *("give consent", "withdraw consent"),
)
STEPS_OF_ANYBODY = st.lists(
    st.tuples(
        st.sampled_from(ACTS), st.sampled_from(MEMBERS), st.integers(0, 5), st.integers(0, 12)
    ),
    min_size=10,
    max_size=40,
)


def whole_life(last: int) -> list[tuple[str, str, int, int]]:
    """A request that is approved twice, sent, accepted, scheduled and completed, or missed."""
    numbers = (0, 1, 0, 0, 0, last)
    return [("open", "charlie", 0, 0), *(("onward", "erin", 0, each) for each in numbers)]


@pytest.mark.property
def test_should_keep_the_rules_by_any_sequence_of_steps(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, reached = Clock(), set()
    for module in (
        workflow,
        rules,
        transitions,
        request_states,
        advocates,
        budgets,
        consent,
        calendar,
        guest_links,
        outbox,
    ):
        for name in ("now", "today"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, getattr(clock, name))
    with desk.world.database.write() as session:
        # A second advocate at the first one's customer.
        contact(session, desk.world, "Vera Vance", "brannoc")
        desk.world.people["third"] = advocate(session, desk.world, "vera").id

    @settings(max_examples=30)
    @given(STEPS_OF_ANYBODY)
    @example(whole_life(0))
    @example(whole_life(1))
    @example([*whole_life(0)[:4], ("refuse", "erin", 0, 0), ("cancel", "erin", 0, 0)])
    def live(acts: list[tuple[str, str, int, int]]) -> None:
        clock.passed = timedelta()
        begin_anew(desk.world)
        life = Life(desk, clock)
        for act in acts:
            life.act(*act)
        reached.update(life.reached)

    live()
    # What was never reached was not tried.
    assert reached >= {*BUDGET_STATES, State.SUBMITTED, State.CANCELLED, State.REFUSED}


def begin_anew(world: World) -> None:
    """As before the first request_states, with everybody's consent."""
    with world.database.write() as session:
        tables = (GuestLink, RequestSlot, RequestStep, ReferenceRequest, Consent, OutboxMessage)
        for table in tables:
            session.execute(sa.delete(table))
        for who in session.exec(select(Advocate)).all():
            consent.record_consent(session, who, ConsentState.GIVEN, None)
