"""The models that turn texts into vectors, and read pairs of texts again."""
