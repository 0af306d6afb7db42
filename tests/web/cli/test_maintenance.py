"""Commands for maintenance."""

from pathlib import Path

import pytest

from similarity.fitting import Finding
from similarity.learned_weights import Subject
from similarity.scoring import Weights
from tests.web.cli.conftest import Run
from tests.workspace.test_audit import unguarded
from tests.world import World
from workspace.audit import AuditEntry
from workspace.database import Database
from workspace.deals import lifecycle


def test_should_use_what_was_fitted_until_it_is_undone(
    on_world: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = on_world("fit")
    assert "weights: 0 judgements on 0 deals" in refused.out
    assert "prior: 0 closed deals had enough kin" in refused.out
    assert on_world("fit", "--undo").out == "Nothing that was learned holds.\n"

    weights = dict(Weights().items()) | {"industry": 0.9}
    finding = Finding(Subject.WEIGHTS, weights, "", {"gain": 0.2})
    monkeypatch.setattr("similarity.fitting.lessons", lambda *_: [finding])
    assert on_world("fit", "--as", world.email("alice")).code == 1
    done = on_world("fit", "--as", world.email("grace"))
    assert "weights: from now on meaning 0.5" in done.out
    assert "gain: 0.2000" in done.out

    def weight() -> float:
        found = on_world("similar", "--deal", world.deals["kestrel"], "--json").json
        terms = {term["name"]: term["weight"] for term in found["results"][0]["terms"]}
        return terms["industry"]

    assert weight() == 0.9
    assert on_world("fit", "--undo", "--json").json == {"learned": [], "undone": "weights"}
    assert weight() == Weights().industry


@pytest.mark.slow
def test_should_say_that_the_reranker_is_missing(
    on_world: Run, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = on_world("similar", "--deal", world.deals["kestrel"], "--json")
    monkeypatch.setenv("DEALKIN_RERANKER", str(tmp_path / "nowhere"))
    assert on_world("similar", "--deal", world.deals["kestrel"], "--json").json == before.json
    doctor = on_world("doctor", "--json")
    assert doctor.code == 1
    assert "nowhere cannot be used" in doctor.json["problems"][0]


def test_should_find_a_healthy_installation(on_world: Run, world: World) -> None:
    assert on_world("reindex").code == 0
    found = on_world("doctor", "--json")
    assert found.code == 0, found.json["problems"]
    assert found.json["rows"]["deal"] == 12
    assert found.json["vectors"]["fake"] > 0
    assert found.json["index"]["state"] == "in step"
    assert "Everything is in order." in on_world("doctor").out


def test_should_find_documents_without_a_vector(run: Run, opened: Database) -> None:
    with opened.write() as session:
        lifecycle.log(session, "Written by another program", None, None)
    found = run("doctor")
    assert found.code == 1
    assert "dealkin reindex" in found.out
    assert run("reindex").code == 0
    assert run("doctor").code == 0


def test_should_find_that_there_is_no_database_yet(run: Run, tmp_path: Path) -> None:
    found = run("doctor", "--json")
    assert found.code == 1
    assert "no database yet" in found.json["problems"][0]
    assert not (tmp_path / "dealkin.sqlite3").exists()


def test_should_survive_a_damaged_index(on_world: Run, tmp_path: Path) -> None:
    assert on_world("reindex").code == 0
    for file in (tmp_path / "indexes").glob("*-*"):
        file.write_bytes(b"\0" * 100)
    found = on_world("doctor", "--json")
    assert found.code == 0
    assert found.json["index"]["state"] == "damaged, or of another model"


def test_should_find_and_print_the_audit_log(on_world: Run, world: World) -> None:
    assert "udit" not in str(on_world("doctor", "--json").json["problems"])
    lines = on_world("audit").out.splitlines()
    assert on_world("audit", "--after", str(len(lines) - 1)).out.splitlines() == lines[-1:]
    assert on_world("audit", "--format", "syslog").out.startswith("<109>1 ")
    assert on_world("audit", "--format", "xml").code == 2
    with world.database.write() as session:
        session.add(AuditEntry(action="roles set", subject="person 1"))
    unguarded(world.database, "UPDATE auditentry SET subject = 'person 99' WHERE number = 2")
    unguarded(
        world.database,
        "DELETE FROM auditvalues WHERE entry_id = (SELECT id FROM auditentry WHERE number = 4)",
    )
    unguarded(world.database, "DELETE FROM auditentry WHERE number = 4")
    found = on_world("doctor", "--json")
    assert found.code == 1
    assert {
        "Audit entry 2 was changed, or put in another's place.",
        "Audit entry 4 was deleted.",
        "1 audit entries were inserted beside the chain.",
    } <= set(found.json["problems"])
