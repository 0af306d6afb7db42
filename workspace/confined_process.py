"""Limits this process, and runs the program that it is given. It imports nothing of Dealkin."""

import resource
import runpy
import sys

# Bytes of memory, and seconds of work.
_MEMORY = 500_000_000
_SECONDS = 20


def main() -> None:
    """Run the program of the first argument with the others."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
