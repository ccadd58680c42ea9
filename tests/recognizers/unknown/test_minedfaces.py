from __future__ import annotations

import json
import shutil

import pytest

from pipeline.detections import Box
from recognizers.corrections.lookup import Corrections
from recognizers.corrections.store import CorrectionStore, FacePicture
from recognizers.unknown.minedfaces import iter_mined_faces, iter_unknown_faces
from tests.recognizers.minedcollection import draw, draw_video, mine
from tests.running import component


@pytest.fixture
def collection(tmp_path):
    photos = tmp_path / "photos"
    draw(photos, "two.png", [1, 2], 0)
    draw(photos, "one.png", [1], 1)
    draw_video(photos, "clip.mkv", [3], 4)
    return tmp_path


def label(path, component_name, box, *labels):
    """Add what a recognizer would have said to a report."""
    report = json.loads(path.read_text())
    found = {"rect": list(box), "labels": [{"label": text, "method": "embedding"} for text in labels]}
    report["frames"][0].setdefault(component_name, []).append(found)
    path.write_text(json.dumps(report, indent=2))


def test_faces_of_photos_and_of_every_frame_of_a_video(collection):
    faces = list(iter_mined_faces(mine(collection)))
    assert [(face.path.rsplit("/", 1)[1], face.frame) for face in faces] == [
        *(("clip.mkv", frame) for frame in range(4)),
        *(("one.png", 0), ("two.png", 0), ("two.png", 0)),
    ]
    video, photo = faces[1], faces[-1]
    assert (video.kind, video.time_s) == ("video", pytest.approx(0.2))
    assert (photo.kind, photo.time_s, photo.box) == ("photo", None, Box(240, 48, 336, 144))
    assert photo.landmarks is not None
    assert photo.landmarks[0] == (240 + 34, 48 + 40)
    assert (photo.label, photo.component, photo.is_named) == (None, "faces", False)
    assert photo.size_bytes == (collection / "photos" / "two.png").stat().st_size
    assert photo.key.sha256 == photo.sha256 != video.sha256


def test_a_recognizer_names_a_box_and_the_detector_gives_its_landmarks(collection):
    out = mine(collection)
    label(out / "two.png.json", "names", (48, 48, 144, 144), "ann")
    label(out / "two.png.json", "names", (240, 48, 336, 144), "unknown")
    label(out / "two.png.json", "cats", (0, 0, 9, 9), "unknown")
    faces = [face for face in iter_mined_faces(out) if face.path.endswith("two.png")]
    assert [(face.label, face.component, face.landmarks is None) for face in faces] == [
        ("unknown", "cats", True),
        ("ann", "names", False),
        ("unknown", "names", False),
    ]
    unknown = [face for face in iter_unknown_faces(out, Corrections()) if face.path.endswith("two.png")]
    assert [face.box.x1 for face in unknown] == [0, 240]


def test_two_reports_about_one_photo_are_one(collection):
    faces = component("faces", "tests.plugins.drawnfaces:DrawnFaces")
    first, second = (component(name, "jsonreportwriter", "faces") for name in ("report", "more"))
    out = mine(collection, faces, first, second)
    assert (out / "two.png-more.json").exists()
    label(out / "two.png-more.json", "names", (48, 48, 144, 144), "ann")
    assert [face.label for face in iter_mined_faces(out) if face.path.endswith("two.png")] == ["ann", None]


def test_of_copies_of_a_photo_the_unknown_faces_come_once(collection):
    shutil.copy(collection / "photos" / "two.png", collection / "photos" / "copy.png")
    out = mine(collection)
    assert len([face for face in iter_mined_faces(out) if face.kind == "photo"]) == 5
    assert len([face for face in iter_unknown_faces(out, Corrections()) if face.kind == "photo"]) == 3


def test_corrected_faces_are_not_unknown(collection, tmp_path):
    out = mine(collection)
    store = CorrectionStore(tmp_path / "m-corrections")
    one, first, second = (face for face in iter_mined_faces(out) if face.kind == "photo")

    def unknown():
        found = iter_unknown_faces(out, Corrections(store.entries()))
        return [face.key for face in found if face.kind == "photo"]

    def picture(face):
        return FacePicture(face.key, face.size_bytes, face.path)

    assert unknown() == [one.key, first.key, second.key]
    store.name([picture(first)], "ann")
    assert unknown() == [one.key, second.key]
    store.not_a_face([picture(second)])
    assert unknown() == [one.key]
    store.name([picture(one)], "unknown")
    assert unknown() == []


def test_what_is_no_report_is_skipped_and_damage_is_told(collection):
    out = mine(collection)
    (out / "notes.json").write_text("{}")
    (out / "sub").mkdir()
    (out / "sub" / "link.json").symlink_to(out / "one.png.json")
    (out / "two.png.json").write_bytes((out / "two.png.json").read_bytes()[:-40])
    problems: list[str] = []
    faces = list(iter_mined_faces(out, problems))
    assert {face.path.rsplit("/", 1)[1] for face in faces} == {"clip.mkv", "one.png"}
    (problem,) = problems
    assert problem.startswith(f"{out}/two.png.json: cannot be read")
    with pytest.raises(OSError, match="No such file"):
        list(iter_mined_faces(out / "nothing"))
