from __future__ import annotations

import hashlib
import os
import shutil

import pytest

from pipeline.errors import ModelError
from pipeline.files.cachefolder import cache_folder
from pipeline.files.hashing import sha256_of
from pipeline.models.catalog import STANDS_FOR, ModelFile, OtherFile, find_model
from pipeline.models.fetch import fetch
from pipeline.models.fetched import FileState, model_folder, verify
from pipeline.models.files import (
    resolve_darknet,
    resolve_default,
    resolve_face_network,
    resolve_onnx,
    resolve_yunet,
)
from tests.running import flip_a_bit

FETCH = ".venv/bin/python -m pipeline.models fetch yolov3-tiny"


@pytest.fixture(scope="module")
def network_cache(tmp_path_factory):
    """A cache folder that holds yolov3-tiny: this person's own, or else one that is fetched into."""
    model = find_model("yolov3-tiny")
    folder = model_folder(model.name)
    if all(verify(folder / name, file) is FileState.OK for name, file in model.files.items()):
        return cache_folder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path_factory.mktemp("cache")))
        fetch(model, print)
        return cache_folder()


@pytest.fixture
def network(tmp_path):
    """A .cfg with .weights and .names of its stem beside it."""
    for ending in (".cfg", ".weights", ".names"):
        (tmp_path / f"mine{ending}").write_text("x")
    return tmp_path / "mine.cfg"


def complaint(resolve, *arguments):
    with pytest.raises(ModelError) as raised:
        resolve(*arguments)
    return str(raised.value)


def test_a_name_stands_for_the_fetched_files(network_cache, monkeypatch):
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(network_cache))
    files = resolve_darknet("yolov3-tiny", None)
    assert files.cfg == network_cache / "models/yolov3-tiny/yolov3-tiny.cfg"
    assert files.cfg.read_text().count("mask = 1,2,3") == 1
    assert files.weights.stat().st_size == 35434956
    assert files.names is not None
    assert files.names.read_text().split("\n")[:2] == ["person", "bicycle"]


def test_a_model_that_is_not_fetched_says_what_to_type(cache):
    assert complaint(resolve_darknet, "yolov3-tiny", None) == (
        f'model "yolov3-tiny": {cache}/models/yolov3-tiny/yolov3-tiny.cfg is not here; type: {FETCH}'
    )


def test_a_cut_file_says_what_to_type(network_cache, cache):
    folder = cache / "models" / "yolov3-tiny"
    folder.mkdir(parents=True)
    for name in ("yolov3-tiny.cfg", "yolov3-tiny.names"):
        (folder / name).write_bytes((network_cache / "models/yolov3-tiny" / name).read_bytes())
    (folder / "yolov3-tiny.weights").write_bytes(b"cut")
    assert complaint(resolve_darknet, "yolov3-tiny", None).endswith(
        f"yolov3-tiny.weights is damaged; type: {FETCH}"
    )


def test_a_folder_of_a_models_name_does_not_hide_the_model(network_cache, tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(network_cache))
    (tmp_path / "yolov3-tiny").mkdir()
    assert resolve_darknet(str(tmp_path / "yolov3-tiny"), None) == resolve_darknet("yolov3-tiny", None)


def test_a_name_has_its_own_weights(cache):
    assert complaint(resolve_darknet, "yolov3-tiny", "my.weights") == (
        'my.weights: the model "yolov3-tiny" has weights of its own; leave "weights" out'
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("yolo3-tiny", 'did you mean "yolov3-tiny" or "yolox-tiny" or "yolox-nano"? known: yolov3-tiny'),
        ("resnet", '"resnet" is not in the catalogue of models; known: yolov3-tiny'),
        ("sample-photos", "is a set of photos, not a network"),
        ("yolov3-tiny.cfg", 'there is no such file; write "model: yolov3-tiny" without "weights"'),
        (
            "/nowhere/yolo.cfg",
            "/nowhere/yolo.cfg: there is no such file; give the path of a Darknet .cfg, or",
        ),
        ("/nowhere/yolo.cfg", f'"model: yolov3-tiny" without "weights" and type: {FETCH}'),
    ],
)
def test_an_unknown_network_says_what_to_do(name, says):
    assert says in complaint(resolve_darknet, name, None)


