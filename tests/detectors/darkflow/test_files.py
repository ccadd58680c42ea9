from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detectors.darkflow.files import DarkflowFiles
from detectors.darkflow.opening import open_darkflow
from detectors.deepdetector import DeepDetector, DeepDetectorParams
from pipeline.errors import ModelError
from pipeline.files.cachefolder import CACHE_VARIABLE
from pipeline.frame import Frame
from pipeline.host.libraries import can_use_openvino
from pipeline.models.enginechoices import iter_choices


def test_finds_the_meta_beside_the_graph(saved: DarkflowFiles) -> None:
    assert DarkflowFiles.find(str(saved.graph), None) == saved


def test_tells_what_is_missing(saved: DarkflowFiles, tmp_path: Path) -> None:
    saved.meta.unlink()
    with pytest.raises(ModelError) as caught:
        DarkflowFiles.find(str(saved.graph), None)
    assert str(caught.value) == (
        f"{saved.meta}: there is no such file; Darkflow saves it with {saved.graph.name}; put it beside that"
    )
    with pytest.raises(ModelError, match=r"no\.pb: there is no such file; give the path of a \.pb file"):
        DarkflowFiles.find(str(tmp_path / "no.pb"), None)
    with pytest.raises(
        ModelError, match=r'a\.weights: a \.pb file holds its weights itself; leave "weights" out'
    ):
        DarkflowFiles.find(str(saved.graph), "a.weights")


def test_a_damaged_network_in_the_cache_is_made_again(
    saved: DarkflowFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    open_darkflow(saved.graph, saved.meta, None, "float32")
    (flatbuffer,) = (tmp_path / "cache").glob("compiled/*.tflite")
    flatbuffer.write_bytes(flatbuffer.read_bytes()[:500])
    open_darkflow(saved.graph, saved.meta, None, "float32")
    assert f"{flatbuffer}: is damaged; compiling {saved.graph.name} again, for float32" in caplog.messages


@pytest.mark.skipif(not can_use_openvino(), reason="needs openvino")
def test_openvino_finds_what_litert_finds(
    saved: DarkflowFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    rgb = np.random.default_rng(2).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    frame = Frame.from_rgb(rgb)
    found = []
    for engine in ("litert", "openvino"):
        params = DeepDetectorParams(model=str(saved.graph), engine=engine, threshold=0.01)
        assert list(DeepDetector.check(params)) == []
        detector = DeepDetector("objects", params)
        detector.load()
        found.append(detector.detect(frame, [frame.whole]))
    assert found[0]
    for one, other in zip(*found, strict=True):
        assert one.box == other.box
        assert one.labels[0].confidence == pytest.approx(other.labels[0].confidence, abs=1e-5)


@pytest.mark.skipif(not can_use_openvino(), reason="needs openvino")
def test_the_faster_engine_is_chosen(
    saved: DarkflowFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv("DEEPVISUALMINER_ENGINE")
    open_darkflow(saved.graph, saved.meta, None, "float32")
    ((_, choice),) = iter_choices()
    assert choice.measured.keys() == {"litert float32", "openvino float32"}
    assert all(isinstance(took, float) for took in choice.measured.values())


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"engine": "onnxruntime"}, "onnxruntime does not run Darkflow's networks"),
        ({"engine": "openvino", "precision": "int8"}, "openvino runs no int8 of Darkflow's"),
        ({"engine": "litert", "precision": "bf16"}, "litert has no bf16"),
    ],
)
def test_engines_that_do_not_run_it_are_problems(
    saved: DarkflowFiles, params: dict[str, str], says: str
) -> None:
    (problem,) = DeepDetector.check(DeepDetectorParams(model=str(saved.graph), **params))
    assert problem.key == "engine"
    assert says in problem.sentence
