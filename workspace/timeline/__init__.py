"""What happened on each deal, and who is told of it."""
