"""The inner circle and the back channel, on a made record with known answers."""

from datetime import date, timedelta

import pytest
from sqlmodel import Session

from references.buyers import back_channel as channel
from references.buyers import people as buyers
from references.buyers.back_channel import Feeling, Voice, back_channel
from references.buyers.group import group_of
from references.buyers.inner_circle import InnerCircle, guesses, inner_circle, tenures_of
from references.desk.advocates import nominate
from references.desk.consent import ConsentState, record_consent
from references.network.ties import TieKind, Visibility, assert_tie
from tests.world import World
from workspace.accounts.accounts import Account, Relationship, add_account
from workspace.clock import today
from workspace.deals import lifecycle, stakeholders
from workspace.people import people
from workspace.people.tables import Person


def add(session: Session, world: World, name: str, account: str, title: str = "") -> Person:
    person = people.add_contact(
        session, name, None, title=title, account_id=world.account(session, account).id
    )
    world.people[name] = person.id
    return person


def tie(session: Session, world: World, one: str, other: str, **facts: object) -> None:
    kind = facts.pop("kind", TieKind.STUDIED)
    assert_tie(
        session,
        world.people[one],
        world.people[other],
        kind,  # type: ignore[arg-type]
        **{"asserted_by_id": world.people["alice"], **facts},  # type: ignore[arg-type]
    )


def circle(world: World, viewer: str = "alice", account: str = "kestrel") -> InnerCircle:
    with world.database.read() as session:
        return inner_circle(session, world.viewer(viewer), world.account(session, account))


def test_should_name_cliques_and_bridges(world: World) -> None:
    with world.database.write() as session:
        for name in ("Ann", "Ben", "Cas", "Dee", "Eve"):
            add(session, world, name, "kestrel")
        for one, other in (("Ann", "Ben"), ("Ann", "Cas"), ("Ben", "Cas")):
            tie(session, world, one, other, evidence="Trinity College, 2001-2004")
        tie(session, world, "Cas", "Dee", evidence="Rowing")
        tie(session, world, "Dee", "Eve", kind=TieKind.GATHERED)
    found = circle(world)
    (clique,) = found.cliques
    assert (clique.people, clique.evidence) == (("Ann", "Ben", "Cas"), "Trinity College")
    (bridge,) = found.bridges
    assert (bridge.name, bridge.groups) == ("Cas", (("Ann", "Ben"), ("Dee", "Eve")))
    assert len(found.ties) == 5


def test_should_look_at_those_of_a_large_account_whom_a_deal_may_hang_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.database.write() as session:
        account = add_account(session, "Large Insurance")
        world.accounts["large"] = account.key
        for number in range(6):
            add(session, world, f"Clerk {number}", "large", "Clerk")
        for name, title in (
            ("Boss", "Chief Financial Officer"),
            ("Tied Boss", "IT Director"),
            ("Of A Deal", "Clerk"),
            ("Of A Hidden Deal", "Clerk"),
            ("Known", "Clerk"),
            ("Privately Known", "Clerk"),
        ):
            add(session, world, name, "large", title)
        tie(session, world, "Known", "Tied Boss", evidence="Rowing")
        tie(session, world, "Privately Known", "Clerk 5", visibility=Visibility.PRIVATE)
        for name, confidential in (("Of A Deal", False), ("Of A Hidden Deal", True)):
            deal = lifecycle.log(
                *(session, "Claims", account, world.people["alice"]), confidential=confidential
            )
            stakeholders.add_stakeholder(session, deal, world.people[name], None)
    everybody = circle(world, account="large")
    assert (everybody.total, len(everybody.names)) == (12, 12)
    monkeypatch.setattr(buyers, "MOST_PEOPLE", 6)
    for viewer, names in (
        # The second deal, and the private tie, are Alice's.
        ("alice", ["Of A Deal", "Of A Hidden Deal", "Tied Boss", "Boss", "Clerk 5", "Known"]),
        ("charlie", ["Of A Deal", "Tied Boss", "Boss", "Known", "Clerk 0", "Clerk 1"]),
    ):
        found = circle(world, viewer, "large")
        assert list(found.names.values()) == names
        assert found.total == 12
        assert {found.names[each.one_id] for each in found.ties} == {"Tied Boss"}


def test_should_not_take_working_there_for_closeness(world: World) -> None:
    with world.database.write() as session:
        for name in ("Ann", "Ben", "Cas"):
            person = add(session, world, name, "kestrel")
            people.add_employment(session, person, "Kestrel Health", None, start=date(2015, 1, 1))
    assert circle(world).ties == []


def test_should_show_a_private_tie_to_its_owner_alone(world: World) -> None:
    with world.database.write() as session:
        add(session, world, "Ann", "kestrel")
        add(session, world, "Ben", "kestrel")
        tie(session, world, "Ann", "Ben", visibility=Visibility.PRIVATE)
    assert len(circle(world, "alice").ties) == 1
    assert circle(world, "bob").ties == []


def test_should_tell_tenure_and_time_in_role(world: World) -> None:
    with world.database.write() as session:
        ann = add(session, world, "Ann", "kestrel")
        for title, start, end in (
            ("Planner", date(2010, 1, 1), date(2014, 6, 30)),
            ("Head of planning", date(2014, 7, 1), None),
        ):
            people.add_employment(
                session, ann, "Kestrel Health", None, title=title, start=start, end=end
            )
        # They left and came back.
        ben = add(session, world, "Ben", "kestrel")
        people.add_employment(
            session, ben, "Kestrel Health", None, start=date(2005, 1, 1), end=date(2008, 1, 1)
        )
        people.add_employment(session, ben, "Kestrel Health", None, start=date(2016, 1, 1))
        # Nothing says when they came.
        cas = add(session, world, "Cas", "kestrel")
        people.add_employment(session, cas, "Kestrel Health", None)
        tenures = tenures_of(session, [ann.id, ben.id, cas.id])
        assert (tenures[ann.id].since, tenures[ann.id].in_role_since) == (
            date(2010, 1, 1),
            date(2014, 7, 1),
        )
        assert tenures[ben.id].since == date(2016, 1, 1)
        assert cas.id not in tenures


