"""Nothing is sent anywhere, and no file is left in unexpected places."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.host.libraries import can_use_openvino
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


OPENVINO_FIRST = """
import sys, time
from pipeline.catalog import load_class
load_class("tests.plugins.openvino_first:OpenVinoFirst")
assert "openvino._pyopenvino" in sys.modules
time.sleep(0.5)  # a report would be sent by another process
"""
OPENVINO_RUNS = """
import sys
from pathlib import Path
from pipeline.host.libraries import configure
configure()
import numpy as np
from pipeline.engines.openvino import OpenVinoModel
from detectors.onnxwriter import OnnxGraph
graph = OnnxGraph()
graph.output(graph.node("Relu", graph.input("x", (1, 4))), "y", (1, 4))
file = Path(sys.argv[1])
file.write_bytes(graph.content())
print(OpenVinoModel(file, "float32").infer({"x": np.array([[-1, 0, 1, 2]], np.float32)})[0].tolist())
"""


@pytest.mark.skipif(not can_use_openvino(), reason="needs openvino")
@pytest.mark.parametrize("script", [OPENVINO_FIRST, OPENVINO_RUNS], ids=["a plug-in imports it", "it runs"])
def test_openvino_opens_no_connection_and_leaves_no_identifier(tmp_path: Path, script: str) -> None:
    """Its import alone makes an identifier and sends it to an analytics service; its maker's switch is a file
    in the home folder."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace")
    home, trace = tmp_path / "home", tmp_path / "trace"
    home.mkdir()
    command = ["strace", "-f", "-qq", "-e", "trace=socket,connect,sendto", "-o", trace, sys.executable]
    subprocess.run(
        [*command, "-c", script, tmp_path / "a.onnx"],
        cwd=ROOT,
        env={"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )
    assert list(home.rglob("*")) == []
    assert [line for line in trace.read_text().splitlines() if "AF_INET" in line] == []


@pytest.mark.skipif(not can_use_openvino(), reason="needs openvino")
def test_openvino_is_not_used_if_something_could_report_already() -> None:
    """Its reporter was imported before the program could forbid that."""
    script = (
        "import openvino_telemetry\n"
        "from pipeline.host.libraries import can_use_openvino, configure\n"
        "configure()\n"
        "print(can_use_openvino())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


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
