"""A guest's word is the guest's: no colleague gives, widens or answers a consent in their name."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from sqlmodel import Session, select

from references.desk import policy, workflow
from references.desk.advocates import Activity, Advocate
from references.desk.consent import Consent, ConsentState
from references.desk.request import RequestStep
from tests.references.asking import advocate
from tests.serving import set_mail_server
from tests.web.conftest import Visit
from tests.web.pages.references.test_guests import OFFER, links
from tests.world import World
from web import limits
from web.limits import Kind, Limit
from workspace.delivery.outbox import OutboxMessage
from workspace.people import members
from workspace.people.tables import Person, Role

INES = "/references/advocates/ines-moreira"
JONAS = "/references/advocates/jonas-havelka"
# Charlie asks as a rep. Grace and Bob ask, too: she administers, and he has got the role of a
# marketer. Erin is the rest of the desk.
SCHEMERS = ("charlie", "bob", "grace", "dana")
TERMS = {"says": "yes", "activity": ["reference call", "press"], "calls": "9"}
STEPS = (
    "approve",
    "invite",
    "assign",
    "swap",
    "schedule",
    "complete",
    "cancel",
    "accept",
    "refuse",
)


@dataclass
class Scheme:
    """What members try who want an advocate's yes without the advocate."""

    visit: Visit
    world: World
    read: set[str] = field(default_factory=set)

    def try_it(self, who: str, act: str) -> None:
        acts: dict[str, Callable[[str], None]] = {
            "read": self._read,
            "use links": self._use_links,
            "edit address": self._edit_address,
            "confirm address": self._confirm_address,
            "nominate": self._nominate,
            "ask for consent": lambda name: self._post(name, f"{INES}/asking", {}),
            "write consent down": self._write_down,
            "widen": self._widen,
            "mark as sent": self._mark_as_sent,
            **{step: lambda name, step=step: self._step(name, step) for step in STEPS},
        }
        acts[act](who)

    def _post(self, who: str, path: str, data: dict[str, object]) -> None:
        answer = self.visit(who).post(path, data)
        assert answer.status_code < 500, (who, path)
        self.read |= set(re.findall(r"/g/([\w-]{20,})", answer.text))

    def _requests(self) -> list[str]:
        with self.world.database.read() as session:
            keys = session.exec(select(workflow.ReferenceRequest.key)).all()
        return [f"/references/{key}" for key in keys]

    def _read(self, who: str) -> None:
        deals = [f"/deals/{self.world.deals[name]}" for name in ("tidewater", "wards")]
        pages = ("/", "/inbox", "/references", "/people/ines-moreira", INES, JONAS)
        tabs = [f"{deal}{tab}" for deal in deals for tab in ("/references", "/activity")]
        for path in (*pages, *tabs, *self._requests()):
            text = self.visit(who).get(path).text
            self.read |= set(re.findall(r"/g/([\w-]{20,})", text))

    def _use_links(self, who: str) -> None:
        for token in self.read:
            self._post(who, f"/g/{token}/terms", TERMS)
            self._post(who, f"/g/{token}/answer", {**OFFER})

    def _edit_address(self, who: str) -> None:
        path = "/people/ines-moreira/edit"
        address = f"ines@{who}.example"
        self.visit(who).save(path, {"name": "Inês Moreira", "email": address})

    def _confirm_address(self, who: str) -> None:
        self._post(who, f"{INES}/address", {"address": f"ines@{who}.example"})
        self._post(who, f"{JONAS}/address", {"address": f"ines@{who}.example"})

    def _nominate(self, who: str) -> None:
        self._post(who, "/references/advocates", {"person": "vera-vance"})

    def _write_down(self, who: str) -> None:
        said = {"state": "given", "source": "by telephone"}
        self._post(who, f"{INES}/consent", said)

    def _widen(self, who: str) -> None:
        self._post(who, f"{INES}/terms", {"activity": ["press"], "calls": "9"})

    def _mark_as_sent(self, who: str) -> None:
        with self.world.database.read() as session:
            ids = session.exec(select(OutboxMessage.id)).all()
        for path in (INES, *self._requests()):
            for message in ids:
                self._post(who, f"{path}/messages/{message}", {})

    def _step(self, who: str, step: str) -> None:
        for path in self._requests():
            self._post(who, f"{path}/{step}", {})


