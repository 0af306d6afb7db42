"""The record: who, what, when, and who may see it."""
