"""Own fields: what a company wants to know of deals, accounts, people and assets besides ours."""
