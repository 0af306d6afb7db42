"""The examples for systemd, containers and proxies: what they name exists."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from similarity.encoders import multilingual_e5
from web.cli.main import app
from workspace.settings import Settings

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "deploy").iterdir())
SETTINGS = {
    field.validation_alias or f"DEALKIN_{name.upper()}"
    for name, field in Settings.model_fields.items()
}
# Variables of the compose file's own, and of the proxy.
OWN = {"DEALKIN_DOMAIN", "DEALKIN_SERVER"}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="There is no systemd here.")
def test_should_have_a_unit_that_systemd_takes(tmp_path: Path) -> None:
    unit = (ROOT / "deploy" / "dealkin.service").read_text()
    # What is started has to exist where the unit is checked.
    copy = tmp_path / "dealkin.service"
    copy.write_text(unit.replace("/opt/dealkin/.venv/bin/dealkin", sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "dealkin.service" not in done.stderr, done.stderr


def test_should_have_a_container_file_that_a_linter_takes() -> None:
    file = ROOT / "deploy" / "Containerfile"
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [linter, "--no-color", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_should_unpack_the_model_where_the_unit_may_write(monkeypatch: pytest.MonkeyPatch) -> None:
    unit = (ROOT / "deploy" / "dealkin.service").read_text().splitlines()
    assert {"CacheDirectory=dealkin", "Environment=XDG_CACHE_HOME=%C"} <= set(unit)
    # What %C stands for in a unit of the system.
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache")
    assert Path("/var/cache/dealkin") in multilingual_e5.folder().parents


def test_should_name_settings_and_codes_that_exist_to_operators() -> None:
    text = (ROOT / "docs" / "operating.md").read_text()
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", text))
    assert named <= SETTINGS
    (told,) = re.findall(r"`/health/ready`.*the codes of [^:]+: (.+?) \|", text)
    source = (ROOT / "web" / "conditions.py").read_text()
    codes = set(re.findall(r'Condition\(\s*"(\w+)"', source))
    assert set(re.findall(r"`(\w+)`", told)) == codes | {"database"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_should_name_settings_that_exist(file: Path) -> None:
    named = set(re.findall(r"\b(?:DEALKIN_[A-Z_]+|DATABASE_(?:DIRECT_)?URL)\b", file.read_text()))
    assert named - OWN <= SETTINGS


@pytest.mark.parametrize("name", ["dealkin.service", "Containerfile", "compose.yaml"])
def test_should_call_commands_that_exist(name: str) -> None:
    text = (ROOT / "deploy" / name).read_text()
    (line,) = re.findall(r"^(?:ExecStart=.*|CMD .*|    command: .*)$", text, re.MULTILINE)
    words = re.findall(r"[\w./-]+", line.split("=", 1)[-1].split(":", 1)[-1].removeprefix("CMD"))
    serve = get_command(app).commands["serve"]  # type: ignore[attr-defined]
    assert "serve" in words
    options = {name for parameter in serve.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_should_ask_for_addresses_that_exist() -> None:
    for file in FILES:
        for path in re.findall(r"/(?:health/\w+|metrics|live)\b(?!\.)", file.read_text()):
            assert path in {"/health/live", "/health/ready", "/metrics", "/live"}
