"""The front door as people use it: from photos to names in reports."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import facerec_train
from pipeline.miner import mine
from pipeline.models.catalog import find_model
from pipeline.models.fetch import fetch
from pipeline.runs.options import Options
from tests.drawnfaces import DETECTABLE, draw_photo
from tests.recognizers.famousphotos import fetch_famous

ROOT = Path(__file__).parents[1]
ORL = ROOT.parent / "shared" / "data" / "orl_faces"
CASCADE = "haarcascade_frontalface_alt2.xml"

PIPELINE = """\
pipeline:
- name: human-faces
  type: simpledetector
  inputs: [files]
  params: {model: haarcascade_frontalface_alt2.xml, outputlabel: humanface}
- name: names
  type: recognizer
  inputs: [human-faces]
  params: {model: model, triggerlabels: [humanface]}
- name: report
  type: jsonreportwriter
  inputs: [human-faces, names]
"""


def facerec(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run facerec_train.py in a folder, as a shell would."""
    command = [sys.executable, ROOT / "facerec_train.py", *map(str, words)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def well(folder: Path, *words: object) -> str:
    """The same, and it has to go well; what it said."""
    done = facerec(folder, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def test_from_photos_to_names_in_reports(tmp_path):
    family, strangers = DETECTABLE[:5], DETECTABLE[5:]
    for person in family:
        folder = tmp_path / "photos" / f"person {person}"
        folder.mkdir(parents=True)
        for picture in range(10):
            draw_photo([person], picture).save(folder / f"{picture}.jpg", quality=95)
    well(tmp_path, "crop", "photos", "faces", "--cascade", CASCADE, "--min-neighbors", 3)
    assert "of 5 labels" in well(tmp_path, "stats", "faces", "--plot", "sizes.png")
    well(tmp_path, "resize", "faces", "resized", 48, 48, 1, 0)
    well(tmp_path, "csv", "resized", "dataset.csv")
    well(tmp_path, "train", "dataset.csv", 80, "testset.csv", "model", 1, 1, 1)
    well(tmp_path, "test", "testset.csv", "model", 1, 1, 1, "--json", "numbers.json")
    assert json.loads((tmp_path / "numbers.json").read_text())["strategies"]["vote"]["accuracy"] >= 0.9
    assert json.loads((tmp_path / "model" / "model.json").read_text())["margin"] == 0.1

    (tmp_path / "party").mkdir()
    draw_photo(list(family), 70).save(tmp_path / "party" / "family.png")
    draw_photo(list(strangers), 70).save(tmp_path / "party" / "strangers.png")
    (tmp_path / "pipeline.yml").write_text(PIPELINE)
    options = Options(
        str(tmp_path / "party"), str(tmp_path / "out"), str(tmp_path / "pipeline.yml"), workers=0
    )
    assert not mine(options, lambda _: None).failures
    right, named = [], []
    for name in ("family", "strangers"):
        report = json.loads((tmp_path / "out" / f"{name}.png.json").read_text())
        for found in report["frames"][0]["names"]:
            labels = {label["label"] for label in found["labels"]}
            if name == "strangers":
                named.append(labels != {"unknown"})
            else:
                person = family[(found["rect"][0] + found["rect"][2]) // 2 // 320]
                right.append(labels == {f"person {person}"})
                assert labels <= {f"person {person}", "unknown"}
    assert len(right) >= 4
    assert sum(right) >= 3
    assert len(named) >= 4
    assert sum(named) <= 1


COMMANDS = (
    *("crop", "import-regions", "stats", "resize", "csv", "train", "test"),
    *("unknown", "correct", "split", "recognize", "detect", "recognizemany", "detectvideo"),
)


def test_help_explains_every_argument(capsys):
    def help_of(*words: str) -> str:
        with pytest.raises(SystemExit) as end:
            facerec_train.main([*words, "--help"])
        assert end.value.code == 0
        return capsys.readouterr().out

    overview = help_of()
    for command in COMMANDS:
        assert f"    {command}" in overview
        assert f"example: facerec_train.py {command} " in help_of(command)
    (chooser,) = (a for a in facerec_train._parser()._actions if isinstance(a.choices, dict))
    assert set(chooser.choices) == set(COMMANDS)
    for command, parser in chooser.choices.items():
        for action in parser._actions:
            assert action.help, (command, action.dest)


def test_mistakes_are_one_line(tmp_path, capsys):
    for words in ((), ("fly",), ("stats",), ("resize", "a", "b", "wide", "1")):
        with pytest.raises(SystemExit) as end:
            facerec_train.main(words)
        assert end.value.code == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("\n") == 1
    done = facerec(tmp_path, "stats", "none")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_goes_away_and_ctrl_c(tmp_path):
    for label in ("ann", "bob"):
        (tmp_path / "faces" / label).mkdir(parents=True)
        for picture in range(3):
            draw_photo([9], picture).save(tmp_path / "faces" / label / f"{picture}.png")
    command = f'"{sys.executable}" "{ROOT / "facerec_train.py"}" stats faces | true; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    os.mkfifo(tmp_path / "list.csv")
    train = [sys.executable, ROOT / "facerec_train.py", "train", "list.csv", "50", "t.csv", "m"]
    waiting = subprocess.Popen(
        # The tests' parent may ignore Ctrl-C, as a shell does for background jobs.
        ["env", "--default-signal=INT", *train],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    with open(tmp_path / "list.csv", "w"):  # opens once it is being read
        waiting.send_signal(signal.SIGINT)
        assert waiting.communicate(timeout=60)[1] == "interrupted\n"
    assert waiting.returncode == 130


@pytest.mark.skipif(not ORL.is_dir(), reason="needs the ORL faces")
def test_real_faces_are_named_as_well_as_they_should_be(tmp_path):
    well(tmp_path, "csv", ORL, "dataset.csv")
    well(tmp_path, "train", "dataset.csv", 80, "testset.csv", "model", 1, 1, 1, "--seed", 1)
    well(tmp_path, "test", "testset.csv", "model", 1, 1, 1, "--json", "numbers.json")
    strategies = json.loads((tmp_path / "numbers.json").read_text())["strategies"]
    least = {"eigen": 0.95, "fischer": 0.9, "lbp": 0.95, "vote": 0.95}
    for name, floor in least.items():
        assert strategies[name]["accuracy"] >= floor
        assert strategies[name]["with_unknown_distance"]["wrong"] <= 0.03


@pytest.fixture(scope="module")
def aligned_orl(yunet, tmp_path_factory):
    """The ORL faces, found and aligned with YuNet."""
    folder = tmp_path_factory.mktemp("orl")
    well(folder, "crop", ORL, "faces", "--detector", "yunet")
    return folder / "faces"


@pytest.mark.slow
@pytest.mark.skipif(not ORL.is_dir(), reason="needs the ORL faces")
@pytest.mark.parametrize(("network", "right"), [("sface", 0.98), ("dlib-face", 0.9)])
def test_real_faces_are_named_best_by_a_network(network, right, aligned_orl, tmp_path):
    fetch(find_model(network), logging.info)
    well(tmp_path, "csv", aligned_orl, "dataset.csv")
    well(tmp_path, "train", "dataset.csv", 80, "testset.csv", "model", "--seed", 1, "--embedding", network)
    well(tmp_path, "test", "testset.csv", "model", "--json", "numbers.json")
    numbers = json.loads((tmp_path / "numbers.json").read_text())["strategies"]["embedding"]
    assert numbers["accuracy"] >= 0.98
    assert numbers["with_unknown_distance"]["wrong"] <= 0.01
    assert numbers["with_unknown_distance"]["right"] >= right


@pytest.mark.parametrize("network", ["sface", "dlib-face"])
def test_from_real_photos_to_names_with_aligned_faces(network, yunet, tmp_path):
    """The way that the README recommends; the other president is a stranger."""
    fetch(find_model(network), logging.info)
    (tmp_path / "famous").mkdir()
    photos = fetch_famous(tmp_path / "famous").folder
    for name in ("obama.jpg", "obama2.jpg", "obama_partial_face.jpg"):
        (tmp_path / "photos" / "obama").mkdir(parents=True, exist_ok=True)
        shutil.move(photos / name, tmp_path / "photos" / "obama" / name)
    assert "3 faces, aligned, in 3 photos" in well(tmp_path, "crop", "photos", "faces", "--detector", "yunet")
    well(tmp_path, "csv", "faces", "dataset.csv")
    trained = well(tmp_path, "train", "dataset.csv", 80, "testset.csv", "model", "--embedding", network)
    assert f"Embedding, by {network} ..." in trained
    assert "Embedding accuracy:  1.0" in well(tmp_path, "test", "testset.csv", "model")
    drawn = well(tmp_path, "recognizemany", photos / "obama3.jpg", "yunet", "model", "named.jpg")
    assert ": obama (embedding at distance 0." in drawn
    pipeline = PIPELINE.replace("simpledetector", "facedetector")
    pipeline = pipeline.replace("haarcascade_frontalface_alt2.xml", "yunet")
    (tmp_path / "pipeline.yml").write_text(pipeline)
    options = Options(str(photos), str(tmp_path / "out"), str(tmp_path / "pipeline.yml"), workers=0)
    assert not mine(options, lambda _: None).failures
    names = {}
    for name in ("obama3.jpg", "biden.jpg"):
        report = json.loads((tmp_path / "out" / f"{name}.json").read_text())
        (found,) = report["frames"][0]["names"]
        names[name] = [(label["label"], label["method"]) for label in found["labels"]]
    assert names == {"obama3.jpg": [("obama", "embedding")], "biden.jpg": [("unknown", "embedding")]}


@pytest.mark.parametrize(
    ("word", "meant"), [("trian", "train"), ("unkown", "unknown"), ("corect", "correct")]
)
def test_a_misspelled_command_gets_a_suggestion(capsys, word, meant):
    with pytest.raises(SystemExit) as end:
        facerec_train.main([word, "a", "b"])
    assert end.value.code == 2
    assert f'there is no command "{word}"; did you mean "{meant}"?' in capsys.readouterr().err


def test_a_folder_in_place_of_a_list_says_how_to_list_it(tmp_path, capsys):
    (tmp_path / "faces").mkdir()
    assert facerec_train.main(["train", str(tmp_path / "faces"), "80", "t.csv", "m"]) == 2
    assert (
        f"is a folder; list its pictures first: facerec_train.py csv {tmp_path}/faces"
        in capsys.readouterr().err
    )
