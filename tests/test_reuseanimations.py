"""Animated pictures: what was found in their frames is used again, with the outputs of a run from scratch."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.albums import Album, network_in, teach
from tests.house import House
from tests.running import component

TWO, EVERYONE = ("ann", "bob"), ("ann", "bob", "cy")
SAMPLINGS = ("", "animations: true", "animations: true, every: 2", "animations: true, max_frames: 2")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Path]:
    folder = tmp_path_factory.mktemp("models")
    network = network_in(folder)
    return {names: teach(folder, names, network) for names in (TWO, EVERYONE)}


@pytest.fixture
def album(house: House, models: dict[tuple[str, ...], Path]) -> Album:
    """An animated picture that is not mined yet."""
    album = Album(house, models)
    album.animation("party.gif", [0], [2], [1], [0])
    album.sampling = "animations: true"
    return album


def test_a_taught_person_is_named_without_looking_again(album, monkeypatch):
    assert album.night().ran == {"faces": 1, "names": 1}
    album.known = EVERYONE
    monkeypatch.setattr("tests.plugins.drawnfaces.DrawnFaces.detect", lambda *_: pytest.fail("looked"))
    summary = album.night()
    assert (summary.mined, summary.reused) == (1, {"faces": 1, "names": 1})
    monkeypatch.undo()
    assert album.differing() == []


def test_outputs_that_show_the_same_are_left_as_they_are(album):
    album.night()
    before = album.house.snapshot()
    album.changes["names"] = {"unknown_distance": {"embedding": 6.0}}
    assert album.night().unchanged == 1
    after = album.house.snapshot()
    outputs = [path for path in before if "/.deepvisualminer" not in path]
    assert [after[path] for path in outputs] == [before[path] for path in outputs]


def test_a_new_writer_writes_without_looking_again(album, monkeypatch):
    album.night()
    album.extra = [component("second", "jsonreportwriter", "faces")]
    monkeypatch.setattr("tests.plugins.drawnfaces.DrawnFaces.detect", lambda *_: pytest.fail("looked"))
    assert not album.night().ran
    monkeypatch.undo()
    assert album.differing() == []


@pytest.mark.parametrize("seed", range(3))
def test_any_sequence_of_changes_gives_what_a_run_from_scratch_gives(album, seed):
    rng = random.Random(seed)
    for _ in range(5):
        album.sampling = rng.choice(SAMPLINGS)
        album.known = rng.choice((TWO, EVERYONE))
        album.changes["clips"] = {"format": rng.choice(("mp4", "gif"))}
        if rng.random() < 0.3:
            album.animation("party.gif", *([rng.randrange(4)] for _ in range(rng.randrange(1, 4))))
        assert album.night().failed == 0
        assert album.differing() == []
