"""What members do together on a deal: notes, tasks, the inbox and reminders."""
