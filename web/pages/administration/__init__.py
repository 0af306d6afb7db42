"""Administration: members and their access."""
