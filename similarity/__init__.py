"""Likeness, and the evidence drawn from it."""
