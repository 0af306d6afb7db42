"""A test that hangs ends, and the output says where it was."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.threads import SECONDS

HANGS = """
import threading

import pytest


# Like an object of a library that warns when its class is looked up.
class Deprecated:
    @property
    def __class__(self):
        raise DeprecationWarning


KEPT = [Deprecated()]


def waits_without_end():
    threading.Event().wait()


@pytest.fixture
def server():
    yield
    waits_without_end()


def test_hangs():
    waits_without_end()


def test_fails_and_hangs_afterwards(server):
    assert False
"""


@pytest.mark.parametrize(
    ("name", "stack"),
    [("test_hangs", "in test_hangs"), ("test_fails_and_hangs_afterwards", "in server")],
)
@pytest.mark.slow
def test_should_end_a_test_that_hangs_with_its_stack(tmp_path: Path, name: str, stack: str) -> None:
    file = tmp_path / "test_it.py"
    file.write_text(HANGS, encoding="utf-8")
    options = ["-p", "tests.time_limits", "-p", "no:cacheprovider", "--timeout", "1"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"{file}::{name}"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ended.returncode == 1
    assert f"::{name} took more than 1 seconds." in ended.stderr
    assert "in waits_without_end" in ended.stderr
    assert stack in ended.stderr
