"""What is imported is declared."""

import ast
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
            if top not in sys.stdlib_module_names and top not in PACKAGES:
                yield top


def allowed(file: Path) -> set[str]:
    """The distributions that a file may import from."""
    requirements = [*RUNTIME]
    if file.is_relative_to(ROOT / "tests"):
        requirements += EXTRAS["dev"]
    if file.is_relative_to(ROOT / "tests" / "benchmarks"):
        requirements += EXTRAS["bench"]
    return {canonicalize_name(requirement.name) for requirement in requirements}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_imported_distribution_is_declared(package: str) -> None:
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
