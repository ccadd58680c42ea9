from __future__ import annotations

import base64
import json
import os

import pytest

from pipeline.capture import Capture
from pipeline.config.config import RESERVED_NAMES as REFUSED_NAMES
from pipeline.detections import Box, Detection, FrameResult, Label
from pipeline.source import MediaFacts, Source, SourceKind, Stamp, Turn
from reporters.report import RESERVED_NAMES, to_report_frame, to_report_head

FACTS = MediaFacts((640, 480), "jpeg")


def source_named(name: str | bytes, kind: SourceKind = SourceKind.PHOTO) -> Source:
    path = "/photos/" + os.fsdecode(name)
    return Source(path, os.fsdecode(name), kind, "jpeg", Stamp(1, 0))


def head(facts: MediaFacts = FACTS, name: str | bytes = "a.jpg") -> dict:
    return to_report_head(source_named(name), facts, "f00d")


def test_least_head():
    assert not head().keys() & {"images", "taken", "camera", "gps", "sha256", "file_base64"}
    assert (
        head().items()
        >= {
            "type": "photo",
            "file": "/photos/a.jpg",
            "schema": 1,
            "width": 640,
            "height": 480,
            "format": "jpeg",
            "pipeline": "f00d",
        }.items()
    )


def test_orientation_is_known_or_missing():
    assert "orientation" not in head()
    by_exif = head(MediaFacts((640, 480), "jpeg", turn=Turn(6, 6)))
    assert (by_exif["orientation"], "turned_by_container" in by_exif) == (6, False)
    by_container = head(MediaFacts((640, 480), "heif", turn=Turn(6, 1, by_container=True)))
    assert (by_container["orientation"], by_container["turned_by_container"]) == (6, True)


def test_fullest_head():
    facts = MediaFacts(
        size_wh=(4000, 3000),
        format="webp",
        images=12,
        capture=Capture("2023-07-01T12:30:00+02:00", "NIKON D90", 41.8902222, -12.5, -3.0),
        sha256="ab" * 32,
    )
    assert head(facts) == head() | {
        "width": 4000,
        "height": 3000,
        "format": "webp",
        "images": 12,
        "taken": "2023-07-01T12:30:00+02:00",
        "camera": "NIKON D90",
        "gps": {"latitude": 41.8902222, "longitude": -12.5, "altitude": -3.0},
        "sha256": "ab" * 32,
    }


@pytest.mark.parametrize(
    ("position", "gps"),
    [
        ({"latitude": 1.0, "longitude": 2.0}, {"latitude": 1.0, "longitude": 2.0}),
        ({"latitude": 0.0, "longitude": 0.0}, {"latitude": 0.0, "longitude": 0.0}),
        ({"latitude": 1.0, "altitude": 5.0}, None),
        ({"altitude": 5.0}, None),
    ],
)
def test_half_a_position_is_none(position, gps):
    assert head(MediaFacts((1, 1), "jpeg", capture=Capture(**position))).get("gps") == gps


def test_a_name_that_is_not_utf8_is_given_in_bytes_too():
    shown = head(name=b"caf\xe9\n.jpg")
    assert shown["file"] == "/photos/caf\ufffd\n.jpg"
    assert base64.b64decode(shown["file_base64"]) == b"/photos/caf\xe9\n.jpg"
    json.dumps(shown).encode("utf-8")


def test_a_name_that_has_a_replacement_character_of_its_own_is_utf8():
    assert "file_base64" not in head(name="odd \ufffd.jpg")
    assert head(name="é.jpg")["file"] == "/photos/é.jpg"


def test_frame_of_a_photo():
    found = {
        "objects": (
            Detection(Box(318, 471, 1518, 871), (Label("cat", 0.8568467497825623), Label("dog", 0.25))),
            Detection(Box(0, 0, 1, 1), (Label("bird", 1),)),
        ),
        "faces": (),
        "names": (Detection(Box(1, 2, 3, 4), (Label("Ann", method="lbp", distance=31.123456),)),),
    }
    assert to_report_frame(FrameResult(0, None, found)) == {
        "frame": 0,
        "objects": [
            {
                "rect": [318, 471, 1518, 871],
                "labels": [{"label": "cat", "confidence": 0.856847}, {"label": "dog", "confidence": 0.25}],
            },
            {"rect": [0, 0, 1, 1], "labels": [{"label": "bird", "confidence": 1.0}]},
        ],
        "faces": [],
        "names": [{"rect": [1, 2, 3, 4], "labels": [{"label": "Ann", "method": "lbp", "distance": 31.1235}]}],
    }


def test_frame_of_a_video_has_its_time():
    assert to_report_frame(FrameResult(12, 0.48048048, {})) == {"frame": 12, "time": 0.48048}


def test_no_component_can_be_called_as_a_key_of_frames():
    assert set(RESERVED_NAMES) <= set(REFUSED_NAMES)
