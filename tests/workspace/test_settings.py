"""Settings, read from the environment."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from workspace.settings import Settings, sqlalchemy_url


def test_should_read_settings_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DEALKIN_HOME", str(tmp_path))
    monkeypatch.setenv("DEALKIN_MODEL", "some/model")
    settings = Settings()
    assert settings.home == tmp_path
    assert settings.model == "some/model"
    assert settings.database == f"sqlite:///{tmp_path / 'dealkin.sqlite3'}"
    assert settings.indexes.parent == tmp_path
    with pytest.raises(ValidationError):
        settings.model = "another"


def test_should_have_a_home_of_the_users_own_by_default() -> None:
    settings = Settings()
    assert settings.home.name == "dealkin"
    assert (settings.database_url, settings.model, settings.origin) == (None, None, None)


@pytest.mark.parametrize("prefix", ["postgres://", "postgresql://", "postgresql+psycopg://"])
def test_should_use_the_installed_driver(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setenv("DATABASE_URL", prefix + "db.example/deals")
    assert Settings().database == "postgresql+psycopg://db.example/deals"
    assert sqlalchemy_url("sqlite:///a.sqlite3") == "sqlite:///a.sqlite3"
