from __future__ import annotations

import json

import pytest

from pipeline.errors import LockedError, ModelError
from recognizers.faces.facekey import FaceKey
from recognizers.unknown.groupfile import GroupState, lock_groups, read_groups, write_groups
from recognizers.unknown.groups import group_tracks


@pytest.fixture
def state(directory):
    return group_tracks([directory.track(1, 1), directory.track(1, 2)], directory, GroupState()).state


def test_a_state_survives_its_file(tmp_path, state):
    assert read_groups(tmp_path / "g.json") == GroupState()
    write_groups(tmp_path / "g.json", state)
    assert read_groups(tmp_path / "g.json") == state


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"next_number": 0},
        {"faces": [{"key": "me", "group": 1}]},
        {"faces": [{"key": "0" * 64 + "/0/1,2,3,4", "group": -1}]},
        {"faces": 5},
    ],
)
def test_a_file_that_was_edited_or_is_newer_is_refused_and_left_alone(tmp_path, state, change):
    path = tmp_path / "g.json"
    write_groups(path, state)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    before = path.read_bytes()
    with pytest.raises(ModelError, match=r"g\.json: .*mend it, or remove it"):
        read_groups(path)
    assert path.read_bytes() == before


def test_what_was_cut_is_remembered_when_others_group_too(tmp_path, state, directory):
    first, second = (FaceKey.parse(face.key) for face in state.faces)
    write_groups(tmp_path / "g.json", state.with_cut({first}))
    tracks = [directory.track(1, 1), directory.track(1, 2)]
    again = group_tracks(tracks, directory, read_groups(tmp_path / "g.json"))
    assert again.uncut == {second: second}
    assert [face.is_cut for face in again.state.faces] == [True, False]


def test_one_program_at_a_time(tmp_path):
    busy = pytest.raises(LockedError, match="another program is grouping faces there")
    with lock_groups(tmp_path / "faces"), busy, lock_groups(tmp_path / "faces"):
        pass
    with lock_groups(tmp_path / "faces"):
        assert list((tmp_path / "faces").iterdir()) == []


def test_a_number_that_is_taken_is_not_given_again(tmp_path, state):
    write_groups(tmp_path / "g.json", state.model_copy(update={"next_number": 1}))
    assert read_groups(tmp_path / "g.json").next_number == 2
