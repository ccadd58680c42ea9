from __future__ import annotations

import numpy as np

from recognizers.faces.dataset import list_face_folder
from recognizers.faces.stats import FaceStatistics, histogram, measure


def test_width_is_width_and_height_is_height(face_folder, face):
    """The 2017 program printed one for the other."""
    top = face_folder(2, 1)
    face(0, 0).resize((300, 200)).save(top / "person-0" / "wide.png")
    statistics, unreadable = measure(list_face_folder(str(top)))
    assert sorted(zip(statistics.widths.tolist(), statistics.heights.tolist(), strict=True)) == [
        (96, 96),
        (96, 96),
        (300, 200),
    ]
    assert statistics.counts == {"person-0": 2, "person-1": 1}
    assert unreadable == []


def test_damage_that_shows_only_in_the_pixels_is_named(face_folder):
    top = face_folder(1, 2)
    path = top / "person-0" / "0.png"
    path.write_bytes(path.read_bytes()[:4000])
    statistics, unreadable = measure(list_face_folder(str(top)))
    assert len(statistics.widths) == 1
    assert statistics.counts == {"person-0": 1}
    assert unreadable == [f"{path}: the PNG file ends too early"]
    (top / "person-0" / "1.png").write_bytes(path.read_bytes())
    assert measure(list_face_folder(str(top)))[0] is None


def statistics_of(widths, heights, **counts):
    return FaceStatistics(np.array(widths), np.array(heights), counts)


def test_the_two_suggested_sizes():
    manual = statistics_of([160, 334, 1044], [153, 311, 1071])
    assert manual.median_wh() == (334, 311)
    assert manual.small_wh() == (112, 104)
    assert statistics_of([23], [28]).small_wh() == (92, 112)
    assert statistics_of([1], [9000]).small_wh() == (1, 112)


def test_labels_with_few_pictures():
    assert statistics_of([1], [1], ann=14, bob=15, cid=1).few() == {"ann": 14, "cid": 1}


def test_histograms_count_everything():
    bins = histogram(np.array([10, 20, 20, 110]))
    assert bins.counts.tolist() == [1, 2, 0, 0, 0, 0, 0, 0, 0, 1]
    assert (bins.edges[0], bins.edges[-1]) == (10, 110)
    same = histogram(np.array([5, 5, 5]))
    assert same.counts.tolist() == [3]
