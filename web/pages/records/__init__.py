"""The pages on accounts, people and assets."""
