"""The JSON API: the operations of the pages, for other programs, under the same rights."""
