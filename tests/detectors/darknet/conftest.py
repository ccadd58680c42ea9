from __future__ import annotations

import pytest

from tests.detectors.darknet import networks


@pytest.fixture(params=["litert", "onnxruntime"])
def each_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Has `networks.engine` compile float32 networks for one engine, then for the other."""
    monkeypatch.setattr(networks, "RUNS_IN", request.param)
    return request.param
