"""Network search: people in a position, in the record and in address books."""
