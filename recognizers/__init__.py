"""Recognizers: detectors whose labels are the names of known faces."""
