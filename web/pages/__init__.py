"""One Controller and its page contexts for each noun."""