@pytest.mark.parametrize(
    ("resolve", "model", "says"),
    [
        (resolve_onnx, "yolox-nano", "models/yolox-nano/yolox_nano.onnx is not here; type: "),
        (resolve_onnx, "yolox_nano.onnx", 'or write "model: yolox-nano" for the one in the catalogue'),
        (resolve_onnx, "/nowhere/mine.onnx", "there is no such file; give the path of an .onnx file"),
        (resolve_yunet, "yunet", "face_detection_yunet_2026may.onnx is not here; type: "),
        (resolve_yunet, "yolox-s", '"yolox-s" is an ONNX network; known: yunet'),
        (
            resolve_yunet,
            "/nowhere/y.onnx",
            "there is no such file; give the path of a YuNet .onnx file, or write",
        ),
        (resolve_default, "default", "neither yolox-nano nor yolov3-tiny is here; type: "),
    ],
)
def test_a_missing_onnx_network_says_what_to_do(resolve, model, says, cache):
    assert says in complaint(resolve, model)


def test_a_network_that_must_be_exported_says_how(cache):
    says = complaint(resolve_darknet, "dfine-n", None)
    assert says.startswith(
        'model "dfine-n" is not here; export https://github.com/Peterande/storage/releases/'
    )
    assert (
        "with https://github.com/Peterande/D-FINE: python tools/deployment/export_onnx.py --check -c " in says
    )
    assert 'then write the path of the .onnx as "model", and "labels: detectors/labels/coco.names"' in says
    assert "labels" not in complaint(resolve_darknet, "rfdetr-nano", None)  # its exports show their classes


def test_default_is_the_first_network_that_is_here(network_cache, cache, monkeypatch):
    shutil.copytree(network_cache / "models" / "yolov3-tiny", cache / "models" / "yolov3-tiny")
    assert resolve_default("default") == "yolov3-tiny"
    assert resolve_default("mine.cfg") == "mine.cfg"
    wrong_file(cache, "yolox-nano")  # no reason to take another network
    assert complaint(resolve_default, "default") == (
        f'model "yolox-nano": {cache}/models/yolox-nano/yolox_nano.onnx is damaged; type: '
        ".venv/bin/python -m pipeline.models fetch yolox-nano"
    )
    monkeypatch.setitem(STANDS_FOR, "default", ("yolox-tiny", "yolov3-tiny"))
    path = wrong_file(cache, "yolox-tiny")
    held = ModelFile(sha256=sha256_of(path), size_bytes=path.stat().st_size)
    monkeypatch.setitem(find_model("yolox-tiny").files, "yolox_tiny.onnx", held)
    assert resolve_default("default") == "yolox-tiny"
    assert resolve_onnx("yolox-tiny") == path


def test_yunet_is_its_older_file_where_that_alone_is_here(cache):
    for model in ("yunet-2023", "yunet"):  # wrong files, whose names say which was taken
        path = wrong_file(cache, model)
        assert f'model "{model}": {path} is damaged' in complaint(resolve_yunet, "yunet")
    assert 'model "yunet-2023"' in complaint(resolve_yunet, "yunet-2023")


def wrong_file(cache, model):
    """Put a file of the right length, which holds nothing, where a model's only or first file belongs."""
    (name, file), *_ = sorted(find_model(model).files.items())
    path = cache / "models" / model / name
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(file.placed[0].size_bytes))
    return path


@pytest.mark.parametrize("ending", [".cfg", ".weights", ".names"])
def test_a_file_with_one_wrong_bit_is_refused(ending, network_cache, cache):
    folder = cache / "models" / "yolov3-tiny"
    shutil.copytree(network_cache / "models" / "yolov3-tiny", folder)
    assert resolve_darknet("yolov3-tiny", None).cfg.parent == folder
    path = folder / f"yolov3-tiny{ending}"
    flip_a_bit(path)
    assert complaint(resolve_darknet, "yolov3-tiny", None) == (
        f'model "yolov3-tiny": {path} is damaged; type: {FETCH}'
    )


