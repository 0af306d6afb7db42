"""Kills writing processes again and again, and looks whether anything is lost or half."""
