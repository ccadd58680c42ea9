from __future__ import annotations

import numpy as np

from pipeline.detections import Box, Region
from pipeline.frame import Frame
from recognizers.faces.fit import Fit
from recognizers.faces.folderrecord import FolderRecord
from recognizers.networks.alignment import template
from recognizers.networks.probe import probe_in, probe_of_picture

LANDMARKS = ((30, 30), (50, 30), (40, 40), (32, 50), (48, 50))


def frame() -> Frame:
    return Frame.from_rgb(np.arange(100 * 80 * 3, dtype=np.uint32).reshape(80, 100, 3).astype(np.uint8))


def test_landmarks_are_in_the_pixels_of_the_whole_photo():
    photo = frame()
    probe = probe_in(photo, Region(20, 10, 60, 70, LANDMARKS))
    assert probe.rgb.shape == (80, 100, 3)
    assert probe.points.tolist() == [list(point) for point in LANDMARKS]


def test_without_landmarks_the_face_comes_with_what_is_around_it():
    photo = frame()
    for region, options in (
        (Box(20, 10, 60, 60), {}),
        (Region(20, 10, 60, 60), {}),
        (Region(20, 10, 60, 60, ((1, 1),) * 5), {}),
        (Region(20, 10, 60, 60, LANDMARKS), {"landmarks": False}),
    ):
        probe = probe_in(photo, region, **options)
        assert probe.points is None
        assert (probe.rgb == photo.rgb(Box(8, 0, 72, 75))).all()
        assert probe.box.shifted(8, 0) == Box(20, 10, 60, 60)


def test_a_picture_is_what_its_folder_says():
    rgb = np.zeros((240, 120, 3), np.uint8)
    plain = probe_of_picture(rgb, FolderRecord())
    assert (plain.box, plain.points) == (Box(0, 0, 120, 240), None)
    wide = probe_of_picture(rgb, FolderRecord(margin=0.1))
    assert (wide.box, wide.points) == (Box(10, 20, 110, 220), None)
    square = np.zeros((200, 200, 3), np.uint8)
    record = FolderRecord(margin=0.1, aligned=True)
    assert np.allclose(probe_of_picture(square, record).points, template(200, 0.1))
    assert probe_of_picture(square, record, landmarks=False).points is None
    stretched = probe_of_picture(rgb, record.model_copy(update={"fit": Fit.STRETCH}))
    assert np.allclose(stretched.points / (120, 240), template(1, 0.1))


def test_the_least_picture_has_a_box():
    tiny = probe_of_picture(np.zeros((1, 1, 3), np.uint8), FolderRecord(margin=1.0))
    assert not tiny.box.is_empty
