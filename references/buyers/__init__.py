"""The buyer: the inner circle of an account, its group, and whom its people can ask about us."""
