"""The pages of one deal, a module a tab."""
