"""Networks for faces in each engine: the same descriptors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.detections import Box
from pipeline.engines.candidates import ENGINE_VARIABLE
from pipeline.files.cachefolder import CACHE_VARIABLE
from pipeline.host.libraries import can_use_openvino
from pipeline.models.enginechoices import iter_choices
from recognizers.networks.facenetwork import load_network, network_record
from recognizers.networks.probe import Probe
from tests.recognizers.facenetworks import write_network

ENGINES = ["litert", "onnxruntime", "openvino"]
"""As the environment variable names them; the first does not run these networks, so that OpenCV does, or ONNX
Runtime."""


def described(network: str, engine: str, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    monkeypatch.setenv(ENGINE_VARIABLE, engine)
    loaded = load_network(network_record(network))
    random = np.random.default_rng(4)
    faces = [random.integers(0, 256, (112, 112, 3), dtype=np.uint8) for _ in range(3)]
    return [loaded.describe(Probe(face, Box(0, 0, 112, 112))) for face in faces]


@pytest.fixture(params=["sface", "arcface"])
def network(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(write_network(tmp_path / f"{request.param}_small.onnx", numbers=128, name="data"))


@pytest.mark.parametrize("engine", ENGINES[1:])
def test_each_engine_describes_a_face_alike(
    network: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine == "openvino" and not can_use_openvino():
        pytest.skip("needs openvino")
    expected = described(network, ENGINES[0], monkeypatch)
    for one, other in zip(described(network, engine, monkeypatch), expected, strict=True):
        assert np.allclose(one, other, atol=1e-5)
        assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("engine", ENGINES[1:])
def test_the_real_network_too(sface: str, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if engine == "openvino" and not can_use_openvino():
        pytest.skip("needs openvino")
    expected = described(sface, ENGINES[0], monkeypatch)
    for one, other in zip(described(sface, engine, monkeypatch), expected, strict=True):
        assert np.linalg.norm(one - other) < 1e-4


def test_the_fastest_is_chosen_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    network = str(write_network(tmp_path / "sface_small.onnx", numbers=128, name="data"))
    described(network, "auto", monkeypatch)
    ((path, choice),) = iter_choices()
    assert choice.network == "sface_small.onnx"
    assert {"opencv float32", "onnxruntime float32"} <= choice.measured.keys()
    assert all(isinstance(took, float) for took in choice.measured.values())
    before = path.stat().st_mtime_ns
    described(network, "auto", monkeypatch)
    assert path.stat().st_mtime_ns == before
