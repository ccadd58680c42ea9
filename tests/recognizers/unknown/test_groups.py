from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.detections import Box
from recognizers.unknown.groupfile import GroupState, read_groups, write_groups
from recognizers.unknown.groups import ELSEWHERE, group_tracks
from recognizers.unknown.tracks import Track
from tests.recognizers.unknown.conftest import Directory


def photos_of(groups):
    """Number -> the photos of the group's faces."""
    return {
        number: sorted(int(track.best.sha256, 16) for track in tracks)
        for number, tracks in groups.numbered.items()
    }


def singles_of(groups):
    return sorted(int(track.best.sha256, 16) for track in groups.singles)


def test_the_largest_group_is_the_first_and_lone_faces_have_no_number(directory):
    tracks = [directory.track(1, photo) for photo in (1, 2)]
    tracks += [directory.track(2, photo) for photo in (3, 4, 5)] + [directory.track(3, 6)]
    groups = group_tracks(tracks, directory, GroupState())
    assert photos_of(groups) == {1: [3, 4, 5], 2: [1, 2]}
    assert singles_of(groups) == [6]
    assert len(groups.new) == 6
    assert groups.state.next_number == 3


def test_numbers_stay_from_night_to_night_and_only_new_faces_are_described(directory, tmp_path):
    first = [directory.track(person, 10 * person + photo) for person in (1, 2) for photo in range(3)]
    second = [directory.track(1, 99), directory.track(3, 31), directory.track(3, 32), directory.track(2, 29)]
    groups = group_tracks(first, directory, GroupState())
    before = photos_of(groups)
    write_groups(tmp_path / "g.json", groups.state)
    directory.asked.clear()
    later = group_tracks(second + first, directory, read_groups(tmp_path / "g.json"))
    assert {face.sha256 for face in directory.asked} == {track.best.sha256 for track in second}
    assert later.new == {track.best.key for track in second}
    joined = {number: sorted([*photos, 99 if 10 in photos else 29]) for number, photos in before.items()}
    assert photos_of(later) == {**joined, 3: [31, 32]}


def test_a_lone_face_gets_a_number_when_a_second_one_comes(directory):
    first = group_tracks([directory.track(1, 1)], directory, GroupState())
    assert (photos_of(first), singles_of(first)) == ({}, [1])
    later = group_tracks([directory.track(1, 1), directory.track(1, 2)], directory, first.state)
    assert photos_of(later) == {1: [1, 2]}
    assert later.new == {directory.track(1, 2).best.key}


def test_numbers_of_people_who_are_gone_are_never_given_again(directory):
    first = group_tracks([directory.track(1, 1), directory.track(1, 2)], directory, GroupState())
    second = group_tracks([directory.track(2, 3), directory.track(2, 4)], directory, first.state)
    assert photos_of(second) == {2: [3, 4]}
    back = group_tracks([directory.track(1, 1), directory.track(1, 2)], directory, second.state)
    assert photos_of(back) == {1: [1, 2]}


def test_a_new_face_joins_a_group_whose_photos_are_away(directory):
    first = group_tracks([directory.track(1, 1), directory.track(1, 2)], directory, GroupState())
    later = group_tracks([directory.track(1, 5)], directory, first.state)
    assert photos_of(later) == {1: [5]}


def test_two_numbered_groups_are_not_joined_but_said_to_be_alike(directory):
    a = group_tracks([directory.track(1, 1), directory.track(1, 2)], directory, GroupState())
    people = [face.model_copy(update={"group": 1 + index % 2}) for index, face in enumerate(a.state.faces)]
    state = a.state.model_copy(update={"faces": tuple(people), "next_number": 3})
    tracks = [directory.track(1, photo) for photo in (1, 2, 3)]
    later = group_tracks(tracks, directory, state)
    assert sorted(later.numbered) == [1, 2]
    assert later.alike == [(1, 2)]


def test_merged_groups_have_the_smaller_number_until_that_is_undone(directory):
    tracks = [directory.track(person, 10 * person + photo) for person in (1, 2, 3) for photo in range(2)]
    first = group_tracks(tracks, directory, GroupState())
    merged = group_tracks(tracks, directory, first.state, merges=[(2, 3), (1, 3)])
    assert {number: len(photos) for number, photos in photos_of(merged).items()} == {1: 6}
    undone = group_tracks(tracks, directory, merged.state, merges=[(2, 3)])
    assert {number: len(photos) for number, photos in photos_of(undone).items()} == {2: 4, 1: 2}
    assert photos_of(group_tracks(tracks, directory, undone.state)) == photos_of(first)


