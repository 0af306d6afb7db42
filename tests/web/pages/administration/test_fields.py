"""Field rights: which roles read contacts' addresses, and advocates' consents and limits."""

import re
from urllib.parse import quote_plus

import pytest
from litestar import Litestar
from sqlmodel import Session

from references.network import ties
from references.network.ties import TieKind, Visibility
from tests.references.asking import advocate, call, contact
from tests.serving import set_mail_server
from tests.web.checklist import _refuses_strangers
from tests.web.conftest import Visit
from tests.world import World, ago
from workspace.people.field_rights import FieldGroup, readable_fields, set_roles_of_field
from workspace.people.people import edit_person
from workspace.people.tables import Person, Role

FIELDS = "/administration/fields"
INES = "/references/advocates/ines-moreira"


@pytest.fixture(autouse=True)
def _advocates(world: World) -> None:
    with world.database.write() as session:
        person = session.get_one(Person, world.people["ines"])
        edit_person(session, person, None, {"email": "i.m.quorn@customers.example"})
        call(session, world, advocate(session, world, "ines"), ago(5))


def withhold(world: World, *groups: FieldGroup) -> None:
    """Let administrators alone read these fields."""
    with world.database.write() as session:
        for group in groups:
            set_roles_of_field(session, group, [Role.ADMIN], by=None)


def test_should_start_with_the_roles_whose_work_needs_them(world: World, session: Session) -> None:
    def fields(name: str) -> frozenset[FieldGroup]:
        return readable_fields(session, world.viewer(name))

    assert fields("frank") == frozenset()
    assert fields("bob") == {FieldGroup.ADDRESSES}
    for name in ("alice", "dana", "erin", "grace"):
        assert fields(name) == frozenset(FieldGroup), name


def test_should_let_administrators_set_the_roles(visit: Visit, world: World) -> None:
    for name in ("alice", "dana", "erin", "frank"):
        assert visit(name).get(FIELDS).status_code == 403
        assert visit(name).post(FIELDS, {"addresses": "rep"}).status_code == 403
    _refuses_strangers(visit, FIELDS, {"addresses": "rep"})
    grace = visit("grace")
    assert grace.save(FIELDS, {"addresses": "king"}).status_code == 422
    assert grace.post(FIELDS, {"addresses": "rep"}).status_code == 422
    opened = re.findall(r'name="seen" value="(\w+)"', grace.get(FIELDS).text)[0]
    chosen = {"addresses": ["rep"], "consents": [], "limits": ["marketer", "admin"]}
    assert grace.save(FIELDS, chosen).status_code == 303
    assert grace.post(FIELDS, {"seen": opened, "addresses": "admin"}).status_code == 409
    with world.database.read() as session:
        assert readable_fields(session, world.viewer("alice")) == {FieldGroup.ADDRESSES}
        assert readable_fields(session, world.viewer("erin")) == {FieldGroup.LIMITS}


def test_should_hide_telephones_and_streets_and_find_nobody_by_them(
    visit: Visit, world: World
) -> None:
    reached = {"phone": "+44 1632 960 123", "street": "Rua das Flores 9", "postcode": "4050-266"}
    with world.database.write() as session:
        ines = session.get_one(Person, world.people["ines"])
        edit_person(session, ines, None, reached)
    page = visit("alice").get("/people/ines-moreira").text
    assert "tel:+441632960123" in page
    assert "Rua das Flores 9, 4050-266" in page
    assert "Inês" in visit("alice").get("/search?q=1632960123").text
    withhold(world, FieldGroup.ADDRESSES)
    alice = visit("alice")
    for path in ("/people/ines-moreira", "/people/ines-moreira/edit"):
        assert not any(value in alice.get(path).text for value in reached.values()), path
    assert "Inês" not in alice.get("/search?q=1632960123").text
    rows = alice.post("/exports/people", {"format": "csv"}).text
    assert not any(value in rows for value in reached.values())
    # What the form does not have stays as it is.
    assert alice.save("/people/ines-moreira/edit", {"name": "Inês Moreira"}).status_code == 303
    with world.database.read() as session:
        ines = session.get_one(Person, world.people["ines"])
        assert {name: getattr(ines, name) for name in reached} == reached


