"""Imports OpenVINO before anything of this program."""

from __future__ import annotations

import openvino

openvino.get_version()

from pipeline.component import Detector  # noqa: E402
from pipeline.detections import Detection, Label  # noqa: E402


class OpenVinoFirst(Detector):
    """Finds the whole frame."""

    def detect(self, frame, regions):
        """Label it with OpenVINO's version."""
        return [Detection(frame.seen, (Label(openvino.get_version(), 1.0),))]
