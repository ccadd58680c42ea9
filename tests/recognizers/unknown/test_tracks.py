from __future__ import annotations

from dataclasses import replace

from pipeline.detections import Box
from recognizers.unknown.tracks import iter_tracks
from tests.recognizers.unknown.conftest import mined


def frames_of(tracks):
    return [[(face.frame, face.box.x1) for face in track.faces] for track in tracks]


def test_each_face_of_a_photo_is_a_track():
    tracks = list(iter_tracks([mined(1, 0), mined(1, 20), mined(2, 0)]))
    assert [track.faces for track in tracks] == [(mined(1, 0),), (mined(1, 20),), (mined(2, 0),)]


def test_two_people_who_walk_through_a_video():
    faces = []
    for frame in range(0, 50, 10):
        faces += [mined(1, 3 * frame, frame=frame, time_s=frame / 25)]
        faces += [mined(1, 600 - 3 * frame, frame=frame, time_s=frame / 25)]
    first, second = iter_tracks(faces)
    assert [face.box.x1 for face in first.faces] == [0, 30, 60, 90, 120]
    assert [face.box.x1 for face in second.faces] == [600, 570, 540, 510, 480]


def test_the_largest_face_with_landmarks_stands_for_its_track():
    small = mined(1, 0, frame=0, time_s=0.0)
    large = replace(mined(1, 0, frame=1, time_s=0.1), box=Box(0, 0, 120, 120))
    larger = replace(mined(1, 0, frame=2, time_s=0.2), box=Box(0, 0, 130, 130), landmarks=None)
    (track,) = iter_tracks([small, large, larger])
    assert track.best == large
    assert track.faces == (small, large, larger)


def test_a_face_that_was_away_begins_a_new_track():
    faces = [mined(1, frame=frame, time_s=time) for frame, time in ((0, 0.0), (1, 2.0), (2, 4.1))]
    assert frames_of(iter_tracks(faces)) == [[(0, 0), (1, 0)], [(2, 0)]]


def test_another_video_has_tracks_of_its_own():
    faces = [mined(1, frame=0, time_s=0.0), mined(2, frame=1, time_s=0.1)]
    assert frames_of(iter_tracks(faces)) == [[(0, 0)], [(1, 0)]]


def test_one_box_continues_one_track():
    faces = [mined(1, 0, frame=0, time_s=0.0), mined(1, 20, frame=0, time_s=0.0)]
    faces += [mined(1, 5, frame=1, time_s=0.1), mined(1, 25, frame=1, time_s=0.1)]
    assert frames_of(iter_tracks(faces)) == [[(0, 0), (1, 5)], [(0, 20), (1, 25)]]
