"""Takes the record out: lists as files for spreadsheets, and the whole record as one file."""
