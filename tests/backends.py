"""The kinds of databases that tests run on. A module names its own in `BACKENDS`."""

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
# PostgreSQL does the searching.
SEARCHING = "postgresql that searches"

USUAL = (SQLITE, POSTGRESQL)
# For tests of answers and of rights, which are the same whatever searches.
EVERY = (*USUAL, SEARCHING)
