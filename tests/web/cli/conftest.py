"""The command line, run as a person would run it, on a model that takes no time to load."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.world import FakeEmbedder, World
from web.cli import main
from workspace.database import Database
from workspace.settings import Settings
from workspace.setup import open_database


@dataclass
class Outcome:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Outcome]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs `dealkin` with these arguments on a workspace of the test's own."""
    monkeypatch.setenv("DEALKIN_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("web.workspace.encoder_of", lambda _: FakeEmbedder())

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["dealkin", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main.main()
        printed = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), printed.out, printed.err)

    return call


@pytest.fixture
def on_world(run: Run, world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs on the cast's database, with every document ready."""
    url = world.database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)
    return run


@pytest.fixture
def opened(run: Run, tmp_path: Path) -> Database:
    """The database that `run` works on where the test has no other."""
    return open_database(Settings(home=tmp_path))
