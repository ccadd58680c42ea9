from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from pipeline.errors import ExitCode
from pipeline.models.__main__ import main
from pipeline.models.catalog import read_catalog, read_official
from pipeline.models.fetched import first_here, model_folder

ROOT = Path(__file__).parents[3]
PHOTOS = {
    "astronaut.png": (512, 512),
    "bus.jpg": (810, 1080),
    "chelsea.png": (451, 300),
    "motorcycle_left.png": (741, 500),
    "zidane.jpg": (1280, 720),
}


@pytest.fixture(scope="module")
def photos_cache(tmp_path_factory):
    """A cache folder into which the door has really fetched the sample photographs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path_factory.mktemp("cache")))
        folder = tmp_path_factory.mktemp("demo") / "photos"
        assert main(["fetch", "sample-photos", "--to", str(folder)]) == ExitCode.OK
        yield Path(os.environ["DEEPVISUALMINER_CACHE"]), folder


def test_photos_are_fetched_and_copied(photos_cache):
    _, folder = photos_cache
    assert {path.name: Image.open(path).size for path in folder.iterdir()} == PHOTOS


def test_list_says_what_is_here_and_what_to_type(photos_cache, capsys):
    cache, _ = photos_cache
    assert main(["list"]) == ExitCode.OK
    printed = capsys.readouterr().out
    for model in read_catalog().values():
        assert f"\n{model.name} " in printed
        assert model.description in " ".join(printed.split())
        assert model.licence in " ".join(printed.split())
    for official in read_official().values():
        assert f"    {official.name}: " in printed
        assert (f"fetch {official.name}\n" in printed) == (official.checkpoint is not None)
    assert f"    in {cache}/models/sample-photos\n" in printed
    assert "    type: .venv/bin/python -m pipeline.models fetch yolov3-tiny\n" in printed
    assert max(map(len, printed.splitlines())) <= 100 + len(str(cache))


def test_path_prints_the_folder_or_says_what_to_type(photos_cache, capsys):
    cache, _ = photos_cache
    assert main(["path", "sample-photos"]) == ExitCode.OK
    assert capsys.readouterr().out == f"{cache}/models/sample-photos\n"
    assert main(["path", "yolov3-tiny"]) == ExitCode.ENVIRONMENT
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "pipeline.models fetch yolov3-tiny" in printed.err


def test_verify_tells_each_files_state(photos_cache, capsys):
    cache, _ = photos_cache
    assert main(["verify"]) == ExitCode.OK
    printed = capsys.readouterr().out
    assert f"ok       {cache}/models/sample-photos/bus.jpg\n" in printed
    assert f"missing  {cache}/models/yolov3-tiny/yolov3-tiny.cfg\n" in printed
    assert main(["verify", "yolov3-tiny"]) == ExitCode.SOME_FAILED


def test_verify_finds_one_changed_byte(photos_cache, capsys):
    photo = photos_cache[0] / "models" / "sample-photos" / "bus.jpg"
    whole = photo.read_bytes()
    try:
        photo.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
        assert main(["verify"]) == ExitCode.SOME_FAILED
    finally:
        photo.write_bytes(whole)
    printed = capsys.readouterr()
    assert f"damaged  {photo}\n" in printed.out
    assert (
        printed.err
        == "sample-photos: is not whole; type: .venv/bin/python -m pipeline.models fetch sample-photos\n"
    )


def test_list_tells_a_model_that_is_not_whole(cache, capsys):
    folder = cache / "models" / "yolov3-tiny"
    folder.mkdir(parents=True)
    (folder / "yolov3-tiny.weights").write_bytes(b"cut")
    main(["list"])
    assert any(
        line.startswith("yolov3-tiny") and line.endswith("not whole")
        for line in capsys.readouterr().out.splitlines()
    )


def test_path_knows_the_default_as_fetch_does(capsys, monkeypatch, tmp_path):
    here = first_here("default")
    if here is not None:
        assert main(["path", "default"]) == ExitCode.OK
        assert capsys.readouterr().out == f"{model_folder(here)}\n"
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path))
    assert main(["path", "default"]) == ExitCode.ENVIRONMENT
    assert "pipeline.models fetch default" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["fetch", "yolov3tiny"], ["path", "yolov3tiny"], ["verify", "yolov3tiny"]]
)
def test_an_unknown_name_is_bad_use(arguments, capsys):
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == ExitCode.USAGE
    assert 'did you mean "yolov3-tiny" or "yolox-tiny"? known: dlib-face, ' in capsys.readouterr().err


def test_what_must_be_exported_says_how(capsys):
    with pytest.raises(SystemExit) as raised:
        main(["fetch", "rtdetrv2-s"])
    assert raised.value.code == ExitCode.USAGE
    assert (
        '"rtdetrv2-s" cannot be fetched from here; export https://github.com/lyuwenyu/'
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("command", [[], ["list"], ["fetch"], ["verify"], ["path"]])
def test_help_has_an_example(command, capsys):
    with pytest.raises(SystemExit) as raised:
        main([*command, "--help"])
    assert raised.value.code == ExitCode.OK
    assert "example: " in capsys.readouterr().out


def test_a_reader_that_goes_away_is_no_traceback():
    command = [sys.executable, "-m", "pipeline.models", "list"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == ExitCode.BROKEN_PIPE
    process.stderr.close()
