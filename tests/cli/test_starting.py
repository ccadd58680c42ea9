"""`visualminer.py --init DIR`: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from cli.starting import pictures_folder, start
from pipeline.config.config import read_config
from pipeline.errors import ExitCode, UsageError
from tests.running import run, small_photo


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    small_photo(tmp_path / "our photos" / "a.png")
    return tmp_path / "our photos"


def test_all_that_is_needed_is_there_and_the_pipeline_file_is_valid(tmp_path, photos):
    lines = list(start(str(tmp_path / "mining"), str(photos)))
    names = {path.name for path in (tmp_path / "mining").iterdir()}
    assert names == {"people.yml", "faces", "crontab.txt"}
    config = read_config(str(tmp_path / "mining" / "people.yml"))
    model = next(one.params.model for one in config.components if one.type == "recognizer")
    assert model == str(tmp_path / "mining" / "familymodel")
    text = "\n".join(lines)
    assert re.findall(r"^(\d)\. ", text, re.MULTILINE) == ["1", "2", "3"]
    assert f"train {tmp_path}/mining/faces.csv 80 {tmp_path}/mining/test.csv {model}" in text


def test_the_cron_line_and_the_first_command_name_the_same_folders(tmp_path, photos):
    lines = list(start(str(tmp_path / "100% mining"), str(photos)))
    cron = (tmp_path / "100% mining" / "crontab.txt").read_text()
    assert cron.startswith("15 2 * * * /") and r"100\% mining" in cron
    nightly = shlex.split(cron.replace(r"\%", "%"))[5:]
    first = next(line for line in lines if "visualminer.py" in line)
    assert shlex.split(first)[-3:] == nightly[-3:]
    assert Path(nightly[1]).is_file() and nightly[-3] == str(photos)


def test_the_first_command_and_the_nightly_one_work(tmp_path, photos):
    """With a pipeline of its own, because people.yml needs models that are fetched."""
    mining = tmp_path / "mining"
    list(start(str(mining), str(photos)))
    (mining / "people.yml").write_text(
        "pipeline:\n- {name: faces, type: simpledetector, inputs: [files], "
        "params: {model: haarcascade_frontalface_default.xml}}\n"
        "- {name: report, type: jsonreportwriter, inputs: [faces]}\n"
    )
    nightly = shlex.split((mining / "crontab.txt").read_text())[7:]
    assert run(*nightly).returncode == ExitCode.OK
    assert (mining / "mined" / "a.png.json").is_file() or "left alone" not in (
        mining / "mined.log"
    ).read_text()


def test_nothing_is_overwritten(tmp_path, photos):
    (tmp_path / "mining").mkdir()
    (tmp_path / "mining" / "people.yml").write_text("mine")
    with pytest.raises(UsageError, match=r"people\.yml exists already; nothing was written"):
        list(start(str(tmp_path / "mining"), str(photos)))
    assert [path.name for path in (tmp_path / "mining").iterdir()] == ["people.yml"]


def test_a_folder_of_photos_is_not_for_the_programs_files(tmp_path, photos):
    with pytest.raises(
        UsageError, match=r"holds photos or videos; .*--init .*our photos-mining' .*our photos'"
    ):
        list(start(str(photos), None))
    with pytest.raises(UsageError, match="lies among the photos"):
        list(start(str(photos / "sub" / "mining"), str(photos)))
    with pytest.raises(UsageError, match="no such folder"):
        list(start(str(tmp_path / "mining"), str(tmp_path / "none")))
    assert [path.name for path in tmp_path.iterdir()] == ["our photos"]


def test_without_input_it_is_the_users_folder_of_pictures(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert pictures_folder() == tmp_path / "photos"
    (tmp_path / "Pictures").mkdir()
    assert pictures_folder() == tmp_path / "Pictures"
    (tmp_path / "Bilder").mkdir()
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "user-dirs.dirs").write_text(
        '# of the desktop\nXDG_MUSIC_DIR="$HOME/Musik"\nXDG_PICTURES_DIR="$HOME/Bilder"\n'
    )
    assert pictures_folder() == tmp_path / "Bilder"
    lines = list(start(str(tmp_path / "mining"), None))
    assert any(line.endswith("~/Bilder ~/mining/mined ~/mining/people.yml") for line in lines)


def test_without_any_folder_of_pictures_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UsageError, match=r"photos: there is no such folder; name .* --init ~/mining PHOTOS$"):
        list(start(str(tmp_path / "mining"), None))
    assert list(tmp_path.iterdir()) == []


def test_the_program_prints_what_to_type(tmp_path, photos):
    done = run("--init", tmp_path / "mining", photos)
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
    assert "1. mine: " in done.stdout
    again = run("--init", tmp_path / "mining", photos)
    assert again.returncode == ExitCode.USAGE and again.stderr.count("\n") == 1
