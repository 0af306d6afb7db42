"""A confidential deal leaves no trace: not in a list, not in a count, not in a score."""

import json
from dataclasses import asdict
from decimal import Decimal

import pytest
from sqlmodel import select

from similarity.experts import experts_of_deal
from similarity.index.catalog import Catalog
from similarity.playbook import playbook_of_deal
from similarity.search import search
from tests.backends import EVERY
from tests.similarity.asking import LONG, TEXTS, everything, kin_of_deal, kin_of_text
from tests.similarity.index.test_snapshots import NOWHERE
from tests.world import FakeEmbedder, World, ago, stage
from workspace.assets import assets
from workspace.deals import lifecycle, products, team
from workspace.deals.tables import Deal
from workspace.people.viewer import PLAIN_VIEW, Viewer

BACKENDS = EVERY

OUTSIDERS = ("charlie", "dana", "erin", "frank", "grace", "nobody")


def viewer(world: World, name: str) -> Viewer:
    return PLAIN_VIEW if name == "nobody" else world.viewer(name)


def log_secrets(world: World) -> None:
    """Three more confidential deals of Alice's, with all that could show: uses, seats, words."""
    with world.database.write() as session:
        alice, bob = world.people["alice"], world.people["bob"]
        atlas = products.find_or_add_product(session, "Atlas Warehouse")
        datamoor = products.find_or_add_competitor(session, "Datamoor")
        for number, stage_name in enumerate(("Closed Won", "Closed Lost", "Qualification")):
            secret = lifecycle.log(
                session,
                f"Project Heron {number}",
                world.account(session, "kestrel"),
                alice,
                stage=stage(session, stage_name),
                products=[atlas],
                competitors=[datamoor],
                amount=Decimal(900_000),
                opened=ago(90),
                use_case="Patient records in one warehouse, dashboards for managers, egret",
                notes="The board knows of the merger. Discretion. " + "heron osprey tern " * 40,
                confidential=True,
            )
            for role, person in (("sales engineer", bob), ("consultant", None)):
                team.add_seat(session, secret, role, person, alice)
            for asset in ("demo", "story", "battlecard"):
                assets.use(session, world.asset(session, asset), secret, alice, helped=True)


def edit_secrets(world: World) -> None:
    with world.database.write() as session:
        secrets = select(Deal).where(Deal.name.startswith("Project"))  # type: ignore[attr-defined]
        for secret in session.exec(secrets):
            lifecycle.edit(
                session,
                secret,
                world.people["alice"],
                {"notes": f"Regulatory reporting, filler{secret.id} filler7 warehouse records."},
            )


def test_should_answer_outsiders_the_same_whatever_is_confidential(
    world: World, catalog: Catalog
) -> None:
    def got(asked: Catalog) -> dict[str, object]:
        texts = (TEXTS[2], LONG)
        keys = [world.deals["kestrel"]]
        return everything(world.database, world.viewer("charlie"), asked, keys, texts)

    before = got(catalog)
    assert before["kin of " + world.deals["kestrel"]]
    for change in (log_secrets, edit_secrets):
        change(world)
        assert got(catalog) == before
    # And so it is in a process that reads everything anew.
    fresh = Catalog(world.database, FakeEmbedder(), NOWHERE, in_database=catalog.in_database)
    assert got(fresh) == before


def test_should_answer_all_outsiders_the_same(world: World, catalog: Catalog) -> None:
    log_secrets(world)
    keys = [world.deals["kestrel"]]
    answers = [
        everything(world.database, viewer(world, name), catalog, keys, TEXTS[2:3])
        for name in ("charlie", "dana", "grace", "nobody")
    ]
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("name", OUTSIDERS)
def test_should_never_mention_a_confidential_deal_to_an_outsider(
    world: World, catalog: Catalog, name: str
) -> None:
    who = viewer(world, name)
    with world.database.read() as session:
        deal = world.deal(session, "kestrel")
        shown = [
            [asdict(each) for each in kin_of_deal(session, who, catalog, deal, limit=50)],
            asdict(playbook_of_deal(session, who, catalog, deal, limit=50)),
            [asdict(each) for each in experts_of_deal(session, who, catalog, deal, limit=50)],
            asdict(search(session, who, catalog, "Nightingale merger board", limit=50)),
        ]
    text = json.dumps(shown, default=str)
    for trace in ("Nightingale", "merger", world.confidential_deal, "990000", "the board"):
        assert trace not in text


