"""Who may be asked to vouch for us: nomination, consent, terms, limits and the next free day."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from references.desk import advocates, consent, policy
from references.desk.advocates import Activity, Advocate
from references.desk.budgets import Availability, availability, first_free_day, remaining
from references.desk.consent import Consent, ConsentState, LegalBasis, consent_on
from references.desk.request import State
from tests.references.asking import advocate, ahead, call, contact
from tests.world import World, ago
from workspace.audit import AuditEntry
from workspace.clock import months_after, today
from workspace.errors import Conflict, Invalid, NotFound
from workspace.people.tables import Person


def said(
    state: ConsentState, captured: int, *, start: int | None = None, end: int | None = None
) -> Consent:
    """A consent's row; days from today."""
    return Consent(
        advocate_id=1,
        state=state,
        captured_on=ahead(captured),
        start=None if start is None else ahead(start),
        end=None if end is None else ahead(end),
    )


def of(
    session: Session, who: Advocate, activity: Activity = Activity.CALL, on: date | None = None
) -> Availability:
    return availability(session, [who.id], activity, on or today())[who.id]


# Consent


def test_should_count_no_consent_before_it_is_given() -> None:
    assert consent_on([], today()).state is None
    assert consent_on([said(ConsentState.REQUESTED, -3)], today()).state == ConsentState.REQUESTED


def test_should_expire_a_consent_after_its_end() -> None:
    rows = [said(ConsentState.GIVEN, -10, start=-10, end=5)]
    assert consent_on(rows, ahead(-11)).state != ConsentState.GIVEN
    for day in (-10, 0, 5):
        standing = consent_on(rows, ahead(day))
        assert (standing.state, standing.until) == (ConsentState.GIVEN, ahead(5))
    assert consent_on(rows, ahead(6)).state == ConsentState.EXPIRED


def test_should_keep_a_consent_while_its_renewal_is_requested() -> None:
    rows = [
        said(ConsentState.GIVEN, -300, start=-300, end=5),
        said(ConsentState.REQUESTED, 0),
    ]
    assert consent_on(rows, today()).state == ConsentState.GIVEN
    assert consent_on(rows, ahead(6)).state == ConsentState.REQUESTED


@pytest.mark.parametrize("state", [ConsentState.REFUSED, ConsentState.WITHDRAWN])
def test_should_end_a_consent_at_once_with_a_no(state: ConsentState) -> None:
    rows = [said(ConsentState.GIVEN, -10, start=-10, end=90), said(state, 0)]
    assert consent_on(rows, today()).state == state


def test_should_end_a_consent_after_the_policys_months(world: World) -> None:
    with world.database.write() as session:
        policy.set_policy(session, world.people["erin"], {"consent_months": 2})
        who = advocate(session, world, "ines", consent=None)
        given_on = consent.record_consent(
            session,
            who,
            ConsentState.GIVEN,
            world.people["erin"],
            captured_on=date(2026, 1, 31),
            legal_basis=LegalBasis.CONTRACT,
            source="their contract",
        )
        assert (given_on.start, given_on.end) == (date(2026, 1, 31), date(2026, 3, 31))


def test_should_keep_a_withdrawal_despite_an_older_paper(world: World) -> None:
    with world.database.write() as session:
        who = advocate(session, world, "ines")
        consent.record_consent(session, who, ConsentState.WITHDRAWN, None)
        with pytest.raises(Conflict, match="withdrawn on"):
            consent.record_consent(
                session, who, ConsentState.GIVEN, world.people["erin"], captured_on=ago(1)
            )
        assert of(session, who).reason == "withdrew their consent"


def test_should_refuse_an_impossible_consent(world: World) -> None:
    with world.database.write() as session:
        who = advocate(session, world, "ines", consent=None)
        with pytest.raises(Conflict, match="no consent to withdraw"):
            consent.record_consent(session, who, ConsentState.WITHDRAWN, None)
        with pytest.raises(Invalid):
            consent.record_consent(session, who, ConsentState.GIVEN, None, captured_on=ahead(1))
        with pytest.raises(Invalid):
            consent.record_consent(session, who, ConsentState.GIVEN, None, end=ago(1))
        assert of(session, who).reason == "was not asked for consent yet"


def test_should_audit_every_consent(world: World) -> None:
    with world.database.write() as session:
        who = advocate(session, world, "ines")
        consent.record_consent(session, who, ConsentState.WITHDRAWN, None)
    with world.database.read() as session:
        subject = f"person {world.people['ines']}"
        about = select(AuditEntry.action).where(AuditEntry.subject == subject)
        acts = session.exec(about.order_by(col(AuditEntry.id))).all()
    assert list(acts) == [
        "advocate nominated",
        "advocate's address confirmed",
        "consent given",
        "consent withdrawn",
    ]


