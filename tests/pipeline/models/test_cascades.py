from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

import pipeline.models.cascades
from pipeline.errors import ModelError
from pipeline.models.cascades import resolve_cascade

ROOT = Path(__file__).parents[3]
FACES = "haarcascade_frontalface_default.xml"
CAT_FACES = "lbpcascade_frontalcatface.xml"


def complaint(resolve, *arguments):
    with pytest.raises(ModelError) as raised:
        resolve(*arguments)
    return str(raised.value)


def test_a_cascade_that_opencv_has_is_found_by_its_file_name():
    assert resolve_cascade(FACES) == Path(cv2.data.haarcascades) / FACES
    assert not cv2.CascadeClassifier(str(resolve_cascade(FACES))).empty()


@pytest.mark.skipif(os.path.exists("/root/data"), reason="this is the 2017 container")
def test_a_cascade_of_the_old_container_is_found_by_its_file_name():
    assert resolve_cascade(f"/root/data/haarcascades/{FACES}") == Path(cv2.data.haarcascades) / FACES


def test_a_cascade_given_as_a_path_is_that_file(tmp_path, monkeypatch):
    mine = tmp_path / FACES
    mine.write_text("<xml/>")
    assert resolve_cascade(str(mine)) == mine
    monkeypatch.chdir(tmp_path)
    assert resolve_cascade(FACES).absolute() == mine


def test_lbp_cascades_are_found_where_debian_puts_them(tmp_path, monkeypatch):
    folder = tmp_path / "lbpcascades"
    folder.mkdir()
    (folder / CAT_FACES).write_text("<xml/>")
    monkeypatch.setattr(pipeline.models.cascades, "DEBIAN_CASCADE_FOLDERS", (tmp_path / "absent", folder))
    assert resolve_cascade(CAT_FACES) == folder / CAT_FACES
    assert resolve_cascade(f"/root/data/lbpcascades/{CAT_FACES}") == folder / CAT_FACES


@pytest.mark.parametrize("given", [CAT_FACES, f"/root/data/lbpcascades/{CAT_FACES}"])
def test_a_missing_lbp_cascade_names_the_package_and_its_twin(given, monkeypatch):
    monkeypatch.setattr(pipeline.models.cascades, "DEBIAN_CASCADE_FOLDERS", ())
    assert complaint(resolve_cascade, given) == (
        f"{given}: is neither with OpenCV nor in Debian's opencv-data folders; type: apt-get install "
        'opencv-data, or use "haarcascade_frontalcatface.xml", which is here'
    )


def test_the_error_for_a_misspelt_cascade_lists_similar_or_all_names():
    assert 'did you mean "haarcascade_eye.xml"' in complaint(resolve_cascade, "haarcascade_eyes.xml")
    assert f"{FACES}, haarcascade_fullbody.xml" in complaint(resolve_cascade, "dogs.xml")


def test_a_cascade_in_a_folder_of_the_persons_own_is_not_looked_up_elsewhere(tmp_path):
    assert "there is no such file" in complaint(resolve_cascade, str(tmp_path / FACES))


def test_control_characters_do_not_reach_the_terminal():
    assert "\x1b" not in complaint(resolve_cascade, "\x1b[31m.xml")


def test_resolving_imports_nothing_heavy():
    program = f"""
import sys
from pipeline.models.cascades import resolve_cascade
print(resolve_cascade({FACES!r}))
print([name for name in ("cv2", "numpy", "tensorflow", "ai_edge_litert") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [str(Path(cv2.data.haarcascades) / FACES), "[]"]
