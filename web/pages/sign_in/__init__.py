"""The pages about signing in: a lost password, and what members look after themselves."""
