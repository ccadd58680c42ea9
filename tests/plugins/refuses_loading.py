"""Cannot use its model, or stumbles over it."""

from __future__ import annotations

from pipeline.component import Detector
from pipeline.errors import ModelError


class RefusesLoading(Detector):
    """Says so, as a component should."""

    forkable = True

    def load(self):
        """Refuse."""
        raise ModelError("m.onnx: is no network; give another")

    def detect(self, frame, regions):
        """Never comes to it."""
        return []


class StumblesLoading(Detector):
    """Raises what a component should not."""

    def load(self):
        """Stumble."""
        raise KeyError("weights")

    def detect(self, frame, regions):
        """Never comes to it."""
        return []
