"""The deep detector with what Darkflow saved."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detectors.darkflow.meta import read_meta
from detectors.darknet.decode import decode_heads
from detectors.deepdetector import DeepDetector, DeepDetectorParams
from pipeline.frame import Frame

HERE = Path(__file__).parent


def loaded(**params: Any) -> DeepDetector:
    detector = DeepDetector("objects", DeepDetectorParams(**params))
    detector.load()
    return detector


@pytest.mark.parametrize(
    ("name", "resize"), [("region", "auto"), ("detection", "auto"), ("region", "letterbox")]
)
def test_runs_what_darkflow_saved(name: str, resize: str, sample_photos: Path, tmp_path: Path) -> None:
    """A network of random weights; its boxes are held against plain arithmetic on what TensorFlow 1 gave."""
    graph = HERE / f"{name}.pb"
    looking = loaded(model=str(graph), threshold=0.1, nms=1.0, resize=resize)
    with np.load(graph.with_suffix(".npz")) as held:
        picture, raw = held["picture"][0], held["output"]
    frame = Frame.from_rgb((picture * 255).round().astype(np.uint8))
    found = looking.detect(frame, [frame.whole])
    assert {label.text for each in found for label in each.labels} <= {"this", "that"}
    network = read_meta(graph.with_suffix(".meta")).network
    _, scores = decode_heads(network, [raw.reshape(1, *network.heads[0][1].shape)], 0.1)
    best = sorted(np.minimum(scores.max(axis=1), 1), reverse=True)
    assert len(found) == pytest.approx(len(best), abs=2)  # the picture was rounded to whole brightness
    confidences = sorted((each.labels[0].confidence for each in found), reverse=True)
    assert np.allclose(confidences[:5], best[:5], atol=0.03)
    (tmp_path / "mine.txt").write_text("one\ntwo\n")
    renamed = loaded(model=str(graph), labels=str(tmp_path / "mine.txt"), threshold=0.1)
    assert {label.text for each in renamed.detect(frame, [frame.whole]) for label in each.labels} <= {
        "one",
        "two",
    }


def test_check_tells_of_darkflows_files(tmp_path: Path) -> None:
    graph = tmp_path / "a.pb"
    graph.write_bytes(b"")
    (problem,) = DeepDetector.check(DeepDetectorParams(model=str(graph)))
    assert problem.key == "model"
    assert problem.sentence.startswith(
        f"{tmp_path}/a.meta: there is no such file; Darkflow saves it with a.pb"
    )

    meta = graph.with_suffix(".meta")
    meta.write_text("{")
    (problem,) = DeepDetector.check(DeepDetectorParams(model=str(graph)))
    assert (problem.key, problem.sentence) == (
        "model",
        f"{meta}: is not the JSON that Darkflow saves beside a .pb",
    )
    shutil.copy(HERE / "region.meta", meta)  # of two classes
    assert list(DeepDetector.check(DeepDetectorParams(model=str(graph)))) == []
    (tmp_path / "three.names").write_text("one\ntwo\nthree\n")
    (problem,) = DeepDetector.check(
        DeepDetectorParams(model=str(graph), labels=str(tmp_path / "three.names"))
    )
    assert problem.key == "labels" and "three.names: " in problem.sentence
