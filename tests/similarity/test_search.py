"""One box over deals, assets and people."""

import json
from dataclasses import asdict

from sqlmodel import Session

from similarity.index.catalog import Catalog
from similarity.index.sources import Kind
from similarity.search import SearchResults, search
from tests.world import World
from workspace.assets import Asset
from workspace.people import people
from workspace.people.tables import Person
from workspace.people.viewer import PLAIN_VIEW


def found(world: World, catalog: Catalog, text: str, limit: int = 10) -> SearchResults:
    with world.database.read() as session:
        return search(session, PLAIN_VIEW, catalog, text, limit=limit)


def test_should_find_each_kind(world: World, catalog: Catalog) -> None:
    hits = found(world, catalog, "patient records from four hospitals")
    assert hits.deals[0].key == world.deals["brannoc"]
    assert hits.assets[0].key == world.assets["demo"]
    assert hits.assets[0].subtitle == "demo"
    assert hits.assets[0].kind == Kind.ASSET
    best = found(world, catalog, "data warehousing for hospitals").people[0]
    assert (best.name, best.kind) == ("Bob Brandt", Kind.PERSON)
    assert best.subtitle == "Solution architect"


def test_should_find_people_by_name_and_career(world: World, catalog: Catalog) -> None:
    for text in ("Inês Moreira", "INÊS moreira", "chief information officer at St Brannoc"):
        best = found(world, catalog, text).people[0]
        assert (best.id, best.name) == (world.people["ines"], "Inês Moreira")
        assert best.subtitle == "Chief information officer, St Brannoc Hospital"
    by_school = {hit.id for hit in found(world, catalog, "University of Porto").people[:3]}
    assert by_school == {world.people[name] for name in ("ines", "jonas", "bob")}


def test_should_find_deals_by_related_names(world: World, catalog: Catalog) -> None:
    for text, name in (
        ("Tidewater Insurance", "tidewater"),
        ("fixed price for the migration", "havel"),
        ("Banco Ribera", "ribera"),
    ):
        assert found(world, catalog, text).deals[0].key == world.deals[name]


def test_should_give_reasons_from_the_text(world: World, catalog: Catalog) -> None:
    hits = found(world, catalog, "regulatory reporting before six")
    story = hits.assets[0]
    assert story.key == world.assets["story"]
    terms = {term.name: term for term in story.terms}
    assert terms.keys() == {"meaning", "words"}
    assert terms["words"].because.startswith("words in common: ")
    assert story.band in ("strong", "fair")
    assert [piece.text for piece in story.snippet if piece.hit]
    unlike = hits.assets[-1]
    assert {t.name: t.because for t in unlike.terms}["words"] == "none"
    json.dumps(asdict(hits), default=str)


def test_should_find_nothing_for_an_empty_text(world: World, catalog: Catalog) -> None:
    for text in ("", "   ", "\n\t"):
        assert found(world, catalog, text) == SearchResults([], [], [])


def test_should_treat_signs_as_text(world: World, catalog: Catalog) -> None:
    for text in ("%", "*", '"', "' OR ''='", "NOT (a OR", "\u202e", "?" * 9000):
        hits = found(world, catalog, text)
        for hit in (*hits.assets, *hits.people):
            assert hit.band == "weak"


def test_should_limit_each_kind(world: World, catalog: Catalog) -> None:
    hits = found(world, catalog, "data warehouse", limit=2)
    assert (len(hits.deals), len(hits.assets), len(hits.people)) == (2, 2, 2)


def test_should_find_a_changed_text_as_it_is_now(world: World, catalog: Catalog) -> None:
    with world.database.write() as session:
        person = session.get_one(Person, world.people["jonas"])
        people.edit_person(session, person, None, {"title": "Zebra keeper"})
    best = found(world, catalog, "zebra").people[0]
    assert best.subtitle == "Zebra keeper, Havel Clinics"


def test_should_not_find_what_was_deleted(world: World, catalog: Catalog) -> None:
    """Also where a reader's view is older or newer than the caches."""

    def remove(session: Session) -> None:
        session.delete(world.asset(session, "withdrawn_paper"))

    with world.database.read() as older:
        before = search(older, PLAIN_VIEW, catalog, "figures that we took back")
        assert before.assets[0].key == world.assets["withdrawn_paper"]
        with world.database.write() as session:
            remove(session)
        after = found(world, catalog, "figures that we took back")
        assert world.assets["withdrawn_paper"] not in {hit.key for hit in after.assets}
        # The older view may lack it, and must not fail for it.
        search(older, PLAIN_VIEW, catalog, "figures that we took back")
        assert older.get(Asset, before.assets[0].id) is not None
