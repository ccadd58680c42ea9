"""Networks whose shapes fit several families: recognized by more than that, or asked for `family:`."""

from __future__ import annotations

import json

import numpy as np
import pytest

from detectors.deepdetector import DeepDetector, DeepDetectorParams
from detectors.examplemodels import write_darknet_network
from pipeline.errors import ModelError
from tests.detectors.onnx import graphs, lookalikes
from tests.detectors.onnx.conftest import found, painted

SQUARES = {"red": (32, 0, 64, 32), "green": (0, 32, 32, 64), "blue": (64, 32, 96, 64)}
HUGGING_FACE = ("pixel_values", "pred_boxes", "logits")
CELLS = graphs.cells((96, 64))
CORNERS = np.concatenate((CELLS[:, :2] - CELLS[:, 2:] / 2, CELLS[:, :2] + CELLS[:, 2:] / 2), axis=1)
HALF = np.full((len(CELLS), 3), 0.5)


def exactly(load, model, labels, **more):
    network = load(model, labels=labels, **more)
    expected = {colour: [box] for colour, box in SQUARES.items()}
    assert found(network, painted((96, 64), **SQUARES)) == expected
    return network.description.partition(",")[0]


def complaint(load, model, **more):
    with pytest.raises(ModelError) as raised:
        load(model, **more)
    return str(raised.value).partition("network.onnx: ")[2]


@pytest.mark.parametrize("family", ["auto", "yolov6", "yolov5"])
def test_yolov6_is_not_taken_for_yolox(family, load, colours):
    name = exactly(load, lookalikes.yolov6(), colours, family=family)
    assert name == ("YOLOv5" if family == "yolov5" else "YOLOv6")


def test_yolov6_of_one_box_among_empty_rows(load, colours):
    """Rows of zeros have an objectness of 0."""
    table = np.zeros((1, len(CELLS), 8))
    table[0, 5] = (48, 32, 20, 10, 1, 0.9, 0, 0)
    network = load(lookalikes.layout({"outputs": table}), labels=colours)
    assert found(network, painted((96, 64))) == {"red": [(38, 27, 58, 37)]}


@pytest.mark.parametrize(
    "model",
    [
        lookalikes.yolov6(objectness=0.7),  # pixels like YOLOX's, but not by an exponential
        lookalikes.yolov6(objectness=3),
        lookalikes.yolov6(boxes=1 / 96),  # fractions of the input's width
        lookalikes.yolov6(boxes=50),  # far outside the picture
        lookalikes.layout({"output0": np.concatenate((CORNERS, HALF), axis=1).T[None]}),
        lookalikes.layout({"output0": np.concatenate((CELLS / 96, HALF), axis=1).T[None]}),
        lookalikes.layout({"output0": np.concatenate((CELLS, HALF * 9), axis=1).T[None]}),
        lookalikes.layout({"output": np.tile(np.concatenate((CORNERS, HALF), axis=1), (3, 1))[None]}),
        lookalikes.layout({"output0": np.zeros((1, 20, 6))}),
        lookalikes.layout({"output0": np.tile(np.array((0.9, 3, 10, 10, 40, 40)), (20, 1))[None]}),
        lookalikes.layout({"output": np.zeros((20, 7))}),
        lookalikes.layout({"output": np.tile(np.array((0, 0.5, 0.1, 1, 10, 40.5, 40.5)), (20, 1))}),
    ],
)
def test_a_shape_alone_is_not_certain(model, load, colours):
    says = complaint(load, model, labels=colours)
    assert "its answer to a test picture tell which it is; say it by " in says
    assert '"family:", one of ' in says


def test_a_doubtful_network_runs_where_its_family_is_named(load, colours):
    model = lookalikes.yolov6(objectness=0.9)
    assert '"family:", one of rtdetr, yolox, yolov5, yolov6, yolov8' in complaint(load, model, labels=colours)
    assert exactly(load, model, colours, family="yolov5") == "YOLOv5"


