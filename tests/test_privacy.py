"""Nothing is sent anywhere, and no file is left in unexpected places."""

from __future__ import annotations

import json
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
LOADED = """
import os, sys
from pipeline.catalog import load_class
load_class("tests.plugins.onnxruntime_first:OnnxRuntimeFirst")
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="not here: threads are counted as in Linux")
@pytest.mark.parametrize(
    "script",
    [
        LOADED,
        STARTED.format(first="detectors.onnx.engine"),
        STARTED.format(first="recognizers.networks.arcface"),
    ],
    ids=["a plug-in that imports it first", "the detector", "the recognizer"],
)
def test_onnx_runtime_starts_no_thread_and_leaves_no_identifier(tmp_path: Path, script: str) -> None:
    """Its official builds report to their maker from a thread of their own, unless they see that they
    run in a CI; these processes do not look like one."""
    assert said_at_home(tmp_path, "-c", script) == "1\n"
    assert list(tmp_path.rglob("*")) == []


def test_a_run_with_a_plug_in_that_imports_onnx_runtime_first(tmp_path: Path) -> None:
    """In the parent, which imports the plug-in's module, and in the workers."""
    home = tmp_path / "home"
    home.mkdir()
    pipeline = pipeline_file(
        tmp_path / "p.yml",
        component("first", "tests.plugins.onnxruntime_first:OnnxRuntimeFirst"),
        component("report", "jsonreportwriter", "first"),
    )
    small_photo(tmp_path / "in" / "a.png", 64, 64)
    more = ("--allow-plugins", "--workers", "1")
    said_at_home(home, *PROGRAM[1:], tmp_path / "in", tmp_path / "out", pipeline, *more)
    report = json.loads((tmp_path / "out" / "a.png.json").read_bytes())
    assert report["frames"][0]["first"][0]["labels"][0]["label"] == "1"
    assert [path for path in home.rglob("*") if path.is_file()] == []


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
    """What Python prints for a user with this home."""
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout
