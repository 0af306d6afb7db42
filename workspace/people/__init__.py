"""People: contacts and members, their careers, and how members sign in."""
