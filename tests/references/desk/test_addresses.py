"""Where emails to an advocate go, and what came by a link."""

import re
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from references.desk import addresses, advocates, codes, consent, guest_links, policy, workflow
from references.desk.advocates import Activity, Advocate, CodeNeeded
from references.desk.consent import ConsentState, consents_of
from references.desk.guest_links import GuestLink
from references.desk.request import RequestStep
from references.imports import EXTENSION
from tests.references.asking import advocate, ahead
from tests.workspace.imports.files import put
from tests.world import World
from workspace.audit import AuditEntry
from workspace.delivery.outbox import OutboxMessage
from workspace.errors import Conflict, Invalid, TooMany
from workspace.imports.run import import_files
from workspace.people.people import edit_person
from workspace.people.tables import Person

ORIGIN = "https://dealkin.example"


def asked(session: Session, world: World) -> Advocate:
    """Inês, who was asked for a call on Charlie's deal."""
    who = advocate(session, world, "ines")
    policy.set_policy(session, None, {"owner_approval": False})
    request = workflow.open_request(
        session, world.viewer("charlie"), world.deal(session, "tidewater"), who, Activity.CALL
    )
    workflow.approve(session, world.viewer("erin"), request)
    workflow.invite(session, world.viewer("erin"), request, ORIGIN)
    return who


def recipients(session: Session) -> list[str]:
    """To whom mails wait, in the order of their writing."""
    query = select(OutboxMessage.recipient).where(col(OutboxMessage.dropped_at).is_(None))
    return list(session.exec(query.order_by(col(OutboxMessage.id))))


def links_in(body: str) -> list[str]:
    return re.findall(r"/g/(\S+)", body)


def test_should_send_emails_to_the_confirmed_address_until_the_desk_confirms_another(
    world: World, tmp_path: Path
) -> None:
    with world.database.write() as session:
        who = advocate(session, world, "ines")
        person = session.get_one(Person, who.person_id)
        edit_person(session, person, world.people["alice"], {"email": "alias@alice.example"})
        erin = session.get_one(Person, world.people["erin"])
        guest_links.email_consent_request(session, who, person, erin, ORIGIN, renewal=True)
        assert recipients(session) == ["ines@customers.example"]
        assert addresses.proposed_address(who, person) == "alias@alice.example"
    rows = "name,profile,email\nInês Moreira,,third@alice.example\n"
    with world.database.write() as session:
        folder = tmp_path / "errors"
        path = put(tmp_path, "people.csv", rows)
        import_files(session, [path], world.people["alice"], folder, EXTENSION)
    with world.database.read() as session:
        assert session.exec(select(Advocate.address)).one() == "ines@customers.example"


def test_should_tell_the_former_address_and_end_its_links(world: World) -> None:
    with world.database.write() as session:
        who = asked(session, world)
        person = session.get_one(Person, who.person_id)
        [letter] = session.exec(select(OutboxMessage)).all()
        old = links_in(letter.body)
        edit_person(session, person, None, {"email": "ines@elsewhere.example"})
        addresses.confirm_address(
            session, who, "ines@elsewhere.example", world.people["erin"], ORIGIN
        )
    with world.database.read() as session:
        for token in old:
            assert guest_links.why_unusable(guest_links.find_link(session, token))
        # The former address is told, and the question goes to the new one.
        assert recipients(session) == ["ines@customers.example", "ines@elsewhere.example"]
        told, again = session.exec(select(OutboxMessage).order_by(col(OutboxMessage.id))).all()[1:]
        assert "ines@elsewhere.example" not in told.body
        assert not links_in(told.body)
        for token in links_in(again.body):
            link = guest_links.find_link(session, token)
            assert (guest_links.why_unusable(link), link.sent_to) == ("", "ines@elsewhere.example")


def test_should_confirm_only_what_the_page_showed(world: World) -> None:
    with world.database.write() as session:
        who = advocate(session, world, "ines")
        person = session.get_one(Person, who.person_id)
        edit_person(session, person, None, {"email": "first@elsewhere.example"})
        edit_person(session, person, None, {"email": "second@elsewhere.example"})
        with pytest.raises(Conflict, match="changed in the meantime"):
            addresses.confirm_address(
                session, who, "first@elsewhere.example", world.people["erin"], ORIGIN
            )


def test_should_refuse_letters_before_an_address_is_confirmed(world: World) -> None:
    with world.database.write() as session:
        person = session.get_one(Person, world.people["ines"])
        edit_person(session, person, None, {"email": "ines@customers.example"})
        who = advocates.nominate(session, person, world.people["alice"])
        erin = session.get_one(Person, world.people["erin"])
        with pytest.raises(Conflict, match="Confirm the email address of Inês"):
            guest_links.email_consent_request(session, who, person, erin, ORIGIN, renewal=False)


