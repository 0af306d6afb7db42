"""Asks an index of advisories about every locked version.

Exit codes: 0 no advisory, 1 advisories, 2 not every version could be asked about.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

LOCK = Path(__file__).parents[1] / "constraints.txt"


def main() -> int:
    """Print what is known, and return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "audit.json"
        # The lock names every version, so pip has nothing to find out.
        options = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
        asked = subprocess.run(
            [sys.executable, "-m", "pip_audit", "-r", str(LOCK), "-o", str(file), *options],
            capture_output=True,
            text=True,
        )
        if not file.exists():
            # Without an index it ends with a traceback, of which the last line says why.
            print(asked.stderr.strip().splitlines()[-1])
            print("Not audited: no index of advisories can be reached from this machine.")
            return 2
        distributions = json.loads(file.read_text(encoding="utf-8"))["dependencies"]
    unknown = [found["name"] for found in distributions if "skip_reason" in found]
    if len(unknown) == len(distributions):
        print("Not audited: the package index that can be reached has no advisories.")
        return 2
    advisories = 0
    for found in distributions:
        for advisory in found.get("vulns", ()):
            advisories += 1
            fixed = ", ".join(advisory["fix_versions"]) or "no version yet"
            print(f"{found['name']} {found['version']}: {advisory['id']}, fixed in {fixed}")
    print(f"{len(distributions) - len(unknown)} locked versions audited, {advisories} advisories.")
    if unknown:
        print(f"Not audited: {', '.join(unknown)}")
    return 1 if advisories else 2 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