def keys_of(world: World, who: Viewer, catalog: Catalog) -> set[str]:
    with world.database.read() as session:
        kin = kin_of_deal(session, who, catalog, world.deal(session, "kestrel"), limit=50)
        return {each.key for each in kin}


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_should_show_a_confidential_deal_to_its_owner_and_team(
    world: World, catalog: Catalog, name: str
) -> None:
    who = world.viewer(name)
    with world.database.read() as session:
        deal = world.deal(session, "kestrel")
        kin = {each.name: each for each in kin_of_deal(session, who, catalog, deal)}
        assert "Project Nightingale" in kin
        # And it counts: the demo has one more deal that it won.
        demo = next(
            play
            for play in playbook_of_deal(session, who, catalog, deal).plays
            if play.key == world.assets["demo"]
        )
        assert (demo.won_with, demo.closed_with) == (3, 3)
        assert "Project Nightingale" in {use.deal_name for use in demo.evidence}
        bob = next(
            expert
            for expert in experts_of_deal(session, who, catalog, deal)
            if expert.person_id == world.people["bob"]
        )
        assert world.confidential_deal in {evidence.deal_key for evidence in bob.evidence}
        hits = search(session, who, catalog, "merger that is not public").deals
        assert hits[0].name == "Project Nightingale"
        # Also by a word that no other deal has, in a text longer than what is asked for.
        words = f"{LONG} nightingale"
        found = kin_of_text(session, who, catalog, words, limit=50)
        terms = {each.name: each.terms for each in found}["Project Nightingale"]
        because = next(term.because for term in terms if term.name == "words")
        assert "nightingale" in because


def test_should_show_a_confidential_deal_to_members_while_they_are_invited(
    world: World, catalog: Catalog
) -> None:
    charlie = world.viewer("charlie")
    assert world.confidential_deal not in keys_of(world, charlie, catalog)
    with world.database.write() as session:
        secret = world.deal(session, "nightingale")
        lifecycle.invite(session, secret, world.people["charlie"], world.people["alice"])
    assert world.confidential_deal in keys_of(world, charlie, catalog)
    with world.database.write() as session:
        secret = world.deal(session, "nightingale")
        lifecycle.uninvite(session, secret, world.people["charlie"], world.people["alice"])
    assert world.confidential_deal not in keys_of(world, charlie, catalog)


def test_should_reveal_nothing_new_to_a_session_that_began_earlier(
    world: World, catalog: Catalog
) -> None:
    """The caches are at least as new as a reader's view, and here they are newer."""
    charlie, alice = world.viewer("charlie"), world.viewer("alice")
    text = "heron osprey tern patient records warehouse"

    with world.database.read() as session:
        before = kin_of_text(session, charlie, catalog, text, limit=50)
        log_secrets(world)
        with world.database.read() as newer:
            found = kin_of_text(newer, alice, catalog, text, limit=50)
            assert "Project Heron 0" in {each.name for each in found}
        assert kin_of_text(session, charlie, catalog, text, limit=50) == before


def test_should_hide_what_became_confidential_from_a_session_that_began_earlier(
    world: World, catalog: Catalog
) -> None:
    charlie, alice = world.viewer("charlie"), world.viewer("alice")

    with world.database.read() as session:
        before = kin_of_text(session, charlie, catalog, "heron osprey tern", limit=50)
        with world.database.write() as writing:
            changes = {"confidential": True, "notes": "heron osprey tern " * 9}
            lifecycle.edit(writing, world.deal(writing, "brannoc"), None, changes)
        with world.database.read() as newer:
            found = kin_of_text(newer, alice, catalog, "heron osprey tern")
            assert found[0].key == world.deals["brannoc"]
        after = kin_of_text(session, charlie, catalog, "heron osprey tern", limit=50)
        words = [term.value for kin in after for term in kin.terms if term.name == "words"]
        assert not any(words)
        assert len(after) <= len(before)
