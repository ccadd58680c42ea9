"""The page on faces: its commands run as they are written."""

from __future__ import annotations

import json
import logging
import re
import shlex
import shutil
from pathlib import Path

import pytest

import facerec_train
from pipeline.models.catalog import find_model
from pipeline.models.fetch import fetch
from tests.recognizers.famousphotos import fetch_famous

PAGE = Path(__file__).parents[1] / "docs" / "faces.md"
PROGRAM = ["$P", "facerec_train.py"]


def commands_of_the_first_block() -> list[list[str]]:
    """The arguments of each facerec_train.py on the page's first block of commands."""
    block = PAGE.read_text(encoding="utf-8").split("```")[1]
    lines = [shlex.split(line, comments=True) for line in block.splitlines()[1:]]
    return [words[2:] for words in lines if words[:2] == PROGRAM]


def test_from_photos_to_names_and_later_another_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for model in ("yunet-2023", "sface"):
        fetch(find_model(model), logging.info)
    (tmp_path / "famous").mkdir()
    photos = fetch_famous(tmp_path / "famous").folder
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos" / "ann").mkdir(parents=True)
    for name in ("obama.jpg", "obama2.jpg", "obama_partial_face.jpg"):
        shutil.copy(photos / name, tmp_path / "photos" / "ann")
    shutil.copy(photos / "obama3.jpg", tmp_path / "party.jpg")
    (tmp_path / "photos-of-bob").mkdir()
    shutil.copy(photos / "biden.jpg", tmp_path / "photos-of-bob")
    commands = commands_of_the_first_block()
    assert [words[0] for words in commands] == [
        *("crop", "csv", "train", "test", "recognizemany"),
        *("crop", "csv", "train"),
    ]
    for words in commands:
        assert facerec_train.main(words) == 0, capsys.readouterr().err
    said = capsys.readouterr().out
    assert re.search(r"faces are found by yunet and aligned", said)
    assert "the faces are aligned and are described by sface" in said
    assert re.search(r": ann \(embedding at distance 0\.\d+\)", said)
    assert "adding 1 picture of 1 label" in said
    labels = json.loads((tmp_path / "familymodel" / "model.json").read_text())["labels"]
    assert labels == {"0": "ann", "1": "bob"}
    assert (tmp_path / "party-names.jpg").exists()
    assert (tmp_path / "charts").is_dir()
