"""The pages of the reference desk, of advocates, and of guests."""
