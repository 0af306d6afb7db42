"""Everything that a person or another program touches: pages, and the command line."""
