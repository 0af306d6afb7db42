"""Accounts: size bands, countries, regions, and finding one by its name."""

from itertools import pairwise

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from tests.world import World
from workspace.accounts import accounts, geography, size_bands
from workspace.accounts.geography import region_of
from workspace.audit import AuditEntry
from workspace.database import Database
from workspace.errors import Invalid

HEADCOUNTS = st.integers(min_value=1, max_value=5_000_000)


@given(HEADCOUNTS)
def test_a_headcount_lies_within_the_limits_of_its_band(headcount: int) -> None:
    low, high = size_bands.size_band_limits(size_bands.size_band(headcount))
    assert low <= headcount
    assert high is None or headcount <= high


def test_the_bands_leave_no_gap() -> None:
    limits = [size_bands.size_band_limits(band) for band in size_bands.SIZE_BAND_NAMES]
    for (_, high), (low, _) in pairwise(limits):
        assert high is not None
        assert low == high + 1
    assert limits[-1][1] is None
    assert size_bands.size_band(None) == ""
    assert size_bands.size_band(201) == "201–1,000"


@given(HEADCOUNTS, HEADCOUNTS)
def test_size_likeness_is_symmetric_and_bounded(one: int, other: int) -> None:
    likeness = size_bands.size_likeness(one, other)
    assert 0.0 <= likeness <= 1.0
    assert likeness == pytest.approx(size_bands.size_likeness(other, one))
    if one == other:
        assert likeness == 1.0


@pytest.mark.parametrize(("one", "other"), [(None, 5), (0, 5), (-3, 5), (100, 1_000), (1, 10)])
def test_what_is_unknown_or_ten_times_as_large_is_not_like(one: int | None, other: int) -> None:
    assert size_bands.size_likeness(one, other) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("PL", "PL"),
        ("pol", "PL"),
        ("Poland", "PL"),
        ("UK", "GB"),
        ("United States", "US"),
        ("USA", "US"),
        ("Korea", "KR"),
        ("Côte d'Ivoire", "CI"),
        ("Phillipines", "PH"),
        ("Germny", "DE"),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_a_written_country_is_understood(written: str, code: str | None) -> None:
    assert geography.find_country(written) == code


def test_every_inhabited_country_lies_in_one_region() -> None:
    # Antarctica, and islands and waters without a market.
    without = {"AQ", "BV", "HM", "GS", "TF", "UM", "IO", "EH", "PN"}
    missing = {
        country.alpha_2
        for country in pycountry.countries
        if geography.region_of(country.alpha_2) is None
    }
    assert missing <= without
    codes = [code for listed in geography._REGIONS.values() for code in listed.split()]
    assert len(codes) == len(set(codes))


def test_countries_are_listed_by_the_names_that_people_use() -> None:
    choices = geography.country_choices()
    assert ("BO", "Bolivia") in choices
    assert [name for _, name in choices] == sorted(name for _, name in choices)
    assert geography.country_name(None) == ""
    assert geography.country_name("XX") == ""


def test_the_region_follows_from_the_country(database: Database) -> None:
    with database.write() as session:
        polish = accounts.add_account(session, "Orlik", country="PL")
        own = accounts.add_account(session, "Orlik Labs", country="PL", region="Baltics")
        nowhere = accounts.add_account(session, "Orlik Nowhere")
    assert polish.region == "Central & Eastern Europe"
    assert own.region == "Baltics"
    assert nowhere.region is None


def test_an_account_is_found_however_it_is_written(database: Database) -> None:
    with database.write() as session:
        made = accounts.add_account(session, "Żabka Retail")
        accounts.add_account(session, "Zabka Retail Labs")
        for written in ("Żabka Retail", "ZABKA RETAIL", "zabka-retail"):
            found = accounts.find_account(session, written)
            assert found is not None
            assert found.id == made.id
        assert accounts.find_account(session, "Żabka") is None
        accounts.edit_account(session, made, None, {"name": "Lis Retail"})
        assert accounts.find_account(session, "ZABKA RETAIL") is None
        assert accounts.find_account(session, "lis retail") is made


def test_a_name_of_long_letters_fits_its_index(database: Database) -> None:
    name = "\ufdfa" * 200
    with database.write() as session:
        made = accounts.add_account(session, name)
        assert accounts.find_account(session, name) is made


def test_an_account_cannot_be_renamed_to_another(database: Database) -> None:
    with database.write() as session:
        made = accounts.add_account(session, "Żabka Retail")
        accounts.add_account(session, "Orlik")
        with pytest.raises(Invalid) as refused:
            accounts.edit_account(session, made, None, {"name": "ORLIK"})
        assert set(refused.value.fields) == {"name"}
        assert made.name == "Żabka Retail"
        assert accounts.edit_account(session, made, None, {"name": "ŻABKA retail"})


@pytest.mark.parametrize(
    ("region", "changes", "after"),
    [
        (None, {"country": "ES"}, "Southern Europe"),
        (None, {"country": "ES", "region": "Central & Eastern Europe"}, "Southern Europe"),
        (None, {"country": "ES", "region": None}, "Southern Europe"),
        (None, {"country": None, "region": "Central & Eastern Europe"}, None),
        (None, {"region": None}, "Central & Eastern Europe"),
        (None, {"region": "Baltics"}, "Baltics"),
        ("Baltics", {"country": "ES"}, "Baltics"),
        ("Baltics", {"country": "ES", "region": "Baltics"}, "Baltics"),
        ("Baltics", {"country": "ES", "region": ""}, "Southern Europe"),
    ],
)
def test_a_region_follows_the_country_unless_another_was_chosen(
    database: Database, region: str | None, changes: dict[str, str | None], after: str | None
) -> None:
    with database.write() as session:
        account = accounts.add_account(session, "Orlik", country="PL", region=region)
        accounts.edit_account(session, account, None, changes)
        assert account.region == after


def test_should_refuse_a_second_account_of_the_same_name(world: World) -> None:
    alice = world.people["alice"]
    with world.database.write() as session:
        account = accounts.add(session, "Żabka Retail", alice, country="PL")
        assert (account.name, account.region) == ("Żabka Retail", region_of("PL"))
        for name in ("Żabka Retail", "zabka  retail"):
            with pytest.raises(Invalid) as refused:
                accounts.add(session, name, alice)
            assert set(refused.value.fields) == {"name"}
        added = select(AuditEntry).where(AuditEntry.subject == f"account {account.id}")
        entries = [(entry.action, entry.by_id) for entry in session.exec(added)]
    assert entries == [("account added", alice)]
