"""What the documents say is there, and what is there is documented."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from references.desk.request import OPEN_STATES, STEPS, TERMINAL_STATES, State
from references.imports import EXTENSION
from similarity.scoring import Weights
from web.cli.main import app
from workspace.imports.formats import Format
from workspace.imports.recognition import FORMATS
from workspace.settings import Settings

ROOT = Path(__file__).parents[1]
DECISIONS = ROOT / "docs" / "decisions"
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
# The packages, whose modules and folders the tree in architecture.md names.
PACKAGES = ("workspace", "similarity", "references", "web")
TOPS = (*PACKAGES, "tests", "docs", ".ci")
README_LINES = 120
# What a reviewer would have to look for on another machine.
MADE_AT = re.compile(r"(?:^|[\s\"'(=])/(?:work|root|opt|home)/\w", re.MULTILINE)

COMMAND: Any = typer.main.get_command(app)
each_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


def text_of(name: str) -> str:
    """A document by its path from the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    level = re.escape(heading.partition(" ")[0])
    found = re.search(
        rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(level) // 2}}} |\Z)", text, re.M | re.S
    )
    assert found, f"There is no heading '{heading}'."
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of the rows of tables, without their headers."""
    found = []
    for table in re.findall(r"^\|.*\|\n\|[-|]+\|\n((?:\|.*\|\n?)*)", text, re.MULTILINE):
        found += [[cell.strip() for cell in line[1:-1].split("|")] for line in table.splitlines()]
    return found


def codes(text: str) -> list[str]:
    """The code spans in a text, without the fenced blocks."""
    without_blocks = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", without_blocks)


def blocks(text: str) -> list[tuple[str, str]]:
    """The fenced blocks: language and content."""
    return re.findall(r"^ *```(\w*)\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)


def commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that can be called, as 'member add', with its parameters."""
    groups = getattr(command, "commands", None)
    if groups is None:
        yield name, command
    else:
        for part, below in groups.items():
            yield from commands(below, f"{name} {part}".strip())


def options(command: Any) -> dict[str, Any]:
    """The options of a command by their names."""
    return {
        option: each
        for each in command.params
        if each.param_type_name == "option"
        for option in each.opts
    }


def recipes() -> set[str]:
    """The recipes of the justfile that are meant to be called."""
    named = re.findall(r"^([a-z][\w-]*)[^:=\n]*:(?!=)", text_of("justfile"), re.MULTILINE)
    return set(named)


def calls(text: str) -> Iterator[list[str]]:
    """The words of every command line in a text that calls dealkin or just."""
    lines = [line for _, block in blocks(text) for line in block.splitlines()]
    for line in [*codes(text), *lines]:
        for part in re.split(r"&&|\|", line):
            words = part.replace("…", "").split()
            while words and re.match(r"[A-Z_]+=", words[0]):
                words.pop(0)
            if words and words[0].removeprefix(".venv/bin/") in ("dealkin", "just"):
                yield [words[0].removeprefix(".venv/bin/"), *shlex.split(" ".join(words[1:]))]


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    found = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        plain = re.sub(r"[^\w\s-]", "", heading.lower())
        found.add(plain.strip().replace(" ", "-"))
    return found


# The README


def test_should_have_a_short_readme() -> None:
    assert len(text_of("README.md").splitlines()) <= README_LINES


def test_should_start_the_readme_with_the_two_commands() -> None:
    found = blocks(text_of("README.md"))[:2]
    assert [language for language, _ in found] == ["sh", "sh"]
    for (_, text), recipe in zip(found, ("demo", "test"), strict=True):
        assert len(text.strip().splitlines()) == 1
        assert text.strip().endswith(f".venv/bin/just {recipe}")


# Links, paths and names


@each_document
def test_should_link_to_what_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


@each_document
def test_should_name_paths_that_are_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    if "\nStatus: superseded" in text:
        return
    for code in codes(text):
        top, slash, _ = code.partition("/")
        if slash and top in TOPS and re.fullmatch(r"[\w./-]+", code):
            assert (ROOT / code).exists(), code


@each_document
def test_should_name_what_a_module_holds(document: Path) -> None:
    text = " ".join(document.read_text(encoding="utf-8").split())
    for name, path in re.findall(r"`(\w+)` in `([\w./]+\.\w+)`", text):
        if (ROOT / path).is_file():
            assert re.search(rf"\b{name}\b", text_of(path)), f"{name} in {path}"


