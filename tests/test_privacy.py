"""Nothing is sent anywhere: ONNX Runtime's official builds report to their maker, but not here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT

STARTED = """
import os, {first}
import onnxruntime
onnxruntime.SessionOptions()
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="not here: threads are counted as in Linux")
@pytest.mark.parametrize("first", ["pipeline.component", "detectors.onnx.engine", "recognizers.arcface"])
def test_onnx_runtime_starts_no_thread_and_leaves_no_identifier(tmp_path: Path, first: str) -> None:
    """Whoever imports it: a plugin's module, the detector, the recognizer. (In a CI it would not report.)"""
    home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", STARTED.format(first=first)],
        cwd=ROOT,
        env=home,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1\n"
    assert list(tmp_path.rglob("*")) == []
