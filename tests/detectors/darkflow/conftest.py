"""Graphs as Darkflow saves them; `make_graphs.py` made them with TensorFlow 1.15."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from detectors.darkflow.files import DarkflowFiles

HERE = Path(__file__).parent


@pytest.fixture(params=["region", "detection"])
def saved(request: pytest.FixtureRequest, tmp_path: Path) -> DarkflowFiles:
    """One of the two, to be damaged at will."""
    for ending in (".pb", ".meta", ".npz"):
        shutil.copy(HERE / f"{request.param}{ending}", tmp_path)
    return DarkflowFiles(tmp_path / f"{request.param}.pb", tmp_path / f"{request.param}.meta")