ACTS = (
    *("read", "use links", "edit address", "confirm address", "nominate", "ask for consent"),
    *("write consent down", "widen", "mark as sent", *STEPS),
)


@pytest.fixture
def scheme(visit: Visit, world: World, monkeypatch: pytest.MonkeyPatch) -> Scheme:
    """Inês withdrew her consent, Jonas was asked for a call by every schemer."""
    monkeypatch.setattr(limits, "LIMITS", dict.fromkeys(Kind, Limit(100_000)))
    with world.database.write() as session:
        members.set_roles(session, world.people["bob"], [Role.EXPERT, Role.MARKETER], by=None)
        policy.set_policy(session, None, {"owner_approval": False, "calls_a_quarter": 9})
        ines = advocate(session, world, "ines", activities=[Activity.CALL])
        jonas = advocate(session, world, "jonas", activities=[Activity.CALL])
        for who, deal in (("charlie", "tidewater"), ("bob", "wards"), ("grace", "kestrel")):
            for person in (ines, jonas):
                viewer = world.viewer(who)
                row = world.deal(session, deal)
                row.stage_id = world.deal(session, "meridian").stage_id
                session.add(row)
                session.flush()
                request = workflow.open_request(session, viewer, row, person, Activity.CALL)
                workflow.approve(session, world.viewer("erin"), request)
        workflow.withdraw(session, ines, ConsentState.WITHDRAWN, None, name="Inês Moreira")
        workflow.invite(session, world.viewer("erin"), request, "http://dealkin.local")
    return Scheme(visit, world)


def guests_words(session: Session) -> tuple[object, ...]:
    """What advocates said, and where emails to them go."""
    given = select(Consent).where(Consent.state == ConsentState.GIVEN)
    return (
        len(session.exec(given).all()),
        sorted(session.exec(select(Advocate.activities, Advocate.calls_a_quarter)).all(), key=str),
        session.exec(select(RequestStep).where(RequestStep.action == "accept")).all(),
        sorted(session.exec(select(Advocate.address)).all(), key=str),
    )


def test_should_keep_a_guests_word_whatever_members_who_ask_try(
    scheme: Scheme, world: World
) -> None:
    with world.database.read() as session:
        before = guests_words(session)
        addresses = {*session.exec(select(Advocate.address)), "erin@dealkin.example"}

    @settings(
        max_examples=12,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        st.lists(
            st.tuples(st.sampled_from(SCHEMERS), st.sampled_from(ACTS)), min_size=1, max_size=8
        )
    )
    @example([("charlie", act) for act in (*ACTS, "read", "use links")])
    @example([("bob", act) for act in (*ACTS, "read", "use links")])
    @example([("grace", act) for act in (*ACTS, "read", "use links")])
    @example([("dana", act) for act in (*ACTS, "read", "use links")])
    def scheming(acts: list[tuple[str, str]]) -> None:
        for who, act in acts:
            scheme.try_it(who, act)
        assert not scheme.read
        with world.database.read() as session:
            assert guests_words(session) == before
            sent = session.exec(select(OutboxMessage.recipient)).all()
            assert {to for to in sent if "@" in to} <= addresses

    scheming()


def test_should_let_the_rest_of_the_desk_do_what_those_who_ask_cannot(
    scheme: Scheme, visit: Visit, world: World
) -> None:
    said = {"state": "given", "source": "by telephone", "told_by": "charlie-costa"}
    refused = visit("grace").post(f"{INES}/consent", said)
    assert refused.status_code == 409
    assert "Another member of customer marketing has to do this." in refused.text
    assert visit("erin").post(f"{INES}/consent", said).status_code == 303
    page = visit("alice").get(INES).text
    assert "told by Charlie Costa · recorded by Erin Eriksen" in page


