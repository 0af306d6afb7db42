"""Makes the bill of materials (CycloneDX) of what is installed, and lists the licences in it."""

import json
import subprocess
import sys
from collections import defaultdict
from importlib.metadata import files, metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build"


def main() -> int:
    """Write build/sbom.json and build/licences.txt; 1 if a package names no licence."""
    FOLDER.mkdir(exist_ok=True)
    bill = FOLDER / "sbom.json"
    command = [str(Path(sys.executable).with_name("cyclonedx-py")), "environment"]
    options = ["--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible"]
    subprocess.run([*command, *options, "-o", str(bill), sys.executable], check=True)
    by_licence: dict[str, list[str]] = defaultdict(list)
    for component in json.loads(bill.read_text(encoding="utf-8"))["components"]:
        name = f"{component['name']} {component['version']}"
        licence = licence_of(component) or written_licence(component["name"])
        by_licence[licence].append(name)
    lines = [f"{licence}: {', '.join(names)}" for licence, names in sorted(by_licence.items())]
    listed = FOLDER / "licences.txt"
    listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
    unnamed = by_licence.get("", [])
    print(f"{sum(map(len, by_licence.values()))} packages: {bill}, {listed}")
    if unnamed:
        print(f"Without a licence in their metadata: {', '.join(unnamed)}")
    return 1 if unnamed else 0


def licence_of(component: dict[str, object]) -> str:
    """The licences that a package names, in one line; empty where it names none."""
    named = []
    for entry in component.get("licenses", []):  # type: ignore[attr-defined]
        licence = entry.get("license", {})
        named.append(entry.get("expression") or licence.get("id") or licence.get("name", ""))
    return " / ".join(sorted({text.splitlines()[0][:80] for text in named if text}))


def written_licence(package: str) -> str:
    """The first line of what an installed package says of its licence in free text; empty if
    nothing is found."""
    described = metadata(package)
    texts = [described.get("License") or ""]
    texts += [
        file.read_text(encoding="utf-8")
        for file in files(package) or []
        if file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING"))
    ]
    lines = (line.strip() for text in texts for line in text.splitlines())
    return next((line[:80] for line in lines if line), "")


if __name__ == "__main__":
    sys.exit(main())
