from __future__ import annotations

from pathlib import Path

import pytest

from detectors.darkflow.files import DarkflowFiles
from detectors.darkflow.opening import open_darkflow
from pipeline.errors import ModelError
from pipeline.files.cachefolder import CACHE_VARIABLE


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
