"""The index in PostgreSQL: its rows, kept with the documents, and the searches over them."""