def test_should_name_newcomers_and_veterans_of_three_known_tenures(world: World) -> None:
    with world.database.write() as session:
        for name, days in (("Ann", 100), ("Ben", 12 * 366)):
            person = add(session, world, name, "kestrel")
            start = today() - timedelta(days=days)
            people.add_employment(session, person, "Kestrel Health", None, start=start)
    found = circle(world)
    assert (found.newcomers, found.veterans) == ([], [])
    with world.database.write() as session:
        person = add(session, world, "Cas", "kestrel")
        start = today() - timedelta(days=3 * 365)
        people.add_employment(session, person, "Kestrel Health", None, start=start)
    found = circle(world)
    assert (found.newcomers, found.veterans) == (["Ann"], ["Ben"])


def test_should_guess_lines_of_stakeholders(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "kestrel")
        for name, title in (("Ann", "IT director"), ("Ben", "Head of IT"), ("Cas", "CFO")):
            person = add(session, world, name, "kestrel", title)
            person.department = "Finance" if name == "Cas" else "IT"
            session.add(person)
            stakeholders.add_stakeholder(session, deal, person.id, None)
        session.flush()
        rows = stakeholders.stakeholders_of(session, deal.id)
        by_name = {row.name: row.id for row in rows}
        assert guesses(session, rows) == {by_name["Ben"]: by_name["Ann"]}


def test_should_show_the_group_as_a_tree(world: World) -> None:
    with world.database.write() as session:
        top = world.account(session, "kestrel")
        assert group_of(session, top) is None
        branch = add_account(session, "Kestrel North", parent_id=top.id)
        add_account(session, "Kestrel Lab", parent_id=branch.id)
        add_account(session, "Kestrel South", parent_id=top.id)
        tree = group_of(session, branch)
        assert tree is not None
        assert (tree.name, [each.name for each in tree.below]) == (
            "Kestrel Health",
            ["Kestrel North", "Kestrel South"],
        )
        assert [each.name for each in tree.below[0].below] == ["Kestrel Lab"]
        assert [tree.here, tree.below[0].here] == [False, True]


@pytest.fixture
def _voices(world: World) -> None:
    """Kestrel's Ann knows people at a customer, a former customer and a lost prospect."""
    with world.database.write() as session:
        add(session, world, "Ann", "kestrel")
        former = add_account(session, "Former", relationship=Relationship.FORMER_CUSTOMER)
        world.accounts["former"] = former.key
        stranger = add_account(session, "Never", relationship=Relationship.PROSPECT)
        world.accounts["never"] = stranger.key
        for name, account in (
            ("Fan", "havel"),
            ("Withdrawn", "havel"),
            ("Left", "former"),
            ("Lost", "orlik"),
            ("Nobody", "never"),
        ):
            add(session, world, name, account)
            tie(session, world, "Ann", name, evidence=f"With {name}")
        withdrawn = nominate(session, session.get_one(Person, world.people["Withdrawn"]), None)
        for state in (ConsentState.GIVEN, ConsentState.WITHDRAWN):
            record_consent(session, withdrawn, state, None, confirmed=True)


def voices(world: World, viewer: str) -> dict[str, Voice]:
    with world.database.read() as session:
        # Charlie owns the deal with Kestrel.
        found = back_channel(session, world.viewer(viewer), world.deal(session, "kestrel"))
    return {voice.name: voice for voice in found}


@pytest.mark.usefixtures("_voices")
def test_should_name_whom_the_buyer_can_call_and_how_they_feel(world: World) -> None:
    found = voices(world, "charlie")
    assert set(found) == {"Fan", "Withdrawn", "Left", "Lost"}
    assert {name: voice.feeling for name, voice in found.items()} == {
        "Fan": Feeling.GOOD,
        "Withdrawn": Feeling.BAD,
        "Left": Feeling.BAD,
        "Lost": Feeling.BAD,
    }
    assert found["Lost"].status == "lost prospect"
    assert any("No decision" in sign.text for sign in found["Lost"].signs)
    assert found["Withdrawn"].signs[0].text == "Withdrawn consent to references"
    assert (found["Fan"].known_by, found["Fan"].evidence) == ("Ann", "With Fan")
    assert list(found)[-1] == "Fan"


@pytest.mark.usefixtures("_voices")
def test_should_show_the_back_channel_to_the_team_alone(world: World) -> None:
    for name in ("alice", "bob", "dana", "erin", "frank", "grace"):
        assert voices(world, name) == {}, name
    with world.database.read() as session:
        deal = world.deal(session, "kestrel")
        assert channel.may_read(session, world.viewer("charlie"), deal)


@pytest.mark.usefixtures("_voices")
def test_should_say_nothing_of_deals_that_the_team_cannot_see(world: World) -> None:
    """Project Nightingale with Kestrel is hidden from Charlie: nor does its outcome show."""
    with world.database.write() as session:
        add(session, world, "Insider", "kestrel")
        account = session.get_one(Account, world.deal(session, "tidewater").account_id)
        other = add(session, world, "Uwe", "tidewater")
        assert account.id == other.account_id
        tie(session, world, "Uwe", "Insider")
    with world.database.read() as session:
        found = back_channel(session, world.viewer("charlie"), world.deal(session, "tidewater"))
    assert not any("Nightingale" in sign.text for voice in found for sign in voice.signs)
