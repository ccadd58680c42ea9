"""The page on faces: its commands run as they are written."""

from __future__ import annotations

import json
import logging
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import facerec_train
from pipeline.models.catalog import find_model
from pipeline.models.fetch import fetch
from tests.recognizers.famousphotos import fetch_famous
from tests.running import PATIENCE_S, PROGRAM

PAGE = Path(__file__).parents[1] / "docs" / "faces.md"
PEOPLE = """\
pipeline:
- {name: faces, type: facedetector, inputs: [files], params: {model: yunet}}
- {name: names, type: recognizer, inputs: [faces], params: {model: familymodel, optional: true}}
- {name: report, type: jsonreportwriter, inputs: [faces, names]}
"""
"""people.yml without objects and annotated copies."""

Run = Callable[[list[str]], str]


def commands_of(title: str) -> list[list[str]]:
    """The arguments of each command of the program in a section of the page, with the program first."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", section, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [words[1:] for words in lines if words[:1] == ["$P"] and words[1].endswith(".py")]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run(words)` runs a command in a folder with photos, where YuNet and SFace are installed."""
    for model in ("yunet-2023", "sface"):
        fetch(find_model(model), logging.info)
    (tmp_path / "famous").mkdir()
    famous = fetch_famous(tmp_path / "famous").folder
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.yml").write_text(PEOPLE)
    for folder, names in (
        ("photos", ("obama.jpg", "obama2.jpg", "obama_partial_face.jpg", "biden.jpg")),
        ("photos-of-bob/2019", ("biden.jpg",)),
        ("album/ann", ("obama.jpg", "obama2.jpg")),
    ):
        (tmp_path / folder).mkdir(parents=True)
        for name in names:
            shutil.copy(famous / name, tmp_path / folder)
    shutil.copy(famous / "obama3.jpg", tmp_path / "photos" / "party.jpg")
    shutil.copy(famous / "obama3.jpg", tmp_path / "party.jpg")

    def one(words: list[str]) -> str:
        if words[0] == "visualminer.py":
            done = subprocess.run(
                [*PROGRAM, *words[1:]], capture_output=True, text=True, timeout=PATIENCE_S, check=False
            )
            assert done.returncode == 0, done.stderr
            return done.stdout
        assert words[0] == "facerec_train.py"
        code = facerec_train.main(words[1:])
        said = capsys.readouterr()
        assert code == 0, (words, said)
        return said.out

    return one


def label_of(name: str) -> str:
    """What the report of a photo calls its face."""
    report = json.loads(Path("mined", f"{name}.json").read_text(encoding="utf-8"))
    ((found,),) = (frame["names"] for frame in report["frames"])
    return str(found["labels"][0]["label"])


def test_from_a_folder_of_photos_to_names_and_later(run: Run) -> None:
    first = commands_of("From a folder of photos to names")
    assert [words[1] for words in first] == ["photos", "unknown", "csv", "train", "test", "photos"]
    run(first[0])
    assert "1 group of likely equal faces, and 1 single face" in run(first[1])
    assert Path("faces/groups.jpg").exists()
    Path("faces/group-001").rename("faces/ann")
    assert "the faces are aligned and are described by sface" in "".join(map(run, first[2:]))
    assert (label_of("party.jpg"), label_of("biden.jpg")) == ("ann", "unknown")
    assert Path("charts").is_dir()

    later = commands_of("Later")
    assert [words[1] for words in later] == [
        *("photos", "unknown"),
        *("correct",) * 5,
        *("crop", "csv", "train", "recognizemany"),
    ]
    run(later[0])
    assert "0 new pictures in faces" in run(later[1])
    assert re.search(r"^1: \d+, \d+, \d+, \d+: ann at distance", run(later[2]))
    for words in later[3:7]:
        assert "correction" in run(words)
    out = "".join(map(run, later[7:]))
    assert "adding 1 picture of 1 label" in out
    assert re.search(r": ann \(embedding at distance 0\.\d+\)", out)
    assert Path("party-names.jpg").exists()
    labels = json.loads(Path("familymodel/model.json").read_text())["labels"]
    assert labels == {"0": "ann", "1": "bob"}
    run(later[0])
    assert label_of("biden.jpg") == "bob"


def test_from_photos_that_are_sorted_by_person(run: Run) -> None:
    commands = commands_of("From photos that are sorted by person")
    assert [words[1] for words in commands] == ["crop", "csv", "train", "import-regions"]
    out = "".join(map(run, commands))
    assert re.search(r"faces are found by yunet and aligned", out)
    assert "model of 1 label in albummodel" in out
    assert "no photo or sidecar names a face" in out
