"""Runs a program on a file of others in a process of its own, whose memory and time are limited.

A small file can hold gigabytes, or keep a reader busy for hours. Only a limit of the operating
system holds for everything that a file may contain.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from workspace import confined_process

# Seconds by the clock; a busy machine takes longer than the seconds of work that are allowed.
_SECONDS = 30


class Ended(Exception):
    """The program gave no result; the code is its own, or None where it was ended by a limit."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"The program ended with {code}.")
        self.code = code


@contextmanager
def confined(program: str, raw: bytes, *arguments: str) -> Iterator[IO[bytes]]:
    """What a program, the path of a Python file, writes about these bytes; `Ended` if it fails.

    The program reads standard input and writes standard output. It imports nothing of Dealkin.
    """
    command = [sys.executable, "-I", str(Path(confined_process.__file__)), program, *arguments]
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as result:
        source.write(raw)
        source.seek(0)
        try:
            ended = subprocess.run(  # noqa: S603
                command,
                stdin=source,
                stdout=result,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Ended(None) from None
        if ended.returncode:
            # A negative code is the signal by which the system has ended it.
            raise Ended(ended.returncode if ended.returncode > 0 else None)
        result.seek(0)
        yield result