def test_should_show_the_tree_as_it_is() -> None:
    tree = section(text_of("docs/architecture.md"), "## The tree")
    named: set[str] = set()
    folders: list[str] = []
    for line in blocks(tree)[0][1].splitlines():
        indent = len(line) - len(line.lstrip())
        if not line.strip() or indent > 4:
            continue
        folders = folders[: indent // 2]
        for name in re.split(r", ?", re.split(r"\s{2,}", line.strip().rstrip(","))[0]):
            path = "".join(folders) + name
            assert (ROOT / path).exists(), path
            named.add(path)
        if name.endswith("/"):
            folders.append(name)
    for package in (*PACKAGES, "web/pages"):
        for path in (ROOT / package).iterdir():
            if not path.name.startswith(("_", ".")) and (path.is_dir() or path.suffix == ".py"):
                name = f"{package}/{path.name}" + "/" * path.is_dir()
                assert name in named, f"{name} is not in the tree"


@each_document
def test_should_name_no_place_of_its_making(document: Path) -> None:
    assert not MADE_AT.search(document.read_text(encoding="utf-8"))
    assert not MADE_AT.search(text_of("justfile"))


# Commands and settings


@each_document
def test_should_call_commands_that_are_there(document: Path) -> None:
    known = dict(commands(COMMAND))
    for program, *words in calls(document.read_text(encoding="utf-8")):
        if program == "just":
            assert not words or words[0] in recipes(), words
        # Of the recipes these two alone hand their options on to the command of their name.
        if not words or (program == "just" and words[0] not in ("demo", "serve")):
            continue
        if words[0] == "--version":
            continue
        name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
        assert name in known, words
        for word in words[1:]:
            if word.startswith("--"):
                assert word.partition("=")[0] in options(known[name]), words


def test_should_document_every_command_with_its_options() -> None:
    text = text_of("docs/command-line.md")
    documented = re.findall(r"^### dealkin (.+)$", text, re.MULTILINE)
    known = dict(commands(COMMAND))
    assert sorted(documented) == sorted(known)
    for name, command in known.items():
        told = {cells[0].strip("`"): cells for cells in rows(section(text, f"### dealkin {name}"))}
        there = options(command)
        assert told.keys() == there.keys(), name
        for option, parameter in there.items():
            if parameter.default not in (None, False):
                assert told[option][2] == str(parameter.default), f"{name} {option}"
            if parameter.required:
                assert "Required" in told[option][1], f"{name} {option}"


def test_should_document_every_recipe() -> None:
    told = {cells[0].strip("`") for cells in rows(text_of("CONTRIBUTING.md"))}
    assert told == {f"just {name}" for name in recipes()}


def test_should_document_every_setting() -> None:
    text = section(text_of("docs/command-line.md"), "## Settings")
    documented = [cells[0].strip("`") for cells in rows(text)]
    known = {
        str(field.validation_alias or f"DEALKIN_{name.upper()}")
        for name, field in Settings.model_fields.items()
    }
    of_setup = set(re.findall(r'env\("(\w+)"', text_of("justfile"))) | {"PIP_FIND_LINKS"}
    assert len(documented) == len(set(documented))
    # What a person gives the assistant of their own, beside the settings of the workspace.
    of_assistants = {"DEALKIN_TOKEN"}
    assert set(documented) == known | of_setup | of_assistants


@each_document
def test_should_name_settings_that_are_there(document: Path) -> None:
    documented = {cells[0] for cells in rows(text_of("docs/command-line.md"))}
    text = document.read_text(encoding="utf-8")
    for name in re.findall(r"\bDEALKIN_[A-Z_]+\b|\bDATABASE_URL\b", text):
        assert f"`{name}`" in documented, name


# Files that can be imported


def test_should_document_every_format_column_for_column() -> None:
    text = text_of("docs/importing.md")
    own = [each for each in (*FORMATS, *EXTENSION.formats) if each.adapt is None]
    formats = {each.kind: each for each in own}
    assert len(formats) == len(own)
    # What files of cards and calendars have as their error files.
    del formats["cards"], formats["meetings"]
    parts = (
        section(text, "## Files of the record"),
        section(text, "## Files of ties and references"),
    )
    headings = re.findall(r"^### (\w+)$", "".join(parts), re.MULTILINE)
    assert sorted(headings) == sorted(formats)
    for kind, each in formats.items():
        _check_format(each, section(text, f"### {kind}"))


def _check_format(each: Format, text: str) -> None:
    told = {cells[0].strip("`"): set(re.findall("`([^`]+)`", cells[2])) for cells in rows(text)}
    assert told == {column: set(others) for column, others in each.columns.items()}, each.kind
    needed = text.partition("Recognised by")[2].partition("Matched by")[0]
    assert set(codes(needed)) == set().union(*each.needs), each.kind


# What architecture.md says in numbers


def test_should_tell_the_weights_of_the_score() -> None:
    text = section(text_of("docs/architecture.md"), "## How the score of kin is made")
    told = {name.strip("`"): float(weight) for name, weight, _ in rows(text)}
    assert told == Weights().items()


def test_should_tell_every_step_of_a_request() -> None:
    told = {}
    for name, before, after, _ in rows(
        section(text_of("docs/architecture.md"), "## A reference request")
    ):
        states = set(re.split(", ", before))
        if before.startswith("every state"):
            states = {state.value for state in OPEN_STATES} - (
                {"draft"} if "draft" in before else set()
            )
        told[name] = (states, None if after == "the same" else after)
    known = {
        name: ({state.value for state in step.before}, step.after and step.after.value)
        for name, step in STEPS.items()
    }
    assert told == known
    assert {state.value for state in set(State) - set(OPEN_STATES)} == {
        state.value for state in TERMINAL_STATES
    }


# Decisions


@pytest.mark.parametrize("path", sorted(DECISIONS.glob("2*.md")), ids=lambda path: path.stem)
def test_should_give_every_decision_a_status(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = re.match(
        r"# (.+)\n\nDate: (\d{4}-\d\d-\d\d)\n\n"
        r"Status: (accepted|superseded by \[.+\]\((.+)\))\n\n## Context\n",
        text,
    )
    assert found, "Heading, date, status and context are expected, in this order."
    title, day, status, successor = found.groups()
    assert path.name.startswith(day)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert successor is None or (DECISIONS / successor).is_file()
    line = f"| {day} | [{title}]({path.name}) | {status.partition(' ')[0]} |\n"
    assert line in text_of("docs/decisions/README.md"), "The index has another line, or none."


def test_should_have_no_decision_in_the_index_that_is_not_there() -> None:
    linked = re.findall(r"\]\((2.+?)\)", text_of("docs/decisions/README.md"))
    assert linked == sorted(path.name for path in DECISIONS.glob("2*.md"))
