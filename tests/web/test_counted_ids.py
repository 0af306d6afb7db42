"""Pages and answers show no counted id of anything that a confidential deal can bring along.

From two of them a member could tell how many rows there are between, which they may not see.
"""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from litestar import Litestar
from sqlmodel import SQLModel, select

from references.desk import policy, workflow
from references.desk.advocates import Activity
from references.network import ties
from references.network.ties import TieKind, Visibility
from tests.backends import POSTGRESQL
from tests.references.asking import advocate, contact
from tests.web.api.conftest import Program, secret_of
from tests.web.api.test_contracts import address, operations
from tests.web.conftest import Visit
from tests.web.test_contracts import _request as a_request  # noqa: F401
from tests.web.test_contracts import filled, routes
from tests.world import World, ago, stage
from web import limits
from web.limits import Kind, Limit
from workspace.collaboration import notes
from workspace.deals import lifecycle, products, team
from workspace.people import members
from workspace.people.people import add_employment
from workspace.people.tables import Role

# The numbers come from sequences, which PostgreSQL lets one set.
BACKENDS = (POSTGRESQL,)

# What counts none of the things that belong to deals, or what administrators see all of.
NOT_OF_DEALS = {
    *("auditentry", "importrun", "job", "ownfield", "savedview", "stage"),
    *("webhookendpoint", "company", "seatrole"),
}
FIRST = 7_770_000
# Between other signs than those of tokens and of the long ids.
COUNTED = re.compile(r"(?<![0-9A-Za-z])777\d{4}(?![0-9A-Za-z])")


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIMITS", dict.fromkeys(Kind, Limit(100_000)))


@pytest.fixture
def numbered(world: World) -> set[str]:
    """New things of every kind, with counted ids that no other number looks like; the tables."""
    numbered = set()
    with world.database.write() as session:
        for name in sorted(SQLModel.metadata.tables.keys() - NOT_OF_DEALS):
            sequence = f"{name}_id_seq"
            found = sa.select(sa.func.to_regclass(sequence).is_not(None))
            if session.execute(found).scalar_one():
                session.execute(sa.select(sa.func.setval(sequence, FIRST)))
                numbered.add(name)
    with world.database.write() as session:
        alice, bob = world.people["alice"], world.people["bob"]
        colleague = members.add_member(session, "Rhea Rook", "rhea@dealkin.example", [Role.REP])
        product = products.find_or_add_product(session, "Zephyr Arm")
        competitor = products.find_or_add_competitor(session, "Gripwell")
        tess = contact(session, world, "Tess Tide", "tidewater")
        vera = contact(session, world, "Vera Vance", "havel")
        add_employment(session, tess, "St Brannoc Hospital", alice, title="Head of data")
        for number in range(3):
            deal = lifecycle.log(
                session,
                "St Brannoc patient records, again",
                world.account(session, "brannoc"),
                colleague.id,
                stage=stage(session, "Closed Won"),
                opened=ago(200),
                closed=ago(100 + number),
                products=[product],
                competitors=[competitor],
                use_case="Patient records in one warehouse",
            )
        waiting = lifecycle.log(
            session,
            "Patient records in one warehouse",
            world.account(session, "tidewater"),
            alice,
            stage=stage(session, "Negotiation/Review"),
            products=[product],
            use_case="Patient records in one warehouse, dashboards for managers",
        )
        team.add_seat(session, waiting, "consultant", None, alice)
        team.add_seat(session, deal, "consultant", bob, alice)
        notes.write_note(session, waiting, bob, "note", "Look @Alice Adeyemi")
        ties.assert_tie(
            session,
            colleague.id,
            vera.id,
            TieKind.KNOWS,
            evidence="A choir",
            source="entered",
            asserted_by_id=colleague.id,
            visibility=Visibility.EVERYONE,
        )
        policy.set_policy(session, None, {"owner_approval": False, "calls_a_quarter": 9})
        who = advocate(session, world, "vera")
        asked = workflow.open_request(
            session, world.viewer("alice"), waiting, who, Activity.CALL, prospect=tess
        )
        workflow.approve(session, world.viewer("erin"), asked)
        workflow.invite(session, world.viewer("erin"), asked, "http://dealkin.local")
        world.deals |= {"waiting": waiting.key, "again": deal.key}
        world.deals["asked"] = asked.key
    return numbered


def places(world: World) -> list[str]:
    """The pages of the new things."""
    tabs = ("", "/kin", "/experts", "/playbook", "/references", "/brief", "/stakeholders", "/edit")
    deals = [f"/deals/{world.deals[name]}" for name in ("waiting", "again")]
    return [
        *(f"{deal}{tab}" for deal in deals for tab in (*tabs, "/activity", "/tasks")),
        *("/people/tess-tide", "/people/vera-vance", "/people/vera-vance/ties"),
        *("/people/rhea-rook", "/references/advocates/vera-vance", "/accounts/tidewater"),
        f"/references/{world.deals['asked']}",
        *("/search?q=Zephyr", "/search/names?q=ve", "/similar?q=Patient+records+in+one+warehouse"),
        *("/experts?q=patient+records", "/inbox?show=done", "/deals?view=board", "/people?who=all"),
    ]


def test_should_show_no_counted_id_on_any_page(
    visit: Visit,
    app: Litestar,
    world: World,
    a_request: Callable[..., object],  # noqa: F811
    numbered: set[str],
) -> None:
    assert {"account", "deal", "person", "product", "referencerequest"} <= numbered
    with world.database.read() as session:
        # The newest of each kind is looked for.
        assert session.exec(select(sa.func.max(lifecycle.Deal.id))).one() > FIRST
        paths = {filled(path, world, session) for method, path in routes(app) if method == "GET"}
    shown = []
    for path in sorted({*paths, *places(world)} - {"/live"}):
        for name in ("alice", "dana", "erin", "grace"):
            answer = visit(name).get(path)
            if "text/html" in answer.headers.get("content-type", ""):
                shown += [(path, name, number) for number in lines_of(answer.text)]
    assert not shown, "\n".join(map(str, shown[:30]))


def test_should_show_no_counted_id_in_any_answer(
    visit: Visit, app: Litestar, world: World, numbered: set[str]
) -> None:
    program = Program(visit(None).client, secret_of(world, "alice"))
    keys = {"/deals/": world.deals["waiting"], "/people/": "tess-tide"}
    with world.database.read() as session:
        paths = [
            address(path, world, session) for method, path, _ in operations(app) if method == "GET"
        ]
    shown = []
    for path in paths:
        for start, key in keys.items():
            path = re.sub(f"(?<={start})[^/]+", key, path)
        shown += [(path, near) for near in lines_of(program.get(path).text)]
    assert not shown, "\n".join(map(str, shown[:30]))


def lines_of(text: str) -> list[str]:
    """What surrounds each counted id."""
    return [text[max(0, at.start() - 40) : at.end() + 10] for at in COUNTED.finditer(text)]