# Nomination and terms


def test_should_nominate_a_contact_once_and_a_member_never(world: World) -> None:
    with world.database.write() as session:
        alice = session.get_one(Person, world.people["alice"])
        with pytest.raises(Invalid):
            advocates.nominate(session, alice, alice.id)
        nowhere = Person(key="nowhere", name="No Where")
        session.add(nowhere)
        session.flush()
        with pytest.raises(Invalid):
            advocates.nominate(session, nowhere, alice.id)
        who = advocate(session, world, "ines")
        ines = session.get_one(Person, who.person_id)
        with pytest.raises(Conflict, match="nominated already"):
            advocates.nominate(session, ines, alice.id)
        assert advocates.advocate_of(session, ines.key)[0].id == who.id
        with pytest.raises(NotFound):
            advocates.advocate_of(session, alice.key)


def test_should_let_others_only_narrow_an_advocates_own_terms(world: World) -> None:
    terms = {
        "activities": [Activity.CALL, Activity.QUOTE],
        "calls_a_quarter": 1,
        "events_in_two_quarters": None,
        "paused_until": ahead(20),
    }
    with world.database.write() as session:
        who = advocate(session, world, "ines")
        advocates.set_terms(session, who, None, own=True, **terms)
        for wider in (
            {"activities": [Activity.CALL, Activity.LOGO]},
            {"calls_a_quarter": 2},
            {"calls_a_quarter": None},
            {"paused_until": ahead(19)},
            {"paused_until": None},
        ):
            with pytest.raises(Invalid) as wrong:
                advocates.set_terms(session, who, world.people["erin"], **{**terms, **wider})
            assert list(wrong.value.fields) == list(wider)
        stricter = {"activities": [Activity.CALL], "calls_a_quarter": 0, "paused_until": ahead(30)}
        advocates.set_terms(session, who, world.people["erin"], **{**terms, **stricter})
        assert advocates.activities_of(who) == [Activity.CALL]
        advocates.set_terms(session, who, None, own=True, **{**terms, "calls_a_quarter": 5})
        assert who.calls_a_quarter == 5


def test_should_refuse_a_policy_out_of_range(world: World) -> None:
    with world.database.write() as session:
        assert policy.current_policy(session).calls_a_quarter == 1
        with pytest.raises(Invalid) as wrong:
            policy.set_policy(session, None, {"calls_a_quarter": -1, "link_days": 0})
        assert wrong.value.fields.keys() == {"calls_a_quarter", "link_days"}
        policy.set_policy(session, None, {"calls_a_quarter": 2, "owner_approval": False})
    with world.database.read() as session:
        rules = policy.current_policy(session)
        assert (rules.calls_a_quarter, rules.owner_approval, rules.link_days) == (2, False, 14)


# Availability


def test_should_allow_asking_an_advocate_who_consented(world: World) -> None:
    with world.database.write() as session:
        who = advocate(session, world, "ines")
        found = of(session, who)
        assert found.may_be_asked
        assert (found.reason, found.next_on) == ("", today())
        assert (found.customer_left, found.own_left) == (1, 1)
        quote = of(session, who, Activity.QUOTE)
        assert quote.may_be_asked
        assert quote.customer_left is None


def test_should_refuse_an_activity_without_agreement(world: World) -> None:
    with world.database.write() as session:
        who = advocate(session, world, "ines", activities=[Activity.CALL])
        found = of(session, who, Activity.VISIT)
        assert (found.may_be_asked, found.next_on) == (False, None)
        assert found.reason == "has not agreed to a site visit"


def test_should_tell_when_a_pause_ends(world: World) -> None:
    with world.database.write() as session:
        who = advocate(session, world, "ines")
        advocates.set_terms(
            session,
            who,
            None,
            activities=Activity,
            calls_a_quarter=None,
            events_in_two_quarters=None,
            paused_until=ahead(20),
        )
        found = of(session, who)
        assert not found.may_be_asked
        assert "asked for a pause until" in found.reason
        assert found.next_on == ahead(20)
        assert of(session, who, on=ahead(20)).may_be_asked


