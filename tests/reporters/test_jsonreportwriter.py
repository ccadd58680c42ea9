from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from pipeline.detections import Box, Detection, FrameResult, Label
from pipeline.errors import FailureCode, OutputNameError, SourceError
from pipeline.frame import Frame
from pipeline.source import MediaFacts, Source, SourceKind, Stamp
from reporters.jsonreportwriter import JsonReportWriter, JsonReportWriterParams

ORIGINAL = Path(__file__).parents[3] / "shared" / "reference" / "original-example-image-report.json"
FACTS = MediaFacts((640, 480), "jpeg")
FRAME = Frame.from_rgb(np.zeros((480, 640, 3), np.uint8))
CAT = Detection(Box(1, 2, 30, 40), (Label("cat", 0.857),))


def source_of(relative: str | bytes = "trip/a.jpg", kind: SourceKind = SourceKind.PHOTO) -> Source:
    return Source("/photos/" + os.fsdecode(relative), os.fsdecode(relative), kind, "jpeg", Stamp(1, 0))


def result(*detections: Detection, index: int = 0, timestamp: float | None = None) -> FrameResult:
    return FrameResult(index, timestamp, {"objects": detections})


def write(out: Path, *results: FrameResult, source: Source | None = None) -> None:
    writer = JsonReportWriter("report", JsonReportWriterParams(), fingerprint="f00d")
    writer.load()
    with writer.open(source or source_of(), FACTS, out) as session:
        for one in results:
            session.write(FRAME, one)


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def unique(pairs: list) -> dict:
    assert len({key for key, _ in pairs}) == len(pairs), "a key stands twice"
    return dict(pairs)


def read(path: Path) -> dict:
    """A report, by the strictest reading: UTF-8, no NaN, no key twice."""
    return json.loads(path.read_bytes().decode(), parse_constant=refuse, object_pairs_hook=unique)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_report_of_a_photo(tmp_path):
    write(tmp_path, result(CAT))
    assert files(tmp_path) == ["trip/a.jpg.json"]
    report = read(tmp_path / "trip/a.jpg.json")
    assert report["type"] == "photo"
    assert report["file"] == "/photos/trip/a.jpg"
    assert report["pipeline"] == "f00d"
    assert report["frames"] == [
        {
            "frame": 0,
            "objects": [{"rect": [1, 2, 30, 40], "labels": [{"label": "cat", "confidence": 0.857}]}],
        }
    ]


def test_report_that_found_nothing(tmp_path):
    write(tmp_path, result())
    assert read(tmp_path / "trip/a.jpg.json")["frames"] == [{"frame": 0, "objects": []}]


def test_report_of_a_video_and_of_one_without_frames(tmp_path):
    video = source_of("v.mp4", SourceKind.VIDEO)
    write(tmp_path, *(result(CAT, index=i, timestamp=i / 25) for i in range(3)), source=video)
    report = read(tmp_path / "v.mp4.json")
    assert report["type"] == "video"
    assert [(frame["frame"], frame["time"]) for frame in report["frames"]] == [(0, 0.0), (1, 0.04), (2, 0.08)]
    write(tmp_path, source=video)
    assert read(tmp_path / "v.mp4.json")["frames"] == []


@pytest.mark.skipif(not ORIGINAL.exists(), reason="the original's example report is not here")
def test_what_the_original_reported_is_reported_under_the_same_keys(tmp_path):
    original = json.loads(ORIGINAL.read_text())
    (frame,) = original["frames"]
    found = {
        name: tuple(
            Detection(
                Box(*one["rect"]), tuple(Label(it["label"], it.get("confidence")) for it in one["labels"])
            )
            for one in detections
        )
        for name, detections in frame.items()
        if name != "frame"
    }
    write(tmp_path, FrameResult(0, None, found))
    ours = read(tmp_path / "trip/a.jpg.json")
    for label in (one["labels"][0] for one in frame["coco-detector"]):
        label["confidence"] = pytest.approx(label["confidence"], abs=1e-6)
    assert ours["frames"] == original["frames"]
    assert {key: type(value) for key, value in ours.items() if key in original} == {
        key: type(value) for key, value in original.items()
    }


HOSTILE_LABELS = [
    "../../etc/passwd",
    "<script>alert(1)</script>",
    '"quoted", \\ and }]',
    "two\nlines\r\ttab",
    "\x1b[31mred\x07\x00",
    "\u2028\u2029\ufeff\u202e",
    "日本語 naïve 🐈",
    "/".join("x" * 300),
]


