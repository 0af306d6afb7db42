"""Records that may mean the same organisation or the same person, and merging them."""
