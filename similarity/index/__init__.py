"""The index of the record: stored documents, and the caches that are searched."""
