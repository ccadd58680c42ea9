"""Keeping an index up to date with the reports of an OUTPUT."""