def test_should_let_a_lonely_desk_send_by_mail_alone(
    visit: Visit, app: Litestar, world: World
) -> None:
    with world.database.write() as session:
        policy.set_policy(session, None, {"owner_approval": False})
        members.set_roles(session, world.people["erin"], [Role.ADMIN], by=None)
        members.set_roles(session, world.people["grace"], [], by=None)
        who = advocate(session, world, "ines")
        row = world.deal(session, "tidewater")
        row.owner_id = world.people["erin"]
        session.add(row)
        session.flush()
        request = workflow.open_request(session, world.viewer("erin"), row, who, Activity.CALL)
        workflow.approve(session, world.viewer("erin"), request)
        workflow.invite(session, world.viewer("erin"), request, "http://dealkin.local")
        here = f"/references/{request.key}"
    page = visit("erin").get(here).text
    assert "nobody in customer marketing can send these" in page
    assert not re.search(r"/g/[\w-]{20}", page)
    set_mail_server(app)
    assert "No mail server" not in visit("erin").get(here).text


def test_should_confirm_a_new_address_on_the_advocates_page(visit: Visit, world: World) -> None:
    with world.database.write() as session:
        advocate(session, world, "ines")
    visit("alice").save(
        "/people/ines-moreira/edit",
        {"name": "Inês Moreira", "email": "ines@new.example", "account": "St Brannoc Hospital"},
    )
    assert "ines@new.example" not in visit("alice").get(INES).text
    page = visit("erin").get(INES).text
    assert "ines@customers.example" in page
    assert "The record has <b>ines@new.example</b>" in page
    data = {"address": "ines@new.example"}
    assert visit("alice").post(f"{INES}/address", data).status_code == 403
    assert visit("erin").post(f"{INES}/address", data).status_code == 303
    with world.database.read() as session:
        assert session.exec(select(Advocate.address)).one() == "ines@new.example"
        assert session.exec(select(OutboxMessage.recipient)).one() == "ines@customers.example"


def test_should_ask_for_a_code_before_terms_are_widened(
    visit: Visit, app: Litestar, world: World
) -> None:
    with world.database.write() as session:
        advocate(session, world, "ines", activities=[Activity.CALL])
    assert visit("erin").post(f"{INES}/asking").status_code == 303
    [path] = links(world, "ines")
    guest = visit(None)
    rules = visit("erin").get("/references/policy").text
    assert "by a code emailed to the advocate" in rules
    with world.database.write() as session:
        policy.set_policy(session, None, {"code_to_widen": True})
    unable = guest.post(f"{path}/terms", TERMS, token="")
    assert (unable.status_code, "no mail server is set up" in unable.text) == (422, True)
    set_mail_server(app)
    asked = guest.post(f"{path}/terms", TERMS, token="")
    assert "Enter the code that we have sent to ines@customers.example." in asked.text
    with world.database.read() as session:
        bodies = session.exec(select(OutboxMessage.body)).all()
        person = session.get_one(Person, world.people["ines"])
    [code] = [code for body in bodies for code in re.findall(r"^[0-9A-F]{8}$", body, re.MULTILINE)]
    for name in ("erin", "grace", "alice"):
        assert code not in visit(name).get(INES).text, person.name
    wrong = guest.post(f"{path}/terms", {**TERMS, "code": "00000000"}, token="")
    assert (wrong.status_code, "Wrong, used or older" in wrong.text) == (422, True)
    assert guest.post(f"{path}/terms", {**TERMS, "code": code}, token="").status_code == 200
    with world.database.read() as session:
        assert session.exec(select(Advocate.calls_a_quarter)).one() == 9
