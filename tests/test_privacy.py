"""Nothing is sent anywhere, and nothing is left where nobody looks for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.selftest import example_params, write_example_models
from tests.running import PROGRAM, ROOT, component, pipeline_file, small_photo

STARTED = """
import os, {first}
import onnxruntime
onnxruntime.SessionOptions()
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="not here: threads are counted as in Linux")
@pytest.mark.parametrize(
    "first", ["pipeline.component", "detectors.onnx.engine", "recognizers.networks.arcface"]
)
def test_onnx_runtime_starts_no_thread_and_leaves_no_identifier(tmp_path: Path, first: str) -> None:
    """Whoever imports it: a plugin's module, the detector, the recognizer. Its official builds report to
    their maker, by a thread of their own; in a CI they would not."""
    assert said_at_home(tmp_path, "-c", STARTED.format(first=first)) == "1\n"
    assert list(tmp_path.rglob("*")) == []


def test_a_run_leaves_nothing_at_home_but_the_cache(tmp_path: Path) -> None:
    """TensorFlow's compiling included, and an ONNX network's running."""
    home, models = tmp_path / "home", tmp_path / "models"
    home.mkdir()
    models.mkdir()
    write_example_models(models)
    pipeline = pipeline_file(
        tmp_path / "p.yml",
        component("darknet", "deepdetector", **example_params("deepdetector", models)),
        component("onnx", "deepdetector", model=str(models / "tiny-yolov8.onnx")),
        component("report", "jsonreportwriter", "darknet, onnx"),
    )
    small_photo(tmp_path / "in" / "a.png", 64, 64)
    said_at_home(home, *PROGRAM[1:], tmp_path / "in", tmp_path / "out", pipeline)
    assert (tmp_path / "out" / "a.png.json").is_file()
    assert {path.relative_to(home).parts[:2] for path in home.rglob("*") if path.is_file()} == {
        (".cache", "deepvisualminer")
    }


def said_at_home(home: Path, *arguments: str | Path) -> str:
    """What Python puts out for somebody who has this home."""
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout
