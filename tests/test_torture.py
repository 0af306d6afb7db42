"""A short torture: processes are killed while they write. `just torture` kills many more."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Backend


@pytest.mark.slow
def test_should_lose_nothing_when_processes_are_killed(backend: Backend, tmp_path: Path) -> None:
    name = backend.lend("empty")
    processes = "1" if backend.url(name).startswith("sqlite") else "2"
    for kills in ("4", "6"):
        said = torture(backend.url(name), tmp_path, "--processes", processes, "--kills", kills)
        assert said.startswith(f"{kills} kills"), "it goes on where it ended"
    backend.give_back(name)


@pytest.mark.slow
def test_should_lose_nothing_when_upgrades_are_killed(backend: Backend, tmp_path: Path) -> None:
    name = backend.lend("empty")
    assert "no row is lost" in torture(backend.url(name), tmp_path, "--upgrades", "4")
    backend.give_back(name)


@pytest.mark.slow
def test_should_come_to_the_same_when_an_import_is_killed(tmp_path: Path) -> None:
    said = torture("sqlite://", tmp_path, "--imports", "2", "--rows", "400")
    assert "the same as without" in said


@pytest.mark.slow
def test_should_lose_nothing_when_members_save_at_once(tmp_path: Path) -> None:
    said = torture("sqlite://", tmp_path, "--savers", "8", "--minutes", "0.1")
    assert said.startswith("8 savers")
    assert "nothing lost, nothing written over" in said


def torture(url: str, folder: Path, *options: str) -> str:
    """What a torture of a database says."""
    command = [sys.executable, "-m", "tests.torture", "--folder", str(folder), "--url", url]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
