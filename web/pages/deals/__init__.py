"""The list and the board of deals, with views and stages."""
