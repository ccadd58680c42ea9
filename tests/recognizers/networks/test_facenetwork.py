from __future__ import annotations

import importlib.util
import os

import pytest

from pipeline.errors import ModelError
from pipeline.models.catalog import find_model
from recognizers.networks.facenetwork import (
    INSTALL_DLIB,
    chosen_network,
    load_network,
    network_files,
    network_named,
    network_record,
)
from tests.recognizers.facenetworks import write_network


def test_words_that_mean_a_network(tmp_path, monkeypatch):
    assert network_named("dlib-face") == "dlib-face"
    assert network_named("sface") == "sface"
    monkeypatch.chdir(tmp_path)
    assert network_named("my.onnx") == str(tmp_path / "my.onnx")
    with pytest.raises(ValueError, match=r'"dataset.csv" is not a network for faces; give sface'):
        network_named("dataset.csv")
    with pytest.raises(ValueError, match="rename the file"):
        network_named(os.fsdecode(b"\xff.onnx"))


def test_the_network_that_is_taken_where_none_is_named(monkeypatch, tmp_path):
    """By what lies in the cache folder: a file that is not whole is no reason to take another network."""
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path))

    def taken(*, aligned: bool) -> str:
        try:
            return chosen_network("default", aligned=aligned)
        except ModelError as error:
            return str(error)

    fetch = ".venv/bin/python -m pipeline.models fetch"
    crop = "the faces are not aligned, as sface needs them; crop the photos with --detector yunet, or type: "
    assert taken(aligned=True) == f"no network that describes faces is here; type: {fetch} sface"
    assert taken(aligned=False) == f"{crop}{fetch} dlib-face"
    here(tmp_path, "sface")
    assert taken(aligned=True) == "sface"
    assert taken(aligned=False) == f"{crop}{fetch} dlib-face"
    with monkeypatch.context() as without_dlib:
        without_dlib.setattr(importlib.util, "find_spec", lambda name: None)
        assert taken(aligned=False) == f"{crop}{INSTALL_DLIB} && {fetch} dlib-face"
    here(tmp_path, "dlib-face")
    assert (taken(aligned=True), taken(aligned=False)) == ("sface", "dlib-face")
    assert chosen_network("/my.onnx", aligned=False) == "/my.onnx"


def here(cache, name):
    """Put what has the names of a model's files into a cache folder."""
    (cache / "models" / name).mkdir(parents=True)
    for file in find_model(name).files:
        (cache / "models" / name / file).touch()


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
    with pytest.raises(ModelError, match=r"small\.onnx: has changed since the model was trained"):
        load_network(record)
    network_file.unlink()
    with pytest.raises(ModelError, match=r"small\.onnx: there is no such file; put the network back"):
        load_network(record)