def test_should_hide_addresses_and_find_nobody_by_them(visit: Visit, world: World) -> None:
    assert "i.m.quorn@" in visit("alice").get("/people/ines-moreira").text
    withhold(world, FieldGroup.ADDRESSES)
    alice = visit("alice")
    for path in ("/people/ines-moreira", "/people/ines-moreira/edit", INES):
        assert "quorn" not in alice.get(path).text, path
    # Asking by the address is the same as asking for what nobody has.
    for text in ("i.m.quorn@customers.example", "quorn", "quorm"):
        assert "Inês" not in alice.get(f"/search?q={text}").text
    for path in ("/search/names?q={}", "/people?q={}"):
        for known, unknown in (
            ("i.m.quorn@customers.example", "i.m.quirn@customers.example"),
            ("quorn", "quirn"),
        ):
            answers = [
                re.sub(f"{re.escape(text)}|{re.escape(quote_plus(text))}", "…", page)
                for text in (known, unknown)
                for page in (alice.get(path.format(text)).text,)
            ]
            assert answers[0] == answers[1], (path, known)
    assert "Inês" in alice.get("/search?q=moreira").text
    stakeholders = f"/deals/{world.deals['wards']}/stakeholders"
    by_address = alice.post(stakeholders, {"person": "i.m.quorn@customers.example"})
    assert by_address.status_code == 422
    # The form keeps what it does not show, and takes no such field.
    names = {"name": "Inês Moreira", "account": "St Brannoc Hospital"}
    path = "/people/ines-moreira/edit"
    assert alice.save(path, {**names, "email": "mine@alice.example"}).status_code == 422
    assert alice.save(path, {**names, "title": "Chief"}).status_code == 303
    with world.database.read() as session:
        person = session.get_one(Person, world.people["ines"])
        assert (person.email, person.title) == ("i.m.quorn@customers.example", "Chief")
    assert "alice@dealkin.example" in alice.get("/people/alice-adeyemi").text


def test_should_hide_consents_and_take_no_filter_by_them(visit: Visit, world: World) -> None:
    withhold(world, FieldGroup.CONSENTS)
    alice = visit("alice")
    everybody = alice.get("/references/advocates").text
    assert "Consent until" not in everybody
    assert "Consent ends soon" not in everybody
    assert alice.get("/references/advocates?renew=yes").text == (
        alice.get("/references/advocates?unknown=yes").text
    )
    page = alice.get(INES).text
    assert "told by" not in page
    assert "freely given" not in page
    assert "told by Erin Eriksen" in visit("grace").get(INES).text
    for deal in ("tidewater", "meridian"):
        tab = visit("dana").get(f"/deals/{world.deals[deal]}/references").text
        assert "Consent until" not in tab


def test_should_hide_limits_and_the_reasons_that_tell_them(visit: Visit, world: World) -> None:
    assert "takes no further call" in visit("alice").get("/references/advocates").text
    withhold(world, FieldGroup.LIMITS)
    page = visit("alice").get("/references/advocates").text
    assert "takes no further call" not in page
    assert "cannot be asked" in page
    assert "This customer’s recent requests" not in visit("alice").get(INES).text
    assert "This customer’s recent requests" in visit("grace").get(INES).text


def test_should_neither_show_nor_order_by_limits_that_are_hidden(
    visit: Visit, world: World
) -> None:
    with world.database.write() as session:
        contact(session, world, "Vera Vance", "meridian")
        advocate(session, world, "vera")
    tab = f"/deals/{world.deals['tidewater']}/references"
    assert "left for" in visit("charlie").get(tab).text
    assert "request limit not shown" not in visit("charlie").get(tab).text
    withhold(world, FieldGroup.LIMITS)
    hidden = visit("charlie").get(tab).text
    assert "Vera Vance" in hidden
    assert not re.search(r"\d requests? left", hidden)
    assert "request limit not shown" in hidden
    # A refusal names none either.
    sent = {"advocate": "ines-moreira", "activity": "reference call"}
    refused = visit("charlie").post(tab, sent).text
    assert "further call" not in refused
    assert "cannot be asked" in refused


def test_should_hide_an_address_from_the_colleague_who_introduces(
    app: Litestar, visit: Visit, world: World
) -> None:
    set_mail_server(app)
    with world.database.write() as session:
        bob, ines = world.people["bob"], session.get_one(Person, world.people["ines"])
        known_to = {"source": "entered", "asserted_by_id": bob, "visibility": Visibility.EVERYONE}
        ties.assert_tie(session, bob, ines.id, TieKind.KNOWS, evidence="A choir", **known_to)
    asked = {"person": "ines-moreira", "over": "bob-brandt", "why": "A walk", "draft": "Hi"}
    answer = visit("charlie").post("/introductions", asked)
    assert answer.status_code == 303, answer.text
    assert "Send to i.m.quorn@customers.example" in visit("bob").get("/introductions").text
    withhold(world, FieldGroup.ADDRESSES)
    page = visit("bob").get("/introductions").text
    assert "quorn" not in page
    assert "Send to Inês Moreira" in page
