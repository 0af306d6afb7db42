"""Keys, and names as they are compared."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import func, select

from tests.world import World
from workspace import keys
from workspace.accounts.accounts import Account, add_account
from workspace.database import Database
from workspace.deals.tables import Deal
from workspace.keys import random_key


def test_should_compare_names_without_capitals_accents_and_signs() -> None:
    assert keys.plain("  Łódź-Süd & Co. ") == "lodz sud co"
    assert keys.plain("Straße") == keys.plain("STRASSE")
    assert keys.joined("GTX-Pro") == keys.joined("GTXPro")


@given(st.text())
def test_should_not_change_a_plain_text_again(text: str) -> None:
    once = keys.plain(text)
    assert keys.plain(once) == once
    assert once == once.strip()
    assert "  " not in once


@given(st.text(max_size=300))
def test_should_make_slugs_that_fit_into_a_url(text: str) -> None:
    made = keys.slug(text)
    assert len(made) <= 60
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not made.startswith("-")
    assert not made.endswith("-")


def test_should_give_each_row_a_key_of_its_own(database: Database) -> None:
    with database.write() as session:
        made = [add_account(session, name).key for name in ("Acme", "ACME!", "Acme 2", "Acme")]
        nameless = [add_account(session, name).key for name in ("日本", "東京")]
    assert made == ["acme", "acme-2", "acme-2-2", "acme-3"]
    assert nameless == ["account", "account-2"]


def test_should_give_rows_that_are_added_together_the_keys_that_they_get_one_by_one(
    database: Database,
) -> None:
    names = ("Acme", "Zoe", "ACME!", "new", "日本", "Acme 3", "東京", "Acme")
    with database.write() as session:
        add_account(session, "Zoé")
        rows = [Account(key="", name=name) for name in names]
        keys.add_with_keys(session, Account, rows)
        assert session.exec(select(func.count()).select_from(Account)).one() == 1 + len(names)
    made = [row.key for row in rows]
    assert made[1] == "zoe-2"
    assert made[3] == "new-2"
    assert sorted(made) == [
        *("account", "account-2", "acme", "acme-2", "acme-3", "acme-4"),
        *("new-2", "zoe-2"),
    ]


def test_should_take_the_signs_of_a_pattern_literally(database: Database) -> None:
    with database.write() as session:
        add_account(session, "a")
        assert keys.free_key(session, Account, "%") == "account"
        assert keys.free_key(session, Account, "_") == "account"


def test_should_number_the_keys_of_many_things_of_one_name(database):
    with database.write() as session:
        made = [add_account(session, "工場").key for _ in range(140)]
    assert made == ["account", *(f"account-{number}" for number in range(2, 141))]


def test_should_make_random_keys_that_begin_with_a_letter(world: World) -> None:
    with world.database.read() as session:
        keys = [random_key(session, Deal, "D-", 5) for _ in range(200)]
    assert all(re.fullmatch("D-[a-hj-km-np-tv-z][2-9a-hj-km-np-tv-z]{4}", key) for key in keys)


def test_should_draw_a_random_key_again_while_it_is_taken(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter("aaaaab")
    monkeypatch.setattr("workspace.keys.secrets.choice", lambda letters: next(drawn))
    with database.write() as session:
        session.add(Account(key="A-aa", name="Taken"))
        session.flush()
        assert random_key(session, Account, "A-", 2) == "A-ab"
    assert not list(drawn)
