"""The face detector, on a tiny YuNet of known answers and, where it is at hand, on the real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detectors.facedetector import FaceDetector, FaceDetectorParams
from pipeline.detections import Box, FrameResult
from pipeline.errors import ExitCode, ModelError
from pipeline.frame import Frame
from reporters.report import to_report_frame
from tests.detectors.onnx import graphs
from tests.detectors.onnx.graphs import saved
from tests.running import component, flip_a_bit, pipeline_file, run

ORL = Path(__file__).parents[3] / "shared" / "data" / "orl_faces"


@pytest.fixture
def tiny(tmp_path):
    """A YuNet that sees a face where a cell of its grids is white above and black below."""

    def load(**params):
        detector = FaceDetector(
            "faces", FaceDetectorParams(model=str(saved(graphs.yunet(), tmp_path)), **params)
        )
        assert list(FaceDetector.check(detector.params)) == []
        detector.load()
        return detector

    return load


def faces_at(size_wh: tuple[int, int], *corners: tuple[int, int], side: int = 32) -> Frame:
    """A black picture with half-white squares at these upper left corners."""
    rgb = np.zeros((size_wh[1], size_wh[0], 3), dtype=np.uint8)
    for x, y in corners:
        rgb[y : y + side // 2, x : x + side] = 255
    return Frame.from_rgb(rgb)


def test_faces_carry_landmarks_in_the_frames_pixels(tiny):
    frame = faces_at((640, 480), (96, 64), (320, 256))
    found = tiny().detect(frame, [frame.whole])
    assert {detection.box for detection in found} == {Box(96, 64, 128, 96), Box(320, 256, 352, 288)}
    first = next(detection for detection in found if detection.box.x1 == 96)
    assert first.landmarks == ((104, 72), (120, 72), (112, 80), (104, 88), (120, 88))
    (label,) = first.labels
    assert label.text == "face"
    assert 0.99 < label.confidence <= 1


def test_the_report_shows_them(tiny):
    frame = faces_at((640, 480), (96, 64))
    found = tiny(outputlabel="visitor").detect(frame, [frame.whole])
    (entry,) = to_report_frame(FrameResult(0, None, {"faces": tuple(found)}))["faces"]
    assert entry["rect"] == [96, 64, 128, 96]
    assert entry["labels"][0]["label"] == "visitor"
    assert entry["landmarks"] == [[104, 72], [120, 72], [112, 80], [104, 88], [120, 88]]


def test_a_large_photo_is_looked_at_small(tiny):
    """6400 x 4800 at 640: the face is ten times as large, and so is the answer."""
    frame = faces_at((6400, 4800), (960, 640), side=320)
    (found,) = tiny(max_side=640).detect(frame, [frame.whole])
    assert found.box == Box(960, 640, 1280, 960)
    assert found.landmarks[2] == (1120, 800)


def test_a_small_region_is_looked_at_large(tiny):
    """64 x 48 pixels at 320: a face of 6 pixels fills most of a cell of 32."""
    frame = faces_at((640, 480), (96, 64), side=6)
    (found,) = tiny().detect(frame, [Box(96 - 32, 64 - 32, 96 + 32, 64 + 16)])
    assert found.box.iou(Box(96, 64, 103, 71)) > 0.7


def test_regions_that_overlap_show_a_face_once(tiny):
    frame = faces_at((640, 480), (96, 64))
    halves = [Box(0, 0, 320, 320), Box(32, 32, 352, 352)]
    assert [found.box for found in tiny().detect(frame, halves)] == [Box(96, 64, 128, 96)]


@pytest.mark.parametrize("size_wh", [(1, 1), (3000, 1), (1, 3000), (5, 5), (9, 2000)])
def test_what_is_too_thin_for_a_face_holds_none(tiny, size_wh):
    frame = faces_at(size_wh)
    assert tiny(threshold=1e-6, max_side=320).detect(frame, [frame.whole]) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (graphs.yolov8().SerializeToString(), "is no YuNet of 2023 or later"),
        (graphs.yunet().SerializeToString()[:2000], "is no whole ONNX file"),
        (b"<html>not found</html>", "is no whole ONNX file"),
        (b"", "is empty"),
    ],
)
def test_a_file_that_is_no_yunet_is_one_clear_line(tmp_path, content, says):
    (tmp_path / "y.onnx").write_bytes(content)
    params = FaceDetectorParams(model=str(tmp_path / "y.onnx"))
    (problem,) = FaceDetector.check(params)
    assert problem.key == "model"
    assert says in problem.sentence and "\n" not in problem.sentence
    with pytest.raises(ModelError, match=says):
        FaceDetector("faces", params).load()


def test_the_real_network_finds_an_astronaut(astronaut, yunet):
    detector = FaceDetector("faces", FaceDetectorParams(model=str(yunet)))
    detector.load()
    (found,) = detector.detect(astronaut, [astronaut.whole])
    assert found.box.iou(Box(178, 63, 268, 176)) > 0.8
    right_eye, left_eye, nose, *_ = found.landmarks
    assert abs(right_eye[0] - 200) < 6 and abs(left_eye[0] - 247) < 6 and abs(nose[1] - 124) < 6
    assert found.labels[0].confidence > 0.9


def test_one_wrong_bit_in_the_catalogues_network_stops_the_check_and_the_run(
    sample_photos, yunet, tmp_path, monkeypatch
):
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path / "cache"))
    network = tmp_path / "cache/models" / yunet.parent.name / yunet.name
    network.parent.mkdir(parents=True)
    network.write_bytes(yunet.read_bytes())
    file = pipeline_file(
        tmp_path / "p.yml",
        component("faces", "facedetector"),
        component("report", "jsonreportwriter", "faces"),
    )
    mining = [sample_photos / "astronaut.png", tmp_path / "out", file]
    assert [run(*arguments).returncode for arguments in (["--check", file], mining)] == [ExitCode.OK] * 2
    flip_a_bit(network)
    for arguments in (["--check", file], mining):
        done = run(*arguments)
        assert done.returncode == ExitCode.USAGE
        fetch = f".venv/bin/python -m pipeline.models fetch {yunet.parent.name}"
        assert f"{network} is damaged; type: {fetch}" in done.stderr


@pytest.mark.skipif(not ORL.exists(), reason="the faces are not at hand")
def test_the_real_network_finds_faces_that_fill_their_photo(yunet):
    import cv2

    detector = FaceDetector("faces", FaceDetectorParams(model=str(yunet)))
    detector.load()
    paths = sorted(ORL.glob("s*/1.pgm"))
    frames = [Frame.from_rgb(cv2.imread(str(path))) for path in paths]
    assert len(frames) == 40
    assert [len(detector.detect(frame, [frame.whole])) for frame in frames] == [1] * 40
