"""What a sentence says: the names, places, industries and sizes in it, and what it denies."""
