"""One box over the record: exact names first, then words, and nothing for nonsense."""

import json
from dataclasses import asdict

import pytest
from sqlmodel import Session, col, select

from similarity import calibration
from similarity.index.catalog import Catalog
from similarity.names import recorder
from similarity.search import Hit, HitKind, SearchResults, search, typeahead
from tests.backends import EVERY
from tests.world import FakeEmbedder, World
from workspace.accounts.accounts import Account, add_account
from workspace.assets.assets import Asset
from workspace.deals.tables import Deal
from workspace.people import people
from workspace.people.tables import Member, Person
from workspace.people.viewer import PLAIN_VIEW

BACKENDS = EVERY

NONSENSE = (
    "qqqqzzzz", "zzqx", "wzxy grbl", "asdf jkl", "blorf snee", "hjkl uiop", "mnbvcxz", "flurb",
    "żżż ććć", "gwizdrum trzasklit", "ąąę łłó", "prlwx zzdgh", "szczrk brzdl",
    "ытвщшр", "прлдж оршг", "ъъъ ыыы", "фывапр", "цццц щщщщ",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _names_are_kept(world: World) -> None:
    recorder.attach(world.database)


def found(world: World, catalog: Catalog, text: str, **given: object) -> SearchResults:
    with world.database.read() as session:
        return search(session, PLAIN_VIEW, catalog, text, **given)


def typed(world: World, text: str, viewer: str = "frank") -> list[Hit]:
    with world.database.read() as session:
        return typeahead(session, world.viewer(viewer), text)


def test_should_put_everybody_first_for_their_name(world: World, catalog: Catalog) -> None:
    with world.database.read() as session:
        members = set(session.exec(select(Member.person_id)))
        everybody = session.exec(select(Person.id, Person.name, Person.email)).all()
        named = [
            *((HitKind.ACCOUNT, row_id, name) for row_id, name in _names(session, Account)),
            *((HitKind.DEAL, row_id, name) for row_id, name in _names(session, Deal)),
        ]
    for row_id, name, email in everybody:
        kind = HitKind.MEMBER if row_id in members else HitKind.CONTACT
        named += [(kind, row_id, text) for text in (name, email) if text]
    with world.database.read() as session:
        secret = session.exec(select(Deal.id).where(col(Deal.confidential).is_(True))).one()
    for kind, row_id, name in named:
        if (kind, row_id) == (HitKind.DEAL, secret):
            continue
        first = found(world, catalog, name).best
        assert first is not None, name
        assert (first.kind, first.id) == (kind, row_id), name


def _names(session: Session, table: type[Account] | type[Deal]) -> list[tuple[int, str]]:
    return list(session.exec(select(table.id, table.name)).all())


def test_should_find_each_kind_by_words(world: World, catalog: Catalog) -> None:
    hits = found(world, catalog, "patient records from four hospitals")
    assert hits.best is None
    assert hits.deals[0].key == world.deals["brannoc"]
    assert hits.assets[0].key == world.assets["demo"]
    assert (hits.assets[0].subtitle, hits.assets[0].kind) == ("demo", HitKind.ASSET)
    best = found(world, catalog, "data warehousing for hospitals").members[0]
    assert (best.name, best.subtitle) == ("Bob Brandt", "Solution architect")


def test_should_find_people_by_who_they_are_and_where_they_were(
    world: World, catalog: Catalog
) -> None:
    for text in ("Inês Moreira", "moreira INES", "chief information officer at St Brannoc"):
        best = found(world, catalog, text).contacts[0]
        assert (best.id, best.name) == (world.people["ines"], "Inês Moreira")
        assert best.subtitle == "Chief information officer, St Brannoc Hospital"
    hits = found(world, catalog, "University of Porto")
    by_school = {hit.id for hit in (*hits.members, *hits.contacts)}
    assert by_school >= {world.people[name] for name in ("ines", "jonas", "bob")}


def test_should_find_deals_by_the_names_around_them(world: World, catalog: Catalog) -> None:
    for text, name in (
        ("Tidewater Insurance", "tidewater"),
        ("fixed price for the migration", "havel"),
        ("Banco Ribera", "ribera"),
    ):
        assert world.deals[name] in {hit.key for hit in found(world, catalog, text).deals[:2]}


@pytest.mark.parametrize("text", NONSENSE)
def test_should_find_nothing_for_nonsense(world: World, catalog: Catalog, text: str) -> None:
    results = found(world, catalog, text)
    assert (results.best, results.count) == (None, 0)


def test_should_set_apart_what_is_near_by_meaning_alone(
    world: World, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "zzqx"
    monkeypatch.delitem(calibration.NEARNESS_FLOORS, FakeEmbedder.model_id)
    assert found(world, catalog, text).near == []
    monkeypatch.setattr(FakeEmbedder, "model_id", "all-MiniLM-L6-v2@test")
    monkeypatch.setitem(calibration.NEARNESS_FLOORS, "all-MiniLM-L6-v2", -1.0)
    results = found(world, catalog, text)
    assert results.count == 0
    assert "Project Nightingale" not in {hit.name for hit in results.near}
    monkeypatch.setitem(calibration.NEARNESS_FLOORS, "all-MiniLM-L6-v2", 1.1)
    assert found(world, catalog, text).near == []


def test_should_mark_the_words_in_the_passage(world: World, catalog: Catalog) -> None:
    story = found(world, catalog, "regulatory reporting before six").assets[0]
    assert story.key == world.assets["story"]
    assert [span.text for span in story.snippet if span.hit]
    json.dumps(asdict(story), default=str)


def test_should_meet_a_name_in_a_text_of_another_language(world: World, catalog: Catalog) -> None:
    with world.database.write() as session:
        deal = world.deal(session, "havel")
        deal.notes = "The buyer is called Kowalczykowa and she wants a pilot before the summer."
        session.add(deal)
    for text in ("Kowalczykowa", "rozmowa z Kowalczykowa o pilotażu"):
        assert found(world, catalog, text).deals[0].key == world.deals["havel"]


@pytest.mark.parametrize("marks", ['""', "„”", "«»", "“”"])
def test_should_take_quotation_marks_for_the_phrase(
    world: World, catalog: Catalog, marks: str
) -> None:
    def keys(text: str) -> list[str]:
        return [hit.key for hit in found(world, catalog, text).deals]

    assert world.deals["kestrel"] in keys("records patient warehouse")
    assert keys(f"{marks[0]}records patient{marks[1]} warehouse") == []
    phrase = keys(f"{marks[0]}Patient records{marks[1]} warehouse")
    assert world.deals["kestrel"] in phrase
    assert world.deals["lumen"] not in phrase
    # A name that has the words in another order has no such phrase.
    assert found(world, catalog, '"Hospital St Brannoc"').accounts == []
    assert found(world, catalog, '"St Brannoc Hospital"').accounts != []


def test_should_find_nothing_for_no_text(world: World, catalog: Catalog) -> None:
    for text in ("", "   ", "\n\t"):
        assert found(world, catalog, text) == SearchResults()


def test_should_take_signs_as_signs(world: World, catalog: Catalog) -> None:
    for text in ("%", "*", '"', "\u202e", "?" * 9000, "' == ''='"):
        assert found(world, catalog, text).count == 0


def test_should_limit_each_kind(world: World, catalog: Catalog) -> None:
    hits = found(world, catalog, "data warehouse", limit=1)
    assert all(len(group) <= 1 for group in hits.groups())
    assert hits.count >= 2


def test_should_find_what_is_changed_as_it_is_now(world: World, catalog: Catalog) -> None:
    with world.database.write() as session:
        person = session.get_one(Person, world.people["jonas"])
        people.edit_person(session, person, None, {"title": "Zebra keeper"})
    best = found(world, catalog, "zebra").contacts[0]
    assert best.subtitle == "Zebra keeper, Havel Clinics"


def test_should_find_expired_and_withdrawn_assets_only_on_request(
    world: World, catalog: Catalog
) -> None:
    text = "figures that we took back"
    key = world.assets["withdrawn_paper"]
    assert key not in {hit.key for hit in found(world, catalog, text).assets}
    hit = found(world, catalog, text, unusable_assets=True).assets[0]
    assert (hit.key, hit.state) == (key, "withdrawn")


def test_should_not_find_what_is_gone_from_the_record(world: World, catalog: Catalog) -> None:
    """Also where a reader's view is older or newer than the caches."""
    text = "figures that we took back"
    with world.database.read() as older:
        before = search(older, PLAIN_VIEW, catalog, text, unusable_assets=True)
        assert before.assets[0].key == world.assets["withdrawn_paper"]
        with world.database.write() as session:
            session.delete(world.asset(session, "withdrawn_paper"))
        after = found(world, catalog, text, unusable_assets=True)
        assert world.assets["withdrawn_paper"] not in {hit.key for hit in after.assets}
        # The older view may lack it, and must not fail for it.
        search(older, PLAIN_VIEW, catalog, text, unusable_assets=True)
        assert older.get(Asset, before.assets[0].id) is not None


def test_should_offer_names_while_they_are_typed(world: World) -> None:
    assert typed(world, "ali")[0].id == world.people["alice"]
    assert typed(world, world.deals["havel"][:5].lower())
    assert typed(world, "branoc")[0].name == "St Brannoc Hospital"
    assert typed(world, "zzqx") == []


def test_should_take_no_word_for_misspelt_that_a_name_has(world: World, catalog: Catalog) -> None:
    with world.database.write() as session:
        add_account(session, "Halls of Residence")
        people.add_contact(session, "Jan Hałas", None)
    results = found(world, catalog, "halas")
    assert [hit.name for hit in results.contacts] == ["Jan Hałas"]
    assert results.accounts == []
    assert [hit.name for hit in typed(world, "halas")] == ["Jan Hałas"]
    assert [hit.name for hit in found(world, catalog, "halsl").accounts] == ["Halls of Residence"]


def test_should_offer_no_confidential_deal_to_outsiders(world: World) -> None:
    for text in ("nigh", "project nightingale", world.confidential_deal):
        assert "Project Nightingale" not in {hit.name for hit in typed(world, text)}
        assert typed(world, text, "bob")[0].name == "Project Nightingale"
