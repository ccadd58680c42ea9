"""A recognizer whose model describes faces by a network, from the pictures that are taught to the names."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.detections import Box, Region
from pipeline.errors import ModelError
from pipeline.frame import Frame
from recognizers.faces.folderrecord import FolderRecord, write_record
from recognizers.model.facemodel import read_facemodel
from recognizers.networks.alignment import ALIGNED_SIDE_PX, moved, template, warped
from recognizers.recognizer import Recognizer
from tests.recognizers.facenetworks import write_network

PEOPLE = 5


@pytest.fixture
def taught(facerec, face, tmp_path, network_file) -> Callable[..., str]:
    """`taught(aligned=True, strategies=(1, 0, 0))` teaches aligned faces of five people; the directory."""

    def teach(*, aligned: bool = True, strategies: tuple[object, ...] = (), network: object = None) -> str:
        top = tmp_path / "faces"
        for person in range(PEOPLE):
            (top / f"p{person}").mkdir(parents=True, exist_ok=True)
            for picture in range(5):
                drawn = face(person, picture, ALIGNED_SIDE_PX).convert("RGB")
                drawn.save(top / f"p{person}" / f"{picture}.png")
        write_record(str(top), FolderRecord(margin=0.1, aligned=aligned))
        assert facerec("csv", top, tmp_path / "all.csv").code == 0
        words = ("train", tmp_path / "all.csv", 80, tmp_path / "t.csv", tmp_path / "m", *strategies)
        said = facerec(*words, "--embedding", network or network_file)
        assert said.code == 0, said.err
        return str(tmp_path / "m")

    return teach


@pytest.fixture
def party(face) -> tuple[Frame, list[Region]]:
    """A photo of two of them, each turned by 30 degrees another way, and where they are."""
    photo = np.full((700, 1200, 3), 60, np.uint8)
    regions = []
    for person, degrees, middle in ((2, 30.0, (350, 350)), (4, -30.0, (850, 350))):
        angle = np.radians(degrees)
        turn = 1.4 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        matrix = np.column_stack((turn, np.array(middle) - turn @ (100, 100)))
        drawn = np.asarray(face(person, 50, ALIGNED_SIDE_PX).convert("RGB"))
        placed = warped(drawn, matrix, 1200)[:700]
        photo = np.where(placed.any(axis=2, keepdims=True), placed, photo)
        points = moved(matrix, template(ALIGNED_SIDE_PX, 0.1))
        landmarks = tuple((round(x), round(y)) for x, y in points.tolist())
        x, y = middle
        regions.append(Region(x - 90, y - 90, x + 90, y + 90, landmarks))
    return Frame.from_rgb(photo), regions


def recognizer_for(make_params, **values) -> Recognizer:
    recognizer = Recognizer("names", make_params(**values))
    assert list(Recognizer.check(recognizer.params)) == []
    recognizer.load()
    return recognizer


def names(recognizer: Recognizer, photo: Frame, regions: list[Region]) -> list[str]:
    return [found.labels[0].text for found in recognizer.detect(photo, regions)]


def test_turned_faces_get_their_names(make_params, taught, party):
    recognizer = recognizer_for(make_params, model=taught(), unknown=False)
    found = recognizer.detect(*party)
    assert [one.labels[0].text for one in found] == ["p2", "p4"]
    assert {one.labels[0].method for one in found} == {"embedding"}
    assert [one.box for one in found] == party[1]
    assert recognizer.detect(*party) == found


def test_the_vote_counts_it_among_the_others(make_params, taught, party):
    model = taught(strategies=(1, 1, 0))
    everybody = recognizer_for(make_params, model=model, unknown=False, outputlabel="all")
    (first, _) = everybody.detect(*party)
    assert [label.method for label in first.labels] == ["eigen", "fischer", "embedding"]
    assert {label.text for label in first.labels} == {"p2"}
    vote = recognizer_for(make_params, model=model, unknown=False)
    assert names(vote, *party) == ["p2", "p4"]
    alone = recognizer_for(make_params, model=model, unknown=False, strategies="embedding")
    assert alone.detect(*party)[0].labels[0].method == "embedding"


def test_strangers_are_unknown(make_params, taught, party):
    model = taught()
    limit = read_facemodel(model).unknown_distance("embedding")
    assert 0.1 < limit < 1.3
    strict = recognizer_for(make_params, model=model, unknown_distance={"embedding": 1e-6})
    assert names(strict, *party) == ["unknown", "unknown"]


@pytest.mark.parametrize("strategies", [(), (1, 0, 0)])
def test_faces_without_landmarks_are_named_as_they_are_and_told_once(
    make_params, taught, face, caplog, strategies
):
    recognizer = recognizer_for(make_params, model=taught(strategies=strategies), unknown=False)
    frame = Frame.from_rgb(np.asarray(face(3, 51, 300).convert("RGB")))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert names(recognizer, frame, [Box(25, 25, 275, 275)]) == ["p3"]
    (record,) = caplog.records
    assert record.getMessage() == (
        "names: the model was trained with aligned faces, but faces have no landmarks here and will be named "
        "wrongly more often; put a facedetector before it"
    )


def test_a_model_of_faces_that_are_not_aligned_does_not_align(make_params, taught, face, caplog):
    recognizer = recognizer_for(make_params, model=taught(aligned=False), unknown=False)
    frame = Frame.from_rgb(np.asarray(face(1, 51, 300).convert("RGB")))
    nonsense = ((250, 40), (90, 250), (70, 150), (180, 30), (40, 60))
    with caplog.at_level(logging.WARNING):
        for landmarks in (None, nonsense):
            assert names(recognizer, frame, [Region(25, 25, 275, 275, landmarks)]) == ["p1"]
    assert caplog.records == []


def test_the_network_is_one_of_the_models_files(make_params, taught, network_file):
    params = make_params(model=taught(strategies=(1, 0, 0)))
    assert network_file in Recognizer.model_files(params)
    assert Path(params.model, "embedding.npy") in Recognizer.model_files(params)
    without = make_params(model=params.model, strategies="eigen")
    assert network_file not in Recognizer.model_files(without)
    network_file.unlink()
    (problem,) = Recognizer.check(params)
    assert problem.key == "model"
    assert "small.onnx: there is no such file; put the network back" in problem.sentence
    assert list(Recognizer.check(without)) == []
    Recognizer("names", without).load()


def test_a_network_that_changed_is_told(make_params, taught, network_file):
    params = make_params(model=taught())
    write_network(network_file, numbers=47)
    with pytest.raises(ModelError, match="has changed since the model was trained with it"):
        Recognizer("names", params).load()


def test_a_model_without_a_networks_name_is_told(make_params, taught):
    params = make_params(model=taught())
    path = Path(params.model, "model.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"network": None}))
    with pytest.raises(ModelError, match=r"its model\.json names no network for faces"):
        Recognizer("names", params).load()


def test_checking_imports_nothing_heavy(taught, run_python):
    code = """
