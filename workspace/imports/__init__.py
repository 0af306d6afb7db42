"""Reads the files that people have into plain rows, and applies them to the record."""
