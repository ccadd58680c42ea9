"""Imports ONNX Runtime before anything of this program."""

from __future__ import annotations

import os

import onnxruntime

onnxruntime.SessionOptions()

from pipeline.component import Detector  # noqa: E402
from pipeline.detections import Detection, Label  # noqa: E402


class OnnxRuntimeFirst(Detector):
    """Finds the whole frame, labelled with the number of threads that this process has."""

    def detect(self, frame, regions):
        """Count the threads."""
        return [Detection(frame.seen, (Label(str(len(os.listdir("/proc/self/task"))), 1.0),))]
