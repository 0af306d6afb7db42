"""S2: a confidential deal brings nothing into the open."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from litestar import Litestar
from sqlmodel import Session, select

from references.desk import workflow
from references.desk.advocates import Activity, Advocate
from references.desk.request import State
from references.network import ties
from references.network.ties import TieKind, Visibility
from tests.backends import share
from tests.references.asking import ahead, call
from tests.web.api.conftest import Program, secret_of
from tests.web.api.test_contracts import V1, address, operations
from tests.web.conftest import Visit
from tests.web.test_contracts import _request as a_request  # noqa: F401
from tests.web.test_contracts import filled, routes
from tests.world import World, ago
from web import limits
from web.limits import Kind, Limit
from web.pages import exports
from workspace.accounts.accounts import Account
from workspace.collaboration import notes, tasks
from workspace.deals import lifecycle, team
from workspace.deals.discretion import read_for
from workspace.deals.stakeholders import add_stakeholder
from workspace.deals.tables import Deal, Stage
from workspace.imports.run import import_files
from workspace.people.people import add_contact, add_employment
from workspace.people.tables import Person

OUTSIDERS = ("charlie", "dana", "erin", "frank", "grace")
SECRET = "Zephyrine Robotics"
# The days on which a customer's advocates were called: all members learn them, and nothing else.
DAYS = re.compile(rb'"used":\[[^\]]*\]|<span class="chip">\s*\d+ \w+ \d{4}</span>\s*')
PERSON = "Quentin Quillfeather"
# What others ask for who do not know of the deal.
QUESTIONS = (
    "/search?q=Zephyrine",
    "/search?q=zephyrin",
    "/search?q=Quillfeather",
    "/search?q=quentin%40zephyrine.example",
    "/search?q=warehouse",
    "/search?q=patient+records+robot",
    "/search/names?q=zeph",
    "/search/names?q=que",
    "/search/names?q=st",
    "/search/existing?kind=account&name=Zephyrine+Robotic",
    "/search/existing?kind=person&person=Quentin+Quilfeather",
    "/deals/new/account?account=Zephyrin+Robotics",
    "/search/names?q=",
    "/search?q=ward+maps",
    "/search?q=%22ward+maps%22",
    "/search?q=needs+a+budget",
    "/similar?q=Robots+for+Zephyrine+Robotics+with+Zephyr+Arm+against+Gripwell",
    "/deals/new?sentence=Zephyrine+Robotics+wants+a+Zephyr+Arm+against+Gripwell",
    "/experts?q=Zephyr+Arm+against+Gripwell+in+hospitals",
    "/accounts?q=zephyrine",
    "/accounts?sort=name",
    "/people?q=quill",
    "/people?who=contacts",
    "/deals?q=zephyrine",
    "/deals?outcome=open",
    "/deals/new/account?account=Zephyrine",
    "/deals/new/account?account=Zephyrine+Robotics",
    "/experts?q=robots+in+wards",
    "/experts?q=data+warehousing",
    "/references/advocates/new?q=quill",
)


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIMITS", dict.fromkeys(Kind, Limit(100_000)))


def make_confidential_deal(visit: Visit, world: World) -> str:
    """Alice logs one with an account, people, a product and a competitor that are new."""
    answer = visit("alice").post(
        "/deals",
        {
            "name": "Project Zephyr",
            "account": SECRET,
            "industry": "Q86",
            "headcount": "2500",
            "confidential": "yes",
            "use_case": "Robots that carry patient records between wards",
            "new_product": "Zephyr Arm",
            "new_competitor": "Gripwell",
        },
    )
    assert answer.status_code == 303, answer.text
    key = answer.headers["location"].split("/")[2]
    answer = visit("alice").post(
        f"/deals/{key}/stakeholders", {"person": PERSON, "title": "Head of robots"}
    )
    assert answer.status_code == 303, answer.text
    with world.database.write() as session:
        alice, bob = world.people["alice"], world.people["bob"]
        deal = session.exec(select(Deal).where(Deal.key == key)).one()
        person = session.exec(select(Person).where(Person.name == PERSON)).one()
        person.email = "quentin@zephyrine.example"
        add_employment(session, person, "St Brannoc Hospital", alice, title="Head of data")
        second = add_contact(session, "Rosalind Roe", alice, account_id=deal.account_id)
        said = "Needs a budget for arms"
        add_stakeholder(session, deal, second.id, alice, buying_role="champion", note=said)
        tasks.add_task(session, deal, "Ask for the ward maps", alice)
        team.add_seat(session, deal, "consultant", bob, alice)
        notes.write_note(session, deal, alice, "note", "Robots need ward maps @Bob Brandt")
        who = session.exec(select(Advocate)).first()
        assert who is not None
        stage = session.get_one(Stage, world.deal(session, "meridian").stage_id)
        lifecycle.advance(session, deal, stage, alice)
        workflow.draft(session, world.viewer("alice"), deal, who, Activity.QUOTE, prospect=person)
        # A call that uses the customer's budget, and one that took place.
        world.deals["zephyr"] = key
        call(
            session, world, who, ahead(9), state=State.APPROVED, deal="zephyr"
        ).prospect_id = second.id
        call(session, world, who, ago(20), deal="zephyr").prospect_id = second.id
    return key


def test_should_show_s2_others_the_same_bytes_before_and_after(
    visit: Visit,
    app: Litestar,
    world: World,
    a_request: Callable[..., object],  # noqa: F811
) -> None:
    with world.database.read() as session:
        paths = sorted(
            {filled(path, world, session) for method, path in routes(app) if method == "GET"}
        )
    # The audit log grows with what is refused on the way.
    paths = [path for path in (*paths, *QUESTIONS) if not path.endswith("/audit")]
    paths.append(f"/live?deal={world.deals['wards']}")
    paths += [f"/exports/{name}" for name in exports.LISTS]
    with world.database.read() as session:
        called = sorted(
            {
                address(path, world, session)
                for method, path, _ in operations(app)
                if method == "GET"
            }
            - {f"{V1}/audit"}
        )
    paths += [*called, *(f"{path}?q=zephyrine" for path in called)]
    programs = {name: Program(visit(None).client, secret_of(world, name)) for name in OUTSIDERS}
    for program in programs.values():
        # From now on its page says that the token was used.
        assert program.get(f"{V1}/me").status_code == 200

    def content(name: str, path: str) -> bytes:
        if path.startswith(V1):
            return DAYS.sub(b"", programs[name].get(path).content)
        visitor = visit(name)
        if path.startswith("/exports/"):
            return bytes(visitor.post(path, {"format": "csv"}).content)
        if path == "/references/advocates/ines-moreira":
            return DAYS.sub(b"", visitor.get(path).content)
        # A browser remembers how it sorted a list.
        visitor.cookies = {
            cookie: value for cookie, value in visitor.cookies.items() if "list-" not in cookie
        }
        return bytes(visitor.get(path).content)

    def everything() -> dict[tuple[str, str], bytes]:
        places = [(name, path) for path in paths for name in OUTSIDERS]
        return {place: content(*place) for place in share(world.database, places, 3)}

    # Administrators are told in how many browsers each member is signed in.
    visit("alice")
    # Until then administrators are told that it is being loaded.
    app.state.workspace.catalog.warm()
    before = everything()
    make_confidential_deal(visit, world)
    after = everything()
    assert [place for place in before if before[place] != after[place]] == []
    log = visit("grace").get("/administration/audit").text
    assert not any(name in log for name in (SECRET, PERSON, "Project Zephyr"))
    assert any(SECRET.encode() in visit("alice").get(path).content for path in QUESTIONS)


def keys_of(session: Session, name: str) -> list[str]:
    """The keys of the accounts of a name, or of the people."""
    accounts = session.exec(select(Account.key).where(Account.name == name)).all()
    return sorted([*accounts, *session.exec(select(Person.key).where(Person.name == name)).all()])


def test_should_not_know_what_came_with_a_confidential_deal(visit: Visit, world: World) -> None:
    key = make_confidential_deal(visit, world)
    with world.database.read() as session:
        [account], [person] = keys_of(session, SECRET), keys_of(session, PERSON)
        [colleague] = keys_of(session, "Rosalind Roe")
    # Their keys tell nothing, and keep nobody else's from being made of the name.
    assert "zephyrine" not in account
    assert "quentin" not in person
    paths = [f"/accounts/{account}", f"/accounts/{account}/paths", f"/accounts/{account}/edit"]
    for name in (person, colleague):
        paths += [f"/people/{name}", f"/people/{name}/ties", f"/people/{name}/edit"]
    for path in (*paths, f"/introductions/new?person={person}"):
        for outsider in ("charlie", "dana", "erin", "grace"):
            assert visit(outsider).get(path).status_code == 404, (outsider, path)
    for path in paths:
        for insider in ("alice", "bob"):
            assert visit(insider).get(path).status_code in (200, 403), (insider, path)
    assert visit("charlie").post("/references/advocates", {"person": person}).status_code == 404
    kept = {"every": "30"}
    assert visit("charlie").post(f"/people/{person}/keep-in-touch", kept).status_code == 404
    opened = [f"/accounts/{account}", f"/people/{person}", f"/deals/{key}"]
    recent = "&".join(f"recent={path}" for path in opened)
    for path in (f"/search/names?at=/deals/{key}&{recent}", "/search?q=budget+for+arms"):
        for outsider in ("charlie", "dana", "erin", "grace"):
            page = visit(outsider).get(path).text
            assert not any(name in page for name in (SECRET, PERSON, "Zephyr", "Add note"))
        assert "Project Zephyr" in visit("alice").get(path).text
    visit("alice").post(f"/deals/{key}/invitations", {"person": "charlie-costa"})
    assert visit("charlie").get(f"/accounts/{account}").status_code == 200


def test_should_give_others_a_row_of_their_own(visit: Visit, world: World) -> None:
    make_confidential_deal(visit, world)
    charlie = visit("charlie")
    answer = charlie.post("/deals", {"name": "Robots for clinics", "account": SECRET.upper()})
    assert answer.status_code == 303
    assert charlie.get("/accounts/zephyrine-robotics").status_code == 200
    contact = {"name": PERSON, "email": "quentin@zephyrine.example", "account": SECRET.upper()}
    assert charlie.post("/people", contact).headers["location"] == "/people/quentin-quillfeather"
    with world.database.read() as session:
        assert len(session.exec(select(Person).where(Person.name == PERSON)).all()) == 2
    # Only members who see both are told.
    [hidden] = [key for key in keys_in(world, SECRET) if key != "zephyrine-robotics"]
    assert "Same name" in visit("alice").get(f"/accounts/{hidden}").text
    assert "Same name" in visit("alice").get("/accounts/zephyrine-robotics").text
    assert "Same name" not in charlie.get("/accounts/zephyrine-robotics").text


def keys_in(world: World, name: str) -> list[str]:
    with world.database.read() as session:
        rows = session.exec(select(Account).order_by(Account.key)).all()
        return [row.key for row in rows if row.name.casefold() == name.casefold()]


def test_should_list_all_once_the_deal_opens(visit: Visit, world: World) -> None:
    key = make_confidential_deal(visit, world)
    with world.database.write() as session:
        deal = session.exec(select(Deal).where(Deal.key == key)).one()
        lifecycle.edit(session, deal, world.people["alice"], {"confidential": False})
    charlie = visit("charlie")
    assert SECRET in charlie.get("/accounts?q=zephyrine").text
    for name in (PERSON, "Rosalind Roe"):
        found = charlie.get(f"/search?q={name.replace(' ', '+')}").text
        assert "/people/person-" in found, name
    with world.database.read() as session:
        people = session.exec(select(Person.listed).where(Person.name == PERSON)).all()
    assert people == [True]


def test_should_list_an_account_once_another_deal_is_open_to_all(
    visit: Visit, world: World
) -> None:
    make_confidential_deal(visit, world)
    visit("bob").post("/deals", {"name": "Robots for clinics", "account": SECRET})
    assert len(keys_in(world, SECRET)) == 1
    assert visit("charlie").get(f"/accounts/{keys_in(world, SECRET)[0]}").status_code == 200


def test_should_import_rows_of_ones_own(visit: Visit, world: World, tmp_path: Path) -> None:
    make_confidential_deal(visit, world)
    text = f"name,email,account\n{PERSON},quentin@zephyrine.example,{SECRET}\n"
    path = tmp_path / "people.csv"
    path.write_text(text)
    with world.database.write() as session:
        read_for(session, world.viewer("charlie"))
        [report] = import_files(session, [path], world.people["charlie"], tmp_path / "errors")
    assert (report.created, report.updated) == (1, 0)
    assert any("was not known yet and was added" in str(each) for each in report.warnings)
    with world.database.read() as session:
        assert "zephyrine-robotics" in keys_of(session, SECRET)
        assert "quentin-quillfeather" in keys_of(session, PERSON)


def test_should_ask_no_colleague_about_people_of_a_deal_that_they_do_not_see(
    visit: Visit, world: World
) -> None:
    key = make_confidential_deal(visit, world)
    with world.database.write() as session:
        [person] = keys_of(session, PERSON)
        quentin = session.exec(select(Person).where(Person.key == person)).one()
        ties.assert_tie(
            session,
            world.people["charlie"],
            quentin.id,
            TieKind.KNOWS,
            evidence="",
            source="entered",
            asserted_by_id=world.people["charlie"],
            visibility=Visibility.EVERYONE,
        )
    alice = visit("alice")
    form = {"person": person, "over": "charlie-costa", "why": "They decide", "draft": "Dear"}
    refused = alice.post("/introductions", form)
    assert refused.status_code == 409
    assert "may not see" in refused.text
    visit("alice").post(f"/deals/{key}/invitations", {"person": "charlie-costa"})
    assert alice.post("/introductions", form).status_code == 303
    assert PERSON in visit("charlie").get("/introductions").text
    visit("alice").post(f"/deals/{key}/invitations/charlie-costa/remove")
    page = visit("charlie").get("/introductions")
    assert page.status_code == 200
    assert PERSON not in page.text
