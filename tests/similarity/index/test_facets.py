"""Facets in memory agree with what `ranking.compare` says of the same facets."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from similarity import scoring
from similarity.index.catalog import Catalog
from similarity.index.facets import FacetIndex, Facts, facets, resolve
from similarity.index.sources import Kind
from similarity.scoring import Facets
from tests.world import World, ago, stage
from workspace.accounts.accounts import Account, edit_account
from workspace.accounts.size_bands import SIZE_BAND_NAMES
from workspace.deals import lifecycle, stages
from workspace.deals.filters import CLOSED, DealFilter
from workspace.deals.tables import Competitor, Deal, Outcome, Product
from workspace.people.tables import Person

TODAY = date(2026, 3, 1)
NAMES = st.frozensets(st.sampled_from(["Atlas", "Beacon", "Relay", "Źródło"]), max_size=3)
FACETS = st.builds(
    Facets,
    industry=st.sampled_from([None, "K", "K64", "K65", "Q86"]),
    headcount=st.sampled_from([None, 0, 7, 70, 5_000]),
    products=NAMES,
    competitors=NAMES,
    country=st.sampled_from([None, "PL", "DE"]),
    region=st.sampled_from([None, "Eastern Europe", "Western Europe"]),
    closed=st.none() | st.dates(TODAY - timedelta(days=2000), TODAY + timedelta(days=9)),
)
HELD = st.dictionaries(st.integers(1, 40), FACETS, max_size=12)


def filled(first: dict[int, Facets], then: dict[int, Facets], gone: set[int]) -> FacetIndex:
    index = FacetIndex()
    for some in (first, then):
        index.put({each: Facts(of, "open", None, None) for each, of in some.items()})
    index.remove(np.array(sorted(gone), np.int64))
    return index


@given(ours=FACETS, first=HELD, then=HELD, reload=st.booleans())
def test_should_compute_the_same_values_as_the_scoring(
    ours: Facets,
    first: dict[int, Facets],
    then: dict[int, Facets],
    reload: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    index, held = filled(first, then, set()), first | then
    if reload:
        path = tmp_path_factory.getbasetemp() / "facets"
        index.save(path)
        index = FacetIndex.load(path)
    ids = sorted(held)
    found = index.values(ours, np.array(ids, np.int64), TODAY)
    for row, each in enumerate(ids):
        expected = scoring.compare(ours, held[each], TODAY)
        assert expected.keys() == found.keys()
        for name, value in expected.items():
            assert found[name][row] == pytest.approx(value.value, abs=1e-12)


@given(
    ours=FACETS,
    first=HELD,
    then=HELD,
    gone=st.sets(st.integers(1, 2000), max_size=3),
    searched=st.sets(st.integers(0, 40)),
    count=st.integers(1, 6),
)
def test_should_find_the_newest_of_those_that_share_the_most(
    ours: Facets,
    first: dict[int, Facets],
    then: dict[int, Facets],
    gone: set[int],
    searched: set[int],
    count: int,
) -> None:
    held = {each: of for each, of in (first | then).items() if each in searched - gone}

    def shared(theirs: Facets) -> int:
        return (
            bool(ours.products & theirs.products)
            + bool(ours.competitors & theirs.competitors)
            + (bool(ours.industry) and ours.industry == theirs.industry)
        )

    def place(each: int) -> tuple[int, int, int]:
        closed = held[each].closed
        return -shared(held[each]), -(closed.toordinal() if closed else 0), each

    expected = sorted((each for each in held if shared(held[each])), key=place)[:count]
    mask = np.zeros(41, bool)
    mask[sorted(searched)] = True
    found = filled(first, then, gone).alike(ours, mask, count)
    assert found.tolist() == expected


def held_of(world: World, catalog: Catalog) -> dict[int, list[float]]:
    """How the caches compare each deal with one that shares something with most of them."""
    ours = Facets("Q86", 900, frozenset({"Atlas Warehouse"}), frozenset({"Datamoor"}), "GB")
    with world.database.read() as session:
        ids = np.array(session.exec(select(Deal.id).order_by(Deal.id)).all(), np.int64)  # type: ignore[arg-type]
        with catalog.searching(session, Kind.DEAL) as collection:
            values = collection.facets.values(ours, ids, TODAY)
        known = facets(session, ids.tolist())
    for row, each in enumerate(ids.tolist()):
        for name, value in scoring.compare(ours, known[each], TODAY).items():
            assert values[name][row] == pytest.approx(value.value), (each, name)
    return {each: [values[name][row] for name in values] for row, each in enumerate(ids.tolist())}


def test_should_follow_a_change_of_facets_alone(world: World, catalog: Catalog) -> None:
    """A headcount, a country and a day of closing are in no document."""
    before = held_of(world, catalog)
    with world.database.write() as session:
        account = world.account(session, "brannoc")
        edit_account(session, account, None, {"headcount": 90, "country": "PL"})
    moved = held_of(world, catalog)
    with world.database.read() as session:
        at_brannoc = {world.deal(session, name).id for name in ("brannoc", "wards")}
    assert {each for each in before if before[each] != moved[each]} == at_brannoc
    with world.database.write() as session:
        deal = world.deal(session, "unclaimed")
        lifecycle.advance(session, deal, stage(session, "Closed Won"), None, closed=ago(0))
        deal_id = deal.id
    closed = held_of(world, catalog)
    assert {each for each in moved if moved[each] != closed[each]} == {deal_id}


def test_should_filter_in_memory_as_in_the_database(world: World, catalog: Catalog) -> None:
    with world.database.write() as session:
        edit_account(session, world.account(session, "havel"), None, {"headcount": 0})
    with world.database.read() as session:
        closed, opened = session.exec(select(Deal.closed)).all(), session.exec(select(Deal.opened))
        days = sorted({day for day in (*closed, *opened) if day})
        keys = {
            "product": session.exec(select(Product.key)).all(),
            "competitor": session.exec(select(Competitor.key)).all(),
            "owner": session.exec(select(Person.key)).all(),
            "account": session.exec(select(Account.key)).all(),
            "region": {*session.exec(select(Account.region)).all()} - {None},
            "industry": {"Q", "Q86", "K", "K64", "J", "nothing"},
            "size": SIZE_BAND_NAMES,
            "stage": [row.name for row in stages.stages(session)],
            "outcome": [*Outcome, CLOSED],
            "since": days,
            "until": days,
            "text": ["war", "D-0003"],
        }
        random = np.random.default_rng(3)
        left = 0
        for number in range(400):
            names = [name for name in keys if random.random() < 0.12] or ["outcome"]
            chosen = {name: sorted(keys[name])[random.integers(len(keys[name]))] for name in names}
            if number % 20 == 0:
                chosen["product"] = "there-is-none"
            filter = DealFilter(**chosen)
            expected = session.exec(select(Deal.id).where(*filter.where())).all()
            with catalog.searching(session, Kind.DEAL) as collection:
                found = collection.facets.matching(resolve(session, filter))
            assert found.tolist() == sorted(expected), filter
            left += bool(expected)
        assert left > 100
