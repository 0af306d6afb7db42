"""What is imported is declared, and what is declared is locked."""

import ast
import itertools
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUNTIME = [Requirement(line) for line in PROJECT["dependencies"]]
EXTRAS = {
    extra: [Requirement(line) for line in lines]
    for extra, lines in PROJECT["optional-dependencies"].items()
}
LOCK = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
PACKAGES = ("workspace", "similarity", "references", "web", "tests")


def imported(file: Path) -> Iterator[str]:
    """The modules from elsewhere that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            top = name.split(".")[0]
            # `_typeshed` is a stub that only type checkers see.
            if top not in {*sys.stdlib_module_names, *PACKAGES, "_typeshed"}:
                yield top


def allowed(file: Path) -> set[str]:
    """The distributions that a file may import from."""
    requirements = [*RUNTIME]
    if file.is_relative_to(ROOT / "tests"):
        requirements += EXTRAS["dev"]
    if file.is_relative_to(ROOT / "tests" / "benchmarks"):
        requirements += EXTRAS["bench"]
    return {canonicalize_name(requirement.name) for requirement in requirements}


def test_should_pack_every_file_into_the_wheel() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "setuptools"
    ]
    packed = {file for name in setup["packages"] for file in (ROOT / folder_of(name)).glob("*.py")}
    for name, patterns in setup["package-data"].items():
        for pattern in patterns:
            packed |= set((ROOT / name).glob(pattern))
    for name in PACKAGES[:-1]:
        files = (file for file in (ROOT / name).rglob("*") if file.is_file())
        missing = {file for file in files if file.parent.name != "__pycache__"} - packed
        assert not missing, "\n".join(map(str, sorted(missing)))


def folder_of(package: str) -> str:
    """The folder of a package, from the root."""
    return package.replace(".", "/")


@pytest.mark.parametrize("package", PACKAGES)
def test_should_declare_every_imported_distribution(package: str) -> None:
    distributions = packages_distributions()
    undeclared = []
    for file in sorted((ROOT / package).rglob("*.py")):
        declared = allowed(file)
        for module in imported(file):
            # A distribution that is not installed is most likely called like its module.
            names = distributions.get(module, [module])
            if not {canonicalize_name(name) for name in names} & declared:
                undeclared.append(f"{file.relative_to(ROOT)} imports {module} of {names}")
    assert not undeclared, "\n".join(undeclared)


def locked() -> dict[str, str]:
    """The locked version of each distribution."""
    pins = [line.split("==") for line in LOCK if not line.startswith("#")]
    return dict(pins)  # type: ignore[arg-type]


def test_should_lock_a_version_in_range_of_every_requirement() -> None:
    versions = locked()
    for requirement in [*RUNTIME, *itertools.chain(*EXTRAS.values())]:
        name = canonicalize_name(requirement.name)
        assert name in versions, f"{name} is not in constraints.txt: run `just lock`"
        version = versions[name]
        assert requirement.specifier.contains(version), (
            f"{name} is locked at {version}, but pyproject.toml asks for {requirement}:"
            " run `just lock`"
        )


def test_should_lock_what_fits_every_platform_and_every_build_of_torch() -> None:
    pins = [line for line in LOCK if not line.startswith("#")]
    for pin in pins:
        # No path, no address, and no build of a version, such as +cpu.
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+", pin), pin
        assert not re.match(r"nvidia|cuda|triton", pin), pin
    assert pins == sorted(pins, key=lambda pin: pin.split("==")[0])
