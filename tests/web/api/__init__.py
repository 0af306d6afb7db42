"""The API as another program calls it."""
