"""`just quick` leaves out what took long on this machine."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.threads import SECONDS

TESTS = """
import time

from tests import quick

# A busy machine takes long for the other test, too.
quick.LONGEST = 2.0


def test_is_soon_done():
    pass


def test_takes_its_time():
    time.sleep(2.1)
"""


@pytest.mark.slow
def test_should_leave_out_what_took_long_the_last_time(tmp_path: Path) -> None:
    file = tmp_path / "test_it.py"
    file.write_text(TESTS, encoding="utf-8")

    def outcome(*options: str) -> str:
        cache = ("-o", f"cache_dir={tmp_path / 'cache'}")
        command = [sys.executable, "-m", "pytest", "-p", "tests.quick", *cache, "-n", "1"]
        ended = subprocess.run(
            [*command, *options, str(file)], capture_output=True, text=True, timeout=SECONDS
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout.splitlines()[-1]

    assert "2 passed" in outcome("--quick"), "nothing is known yet"
    assert "1 passed" in outcome("--quick")
    assert "2 passed" in outcome()
