"""Introduction requests: asking a colleague to introduce somebody."""
