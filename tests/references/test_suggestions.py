"""For a deal: the advocates who are suggested, why, and who is left out."""

from datetime import date, timedelta

import pytest
from sqlmodel import Session

from references.desk import advocates, consent
from references.desk.advocates import Activity
from references.desk.consent import ConsentState
from references.desk.request import ReferenceRequest, State
from references.network.paths import Network
from references.network.ties import TieKind
from references.suggestions import Suggestions, in_a_line, reasons_to_keep, suggest_advocates
from similarity.index.catalog import Catalog
from tests.references.telling import tell_tie
from tests.world import World
from workspace.clock import now, today
from workspace.deals import lifecycle, products, stakeholders
from workspace.people import people
from workspace.people.tables import Person
from workspace.people.viewer import Viewer


@pytest.fixture(autouse=True)
def _advocates(world: World, network: Network) -> None:
    """Inês and Jonas vouch for us, Kim is a stakeholder of the Kestrel deal whom Jonas knows."""
    with world.database.write() as session:
        for name in ("ines", "jonas"):
            advocate = advocates.nominate(
                session,
                session.get_one(Person, world.people[name]),
                world.people["erin"],
                activities=[Activity.CALL],
            )
            consent.record_consent(
                session, advocate, ConsentState.GIVEN, world.people["erin"], source="by mail"
            )
        kestrel = world.account(session, "kestrel")
        for name in ("kim", "lee"):
            person = people.add_contact(session, name.title(), None, account_id=kestrel.id)
            world.people[name] = person.id
        stakeholders.add_stakeholder(
            session,
            world.deal(session, "kestrel"),
            world.people["kim"],
            world.people["charlie"],
            buying_role="economic buyer",
        )


def know(world: World, one: str, other: str, owner: str, visibility: str = "everyone") -> None:
    with world.database.write() as session:
        facts = {"evidence": f"{one} and {other}", "visibility": visibility}
        tell_tie(session, world, one, other, TieKind.WORKED, owner=owner, **facts)


def suggested(
    world: World,
    catalog: Catalog,
    network: Network,
    viewer: str = "charlie",
    activity: Activity = Activity.CALL,
    on: date | None = None,
    prospect: int | None = None,
) -> Suggestions:
    with world.database.read() as session:
        return _suggest(
            session, world.viewer(viewer), world, catalog, network, activity, on, prospect
        )


def _suggest(
    session: Session,
    viewer: Viewer,
    world: World,
    catalog: Catalog,
    network: Network,
    activity: Activity,
    on: date | None,
    prospect: int | None,
) -> Suggestions:
    deal = world.deal(session, "kestrel")
    return suggest_advocates(
        session,
        viewer,
        catalog,
        network,
        deal,
        activity,
        on=on,
        prospect=prospect,
        most_left_out=None,
    )


def keys(found: Suggestions) -> list[str]:
    return [each.person.name.split()[0] for each in found.suggested]


def test_should_rank_an_advocate_with_a_path_first_with_the_reasons(
    world: World, catalog: Catalog, network: Network
) -> None:
    know(world, "jonas", "kim", "erin")
    found = suggested(world, catalog, network)
    assert keys(found)[0] == "Jonas"
    first = found.suggested[0]
    assert first.path is not None
    assert [step.name for step in first.path.people] == ["Jonas Havelka", "Kim"]
    assert first.prospect is not None
    assert first.prospect.name == "Kim"
    because = {term.name: term.because for term in first.match.terms}
    assert because["path"] == "knows Kim (worked together)"
    assert because["product"] == "uses Atlas Warehouse"
    assert because["competitor"] == "chose us over Datamoor"
    assert first.deal_name == "Havel Clinics data platform"
    assert first.match.score == pytest.approx(sum(term.contribution for term in first.match.terms))
    assert "knows Kim" in in_a_line(reasons_to_keep(first))


def test_should_use_no_path_over_members(world: World, catalog: Catalog, network: Network) -> None:
    know(world, "jonas", "alice", "erin")
    know(world, "alice", "kim", "erin")
    found = suggested(world, catalog, network)
    assert all(each.path is None for each in found.suggested)


def test_should_keep_a_private_tie_out_of_others_order_and_the_public_line(
    world: World, catalog: Catalog, network: Network
) -> None:
    before = suggested(world, catalog, network, "bob")
    know(world, "ines", "kim", "charlie", "private")
    assert suggested(world, catalog, network, "bob") == before
    mine = next(
        each
        for each in suggested(world, catalog, network, "charlie").suggested
        if each.person.id == world.people["ines"]
    )
    assert mine.path is not None
    assert "Kim" not in in_a_line(reasons_to_keep(mine))


