"""Secrets at rest: the keys by which stored secrets are encrypted, and how they are renewed.

The keys come from DEALKIN_KEYS, or from the file `keys` in the home folder, which is made when the
first secret is stored. The first key encrypts, all of them decrypt. No backup has the file.
"""

import os
import re
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from workspace.errors import DealkinError
from workspace.settings import Settings

FILE = "keys"


class Keyring:
    """Encrypts and decrypts secrets with the keys of an installation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def file(self) -> Path:
        """The file of the keys, where the environment has none."""
        return self._settings.home / FILE

    def encrypt(self, text: str) -> str:
        """A secret as it is stored."""
        return MultiFernet(self._keys(make=True)).encrypt(text.encode()).decode()

    def decrypt(self, stored: str) -> str:
        """A stored secret; `DealkinError` without the key that it was encrypted with."""
        try:
            return MultiFernet(self._keys()).decrypt(stored.encode()).decode()
        except (InvalidToken, ValueError):
            raise DealkinError(
                "A stored secret cannot be decrypted: the key of this installation is another one."
                f" Set DEALKIN_KEYS, or put the file {FILE} back into the home folder."
            ) from None

    def renew(self, stored: str) -> str:
        """A stored secret, encrypted with the first key."""
        return self.encrypt(self.decrypt(stored))

    def add_key(self) -> None:
        """Put a new key before the others in the file."""
        if self._settings.keys:
            return
        self._write([key_text(), *self._lines()])

    def drop_old_keys(self) -> None:
        """Leave only the first key in the file, once nothing is encrypted with the others."""
        if not self._settings.keys:
            self._write(self._lines()[:1])

    def _keys(self, *, make: bool = False) -> list[Fernet]:
        lines = self._lines()
        if not lines and make:
            self._make()
            lines = self._lines()
        try:
            return [Fernet(line) for line in lines]
        except ValueError:
            raise DealkinError(
                "DEALKIN_KEYS, or the file of the keys, has something that is no key."
                " `dealkin keys new` prints one."
            ) from None

    def _lines(self) -> list[str]:
        if self._settings.keys:
            return re.split(r"[\s,]+", self._settings.keys.strip())
        return self.file.read_text("ascii").split() if self.file.is_file() else []

    def _make(self) -> None:
        """Make the file with a first key; of two processes that do, one wins."""
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch = self.file.with_name(f".{FILE}-{os.getpid()}")
        _write_private(scratch, [key_text()])
        try:
            os.link(scratch, self.file)
        except FileExistsError:
            pass
        finally:
            scratch.unlink()

    def _write(self, lines: list[str]) -> None:
        scratch = self.file.with_name(f".{FILE}-{os.getpid()}")
        _write_private(scratch, lines)
        scratch.replace(self.file)


def key_text() -> str:
    """A new random key."""
    return Fernet.generate_key().decode()


def _write_private(file: Path, lines: list[str]) -> None:
    """Write a file that only its owner can read, and have it on the disk."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write("\n".join(lines) + "\n")
        opened.flush()
        os.fsync(opened.fileno())
