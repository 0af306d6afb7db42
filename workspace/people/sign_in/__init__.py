"""How members prove who they are: passwords, sessions, limits on guessing, and links."""
