"""Who knows whom: ties, address books, and the strongest paths."""
