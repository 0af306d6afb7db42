"""Secrets at rest: the keys of an installation, and how they are renewed."""

from pathlib import Path

import pytest

from workspace.errors import DealkinError
from workspace.keyring import Keyring, key_text
from workspace.settings import Settings


def test_should_keep_the_key_in_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    keyring = Keyring(Settings(home=tmp_path / "home"))
    stored = keyring.encrypt("a secret")
    assert "a secret" not in stored
    assert keyring.file.stat().st_mode & 0o777 == 0o600
    assert Keyring(Settings(home=tmp_path / "home")).decrypt(stored) == "a secret"


def test_should_renew_secrets_with_a_new_key(tmp_path: Path) -> None:
    keyring = Keyring(Settings(home=tmp_path))
    stored, old = keyring.encrypt("a secret"), keyring.file.read_text()
    keyring.add_key()
    assert keyring.decrypt(stored) == "a secret"
    renewed = keyring.renew(stored)
    keyring.drop_old_keys()
    assert old not in keyring.file.read_text()
    assert keyring.decrypt(renewed) == "a secret"
    with pytest.raises(DealkinError, match="another one"):
        keyring.decrypt(stored)


def test_should_take_keys_from_the_environment(tmp_path: Path) -> None:
    first, second = key_text(), key_text()
    stored = Keyring(Settings(home=tmp_path, keys=first)).encrypt("a secret")
    both = Keyring(Settings(home=tmp_path, keys=f"{second}, {first}"))
    renewed = both.renew(stored)
    assert Keyring(Settings(home=tmp_path, keys=second)).decrypt(renewed) == "a secret"
    assert not both.file.exists()
    with pytest.raises(DealkinError, match="no key"):
        Keyring(Settings(home=tmp_path, keys="x")).encrypt("a secret")
