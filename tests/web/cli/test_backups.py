"""Commands for backups."""

from pathlib import Path

import pytest

from tests.web.cli.conftest import Run
from workspace.database import Database
from workspace.deals import lifecycle


def test_should_back_up_drill_and_restore(
    run: Run, opened: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "There is no backup yet" in run("drill").err
    with opened.write() as session:
        lifecycle.log(session, "Quillfeather Optics", None, None)
    assert run("reindex").code == 0
    made = run("backup", "--json").json
    assert made["rows"] > 1
    drilled = run("drill")
    assert drilled.code == 0, drilled.err
    assert "can be restored" in drilled.out
    assert "questions answered: 1." in drilled.out
    assert run("restore", made["file"]).code == 1
    other = run("backup", "--to", tmp_path / "usb")
    assert str(tmp_path / "usb") in other.out

    monkeypatch.setenv("DEALKIN_HOME", str(tmp_path / "new"))
    restored = run("restore", made["file"])
    assert restored.code == 0, restored.err
    assert "Restored" in restored.out
    assert "no erasures.jsonl" not in restored.out
    assert run("doctor", "--json").json["rows"]["deal"] == 1
    assert run("restore", tmp_path / "nowhere").code == 1

    alone = tmp_path / "alone" / Path(made["file"]).name
    alone.parent.mkdir()
    alone.write_bytes(Path(made["file"]).read_bytes())
    monkeypatch.setenv("DEALKIN_HOME", str(tmp_path / "newer"))
    assert "no erasures.jsonl" in run("restore", alone).out
