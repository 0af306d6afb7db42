"""Recorded changes of the record that can be taken back: imports, merges and deletions."""
