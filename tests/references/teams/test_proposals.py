"""Proposals: only members who may take a role, and one proposal wherever it is shown."""

from collections.abc import Mapping

import numpy as np
import pytest
from sqlmodel import select

from references.network.common_ground import ground_of_pairs
from references.network.ties import assert_tie
from references.teams.expertise import RememberedExpertise
from references.teams.proposals import Staffing, staffing
from similarity.experts import VOTING_KIN, Proof, proofs_of_deals
from similarity.feedback import REASONS, Verdict, judge
from similarity.index.catalog import Catalog
from similarity.inquiry import ask_of_deal, ask_of_deals, rank, rank_each
from tests.world import World
from workspace.deals import availability, leaving, lifecycle, stages, team
from workspace.deals.access import visible_deals
from workspace.deals.eligibility import eligible_members, set_eligibility
from workspace.deals.seat_roles import DEFAULT_SEAT_ROLES
from workspace.deals.tables import Deal
from workspace.people import members
from workspace.people.tables import Employment, Member, Person, Role

TITLES = (
    ("Account executive", Role.REP),
    ("Sales content writer", Role.MARKETER),
    ("Systems administrator", Role.ADMIN),
    ("Solution architect", Role.EXPERT),
    ("Training manager", Role.EXPERT),
    ("Internal auditor", Role.EXPERT),
    ("VP sales", Role.MANAGER),
    ("Office manager", Role.MARKETER),
)


def solve(world: World, catalog: Catalog, who: str = "dana", **options: object) -> Staffing:
    with world.database.read() as session:
        return staffing(session, world.viewer(who), catalog, **options)  # type: ignore[arg-type]


def seat(world: World, deal: str, role: str) -> int:
    with world.database.write() as session:
        made = team.add_seat(session, world.deal(session, deal), role, None, None)
        session.flush()
        return made.id


def proposed(found: Staffing) -> dict[int, int | None]:
    return {
        each.opening.id: each.best.person_id if each.best else None
        for proposals in found.proposals.values()
        for each in proposals
    }


def make_up(world: World, seed: int) -> None:
    """Add colleagues of all kinds, and deals with open and filled seats; some of them won."""
    random = np.random.default_rng(seed)
    texts = ("Patient records of hospitals", "Regulatory reporting", "Dashboards for shops")
    with world.database.write() as session:
        people = []
        for number in range(16):
            title, role = TITLES[int(random.integers(len(TITLES)))]
            skills = "data warehousing; hospitals" if random.random() < 0.3 else ""
            person = members.add_member(
                session, f"Colleague {number}", None, {role}, title=title, skills=skills
            )
            person.city, person.languages = (
                ("Poznań", "")[number % 2],
                ("en;pl", "", "de")[number % 3],
            )
            job = Employment(person_id=person.id, organisation=("Larkfield", "Osmunda")[number % 2])
            session.add(job)
            people.append(person.id)
        won = next(row for row in stages.stages(session) if row.outcome == "won")
        for number in range(12):
            owner = int(random.choice(people))
            deal = lifecycle.log(
                session, texts[number % 3], None, owner, use_case=texts[number % 3]
            )
            for role in random.choice(DEFAULT_SEAT_ROLES, 2, replace=False).tolist():
                if number % 2 or random.random() < 0.5:
                    team.add_seat(session, deal, role, None, None)
                else:
                    team.add_seat(session, deal, role, int(random.choice(people)), None)
            if random.random() < 0.3:
                lifecycle.advance(session, deal, won, None)


def shown(proofs: Mapping[int, Proof]) -> list[object]:
    return [
        (person, proof.value, proof.skill, proof.terms, [vote.evidence() for vote in proof.votes])
        for person, proof in proofs.items()
    ]


@pytest.mark.parametrize("seed", range(5))
def test_should_propose_nobody_for_a_role_that_they_may_not_take(
    world: World, catalog: Catalog, seed: int
) -> None:
    make_up(world, seed)
    with world.database.read() as session:
        eligible = eligible_members(session)
    found = solve(world, catalog)
    assert found.gap == pytest.approx(0, abs=1e-6)
    assert any(who for who in proposed(found).values())
    owners = {deal.id: deal.owner_id for deal, _ in found.deals}
    for proposals in found.proposals.values():
        for each in proposals:
            able = eligible[each.opening.role].keys()
            for fit in (each.best, *each.others):
                assert fit is None or fit.person_id in able
                assert fit is None or fit.person_id != owners[each.opening.deal_id]
                if fit:
                    assert "none" not in " ".join(term.because for term in fit.terms[:1])
            assert bool(each.nobody) == (each.best is None)