from recognizers.recognizer import Recognizer, RecognizerParams
params = RecognizerParams(model=sys.argv[1])
answer = [list(Recognizer.check(params)), len(Recognizer.model_files(params))]
answer.append(sorted({"cv2", "numpy", "onnxruntime", "dlib"} & set(sys.modules)))
"""
    assert run_python(code, taught()) == [[], 3, []]


def test_real_faces_by_dlibs_network(make_params, facerec, dlib_face, famous, tmp_path):
    """Two photographs teach, another two are asked about; the other man is a stranger."""
    for name in ("obama.jpg", "obama2.jpg"):
        region = famous.regions[name]
        with Image.open(famous.folder / name) as photo:
            (tmp_path / "faces" / "obama").mkdir(parents=True, exist_ok=True)
            box = (region.x1, region.y1, region.x2, region.y2)
            photo.crop(box).save(tmp_path / "faces" / "obama" / f"{name}.png")
            photo.crop(box).resize((90, 120)).convert("L").save(tmp_path / "faces" / "obama" / f"{name}2.png")
    assert facerec("csv", tmp_path / "faces", tmp_path / "all.csv").code == 0
    said = facerec("train", tmp_path / "all.csv", 75, tmp_path / "t.csv", tmp_path / "m", "--embedding")
    assert said.code == 0, said.err
    assert read_facemodel(str(tmp_path / "m")).network.name == dlib_face
    recognizer = recognizer_for(make_params, model=str(tmp_path / "m"))
    answers = {}
    for name in ("obama3.jpg", "obama_partial_face.jpg", "biden.jpg"):
        with Image.open(famous.folder / name) as photo:
            frame = Frame.from_rgb(np.asarray(photo.convert("RGB")))
        region = famous.regions[name]
        plain = Box(region.x1, region.y1, region.x2, region.y2)
        (answers[name],) = set(names(recognizer, frame, [region]) + names(recognizer, frame, [plain]))
    assert answers == {"obama3.jpg": "obama", "obama_partial_face.jpg": "obama", "biden.jpg": "unknown"}