def test_a_cfg_as_it_circulates_is_not_the_catalogues(network_cache, cache):
    folder = cache / "models" / "yolov3-tiny"
    shutil.copytree(network_cache / "models" / "yolov3-tiny", folder)
    cfg = folder / "yolov3-tiny.cfg"
    cfg.write_text(cfg.read_text().replace("mask = 1,2,3", "mask = 0,1,2"))  # before the catalogue's edit
    assert f"{cfg} is damaged; type: {FETCH}" in complaint(resolve_darknet, "yolov3-tiny", None)


@pytest.mark.parametrize(
    ("resolve", "model"),
    [(resolve_onnx, "yolox-nano"), (resolve_yunet, "yunet"), (resolve_face_network, "dlib-face")],
)
def test_another_file_of_the_same_length_is_refused(resolve, model, cache):
    path = wrong_file(cache, model)
    assert complaint(resolve, model) == (
        f'model "{model}": {path} is damaged; type: .venv/bin/python -m pipeline.models fetch {model}'
    )


def test_a_file_may_have_several_contents(cache, monkeypatch):
    """For example two exports of one network; reports show the hash of the one that was used."""
    path = wrong_file(cache, "yolox-nano")
    for content in (b"the one of the release", b"another export"):
        form = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
        known = ModelFile(sha256="0" * 64, size_bytes=9, also=[OtherFile(**form)])
        monkeypatch.setitem(find_model("yolox-nano").files, path.name, known)
        path.write_bytes(content)
        assert resolve_onnx("yolox-nano") == path
        path.write_bytes(content[:-1] + b"!")
        assert f"{path} is damaged; type: " in complaint(resolve_onnx, "yolox-nano")


def test_what_lies_beside_a_cfg_belongs_to_it(network):
    files = resolve_darknet(str(network), None)
    assert (files.cfg, files.weights, files.names) == (
        network,
        network.with_suffix(".weights"),
        network.with_suffix(".names"),
    )
    network.with_suffix(".names").unlink()
    assert resolve_darknet(str(network), None).names is None


def test_weights_may_lie_elsewhere(network, tmp_path):
    elsewhere = tmp_path / "else" / "other.weights"
    elsewhere.parent.mkdir()
    elsewhere.write_text("x")
    assert resolve_darknet(str(network), str(elsewhere)).weights == elsewhere


def test_missing_weights_are_named(network):
    weights = network.with_suffix(".weights")
    weights.unlink()
    assert 'no "weights" is given and no mine.weights lies beside it' in complaint(
        resolve_darknet, str(network), None
    )
    assert complaint(resolve_darknet, str(network), str(weights)) == (
        f"{weights}: there is no such file; give the path of the file that belongs to mine.cfg"
    )


def test_what_is_no_cfg_is_refused(network):
    assert "is a folder, not a file" in complaint(resolve_darknet, str(network.parent), None)
    assert "is a weights file" in complaint(resolve_darknet, str(network.with_suffix(".weights")), None)
    os.mkfifo(network.parent / "pipe.cfg")
    assert "is not a regular file" in complaint(resolve_darknet, str(network.parent / "pipe.cfg"), None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(network):
    network.chmod(0)
    assert "no permission to read it" in complaint(resolve_darknet, str(network), None)


@pytest.mark.skipif(os.path.exists("/root/darkflow"), reason="this is the 2017 container")
def test_the_old_containers_network_is_not_swapped_for_another():
    says = complaint(resolve_darknet, "/root/darkflow/cfg/yolo.cfg", "/root/darkflow/cfg/yolo.weights")
    assert says.startswith("/root/darkflow/cfg/yolo.cfg: there is no such file; it was part of the 2017")
    assert "or, for another network, write" in says and FETCH in says


def test_control_characters_do_not_reach_the_terminal():
    assert "\x1b" not in complaint(resolve_darknet, "/\x1b[31m.cfg", None)


def test_the_cache_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", "~/models here")
    assert cache_folder() == tmp_path / "models here"
    monkeypatch.delenv("DEEPVISUALMINER_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "deepvisualminer"


def test_sha256_of_a_file(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