def test_should_rank_many_deals_as_each_on_its_own(world: World, catalog: Catalog) -> None:
    make_up(world, 7)
    with world.database.write() as session:
        wards, kestrel = world.deal(session, "wards"), world.deal(session, "kestrel")
        judge(session, wards.id, kestrel.id, Verdict.UNLIKE, REASONS[0], world.people["dana"])
    for name in ("dana", "charlie"):
        with world.database.read() as session:
            deals = session.exec(
                select(Deal).where(visible_deals(world.viewer(name))).order_by(Deal.id)
            ).all()
            together = ask_of_deals(session, world.viewer(name), catalog, deals)
            ranked = rank_each(session, catalog, together, VOTING_KIN)
            proofs = proofs_of_deals(session, world.viewer(name), catalog, deals)
            assert any(kin for kin in ranked)
            for deal, kin in zip(deals, ranked, strict=True):
                alone = ask_of_deal(session, world.viewer(name), catalog, deal)
                assert kin == rank(session, catalog, alone, VOTING_KIN)
                (own,) = proofs_of_deals(session, world.viewer(name), catalog, [deal]).values()
                assert shown(proofs[deal.id]) == shown(own)


def test_should_compare_many_pairs_as_each_on_its_own(world: World, catalog: Catalog) -> None:
    make_up(world, 8)
    viewer = world.viewer("alice")
    with world.database.write() as session:
        # They know each other, and others have the same origins as each.
        first, *_, last = session.exec(select(Member.person_id).order_by(Member.person_id)).all()
        assert_tie(session, first, last, "knows", asserted_by_id=None)
    with world.database.read() as session:
        people = session.exec(select(Person.id).order_by(Person.id)).all()
        pairs = [(one, other) for one in people for other in people]
        ground = ground_of_pairs(session, viewer, pairs)
        kinds = {shared.kind for found in ground.values() for shared in found}
        assert {"tie", "employer", "city", "language"} <= kinds
        for pair in pairs[:: len(people) // 3]:
            alone = ground_of_pairs(session, viewer, [pair])
            assert alone.get(pair) == ground.get(pair)


def test_should_propose_the_same_everywhere_and_every_time(world: World, catalog: Catalog) -> None:
    for deal, role in (
        ("kestrel", "product expert"),
        ("meridian", "product expert"),
        ("tidewater", "executive sponsor"),
        ("wards", "account executive"),
    ):
        seat(world, deal, role)
    once = solve(world, catalog)
    assert solve(world, catalog) == once
    with world.database.read() as session:
        for name in ("kestrel", "meridian", "tidewater", "wards"):
            deal = world.deal(session, name)
            alone = staffing(session, world.viewer("dana"), catalog, only=deal)
            assert alone.proposals[deal.id] == once.proposals[deal.id]


def test_should_propose_for_one_deal_by_what_is_remembered_of_the_others(
    world: World, catalog: Catalog
) -> None:
    seat(world, "kestrel", "product expert")
    one = seat(world, "meridian", "product expert")
    remembered = RememberedExpertise()
    everywhere = solve(world, catalog, remembered=remembered)
    with world.database.read() as session:
        kestrel, meridian = (world.deal(session, name) for name in ("kestrel", "meridian"))
        viewer = world.viewer("dana")
        alone = staffing(session, viewer, catalog, only=meridian, remembered=remembered)
        assert alone.proposals == {meridian.id: everywhere.proposals[meridian.id]}
        # By now nobody has shown anything for the other deal, so that nobody is taken by it.
        remembered.keep(session, viewer, catalog, {kestrel.id: {}})
        free = staffing(session, viewer, catalog, only=meridian, remembered=remembered)
    assert proposed(free).keys() == {one}


def test_should_staff_a_deal_that_closes_after_all_others(
    world: World, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("references.teams.proposals.MOST_DEALS", 1)
    seats = {name: seat(world, name, "executive sponsor") for name in ("kestrel", "meridian")}
    with world.database.read() as session:
        both = [world.deal(session, name) for name in seats]
        first = staffing(session, world.viewer("dana"), catalog)
        (left,) = [deal for deal in both if deal.id not in first.proposals]
        assert (
            len(staffing(session, world.viewer("dana"), catalog, only=left).proposals[left.id]) == 1
        )


def test_should_say_why_nobody_is_suitable(world: World, catalog: Catalog) -> None:
    def why() -> str:
        (only,) = (
            each
            for proposals in solve(world, catalog).proposals.values()
            for each in proposals
            if each.opening.id == one
        )
        return only.nobody

    one = seat(world, "kestrel", "auditor")
    assert why() == "no member has the role auditor yet"
    with world.database.write() as session:
        set_eligibility(session, world.people["charlie"], ["auditor"], None)
    assert why() == "every auditor is on the team already"
    with world.database.write() as session:
        set_eligibility(session, world.people["erin"], ["auditor"], None)
    assert why() == ""
    with world.database.write() as session:
        erin = world.people["erin"]
        availability.set_availability(
            session, erin, erin, seat_limit=0, away_from=None, away_until=None
        )
    assert why() == "the only suitable auditor has no room for another deal"
    one = seat(world, "kestrel", "consultant")
    with world.database.write() as session:
        set_eligibility(session, world.people["grace"], ["consultant"], None)
    assert why() == "of one member for consultant, nobody has evidence on similar deals"


def test_should_ignore_a_lock_that_cannot_be(world: World, catalog: Catalog) -> None:
    one, other = seat(world, "kestrel", "auditor"), seat(world, "kestrel", "trainer")
    erin, grace = world.people["erin"], world.people["grace"]
    with world.database.write() as session:
        for person in (erin, grace):
            set_eligibility(session, person, ["auditor", "trainer"], None)
    for first, second in ((erin, grace), (grace, erin)):
        found = proposed(solve(world, catalog, locked={one: first, other: second}))
        assert (found[one], found[other]) == (first, second)
    twice = proposed(solve(world, catalog, locked={one: grace, other: grace}))
    assert sorted((twice[one] or 0, twice[other] or 0)) == sorted((erin, grace))
    nobody = proposed(solve(world, catalog, locked={one: world.people["frank"]}))
    assert nobody[one] in (erin, grace)


def test_should_propose_no_member_who_has_left(world: World, catalog: Catalog) -> None:
    make_up(world, 1)
    before = {who for who in proposed(solve(world, catalog)).values() if who is not None}
    assert before
    with world.database.write() as session:
        for person_id in before:
            leaving.deactivate(session, person_id, by=None)
    after = solve(world, catalog)
    for proposals in after.proposals.values():
        for each in proposals:
            assert not before & {fit.person_id for fit in (each.best, *each.others) if fit}


def test_should_count_only_seats_that_the_viewer_may_see(world: World, catalog: Catalog) -> None:
    one = seat(world, "kestrel", "trainer")
    erin = world.people["erin"]
    with world.database.write() as session:
        set_eligibility(session, erin, ["trainer"], None)
        availability.set_availability(
            session, erin, erin, seat_limit=1, away_from=None, away_until=None
        )
        alice = world.people["alice"]
        secret = lifecycle.log(session, "Secret", None, alice, confidential=True)
        team.add_seat(session, secret, "trainer", erin, alice)
    assert proposed(solve(world, catalog, "charlie"))[one] == erin
    assert proposed(solve(world, catalog, "alice"))[one] is None


def test_should_fill_each_seat_while_anybody_is_left_for_it(
    world: World, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("references.teams.assignment.CANDIDATES", 2)
    monkeypatch.setattr("references.teams.proposals._RANKED", 4)
    count = 10
    with world.database.write() as session:
        for number in range(count):
            auditor = members.add_member(
                session, f"Auditor {number:02}", None, {Role.EXPERT}, title="Internal auditor"
            )
            availability.set_availability(
                session, auditor.id, auditor.id, seat_limit=1, away_from=None, away_until=None
            )
            deal = lifecycle.log(
                session, f"Depot {number}", world.account(session, "lumen"), world.people["alice"]
            )
            team.add_seat(session, deal, "auditor", None, None)
        unlucky = lifecycle.log(
            session, "One more depot", world.account(session, "lumen"), world.people["alice"]
        )
        team.add_seat(session, unlucky, "auditor", None, None)
    auditors = [
        each
        for proposals in solve(world, catalog).proposals.values()
        for each in proposals
        if each.opening.role == "auditor"
    ]
    proposed_once = {each.best.person_id for each in auditors if each.best}
    assert len(proposed_once) == count
    assert [each.nobody for each in auditors if not each.best] == [
        "every auditor is suggested for another seat"
    ]
