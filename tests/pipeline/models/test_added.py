from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from detectors.deepdetector import DeepDetector, DeepDetectorParams
from pipeline.errors import ExitCode, ModelError
from pipeline.models.__main__ import main
from pipeline.models.files import resolve_darknet
from pipeline.selftest import write_example_models


@pytest.fixture
def mine(tmp_path: Path, cache: Path) -> list[str]:
    """The command line that adds a small network of one's own."""
    write_example_models(tmp_path)
    return ["add", "mine", str(tmp_path / "tiny.cfg"), str(tmp_path / "tiny.weights")]


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == ExitCode.ENVIRONMENT
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


def test_an_added_network_is_found_by_its_name(mine, cache, tmp_path, capsys) -> None:
    assert main(mine) == ExitCode.OK
    folder = cache / "added" / "mine"
    assert capsys.readouterr().out == (f'mine: added, in {folder}; write "model: mine" in a pipeline file\n')
    for ending in (".cfg", ".weights", ".names"):
        (tmp_path / f"tiny{ending}").unlink()
    files = resolve_darknet("mine", None)
    assert files == (files.__class__)(folder / "mine.cfg", folder / "mine.weights", folder / "mine.names")
    assert list(DeepDetector.check(DeepDetectorParams(model="mine"))) == []
    assert subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder).returncode == 0
    assert main(["list"]) == ExitCode.OK
    assert "\nmine " in capsys.readouterr().out
    with pytest.raises(ModelError, match='the model "mine" has weights of its own; leave "weights" out'):
        resolve_darknet("mine", "other.weights")


def test_what_does_not_belong_together_is_not_added(mine, cache, tmp_path, capsys) -> None:
    (tmp_path / "tiny.names").write_text("one\n")
    assert "1 names for the 2 classes" in refused(mine, capsys)
    (tmp_path / "other.txt").write_text("one\ntwo\n")
    weights = tmp_path / "tiny.weights"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-4])
    named = [*mine, "--names", str(tmp_path / "other.txt")]
    assert "the file is cut short" in refused(named, capsys)
    weights.unlink()
    assert "tiny.weights: cannot be read (No such file or directory)" in refused(named, capsys)
    assert not (cache / "added").exists()
    weights.write_bytes(whole)
    assert main(named) == ExitCode.OK
    assert (cache / "added" / "mine" / "mine.names").read_text() == "one\ntwo\n"


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a.cfg", "\x1b[31m", "n" * 101])
def test_a_name_is_a_plain_word(name, mine, capsys) -> None:
    said = refused([mine[0], name, *mine[2:]], capsys)
    assert said.endswith('" is not allowed as a name; use letters, digits, "_", "+" and "-" alone\n')


def test_a_name_is_given_once(mine, cache, capsys) -> None:
    said = refused([mine[0], "yolov3-tiny", *mine[2:]], capsys)
    assert said == '"yolov3-tiny" is the name of a model in the catalogue; choose another\n'
    assert main(mine) == ExitCode.OK
    capsys.readouterr()
    assert refused(mine, capsys) == (
        f'"mine" is added already; choose another name, or delete {cache}/added/mine\n'
    )


def test_verify_tells_of_an_added_network_that_changed(mine, cache, capsys) -> None:
    assert main(mine) == ExitCode.OK
    assert main(["verify"]) == ExitCode.OK
    assert f"ok       {cache}/added/mine/mine.weights\n" in capsys.readouterr().out
    with open(cache / "added" / "mine" / "mine.weights", "ab") as stream:
        stream.write(b"x")
    (cache / "added" / "mine" / "mine.names").unlink()
    assert main(["verify"]) == ExitCode.SOME_FAILED
    printed = capsys.readouterr()
    assert f"damaged  {cache}/added/mine/mine.weights\n" in printed.out
    assert f"missing  {cache}/added/mine/mine.names\n" in printed.out
    assert printed.err == f"mine: is not as it was added; delete {cache}/added/mine and add it again\n"


def test_a_well_known_network_that_is_not_here_says_where_it_is(cache, capsys) -> None:
    remedy = (
        "get yolov4-tiny.cfg and yolov4-tiny.weights from https://github.com/AlexeyAB/darknet (its README, "
        "pre-trained models), then type: .venv/bin/python -m pipeline.models add yolov4-tiny yolov4-tiny.cfg "
        "yolov4-tiny.weights"
    )
    with pytest.raises(ModelError) as caught:
        resolve_darknet("yolov4-tiny", None)
    assert str(caught.value) == f'model "yolov4-tiny" is not here; {remedy}'
    with pytest.raises(ModelError) as caught:
        resolve_darknet("/nowhere/yolov4-tiny.cfg", None)
    assert str(caught.value) == f"/nowhere/yolov4-tiny.cfg: there is no such file; {remedy}"
    with pytest.raises(SystemExit):
        main(["fetch", "yolov4-tiny"])
    assert f'"yolov4-tiny" cannot be fetched from here; {remedy}' in " ".join(capsys.readouterr().err.split())


def test_a_well_known_network_may_be_added_under_its_name(mine, cache) -> None:
    assert main([mine[0], "yolov4-tiny", *mine[2:]]) == ExitCode.OK
    assert resolve_darknet("yolov4-tiny", None).cfg == cache / "added" / "yolov4-tiny" / "yolov4-tiny.cfg"
