"""Recognizers: detectors whose labels are the names of known faces."""

import pipeline  # noqa: F401 - what it sets up comes before any library of a recognizer's