@pytest.mark.parametrize("family", ["auto", "yolov7", "yolov6"])
def test_rows_with_the_number_of_their_picture(family, load, colours):
    exactly(load, lookalikes.batched_rows(), colours, family=family)


@pytest.mark.parametrize("family", ["auto", "yolov7"])
def test_rows_with_the_number_of_their_picture_that_find_nothing_at_first(family, load, colours):
    network = load(lookalikes.batched_rows(suppressing=True), labels=colours, family=family)
    assert found(network, painted((96, 64))) == {}


def test_yolo_nas_is_not_taken_for_yolov7(load, colours):
    """Its rows of seven have the score before the class id, and it may find none at first."""
    empty = lookalikes.batched_rows(suppressing=True)
    empty.graph.node[-1].output[0] = empty.graph.output[0].name = "graph2_flat_predictions"
    assert "say it by" in complaint(load, empty, labels=colours)
    rows = np.array([(0, 10, 10, 40, 40, 0.7, 2), (0, 12, 10, 44, 40, 0.4, 1)])
    assert "say it by" in complaint(load, lookalikes.layout({"output": rows}), labels=colours)


def test_metadata_of_an_exporter_decide_whatever_the_boxes_are(load):
    """An export with random weights has boxes of any size."""
    table = np.concatenate((CELLS * (1, 1, 90, 90), HALF), axis=1).T[None]
    model = lookalikes.layout({"output0": table})
    assert "say it by" in complaint(load, model)
    for key, value in graphs.ULTRALYTICS.items():
        model.metadata_props.add(key=key, value=value)
    assert load(model).description.startswith("YOLOv8, ")


def test_rows_of_seven_are_those_of_their_picture(load, colours):
    rows = np.array([(0, 0, 0, 32, 32, 0, 0.9), (1, 0, 0, 64, 32, 1, 0.8)])
    network = load(lookalikes.layout({"output": rows}), labels=colours)
    assert found(network, painted((96, 64))) == {"red": [(0, 0, 32, 32)]}


@pytest.mark.parametrize("family", ["auto", "yolov4"])
def test_yolov4_of_pytorch(family, load, colours):
    assert exactly(load, lookalikes.pytorch_yolov4(), colours, family=family) == "YOLOv4"


def test_the_last_logit_of_rf_detr_is_the_background(load, colours, tmp_path):
    assert exactly(load, graphs.detr(classes=4), colours) == "RF-DETR"
    model = lookalikes.layout({"dets": np.full((1, 2, 4), 0.5), "labels": np.array([[(-9, 3), (-9, 9)]])})
    labels = tmp_path / "one.txt"
    labels.write_text("red\n")
    assert found(load(model, labels=labels), painted((96, 64))) == {}
    labels.write_text("red\nfog\n")
    assert set(found(load(model, labels=labels), painted((96, 64)))) == {"fog"}


def test_rf_detr_says_how_many_names_it_wants(load, colours):
    assert complaint(load, graphs.detr(classes=4)).startswith(
        "has 3 classes and the background, and their names"
    )
    assert ": 3 names for the 4 classes of network.onnx" in _message(load, graphs.detr(classes=5), colours)


def _message(load, model, labels):
    with pytest.raises(ModelError) as raised:
        load(model, labels=labels)
    return str(raised.value)


def test_rf_detr_with_names_in_its_metadata(load):
    names = {"task": "detect", "class_id_to_name": {"0": "red", "1": "green", "2": "blue"}}
    for classes in (3, 4):
        exactly(load, graphs.detr(classes=classes, metadata={"rfdetr_inference": json.dumps(names)}), None)


def test_logits_alone_do_not_tell_which_detr_it_is(load, colours):
    """DETR, YOLOS and Conditional DETR have the same outputs, and other classes or pixels."""
    model = graphs.detr(names=HUGGING_FACE, normalized=False)
    assert "say it by" in complaint(load, lookalikes.with_operators(model, "Softmax"), labels=colours)
    deformable = lookalikes.with_operators(model, "Softmax", "TopK", "GridSample")
    assert exactly(load, deformable, colours) == "RT-DETR"


