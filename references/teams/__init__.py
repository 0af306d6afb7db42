"""Deal teams: stakeholders, and the team that is proposed for a deal."""
