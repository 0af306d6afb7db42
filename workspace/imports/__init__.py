"""Reads the files that people have into plain rows, and applies them to the record."""

from workspace.imports.apply import Report, run

__all__ = ["Report", "run"]
