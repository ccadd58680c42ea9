"""Fails to load, with an expected and with an unexpected exception."""

from __future__ import annotations

from pipeline.component import Detector
from pipeline.errors import ModelError


class RefusesLoading(Detector):
    """Raises ModelError, as a component should."""

    forkable = True

    def load(self):
        """Refuse."""
        raise ModelError("m.onnx: is no network; give another")

    def detect(self, frame, regions):
        """Not called."""
        return []


class StumblesLoading(Detector):
    """Raises an unexpected exception."""

    def load(self):
        """Fail."""
        raise KeyError("weights")

    def detect(self, frame, regions):
        """Not called."""
        return []
