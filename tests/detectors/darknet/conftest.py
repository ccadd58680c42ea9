from __future__ import annotations

import pytest

from pipeline.host.libraries import can_use_openvino
from tests.detectors.darknet import networks


@pytest.fixture(params=["litert", "onnxruntime", "openvino"])
def each_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Has `networks.engine` compile float32 networks for each engine in turn."""
    if request.param == "openvino" and not can_use_openvino():
        pytest.skip("needs openvino")
    monkeypatch.setattr(networks, "RUNS_IN", request.param)
    return request.param
