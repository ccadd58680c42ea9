from __future__ import annotations

import json
import logging
import pickle
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from pipeline.detections import Box
from pipeline.errors import ModelError
from pipeline.frame import Frame
from recognizers.recognizer import Recognizer

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"


def recognizer_for(make_params, **values) -> Recognizer:
    recognizer = Recognizer("faces", make_params(**values))
    recognizer.load()
    return recognizer


def frame_of(*faces) -> Frame:
    """Faces side by side in one frame, 96 pixels each."""
    gray = np.hstack([np.asarray(face) for face in faces])
    return Frame.from_rgb(np.repeat(gray[:, :, None], 3, axis=2))


def boxes(count: int) -> list[Box]:
    return [Box(96 * i, 0, 96 * i + 96, 96) for i in range(count)]


def test_faces_in_a_frame_get_their_names(make_params, model_directory, face):
    recognizer = recognizer_for(make_params, model=model_directory())
    frame = frame_of(face(2, 70), face(0, 71), face(3, 72))
    detections = recognizer.detect(frame, boxes(3))
    assert [detection.labels[0].text for detection in detections] == ["person-2", "person-0", "person-3"]
    assert [detection.box for detection in detections] == boxes(3)
    for detection in detections:
        assert len(detection.labels) == 1
        assert detection.labels[0].method == "eigen"
        assert detection.labels[0].distance > 0
        assert detection.labels[0].confidence is None
    assert recognizer.detect(frame, boxes(3)) == detections
    assert pickle.loads(pickle.dumps(detections)) == detections


def methods_of(recognizer, frame):
    return [label.method for label in recognizer.detect(frame, boxes(1))[0].labels]


def test_outputlabel_chooses_whose_answers_are_output(make_params, model_directory, face):
    model, frame = model_directory(), frame_of(face(1, 70))
    everything = recognizer_for(make_params, model=model, outputlabel="all")
    assert methods_of(everything, frame) == ["eigen", "fischer", "lbp"]
    named = recognizer_for(make_params, model=model, outputlabel=["lbp", "fisher"])
    assert methods_of(named, frame) == ["fischer", "lbp"]
    some = recognizer_for(make_params, model=model, strategies=["lbp", "eigen"], outputlabel=["all"])
    assert methods_of(some, frame) == ["lbp", "eigen"]
    first = recognizer_for(make_params, model=model, strategies=["lbp", "fisher", "eigen"])
    assert methods_of(first, frame) == ["lbp"]


def test_a_face_beyond_the_distance_is_unknown(make_params, model_directory, face):
    limits = {"eigen": {"unknown_distance": 900.0}, "fischer": {}, "lbp": {"unknown_distance": 0.001}}
    model, frame = model_directory(methods=limits), frame_of(face(1, 70))

    def texts(**values):
        recognizer = recognizer_for(make_params, model=model, outputlabel="all", **values)
        return [label.text for label in recognizer.detect(frame, boxes(1))[0].labels]

    assert texts() == ["person-1", "person-1", "unknown"]
    assert texts(unknown=False) == ["person-1"] * 3
    assert texts(unknown_distance={"fisher": 0.5}) == ["person-1", "unknown", "unknown"]
    assert texts(unknown_distance={"lbp": 1e9, "eigen": 1.0}) == ["unknown", "person-1", "person-1"]


def test_noise_is_nobody_where_the_distances_are_known(make_params, model_directory):
    measured = {"eigen": 800.0, "fischer": 250.0, "lbp": 180.0}
    methods = {name: {"unknown_distance": distance} for name, distance in measured.items()}
    recognizer = recognizer_for(make_params, model=model_directory(methods=methods))
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    (label,) = recognizer.detect(Frame.from_rgb(noise), boxes(1))[0].labels
    assert label.text == "unknown"
    assert label.method == "eigen"


def test_regions_without_pixels_and_of_one_pixel(make_params, model_directory):
    recognizer = recognizer_for(make_params, model=model_directory(margin=0.1))
    frame = Frame.from_rgb(np.zeros((5, 7, 3), np.uint8))
    odd = [Box(2, 2, 2, 4), Box(6, 4, 7, 5), Box(0, 0, 7, 1), Box(9, 9, 12, 12), Box(-3, -3, 99, 99)]
    found = recognizer.detect(frame, odd)
    assert [detection.box for detection in found] == [odd[1], odd[2], odd[4]]
    assert recognizer.detect(frame, []) == []
    assert len(recognizer.detect(Frame.from_rgb(np.zeros((1, 1, 3), np.uint8)), [Box(0, 0, 1, 1)])) == 1


def test_the_margin_of_the_taught_faces_is_the_probes_too(make_params, model_directory, face):
    frame = frame_of(face(0, 0))
    inner = Box(16, 16, 80, 80)
    plain = recognizer_for(make_params, model=model_directory("plain"), outputlabel="eigen")
    grown = recognizer_for(make_params, model=model_directory("grown", margin=0.25), outputlabel="eigen")
    whole = plain.detect(frame, [frame.whole])[0].labels
    assert grown.detect(frame, [inner])[0].labels == whole
    assert grown.detect(frame, [inner])[0].box == inner
    assert plain.detect(frame, [inner])[0].labels != whole


def equalizing(make_params, model, **values):
    return recognizer_for(make_params, model=model, outputlabel="eigen", **values)