def test_faces_that_people_have_moved_are_where_they_put_them(directory):
    tracks = [directory.track(1, 1), directory.track(1, 2), directory.track(1, 3)]
    tracks += [directory.track(2, 4), directory.track(2, 5)]
    first = group_tracks(tracks, directory, GroupState())
    placed = {tracks[0].best.key: ELSEWHERE, tracks[1].best.key: 2}
    later = group_tracks(tracks, directory, first.state, placed=placed)
    assert photos_of(later) == {1: [3], 2: [2, 4, 5]}
    assert later.new == frozenset()
    again = group_tracks(tracks, directory, later.state, placed=placed)
    assert photos_of(again) == photos_of(later)
    assert again.new == frozenset()


def test_faces_in_the_folders_of_people_are_not_read_again(directory):
    tracks = [directory.track(1, 1), directory.track(1, 2), directory.track(1, 3)]
    placed = {tracks[0].best.key: ELSEWHERE}
    first = group_tracks(tracks, directory, GroupState(), placed=placed)
    assert {face.sha256 for face in directory.asked} == {track.best.sha256 for track in tracks[1:]}
    assert (photos_of(first), set(first.uncut)) == ({1: [2, 3]}, {track.best.key for track in tracks[1:]})
    later = group_tracks(tracks, directory, first.state.with_cut(set(first.uncut.values())))
    assert photos_of(later) == {1: [1, 2, 3]}
    assert later.uncut == {}


def test_the_state_does_not_grow_with_the_pictures_of_known_people(directory):
    tracks = [directory.track(1, 1), directory.track(1, 2)]
    placed = {directory.track(2, photo).best.key: ELSEWHERE for photo in range(10, 20)}
    assert len(group_tracks(tracks, directory, GroupState(), placed=placed).state.faces) == 2


def test_a_box_that_a_newer_detector_has_moved_is_the_same_face(directory):
    first = group_tracks([directory.track(1, 1), directory.track(1, 2)], directory, GroupState())
    moved = replace(directory.track(1, 1).best, box=Box(3, 4, 104, 105))
    directory.people[str(moved.key)] = 1
    directory.asked.clear()
    later = group_tracks([Track(moved, (moved,)), directory.track(1, 2)], directory, first.state)
    assert photos_of(later) == {1: [1, 2]}
    assert later.new == frozenset()
    assert directory.asked == []


def test_another_network_describes_all_faces_and_keeps_the_numbers(directory):
    tracks = [directory.track(person, 10 * person + photo) for person in (1, 2) for photo in range(3)]
    first = group_tracks(tracks, directory, GroupState())
    other = Directory("2")
    other.people = directory.people
    later = group_tracks(tracks, other, first.state)
    assert photos_of(later) == photos_of(first)
    assert len(other.asked) == 6
    assert later.state.network == other.network


def test_faces_that_cannot_be_described_are_tried_again(directory):
    tracks = [directory.track(0, 1), directory.track(1, 2)]
    groups = group_tracks(tracks, directory, GroupState())
    assert [track.best for track in groups.undescribed] == [tracks[0].best]
    assert groups.new == {tracks[1].best.key}
    directory.people[str(tracks[0].best.key)] = 1
    assert photos_of(group_tracks(tracks, directory, groups.state)) == {1: [1, 2]}


@pytest.mark.parametrize("descriptor", ["AAAA", "!", "", "AHwAfAB8"])
def test_damaged_descriptors_are_made_again(directory, descriptor):
    tracks = [directory.track(1, 1), directory.track(1, 2), directory.track(1, 3)]
    first = group_tracks(tracks, directory, GroupState())
    faces = (first.state.faces[0].model_copy(update={"descriptor": descriptor}), *first.state.faces[1:])
    state = first.state.model_copy(update={"faces": faces})
    later = group_tracks(tracks, directory, state)
    assert photos_of(later) == {1: [1, 2, 3]}
