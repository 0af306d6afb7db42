"""A short torture: processes are killed while they write. `just torture` kills many more."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Backend


@pytest.mark.slow
def test_should_lose_nothing_when_processes_are_killed(backend: Backend, tmp_path: Path) -> None:
    name = backend.lend("empty")
    processes = 1 if backend.url(name).startswith("sqlite") else 2
    command = [sys.executable, "-m", "tests.torture", "--folder", str(tmp_path)]
    options = ["--url", backend.url(name), "--processes", str(processes)]
    for kills in (6, 10):
        done = subprocess.run(
            [*command, *options, "--kills", str(kills)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"{kills} kills"), "it goes on where it ended"
    backend.give_back(name)
