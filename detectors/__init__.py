"""Detectors: components that find things in a frame."""