def test_faces_are_equalized_as_the_model_was_trained(make_params, model_directory, face, caplog):
    frame = frame_of(face(1, 70))
    flat = frame_of(cv2.equalizeHist(np.asarray(face(1, 70))))
    trained_so = model_directory(equalized=True)
    expected = equalizing(make_params, trained_so, equalizehist=True).detect(frame, boxes(1))
    assert equalizing(make_params, trained_so).detect(frame, boxes(1)) == expected
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        plain = equalizing(make_params, trained_so, equalizehist=False)
    assert [record.getMessage().split(";")[0] for record in caplog.records] == [
        'faces: "equalizehist: false", but the model was trained with equalizing, and will err more often'
    ]
    assert plain.detect(frame, boxes(1)) != expected
    assert plain.detect(flat, boxes(1)) == expected


def test_a_model_that_does_not_say_is_judged_by_its_mean_face(make_params, model_directory, face):
    frame = frame_of(face(1, 70))
    directory = model_directory(equalized=None)
    plain = equalizing(make_params, directory, equalizehist=False).detect(frame, boxes(1))
    assert equalizing(make_params, directory).detect(frame, boxes(1)) == plain
    # LBPH keeps no pixels; a model that does not say is the 2017 program's, which always equalized.
    alone = recognizer_for(make_params, model=directory, outputlabel="lbp")
    asked = recognizer_for(make_params, model=directory, outputlabel="lbp", equalizehist=True)
    assert alone.detect(frame, boxes(1)) == asked.detect(frame, boxes(1))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"strategies": ["eigenfaces"]}, '"eigenfaces" is not a recognition strategy; there are eigen'),
        ({"outputlabel": ["all", "lbp"]}, "stand alone"),
        ({"outputlabel": []}, "at least 1"),
        ({"strategies": ["lbp"], "outputlabel": ["eigen"]}, "asks for eigen"),
        ({"unknown": False, "unknown_distance": {"lbp": 3.0}}, "no meaning"),
        ({"unknown_distance": {"lbp": 0.0}}, "greater than 0"),
        ({"unknown_distance": {"sift": 1.0}}, '"sift" is not a recognition strategy'),
        ({"equalizehist": "yes"}, "bool"),
        ({"threshold": 1}, "Extra inputs"),
        ({"model": ""}, "at least 1"),
    ],
)
def test_wrong_params_are_refused(make_params, values, says):
    with pytest.raises(ValidationError, match=says):
        make_params(**{"model": "faces", **values})


def test_a_missing_model_is_told_before_anything_is_mined(make_params, model_directory, tmp_path):
    directory = model_directory()
    assert list(Recognizer.check(make_params(model=directory, strategies=["fisher", "lbp"]))) == []
    Path(directory, "fischer.yml").unlink()
    assert list(Recognizer.check(make_params(model=directory))) == []
    (problem,) = Recognizer.check(make_params(model=directory, strategies=["fisher", "lbp"]))
    assert problem.key == "model"
    assert "has no fischer.yml (it has eigen, lbp)" in problem.sentence
    (problem,) = Recognizer.check(make_params(model=str(tmp_path / "gone")))
    assert "does not exist" in problem.sentence
    with pytest.raises(ModelError, match=r"has no fischer\.yml"):
        recognizer_for(make_params, model=directory, outputlabel="fisher")


def test_checking_imports_nothing_heavy(model_directory):
    code = (
        "import sys; from recognizers.recognizer import Recognizer, RecognizerParams as P;"
        "print(list(Recognizer.check(P(model=sys.argv[1]))), 'cv2' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, model_directory()],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout == "[] False\n"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="needs the reference files")
@pytest.mark.parametrize("name", ["original-example-pipeline.yml", "original-onlycatfacerecog.yml"])
def test_the_2017_pipeline_files_load_unchanged(make_params, model_directory, name):
    components = yaml.safe_load((REFERENCE / name).read_text())["pipeline"]
    (values,) = (c["params"] for c in components if c["type"] == "recognizer")
    params = make_params(**values)
    assert params.strategies == ("eigen", "fischer", "lbp")
    assert next(iter(Recognizer.check(params))).key == "model"
    directory = model_directory()
    assert list(Recognizer.check(params.model_copy(update={"model": directory}))) == []
    assert json.loads(Path(directory, "model.json").read_text())["format"] == 1


def test_an_optional_model_that_is_not_there_yet_gives_no_names(
    make_params, model_directory, face, tmp_path, caplog
):
    caplog.set_level(logging.INFO)
    missing = make_params(model=str(tmp_path / "later"), optional=True)
    assert list(Recognizer.check(missing)) == []
    assert list(Recognizer.model_files(missing)) == []
    recognizer = Recognizer("names", missing)
    recognizer.load()
    assert recognizer.detect(frame_of(face(1, 70)), boxes(1)) == []
    (line,) = (record for record in caplog.records if record.name == "recognizers.recognizer")
    assert "there is no face model" in line.getMessage()
    assert line.once_a_run

    model = make_params(model=model_directory("later"), optional=True)
    assert len(Recognizer.model_files(model)) > 1
    recognizer = Recognizer("names", model)
    recognizer.load()
    assert recognizer.detect(frame_of(face(1, 70)), boxes(1))[0].labels[0].text == "person-1"


def test_a_model_that_is_not_there_is_an_error_otherwise(make_params, tmp_path):
    (problem,) = Recognizer.check(make_params(model=str(tmp_path / "later")))
    assert "later" in problem.sentence
