"""Annotators: boxes and labels drawn on photos and video frames."""
