"""OpenVINO in workers: compiled in each of them, with the same results for any number of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detectors.onnxwriter import OnnxGraph
from pipeline.engines.openvino import OpenVinoEngine, OpenVinoModel
from pipeline.errors import ModelError
from pipeline.host.libraries import can_use_openvino
from pipeline.host.processor import this_processor
from tests.detectors.darknet.networks import conv, head_conv, maxpool, net, write_network, yolo
from tests.running import component, pipeline_file, run, small_photo

pytestmark = pytest.mark.skipif(not can_use_openvino(), reason="needs openvino")

TEXT = net(64, 64) + conv(8) + maxpool(4, 4) + head_conv() + yolo()


def doubling(path: Path) -> Path:
    """A network that adds its input to itself."""
    graph = OnnxGraph()
    x = graph.input("image", (1, "height", "width", 3))
    graph.output(graph.node("Add", x, x), "y", (1, "height", "width", 3))
    path.write_bytes(graph.content())
    return path


def test_a_path_that_is_not_utf8(tmp_path: Path) -> None:
    engine = OpenVinoEngine(doubling(tmp_path / os.fsdecode(b"caf\xe9.onnx")), "float32")
    for side in (3, 7, 3):
        image = np.full((1, side, 5, 3), 1.5, dtype=np.float32)
        (found,) = engine.run(image)
        assert (found == 2 * image).all()


def test_an_output_is_not_overwritten_by_the_next_run(tmp_path: Path) -> None:
    engine = OpenVinoEngine(doubling(tmp_path / "a.onnx"), "float32")
    (first,) = engine.run(np.ones((1, 4, 4, 3), np.float32))
    engine.run(np.zeros((1, 4, 4, 3), np.float32))
    assert (first == 2).all()


def test_float32_stays_float32(tmp_path: Path) -> None:
    """On processors with bf16, OpenVINO computes in it unless it is asked not to."""
    graph, random = OnnxGraph(), np.random.default_rng(0)
    weights = random.standard_normal((64, 32)).astype(np.float32)
    x = graph.input("image", (1, 64))
    graph.output(graph.node("MatMul", x, graph.constant(weights)), "y", (1, 32))
    path = tmp_path / "a.onnx"
    path.write_bytes(graph.content())
    image = random.random((1, 64)).astype(np.float32)
    right = image.astype(np.float64) @ weights
    errors = [
        np.abs(OpenVinoEngine(path, precision).run(image)[0] - right).max()
        for precision in ("float32", "bf16")[: 1 + this_processor().has_bfloat16]
    ]
    assert errors[0] < 1e-5
    assert all(error > 1e-3 for error in errors[1:])


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(doubling(path).read_bytes()[:-20])
    with pytest.raises(ModelError) as caught:
        OpenVinoModel(path, "float32").infer({"image": np.ones((1, 4, 4, 3), np.float32)})
    assert str(caught.value).startswith(f"{path}: OpenVINO cannot use it (")
    assert "\n" not in str(caught.value)


def test_it_starts_no_thread_before_it_runs(tmp_path: Path) -> None:
    """So that workers can be forked off the process that loads the pipeline."""
    before = len(os.listdir("/proc/self/task"))
    OpenVinoEngine(doubling(tmp_path / "a.onnx"), "float32")
    assert len(os.listdir("/proc/self/task")) == before


def test_a_process_may_be_forked_off_one_that_ran_it(tmp_path: Path) -> None:
    engine = OpenVinoEngine(doubling(tmp_path / "a.onnx"), "float32")
    image = np.ones((1, 4, 4, 3), np.float32)
    engine.run(image)
    child = os.fork()
    if not child:
        os._exit(0 if (engine.run(image)[0] == 2).all() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def mined(folder: Path, name: str, workers: int, **params: Any) -> dict[str, bytes]:
    """Reports of six photos of three shapes, by name."""
    file = pipeline_file(
        folder / f"{name}.yml",
        component("objects", "deepdetector", model=str(folder / "net.cfg"), threshold=0.2, **params),
        component("report", "jsonreportwriter", "objects"),
    )
    done = run("--workers", str(workers), folder / "in", folder / name, file)
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in (folder / name).glob("*.json")}


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_reports_do_not_depend_on_the_number_of_workers(tmp_path: Path, precision: str) -> None:
    if precision == "bf16" and not this_processor().has_bfloat16:
        pytest.skip("needs a processor with bf16")
    cfg, _ = write_network(tmp_path, TEXT)
    cfg.with_suffix(".names").write_text("a\nb\nc\n")
    for number in range(6):
        small_photo(tmp_path / "in" / f"{number}.png", 90, 40 + 20 * (number % 3))
    one = mined(tmp_path, "one", 1, engine="openvino", precision=precision)
    two = mined(tmp_path, "two", 2, engine="openvino", precision=precision)
    assert len(one) == 6
    assert one == two
    assert b'"label"' in b"".join(one.values())