@pytest.mark.parametrize("state", list(State))
def test_should_count_a_call_of_any_advocate_for_the_customer(world: World, state: State) -> None:
    used = state in (
        *(State.APPROVED, State.INVITED, State.ACCEPTED),
        *(State.SCHEDULED, State.COMPLETED, State.MISSED),
    )
    with world.database.write() as session:
        contact(session, world, "Vera Vance", "brannoc")
        who = advocate(session, world, "ines")
        colleague = advocate(session, world, "vera")
        elsewhere = advocate(session, world, "jonas")
        call(session, world, colleague, ago(20), state=state)
        found = of(session, who)
        assert found.may_be_asked is not used
        assert found.customer_left == (0 if used else 1)
        assert found.own_left == 1
        assert found.next_on == (months_after(ago(20), 3) if used else today())
        assert of(session, who, Activity.VISIT).may_be_asked
        assert of(session, elsewhere).may_be_asked


def test_should_count_a_planned_call_before_its_day(world: World) -> None:
    with world.database.write() as session:
        who = advocate(session, world, "ines")
        call(session, world, who, ahead(40), state=State.SCHEDULED)
        assert not of(session, who).may_be_asked
        assert of(session, who).next_on == months_after(ahead(40), 3)


def test_should_respect_the_limits_of_the_advocate_and_of_the_customer(world: World) -> None:
    with world.database.write() as session:
        policy.set_policy(session, None, {"calls_a_quarter": 2})
        who = advocate(session, world, "ines")
        for own, left in ((None, 1), (1, 0), (9, 8)):
            advocates.set_terms(
                session,
                who,
                None,
                activities=Activity,
                calls_a_quarter=own,
                events_in_two_quarters=None,
                paused_until=None,
            )
            if own is None:
                call(session, world, who, ago(5))
            found = of(session, who)
            assert (found.customer_left, found.own_left) == (1, left)
            assert found.may_be_asked is (left > 0)
        call(session, world, who, ago(2))
        assert of(session, who).customer_left == 0
        assert not of(session, who).may_be_asked


def test_should_promise_no_day_after_the_end_of_consent(world: World) -> None:
    with world.database.write() as session:
        who = advocate(session, world, "ines", consent=None)
        consent.record_consent(session, who, ConsentState.GIVEN, None, end=ahead(30))
        call(session, world, who, ago(5))
        assert of(session, who).next_on is None


def test_should_take_a_fixed_number_of_queries_for_availability(world: World) -> None:
    with world.database.write() as session:
        ids = [advocate(session, world, "ines").id]
        for number in range(20):
            account = list(world.accounts)[number % len(world.accounts)]
            contact(session, world, f"Extra{number} Person", account)
            who = advocate(session, world, f"extra{number}")
            call(session, world, who, ago(number))
            ids.append(who.id)
    with world.database.read() as session, counted(world) as few:
        availability(session, ids[:1], Activity.CALL, today())
    with world.database.read() as session, counted(world) as many:
        assert len(availability(session, ids, Activity.CALL, today())) == 21
    assert len(few) == len(many) <= 5


@contextmanager
def counted(world: World) -> Iterator[list[str]]:
    """The statements that the block sends."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    sa.event.listen(world.database.reader, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(world.database.reader, "before_cursor_execute", note)


# Windows

DAYS = st.integers(0, 500).map(lambda number: date(2026, 1, 1) + timedelta(days=number))


def fits(days: list[date], limit: int, months: int) -> bool:
    """Whether no window of so many months, from whichever day on, holds more than `limit`."""
    first, last = date(2025, 6, 1), date(2028, 1, 1)
    every = (first + timedelta(days=number) for number in range((last - first).days))
    return all(
        sum(start <= day < months_after(start, months) for day in days) <= limit for start in every
    )


@given(
    asked=st.lists(DAYS, max_size=8),
    limit=st.integers(0, 3),
    months=st.sampled_from([3, 6]),
    on=DAYS,
)
def test_should_keep_every_window_within_the_limit(
    asked: list[date], limit: int, months: int, on: date
) -> None:
    days: list[date] = []
    for day in asked:
        if remaining(days, limit, months, day):
            days.append(day)
    assert fits(days, limit, months)
    left = remaining(days, limit, months, on)
    assert fits([*days, *[on] * left], limit, months)
    assert not fits([*days, *[on] * (left + 1)], limit, months)
    first = first_free_day(days, limit, months, on)
    if first is None:
        assert limit == 0
        return
    assert fits([*days, first], limit, months)
    between = (on + timedelta(days=number) for number in range((first - on).days))
    assert not any(remaining(days, limit, months, day) for day in between)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 12, 31), 6, date(2027, 6, 30)),
        (date(2026, 1, 15), 12, date(2027, 1, 15)),
    ],
)
def test_should_count_calendar_months(day: date, months: int, expected: date) -> None:
    assert months_after(day, months) == expected
