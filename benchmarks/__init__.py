"""Measurements: ratios, side by side in one run, of what a user waits for and pays in memory."""
