"""Jobs: work that takes longer than a page, with progress, retries and an owner."""
