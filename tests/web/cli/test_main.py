"""The command line as a whole: help, and errors in a line."""

import subprocess
import sys
import time

import pytest

from tests.web.cli.conftest import Run
from workspace.database import Database
from workspace.deals import lifecycle


def test_should_show_help_at_once() -> None:
    start = time.perf_counter()
    called = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "web.cli.main", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    taken = time.perf_counter() - start
    for command in ("serve", "demo", "import", "similar", "doctor"):
        assert command in called.stdout
    # What is slow to import is not: the time alone would depend on the machine.
    for library in ("sqlmodel", "litestar", "torch", "numpy", "faiss"):
        assert f"| {library}\n" not in called.stderr
    assert taken < 10


def test_should_print_the_version(run: Run) -> None:
    assert run("--version").out.startswith("dealkin 0.")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["members", "add", "Ada", "not-an-address"], 1, "no email address"),
        (["members", "add", "Ada", "ada@dealkin.example", "--role", "queen"], 2, "queen"),
        (["members", "password", "nobody@dealkin.example"], 1, "No member has"),
        (["similar"], 2, "either --deal KEY"),
        (["similar", "words", "--deal", "D-0001"], 2, "either --deal KEY"),
        (["similar", "   "], 2, "either --deal KEY"),
        (["similar", "--deal", "D-9999"], 1, "no such deal"),
        (["similar", "words", "--as", "nobody@dealkin.example"], 1, "No member has"),
        (["similar", "words", "--industry", "alchemy"], 1, "No industry is called 'alchemy'"),
        (["similar", "words", "--size", "huge"], 1, "1–10"),
        (["similar", "words", "--product", "unknown"], 1, "No product is called"),
        (["similar", "words", "--since", "yesterday"], 2, "yesterday"),
        (["similar", "words", "--outcome", "drawn"], 2, "drawn"),
        (["similar", "words", "--limit", "0"], 2, "--limit"),
        (["import", "missing.csv"], 1, "missing.csv"),
        (["evaluate", "missing"], 2, "missing"),
        (["no-such-command"], 2, "no-such-command"),
    ],
)
def test_should_say_what_the_caller_can_fix_without_a_trace(
    run: Run, arguments: list[str], code: int, said: str
) -> None:
    outcome = run(*arguments)
    assert outcome.code == code
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    if code == 1:
        assert len(outcome.err.strip().splitlines()) <= 2


def test_should_say_that_the_database_cannot_be_opened(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")
    outcome = run("similar", "anything")
    assert outcome.code == 1
    assert "cannot be opened" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_should_not_let_a_text_command_the_terminal(run: Run, opened: Database) -> None:
    with opened.write() as session:
        lifecycle.log(session, "\x1b[31m[red]Shout[/red]\x07", None, None, use_case="hospital beds")
    run("reindex")
    shown = run("similar", "hospital beds").out
    assert "[red]Shout[/red]" in shown
    assert "\x1b[31m" not in shown
    assert "\x07" not in shown
