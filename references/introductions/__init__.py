"""Introduction requests: asking a colleague for an introduction."""