def test_should_leave_out_unavailable_advocates_with_reason_and_day(
    world: World, catalog: Catalog, network: Network
) -> None:
    with world.database.write() as session:
        jonas, _ = advocates.advocate_of(session, "jonas-havelka")
        session.add(
            ReferenceRequest(
                key="R-1",
                deal_id=world.deal(session, "tidewater").id,
                activity=Activity.CALL,
                advocate_id=jonas.id,
                state=State.COMPLETED,
                starts_at=now() - timedelta(days=10),
                outcome="helped",
            )
        )
    found = suggested(world, catalog, network)
    assert "Jonas" not in keys(found)
    (left,) = found.left_out
    assert left.person.name == "Jonas Havelka"
    assert left.reason
    assert left.next_on is not None
    assert left.next_on > today()
    later = suggested(world, catalog, network, on=left.next_on)
    assert "Jonas" in keys(later)
    jonas_again = next(each for each in later.suggested if each.person.name.startswith("Jonas"))
    assert "their last reference helped" in {term.because for term in jonas_again.match.terms}


def test_should_follow_a_withdrawn_consent_at_once(
    world: World, catalog: Catalog, network: Network
) -> None:
    assert "Jonas" in keys(suggested(world, catalog, network))
    with world.database.write() as session:
        jonas, _ = advocates.advocate_of(session, "jonas-havelka")
        consent.record_consent(session, jonas, ConsentState.WITHDRAWN, None)
    found = suggested(world, catalog, network)
    assert "Jonas" not in keys(found)
    assert [left.next_on for left in found.left_out] == [None]


def test_should_suggest_nobody_for_what_nobody_agreed_to(
    world: World, catalog: Catalog, network: Network
) -> None:
    found = suggested(world, catalog, network, activity=Activity.PRESS)
    assert found.suggested == []
    assert len(found.left_out) == found.left_out_count == 2


def test_should_reach_for_the_accounts_people_without_stakeholders(
    world: World, catalog: Catalog, network: Network
) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "kestrel")
        (row,) = stakeholders.stakeholders_of(session, deal.id)
        stakeholders.remove_stakeholder(
            session, session.get_one(stakeholders.Stakeholder, row.id), None
        )
    know(world, "jonas", "lee", "erin")
    found = suggested(world, catalog, network)
    assert not found.stakeholders
    assert {step.name for step in found.to_reach} == {"Kim", "Lee"}
    assert found.suggested[0].prospect is not None
    assert found.suggested[0].prospect.name == "Lee"


def test_should_reach_for_one_person(world: World, catalog: Catalog, network: Network) -> None:
    with world.database.write() as session:
        stakeholders.add_stakeholder(
            session, world.deal(session, "kestrel"), world.people["lee"], None
        )
    know(world, "jonas", "kim", "erin")
    know(world, "ines", "lee", "erin")
    found = suggested(world, catalog, network, prospect=world.people["lee"])
    assert keys(found)[0].startswith("In")
    assert [step.name for step in found.to_reach] == ["Lee"]


def test_should_leave_out_advocates_at_the_deals_own_account(
    world: World, catalog: Catalog, network: Network
) -> None:
    with world.database.write() as session:
        advocates.nominate(
            session, session.get_one(Person, world.people["lee"]), None, activities=[Activity.CALL]
        )
    found = suggested(world, catalog, network)
    assert all(each.person.name != "Lee" for each in [*found.suggested, *found.left_out])


def test_should_use_no_hidden_deal_as_a_reason(
    world: World, catalog: Catalog, network: Network
) -> None:
    """Nightingale is Kestrel's, won, confidential, and like the wards deal at St Brannoc."""
    with world.database.write() as session:
        advocate = advocates.nominate(
            session, session.get_one(Person, world.people["lee"]), None, activities=[Activity.CALL]
        )
        consent.record_consent(session, advocate, ConsentState.GIVEN, None)

    def lees(viewer: str) -> str | None:
        with world.database.read() as session:
            deal = world.deal(session, "wards")
            found = suggest_advocates(
                session, world.viewer(viewer), catalog, network, deal, Activity.CALL
            )
        return next(each.deal_key for each in found.suggested if each.person.name == "Lee")

    assert lees("alice") == world.confidential_deal
    assert lees("charlie") is None


def test_should_put_a_customer_without_the_product_last_whatever_speaks_for_them(
    world: World, catalog: Catalog, network: Network
) -> None:
    """Inês knows the buyer well, but Lumen Bank uses no Relay Integration; Jonas's clinics do."""
    know(world, "ines", "kim", "erin")
    with world.database.write() as session:
        relay = products.find_or_add_product(session, "Relay Integration")
        lifecycle.set_products(session, world.deal(session, "kestrel"), [relay])
        lifecycle.set_products(session, world.deal(session, "havel"), [relay])
    found = suggested(world, catalog, network).suggested
    assert [each.person.name.split()[0] for each in found] == ["Jonas", "Inês"]
    jonas, ines = found
    assert ines.match.score > jonas.match.score
    assert jonas.match.caveat == ""
    assert ines.match.caveat == "does not use Relay Integration, as far as we know"
    assert in_a_line(reasons_to_keep(ines)).startswith(ines.match.caveat)
