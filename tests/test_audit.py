"""`just audit` says what is known, and never takes silence for safety."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.threads import SECONDS

AUDIT = Path(__file__).parents[1] / ".ci" / "audit.py"
# In place of pip-audit: leaves the answer where it is told to, or fails for want of an index.
STUB = """
import os, pathlib, sys
answer = os.environ["ANSWER"]
if not answer:
    sys.exit("ConnectionError: no route to host")
pathlib.Path(sys.argv[sys.argv.index("-o") + 1]).write_text(answer)
"""
SAFE = {"name": "alembic", "version": "1.20.1", "vulns": []}
HIT = {
    "name": "jinja2",
    "version": "3.1.6",
    "vulns": [{"id": "CVE-1", "fix_versions": ["3.1.7"]}, {"id": "CVE-2", "fix_versions": []}],
}
UNKNOWN = {"name": "torch", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ([SAFE], 0, ["1 locked versions audited, 0 advisories."]),
        (
            [SAFE, HIT, UNKNOWN],
            1,
            [
                "jinja2 3.1.6: CVE-1, fixed in 3.1.7",
                "jinja2 3.1.6: CVE-2, fixed in no version yet",
                "2 locked versions audited, 2 advisories.",
                "Not audited: torch",
            ],
        ),
        ([SAFE, UNKNOWN], 2, ["1 locked versions audited, 0 advisories.", "Not audited: torch"]),
        ([UNKNOWN], 2, ["Not audited: the package index that can be reached has no advisories."]),
        (
            None,
            2,
            [
                "ConnectionError: no route to host",
                "Not audited: no index of advisories can be reached from this machine.",
            ],
        ),
    ],
)
def test_should_say_which_versions_have_advisories(
    tmp_path: Path, answer: Any, code: int, said: list[str]
) -> None:
    (tmp_path / "pip_audit.py").write_text(STUB, encoding="utf-8")
    text = json.dumps({"dependencies": answer}) if answer else ""
    ended = subprocess.run(
        [sys.executable, AUDIT],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "ANSWER": text},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ended.stdout.splitlines() == said, ended.stderr
    assert ended.returncode == code
