"""Reporters: what was found, as JSON files."""
