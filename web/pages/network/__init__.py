"""The pages on ties, connections, introductions and keeping in touch."""
