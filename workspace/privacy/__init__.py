"""What is stored of a person: telling them, erasing it, and keeping it from being erased."""