@pytest.mark.parametrize("label", HOSTILE_LABELS)
def test_labels_come_out_as_they_went_in_and_stay_out_of_names(label, tmp_path):
    write(tmp_path, result(Detection(Box(0, 0, 1, 1), (Label(label),))))
    assert files(tmp_path) == ["trip/a.jpg.json"]
    assert read(tmp_path / "trip/a.jpg.json")["frames"][0]["objects"][0]["labels"] == [{"label": label}]


def test_control_characters_never_stand_in_a_report(tmp_path):
    write(tmp_path, result(Detection(Box(0, 0, 1, 1), (Label("\x1b[31m\x07\x00\x7f\x9b\u202e\u2028"),))))
    content = (tmp_path / "trip/a.jpg.json").read_text()
    assert all(char.isprintable() or char == "\n" for char in content)


def test_lone_surrogates_in_a_label_do_not_break_the_report(tmp_path):
    write(tmp_path, result(Detection(Box(0, 0, 1, 1), (Label("odd \udcff"),))))
    assert read(tmp_path / "trip/a.jpg.json")["frames"][0]["objects"][0]["labels"] == [{"label": "odd ?"}]


@pytest.mark.parametrize("name", [b"caf\xe9.jpg", b"two\nlines.jpg", b"-x.jpg", b"n" * 255, b"\xff" * 255])
def test_names(name, tmp_path):
    write(tmp_path, result(CAT), source=source_of(name))
    (file,) = files(tmp_path)
    assert file.endswith(".json")
    assert len(os.fsencode(file)) <= 255
    read(tmp_path / file)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), np.float32("nan")])
def test_numbers_that_json_does_not_have_are_refused(number, tmp_path):
    for label in (Label("cat", number), Label("Ann", method="lbp", distance=number)):
        with pytest.raises(ValueError, match="JSON"):
            write(tmp_path, result(Detection(Box(0, 0, 1, 1), (label,))))
    assert files(tmp_path) == []


def test_numbers_of_numpy_are_numbers(tmp_path):
    label = Label("cat", np.float32(0.5), "lbp", np.float64(3.25))
    write(tmp_path, result(Detection(Box(0, 0, 1, 1), (label,))))
    (shown,) = read(tmp_path / "trip/a.jpg.json")["frames"][0]["objects"][0]["labels"]
    assert shown == {"label": "cat", "confidence": 0.5, "method": "lbp", "distance": 3.25}


@pytest.mark.parametrize("raised", [RuntimeError, KeyboardInterrupt])
def test_an_exception_leaves_nothing_or_the_report_before(raised, tmp_path):
    def fail():
        writer = JsonReportWriter("report", JsonReportWriterParams())
        with pytest.raises(raised), writer.open(source_of(), FACTS, tmp_path) as session:
            session.write(FRAME, result(CAT))
            raise raised

    fail()
    assert files(tmp_path) == []
    write(tmp_path, result(CAT))
    before = (tmp_path / "trip/a.jpg.json").read_bytes()
    fail()
    assert files(tmp_path) == ["trip/a.jpg.json"]
    assert (tmp_path / "trip/a.jpg.json").read_bytes() == before


def test_a_report_of_ours_is_replaced(tmp_path):
    write(tmp_path, result(CAT, CAT))
    write(tmp_path, result())
    assert read(tmp_path / "trip/a.jpg.json")["frames"] == [{"frame": 0, "objects": []}]


@pytest.mark.parametrize(
    "foreign",
    [
        b'{\n  "title": "a.jpg",\n  "description": "",\n  "imageViews": "3"\n}\n',
        b'{"type": "photo"}',
        b"[]",
        b"",
        b"\xff\xd8\xff\xe0",
    ],
)
def test_a_file_of_somebody_elses_is_not(foreign, tmp_path):
    path = tmp_path / "trip/a.jpg.json"
    path.parent.mkdir()
    path.write_bytes(foreign)
    with pytest.raises(
        SourceError, match="was not written by this program; choose another OUTPUT folder"
    ) as caught:
        write(tmp_path, result(CAT))
    assert caught.value.code is FailureCode.OUTPUT_NAME_TAKEN
    assert str(path) in caught.value.sentence
    assert path.read_bytes() == foreign
    assert files(tmp_path) == ["trip/a.jpg.json"]


def test_a_folder_under_the_reports_name(tmp_path):
    (tmp_path / "trip/a.jpg.json").mkdir(parents=True)
    with pytest.raises(OutputNameError):
        write(tmp_path, result(CAT))
    assert files(tmp_path) == []


def test_two_reporters_in_one_pipeline_write_two_files(tmp_path):
    for tag in ("", "-second"):
        writer = JsonReportWriter("report", JsonReportWriterParams(), tag=tag)
        with writer.open(source_of(), FACTS, tmp_path) as session:
            session.write(FRAME, result(CAT))
    assert files(tmp_path) == ["trip/a.jpg-second.json", "trip/a.jpg.json"]
