"""The pages on open seats, availability and seat roles."""
