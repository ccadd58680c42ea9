from __future__ import annotations

import numpy as np
import pytest

from pipeline.detections import Box, Region
from pipeline.errors import ModelError
from pipeline.frame import Frame
from recognizers.faces.folderrecord import FolderRecord
from recognizers.networks.alignment import ALIGNED_SIDE_PX, aligned, points_of
from recognizers.networks.dlibface import DlibFace
from recognizers.networks.facenetwork import load_network, network_record
from recognizers.networks.probe import Probe, probe_in, probe_of_picture


@pytest.fixture(scope="module")
def network(dlib_face):
    return load_network(network_record(dlib_face))


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one - other))


@pytest.fixture(scope="module")
def by_landmarks(network, famous, frames):
    return {name: network.describe(probe_in(frames[name], famous.regions[name])) for name in frames}


def test_one_mans_faces_are_near_and_anothers_far(by_landmarks):
    biden = by_landmarks["biden.jpg"]
    obama = [descriptor for name, descriptor in by_landmarks.items() if name != "biden.jpg"]
    assert biden.shape == (128,) and biden.dtype == np.float32
    assert max(apart(one, other) for one in obama for other in obama) < 0.5
    assert min(apart(one, biden) for one in obama) > 0.75


def test_dlib_finds_the_landmarks_itself(network, famous, frames, by_landmarks):
    for name, frame in frames.items():
        region = famous.regions[name]
        plain = Box(region.x1, region.y1, region.x2, region.y2)
        assert apart(network.describe(probe_in(frame, plain)), by_landmarks[name]) < 0.3


def test_an_aligned_picture_says_what_the_photo_says(network, famous, frames, by_landmarks):
    for name, frame in frames.items():
        points = points_of(famous.regions[name].landmarks)
        picture = aligned(frame.rgb(), points, ALIGNED_SIDE_PX, 0.1)
        probe = probe_of_picture(picture, FolderRecord(margin=0.1, aligned=True))
        assert apart(network.describe(probe), by_landmarks[name]) < 0.2


def test_a_turned_photo_says_the_same(network, famous, frames, by_landmarks):
    """On its side dlib's own detector finds nothing, but landmarks say where the eyes are."""
    frame, region = frames["obama.jpg"], famous.regions["obama.jpg"]
    width, _ = frame.size_wh
    sideways = Frame.from_rgb(np.ascontiguousarray(np.rot90(frame.rgb())))
    landmarks = tuple((y, width - 1 - x) for x, y in region.landmarks)
    turned = Region(region.y1, width - region.x2, region.y2, width - region.x1, landmarks)
    assert apart(network.describe(probe_in(sideways, turned)), by_landmarks["obama.jpg"]) < 0.35


def test_it_is_the_same_each_time(network, famous, frames):
    probe = probe_in(frames["biden.jpg"], famous.regions["biden.jpg"])
    assert (network.describe(probe) == network.describe(probe)).all()


@pytest.mark.parametrize("size_wh", [(1, 1), (300, 1), (1, 300), (2, 2), (40, 9)])
def test_whatever_it_is_asked_about_it_answers(network, size_wh):
    width, height = size_wh
    noise = np.random.default_rng(1).integers(0, 256, (height, width, 3)).astype(np.uint8)
    faraway = np.array(((900.0, 900.0), (910.0, 900.0), (905.0, 905.0), (901.0, 909.0), (909.0, 909.0)))
    for points in (None, faraway, faraway * 0.001, faraway - 900):
        descriptor = network.describe(Probe(noise, Box(0, 0, width, height), points))
        assert np.isfinite(descriptor).all()


def test_damaged_files_are_one_line(tmp_path):
    for name in ("a.dat", "b.dat"):
        (tmp_path / name).write_bytes(b"no network" * 1000)
    with pytest.raises(ModelError, match="dlib cannot read its files") as raised:
        DlibFace(tmp_path / "a.dat", tmp_path / "b.dat")
    assert "\n" not in str(raised.value)
