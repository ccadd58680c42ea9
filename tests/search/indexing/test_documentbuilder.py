"""What the reports of one input say together."""

from __future__ import annotations

from pathlib import Path

from search.conditions import TermKind
from search.documents import MAX_DETECTIONS, Document
from tests.search.outputs import Output, label, name


def document(output: Output, relative: str) -> Document:
    output.index()
    with output.open() as index:
        found = index.document(relative.encode())
    assert found is not None
    return found


def sighting(found: Document, text: str) -> tuple[int, tuple[float | None, ...]]:
    (one,) = [one for one in found.sightings if one.text == text]
    return one.most, one.ladder


def box(*labels: dict[str, object], at: int = 0) -> dict[str, object]:
    return {"rect": [at, 0, at + 9, 9], "labels": list(labels)}


def test_two_strategies_that_say_the_same_of_one_face_are_one(tmp_path: Path) -> None:
    output = Output(tmp_path)
    twice = [name("Tom"), name("Tom", 0.5)]
    output.report("a.jpg", [{"frame": 0, "names": [box(*twice), box(name("Tom"), at=50)]}], type="photo")
    found = document(output, "a.jpg")
    assert sighting(found, "Tom") == (2, (None, None))
    assert found.faces == 2
    assert len(found.detections) == 3


def test_two_components_that_see_the_same_count_once(tmp_path: Path) -> None:
    output = Output(tmp_path)
    persons = [box(label("person", 0.5)), box(label("person", 0.7), at=20)]
    frame = {
        "frame": 0,
        "small": persons,
        "large": [box(label("person", 0.95))],
        "faces": [box(label("face"))],
    }
    output.report("a.jpg", [frame | {"names": [box(name("Tom"))]}], type="photo")
    found = document(output, "a.jpg")
    assert sighting(found, "person") == (2, (0.95, 0.5))
    assert found.faces == 1, "the face and its name are one"


def test_a_ladder_is_of_the_best_frame_for_each_step(tmp_path: Path) -> None:
    output = Output(tmp_path)
    output.video("v.mp4", {0.0: [label("dog", 0.9)], 0.5: [label("dog", 0.6), label("dog", 0.7)]})
    assert sighting(document(output, "v.mp4"), "dog") == (2, (0.9, 0.6))


def test_spans_are_on_true_times_and_gaps_are_closed(tmp_path: Path) -> None:
    output = Output(tmp_path)
    seen = {
        1.0: [label("dog", 0.5)],
        3.0: [label("dog", 0.8)],
        5.1: [label("dog", 0.6)],
        5.25: [label("dog", 0.7)],
    }
    output.video("v.mp4", seen)
    found = document(output, "v.mp4")
    assert [(one.first_s, one.last_s, one.frames, one.time_s, one.confidence) for one in found.moments] == [
        (1.0, 3.0, 2, 3.0, 0.8),
        (5.1, 5.25, 2, 5.25, 0.7),
    ]


def test_a_video_that_is_mined_rarely_has_spans_too(tmp_path: Path) -> None:
    output = Output(tmp_path)
    output.video("v.mp4", {time: [label("dog")] for time in (0.0, 10.0, 20.0, 60.0)}, step_s=10.0)
    found = document(output, "v.mp4")
    assert [(one.first_s, one.last_s, one.frames) for one in found.moments] == [
        (0.0, 20.0, 3),
        (60.0, 60.0, 1),
    ]


def test_a_picture_full_of_boxes_keeps_one_of_each_label(tmp_path: Path) -> None:
    output = Output(tmp_path)
    many = [label("leaf", 0.3) for _ in range(MAX_DETECTIONS + 100)] + [label("snail", 0.4)]
    output.photo("a.jpg", *many)
    found = document(output, "a.jpg")
    assert len(found.detections) == MAX_DETECTIONS + 1
    assert sighting(found, "leaf")[0] == MAX_DETECTIONS + 100
    assert output.find("snail") == ["a.jpg"]
    output.photo("a.jpg")
    output.index()
    assert output.find("snail") == output.find("leaf") == []


def test_labels_keep_how_they_are_written(tmp_path: Path) -> None:
    output = Output(tmp_path)
    output.photo("a.jpg", label("Hot-Dog"), label("hot dog"), name("ANNA"))
    found = document(output, "a.jpg")
    assert [(one.kind, one.text) for one in found.sightings] == [
        (TermKind.LABEL, "Hot-Dog"),
        (TermKind.LABEL, "hot dog"),
        (TermKind.NAME, "ANNA"),
    ]
    assert output.find("label:HOT_DOG") == ["a.jpg"]