def test_a_detr_of_patches_is_rf_detr(load, colours):
    model = lookalikes.with_operators(
        graphs.detr(names=HUGGING_FACE), "Conv", "Softmax", "TopK", "GridSample"
    )
    assert exactly(load, model, colours) == "RF-DETR"


@pytest.mark.parametrize(
    ("outputs", "whole", "in_words"),
    [
        (
            {"output": np.full((1, 126, 8), 0.5), "boxes_": np.full((1, 126, 4), 9.0)},
            "",
            "output (1 x 126 x 8 float32), boxes_ (1 x 126 x 4 float32)",
        ),
        (
            {"dets": np.full((1, 9, 5), 0.5), "labels": np.ones((1, 9))},
            "labels",
            "dets (1 x 9 x 5 float32), labels (1 x 9 int64)",
        ),
        (
            {"boxes": np.full((9, 4), 9.0), "labels": np.ones(9), "scores": np.full(9, 0.5)},
            "labels",
            "boxes (9 x 4 float32), labels (9 int64), scores (9 float32)",
        ),
    ],
    ids=["DAMO-YOLO", "MMDeploy", "torchvision"],
)
def test_another_projects_outputs_are_named(outputs, whole, in_words, load, colours):
    says = complaint(load, lookalikes.layout(outputs, whole=whole), labels=colours)
    assert says.startswith(f"is of no family that is known here, its outputs are {in_words}; ")


def test_probabilities_in_pixels_are_no_rf_detr(load, colours):
    model = lookalikes.layout({"dets": np.full((1, 9, 4), 40.0), "labels": np.full((1, 9, 3), 0.5)})
    assert "say it by" in complaint(load, model, labels=colours)


def test_rt_detrs_names_need_its_second_input(load, colours):
    outputs = {"labels": np.ones((1, 9)), "boxes": np.full((1, 9, 4), 20.0), "scores": np.full((1, 9), 0.5)}
    assert "say it by" in complaint(load, lookalikes.layout(outputs, whole="labels"), labels=colours)
    network = load(lookalikes.layout(outputs, whole="labels", size=True), labels=colours)
    assert network.description.startswith("RT-DETR, ")


def test_ultralytics_boxes_compete_with_their_best_class(load):
    """Its `predict` drops a box for a better one of the same best class, whatever else the boxes may be."""
    table = np.zeros((1, 7, 126))
    table[0, :4] = np.array((30, 30, 20, 20))[:, None]
    table[0, 4:, :2] = np.array([(0.9, 0.8), (0.7, 0.1), (0, 0)])
    model = lookalikes.layout({"output0": table})
    for key, value in graphs.ULTRALYTICS.items():
        model.metadata_props.add(key=key, value=value)
    network = load(model)
    frame = painted((96, 64))
    ((_, _, scores),) = network.iter_boxes(frame, [frame.whole], threshold=0.05, nms=0.45, resize="auto")
    assert np.allclose(scores, [(0.9, 0.7, 0), (0, 0, 0)])


@pytest.mark.parametrize(
    ("model", "version"),
    [
        (graphs.yolox(), 1),
        (graphs.endtoend(), 1),
        (graphs.detr(), 1),
        (graphs.ssd(), 1),
        (graphs.yolov8(), 2),
        (graphs.yolov5(), 2),
        (lookalikes.yolov6(), 2),
    ],
)
def test_only_networks_whose_results_changed_have_another_version(model, version, tmp_path):
    path = graphs.saved(model, tmp_path)
    assert DeepDetector.results_version(DeepDetectorParams(model=str(path))) == version


def test_a_darknet_network_has_the_version_of_its_type(tmp_path):
    params = DeepDetectorParams(**write_darknet_network(tmp_path))
    assert DeepDetector.results_version(params) == DeepDetector.RESULTS_VERSION == 1
