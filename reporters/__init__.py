"""Reporters: writers of results as JSON files."""
