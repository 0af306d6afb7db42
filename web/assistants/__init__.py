"""The server for AI assistants (Model Context Protocol): a few tools under a member's rights."""
