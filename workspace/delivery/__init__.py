"""What leaves the system: the outbox of mail."""
