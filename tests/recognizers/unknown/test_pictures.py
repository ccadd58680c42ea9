from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pipeline.detections import Box
from recognizers.faces.folderrecord import FaceFacts, read_facts
from recognizers.faces.pictures import read_rgb
from recognizers.unknown.describing import PixelDescriber
from recognizers.unknown.minedfaces import iter_mined_faces
from recognizers.unknown.pictures import ALIGNED, cut_faces, picture_name, write_picture
from tests.recognizers.minedcollection import draw, draw_video, mine


@pytest.fixture
def collection(tmp_path):
    draw(tmp_path / "photos", "two.png", [1, 2], 0)
    draw(tmp_path / "photos", "one.png", [1], 1)
    draw_video(tmp_path / "photos", "clip.mkv", [3], 8)
    return tmp_path


def test_pictures_of_photos_and_frames_say_where_they_are_from(collection):
    faces = list(iter_mined_faces(mine(collection)))
    wanted = [face for face in faces if face.kind == "photo" or face.frame in (2, 7)]
    problems: list[str] = []
    cut = list(cut_faces(wanted, ALIGNED, problems))
    assert [one.face for one in cut] == wanted
    assert problems == []
    paths = [write_picture(one, collection / "faces" / "ann") for one in cut]
    assert len(set(paths)) == 5
    for face, path in zip(wanted, paths, strict=True):
        facts = read_facts(str(path))
        assert facts is not None
        assert (facts.photo, facts.key, facts.size_bytes) == (face.path, face.key, face.size_bytes)
        assert (facts.aligned, facts.margin, facts.detector) == (True, 0.1, "faces")
        assert (facts.frame, facts.time) == (
            (face.frame, face.time_s) if face.kind == "video" else (None, None)
        )
        assert read_rgb(str(path)).shape == (200, 200, 3)
    assert paths[0].name.startswith("clip.mkv-face-")


def test_the_right_frame_of_a_video_is_cut(collection):
    faces = [face for face in iter_mined_faces(mine(collection)) if face.kind == "video"]
    draw(collection, "same.png", [3], faces[5].frame)
    (cut,) = cut_faces([faces[5]], FaceFacts(), [])
    path = write_picture(cut, collection / "f")
    same = np.asarray(Image.open(collection / "same.png"))[48:144, 48:144].astype(int)
    apart = np.abs(read_rgb(str(path)).astype(int) - same).mean()
    assert apart < 3


def test_a_photo_that_has_changed_or_is_gone_is_told_and_the_others_are_cut(collection):
    faces = list(iter_mined_faces(mine(collection)))
    draw(collection / "photos", "two.png", [5, 6], 0)
    os.remove(collection / "photos" / "clip.mkv")
    problems: list[str] = []
    cut = list(cut_faces(faces, ALIGNED, problems))
    assert [one.face.path for one in cut] == [str(collection / "photos" / "one.png")]
    assert sorted(problem.rpartition("/")[2] for problem in problems) == [
        "clip.mkv: there is no such file",
        "two.png: its content has changed since it was mined; mine it again",
    ]


def test_a_box_outside_of_its_photo_gives_no_picture(collection):
    face = next(face for face in iter_mined_faces(mine(collection)) if face.kind == "photo")
    far = replace(face, box=Box(10_000, 10_000, 10_100, 10_100))
    assert [one.face for one in cut_faces([far, face], FaceFacts(margin=0.1), [])] == [face]


def test_names_are_the_same_each_time_and_fit_the_file_system(collection, tmp_path):
    name = "é" * 120 + ".png"
    draw(tmp_path / "photos", name, [4], 0)
    (face,) = (face for face in iter_mined_faces(mine(collection)) if face.path.endswith(name))
    assert picture_name(face) == picture_name(face)
    assert len(picture_name(face).encode()) <= 255
    (cut,) = cut_faces([face], ALIGNED, [])
    assert write_picture(cut, tmp_path / "f").exists()


def test_a_face_is_described_as_its_picture_is(collection, network_file):
    faces = list(iter_mined_faces(mine(collection)))
    describer = PixelDescriber(str(network_file), ALIGNED, problems := [])
    described = list(describer.descriptors_for(faces))
    assert [one.face for one in described] == faces
    assert problems == []
    assert describer.network.name == str(network_file)
    rows = [one.descriptor for one in described]
    assert all(row is not None and row.shape == (48,) for row in rows)
    people = [3] * 8 + [1, 1, 2]
    ann, same, other = rows[8], rows[9], rows[10]
    assert people[8] == people[9] != people[10]
    assert np.linalg.norm(ann - same) < np.linalg.norm(ann - other)


def test_faces_without_landmarks_or_photos_have_no_descriptor(collection, network_file):
    faces = [face for face in iter_mined_faces(mine(collection)) if face.kind == "photo"]
    faces[1] = replace(faces[1], landmarks=None)
    os.remove(collection / "photos" / "one.png")
    described = PixelDescriber(str(network_file), ALIGNED, problems := []).descriptors_for(faces)
    assert [one.descriptor is None for one in described] == [True, True, False]
    assert len(problems) == 1
