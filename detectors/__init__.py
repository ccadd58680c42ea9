"""Detectors: components that find things in a frame."""

import pipeline  # noqa: F401 - what it sets up comes before any library of a detector's
