"""Backups: one file with the database and the home's files, and how it is restored."""
