"""What a sentence says."""
