"""Titles: alike in words, in meaning, and in level."""

import numpy as np
import pytest
from sqlmodel import select

from references.network.ties import Visibility
from references.prospecting.titles import FITS, Titles, TitleVector
from similarity import calibration
from tests.references.prospecting.books import add_connection
from tests.world import FakeEmbedder, World


class Meanings(FakeEmbedder):
    """Knows one thing about titles: what German and English call purchasing."""

    model_id = "meanings"

    def encode(self, texts: list[str]) -> np.ndarray:
        return super().encode([text.replace("einkauf", "purchasing") for text in texts])


def likeness(world: World, asked: str, *titles: str) -> list[float]:
    with world.database.read() as session:
        known = Titles(world.database, FakeEmbedder())
        return known.likeness(session, asked, titles, shared=False).tolist()


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("Head of data warehousing", "Head of Data Warehouse"),
        ("CFO", "Chief Financial Officer"),
        ("Chief information officer", "CIO"),
        ("Kierownik hurtowni danych", "Dyrektor ds. hurtowni danych"),
        ("Managing director", "Managing Director"),
        ("DWH lead", "Data warehouse manager"),
    ],
)
def test_should_find_the_same_subject(world: World, asked: str, title: str) -> None:
    assert likeness(world, asked, title)[0] >= 0.85


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("Head of data warehousing", "Head of human resources"),
        ("CFO", "Chief nursing officer"),
        ("Head of IT", "Head of logistics"),
        ("CFO", ""),
    ],
)
def test_should_not_take_a_level_for_a_subject(world: World, asked: str, title: str) -> None:
    assert likeness(world, asked, title)[0] < FITS


def test_should_not_take_a_longer_title_for_the_same(world: World) -> None:
    same, governance = likeness(world, "Head of data", "Head of Data", "Head of data governance")
    assert same > governance >= FITS
    # Reasons say 'Same title' from here on.
    assert governance < 0.99


def test_should_prefer_the_same_level(world: World) -> None:
    head, director, engineer = likeness(
        world, "Head of data", "Head of data", "Data director", "Data coordinator"
    )
    assert head > director > 0
    assert head > engineer > 0


def test_should_find_by_meaning_what_is_prepared(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(calibration.TITLE_SCALES, "meanings", (0.3, 0.8))
    with world.database.write() as session:
        add_connection(session, world, "alice", "Uta Uhl", "Acme", "Leiter Einkauf")
    titles = Titles(world.database, Meanings())
    asked = ("Head of purchasing", ["Leiter Einkauf", "Leiter Vertrieb"])
    with world.database.read() as session:
        assert titles.likeness(session, *asked, shared=True).tolist() == [0.0, 0.0]
    assert titles.prepare() > 0
    assert titles.prepare() == 0
    for shared in (True, False):
        with world.database.read() as session:
            purchasing, sales = titles.likeness(session, *asked, shared=shared)
        assert purchasing > 0.9
        assert sales == 0.0


def test_should_keep_hashes_and_forget_what_nobody_has(world: World) -> None:
    titles = Titles(world.database, FakeEmbedder())
    with world.database.write() as session:
        row = add_connection(
            session, world, "alice", "Uta Uhl", "Acme", "Astronomer", Visibility.PRIVATE
        )
    titles.prepare()
    with world.database.read() as session:
        hashes = set(session.exec(select(TitleVector.hash)))
    assert all(len(key) == 64 for key in hashes)
    with world.database.write() as session:
        session.delete(session.merge(row))
    titles.prepare()
    with world.database.read() as session:
        assert len(hashes - set(session.exec(select(TitleVector.hash)))) == 1
