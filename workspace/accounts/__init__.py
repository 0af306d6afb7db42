"""Accounts: the organisations in the record, with industry, size and place."""
