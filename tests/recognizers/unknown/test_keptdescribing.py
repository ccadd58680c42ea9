"""Faces of a mined collection are described by what the run has kept, and by their photos where it has
not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.files.lock import lock_output
from pipeline.kept.storefile import STORE_NAME
from recognizers.unknown.describing import PixelDescriber
from recognizers.unknown.keptdescribing import KeptDescriber
from recognizers.unknown.minedfaces import MinedFace, iter_mined_faces
from recognizers.unknown.pictures import ALIGNED
from tests.albums import Album, network_in, teach
from tests.house import House


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return network_in(tmp_path_factory.mktemp("network"))


@pytest.fixture
def album(house: House, network: Path, tmp_path: Path) -> Album:
    """Two photos and a video that a model with this network has looked at."""
    album = Album(house, {("ann", "bob"): teach(tmp_path, ("ann", "bob"), network)})
    album.photo("ann.png", [0])
    album.photo("two.png", [1, 2])
    album.video("two.mkv", [2, 3], frames=3)
    assert album.night().mined == 3
    return album


def faces_of(album: Album) -> list[MinedFace]:
    return list(iter_mined_faces(album.house.output))


def test_kept_descriptors_are_those_of_the_photos(album, network):
    faces, problems = faces_of(album), []
    pixels = PixelDescriber(str(network), ALIGNED, problems)
    by_pixels = {one.face.key: one.descriptor for one in pixels.descriptors_for(faces)}
    shutil.rmtree(album.house.input)
    kept = {
        one.face.key: one.descriptor
        for one in KeptDescriber(album.house.output, ALIGNED, pixels).descriptors_for(faces)
    }
    assert len(faces) == 9
    assert problems == []
    assert kept.keys() == by_pixels.keys()
    for key, descriptor in by_pixels.items():
        np.testing.assert_allclose(kept[key], descriptor, atol=1e-5)


@pytest.mark.parametrize("trouble", ["no store", "a run is going on", "another preparation"])
def test_other_faces_are_described_by_their_photos(album, network, trouble):
    faces, asked = faces_of(album), []

    class Counting(PixelDescriber):
        def descriptors_for(self, faces):
            asked.extend(faces)
            return super().descriptors_for(faces)

    facts = ALIGNED.model_copy(update={"margin": 0.3}) if trouble == "another preparation" else ALIGNED
    if trouble == "no store":
        (album.house.output / STORE_NAME).unlink()
    describer = KeptDescriber(album.house.output, facts, Counting(str(network), facts, []))
    if trouble == "a run is going on":
        with lock_output(album.house.output):
            described = list(describer.descriptors_for(faces))
    else:
        described = list(describer.descriptors_for(faces))
    assert len(asked) == len(described) == len(faces)
    assert all(one.descriptor is not None for one in described)
