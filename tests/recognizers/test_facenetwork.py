from __future__ import annotations

import importlib.util
import os

import pytest

from pipeline.errors import ModelError
from recognizers.facenetwork import load_network, network_files, network_named, network_record
from tests.recognizers.facenetworks import write_network


def test_words_that_mean_a_network(tmp_path, monkeypatch):
    assert network_named("dlib-face") == "dlib-face"
    assert network_named("sface") == "sface"
    monkeypatch.chdir(tmp_path)
    assert network_named("my.onnx") == str(tmp_path / "my.onnx")
    with pytest.raises(ValueError, match=r'"dataset.csv" is no network for faces; give dlib-face, sface, or'):
        network_named("dataset.csv")
    with pytest.raises(ValueError, match="rename the file"):
        network_named(os.fsdecode(b"\xff.onnx"))


def test_without_dlib_one_line_says_what_to_type(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError) as raised:
        network_files("dlib-face")
    assert str(raised.value) == (
        'network "dlib-face": the package dlib-bin is not installed; type: .venv/bin/python -m pip install '
        "--require-hashes -r requirements-embedding.txt"
    )


@pytest.mark.parametrize("name", ["dlib-face", "sface"])
def test_a_network_that_was_not_fetched(name, monkeypatch, tmp_path):
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match=f"is not here; type: .* fetch {name}"):
        network_record(name)


def test_a_network_that_changed_or_is_gone(network_file):
    record = network_record(str(network_file))
    assert load_network(record).side_px == 112
    write_network(network_file, numbers=47)
    with pytest.raises(
        ModelError, match=r"small\.onnx: is not the network any more that the model was taught"
    ):
        load_network(record)
    network_file.unlink()
    with pytest.raises(ModelError, match=r"small\.onnx: there is no such file; put the network back"):
        load_network(record)
