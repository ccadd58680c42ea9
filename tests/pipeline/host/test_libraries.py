"""What a process's libraries may do: no import sets anything up, the programs' and workers' start does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SWITCHES = """
import os
names = ("ORT_DISABLE_TELEMETRY", "OPENCV_IO_MAX_IMAGE_PIXELS", "OPENBLAS_NUM_THREADS")
for name in names:
    os.environ.pop(name, None)
import {module}
answer = [name for name in names if name in os.environ]
"""
IMAGING = """
from pipeline.host.libraries import configure_imaging
import cv2
from PIL import Image
answer = [[cv2.getNumThreads() == 1, Image.MAX_IMAGE_PIXELS]]
configure_imaging()
answer.append([cv2.getNumThreads() == 1, Image.MAX_IMAGE_PIXELS])
"""


def test_importing_the_package_sets_nothing(run_python: Callable[..., Any]) -> None:
    for module in ("pipeline.miner", "detectors", "recognizers", "pipeline.photos.photo", "visualminer"):
        assert run_python(SWITCHES.format(module=module)) == [], module


def test_imaging_libraries_are_set_up_on_demand(run_python: Callable[..., Any]) -> None:
    before, after = run_python(IMAGING)
    assert before[1] is not None
    assert after == [True, None]