def test_should_keep_members_who_ask_from_confirming(world: World) -> None:
    with world.database.write() as session:
        who = asked(session, world)
        person = session.get_one(Person, who.person_id)
        edit_person(session, person, None, {"email": "alias@charlie.example"})
        with pytest.raises(Conflict, match="Another member of customer marketing"):
            addresses.confirm_address(
                session, who, "alias@charlie.example", world.people["charlie"], ORIGIN
            )


def test_should_audit_what_came_by_a_link_with_where_it_was_sent(world: World) -> None:
    with world.database.write() as session:
        asked(session, world)
    with world.database.write() as session:
        [letter] = session.exec(select(OutboxMessage)).all()
        link = guest_links.find_link(session, links_in(letter.body)[1])
        guest_links.use_link(session, link, guest_links.Purpose.CONSENT)
        sent_at = link.created_at
    with world.database.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "by link")).one()
        assert entry.subject == f"person {world.people['ines']}"
        assert entry.detail == {
            "purpose": "consent",
            "sent_to": "ines@customers.example",
            "sent_at": sent_at.isoformat(),
        }
        steps = session.exec(select(RequestStep.link_id)).all()
        assert set(steps) == {None}


def test_should_say_who_was_told_of_a_consent(world: World) -> None:
    with world.database.write() as session:
        who = advocate(session, world, "ines", consent=None)
        erin, bob = world.people["erin"], world.people["bob"]
        consent.record_consent(session, who, ConsentState.REQUESTED, erin)
        consent.record_consent(session, who, ConsentState.GIVEN, erin, told_by=bob)
        consent.record_consent(session, who, ConsentState.WITHDRAWN, erin)
        said = consents_of(session, [who.id])[who.id]
        assert [row.told_by_id for row in said] == [None, bob, erin]


def code_of(session: Session) -> str:
    body = session.exec(select(OutboxMessage.body).order_by(col(OutboxMessage.id).desc())).first()
    return re.findall(r"^[0-9A-F]{8}$", body or "", re.MULTILINE)[0]


def test_should_widen_only_with_a_code_where_the_policy_says_so(world: World) -> None:
    terms = {"calls_a_quarter": 1, "events_in_two_quarters": None, "paused_until": None}
    with world.database.write() as session:
        who = advocate(session, world, "ines", activities=[Activity.CALL], consent=None)
        advocates.set_terms(session, who, None, activities=[Activity.CALL], **terms)
        policy.set_policy(session, None, {"code_to_widen": True})
        erin = world.people["erin"]
        with pytest.raises(CodeNeeded):
            consent.record_consent(session, who, ConsentState.GIVEN, erin)
        wider = {**terms, "calls_a_quarter": 3}
        for own in (False, True):
            with pytest.raises(CodeNeeded):
                advocates.set_terms(
                    session, who, None, activities=[Activity.CALL], own=own, **wider
                )
        narrower = {**terms, "paused_until": ahead(20)}
        advocates.set_terms(session, who, erin, activities=[], **narrower)
        consent.record_consent(session, who, ConsentState.REFUSED, erin)
        with pytest.raises(Conflict, match="no mail server"):
            codes.send_code(session, who, mail_is_sent=False)
        assert codes.send_code(session, who, mail_is_sent=True) == "ines@customers.example"
        code = code_of(session)
        with pytest.raises(Invalid, match="does not work"):
            codes.use_code(session, who, "0" * 8)
        assert codes.use_code(session, who, f" {code.lower()} ")
        consent.record_consent(session, who, ConsentState.GIVEN, erin, confirmed=True)
        with pytest.raises(Invalid, match="does not work"):
            codes.use_code(session, who, code)
        assert not codes.use_code(session, who, "")
        for _ in range(codes.MOST_CODES - 1):
            codes.send_code(session, who, mail_is_sent=True)
        with pytest.raises(TooMany):
            codes.send_code(session, who, mail_is_sent=True)


def test_should_not_take_the_code_of_another_advocate(world: World) -> None:
    with world.database.write() as session:
        ines = advocate(session, world, "ines")
        jonas = advocate(session, world, "jonas")
        codes.send_code(session, ines, mail_is_sent=True)
        with pytest.raises(Invalid, match="does not work"):
            codes.use_code(session, jonas, code_of(session))


def test_should_name_the_link_of_each_step_of_a_guest(world: World) -> None:
    with world.database.write() as session:
        asked(session, world)
        link = session.exec(select(GuestLink).where(GuestLink.purpose == "answer")).one()
        who = session.exec(select(Advocate)).one()
        workflow.withdraw(
            session, who, ConsentState.WITHDRAWN, None, name="Inês Moreira", link_id=link.id
        )
        last = session.exec(select(RequestStep).order_by(col(RequestStep.id).desc())).first()
        assert last is not None
        assert (last.action, last.link_id) == ("refuse", link.id)
        assert consents_of(session, [who.id])[who.id][-1].link_id == link.id
