"""Reads the files that people have into plain rows, and applies them to the record."""

from workspace.imports.apply import More, Report, run

__all__ = ["More", "Report", "run"]
