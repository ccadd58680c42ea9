"""Each family: its official export, recognized, prepared and decoded, on pictures of known answers."""

from __future__ import annotations

import json

import pytest

from pipeline.errors import ModelError
from tests.detectors.onnx import graphs
from tests.detectors.onnx.conftest import found, painted

RFDETR_METADATA = {
    "rfdetr_inference": json.dumps(
        {"task": "detect", "class_id_to_name": {"0": "red", "1": "green", "2": "blue"}}
    )
}
HUGGING_FACE = ("pixel_values", "pred_boxes", "logits")

SQUARES = {"red": (32, 0, 64, 32), "green": (0, 32, 32, 64), "blue": (64, 32, 96, 64)}
"""Cells of the greatest grid, in a picture as big as the input."""

EXPORTS = {
    "YOLOX": graphs.yolox(),
    "YOLOX, decoded": graphs.yolox(decoded=True),
    "YOLOv5": graphs.yolov5(),
    "YOLOv5 without metadata": graphs.yolov5(metadata={}),
    "YOLOv8": graphs.yolov8(),
    "YOLOv8 without metadata": graphs.yolov8(metadata={}),
    "YOLOv8, batch of 4": graphs.yolov8(batch=4),
    "YOLOv8 of any size": graphs.yolov8_of_any_size(),
    "YOLOv10": graphs.endtoend(),
    "YOLO with NMS, no metadata": graphs.endtoend(metadata={}),
    "RT-DETR, D-FINE": graphs.rtdetr(),
    "RT-DETR of Ultralytics": graphs.ultralytics_rtdetr(),
    "RT-DETR of Ultralytics, older": graphs.ultralytics_rtdetr(table=True),
    "RT-DETR of Hugging Face": graphs.detr(names=HUGGING_FACE, normalized=False),
    "RF-DETR": graphs.detr(),
    "RF-DETR with metadata": graphs.detr(metadata=RFDETR_METADATA),
    "SSD": graphs.ssd(),
    "SSD of one size": graphs.ssd((96, 64)),
}


@pytest.mark.parametrize("export", EXPORTS)
def test_finds_what_is_there_and_nothing_else(export, load, colours):
    network = load(EXPORTS[export], labels=colours)
    assert found(network, painted((96, 64), **SQUARES)) == {colour: [box] for colour, box in SQUARES.items()}


@pytest.mark.parametrize("export", EXPORTS)
def test_a_tall_photo_is_placed_as_the_family_was_trained(export, load, colours):
    """64 x 128 pixels of which the left half is red: four fifths of a stretched input's height, and so on."""
    network = load(EXPORTS[export], labels=colours)
    frame = painted((64, 128), red=(0, 0, 64, 64), blue=(0, 64, 64, 128))
    boxes = found(network, frame)
    assert set(boxes) == {"red", "blue"}
    for x1, y1, x2, y2 in boxes["red"]:
        assert -16 <= x1 < x2 <= 80 and -1 <= y1 < y2 <= 65  # a fitted cell may stand over the side
    for x1, y1, x2, y2 in boxes["blue"]:
        assert -16 <= x1 < x2 <= 80 and 63 <= y1 < y2 <= 129


@pytest.mark.parametrize(
    ("family", "export"),
    [
        ("yolox", "YOLOX"),
        ("yolov5", "YOLOv5"),
        ("yolov7", "YOLOv5"),
        ("yolov8", "YOLOv8"),
        ("yolov9", "YOLOv8"),
        ("yolo11", "YOLOv8"),
        ("yolo12", "YOLO with NMS, no metadata"),
        ("yolov10", "YOLOv10"),
        ("yolo26", "YOLOv8"),
        ("yolo26", "YOLOv10"),
        ("rtdetr", "RT-DETR, D-FINE"),
        ("dfine", "RT-DETR, D-FINE"),
        ("dfine", "RT-DETR of Hugging Face"),
        ("rfdetr", "RF-DETR"),
        ("ssd", "SSD"),
    ],
)
def test_a_family_can_be_named(family, export, load, colours):
    network = load(EXPORTS[export], family=family, labels=colours)
    assert found(network, painted((96, 64), **SQUARES)) == {colour: [box] for colour, box in SQUARES.items()}


def test_a_name_decides_where_the_file_does_not(load, colours):
    """Rows of six without metadata are corners in pixels, or RT-DETR's fractions."""
    model = graphs.ultralytics_rtdetr()
    del model.metadata_props[:]
    squares = painted((96, 64), **SQUARES)
    with pytest.raises(ModelError, match=r'tell which it is; say it by "family:", one of rtdetr, yolov'):
        load(model, labels=colours)
    assert found(load(model, labels=colours, family="rtdetr"), squares)["red"] == [SQUARES["red"]]


@pytest.mark.parametrize("family", ["yolox", "ssd", "rfdetr"])
def test_a_wrong_name_is_refused_with_what_the_file_has(family, load):
    with pytest.raises(ModelError) as raised:
        load(graphs.yolov8(), family=family)
    assert str(raised.value).endswith(
        f'network.onnx: is not of the family "{family}": its outputs are output0 (1 x 7 x 126 float32)'
    )


def test_the_error_for_a_network_of_no_family_lists_the_families(load):
    graph = graphs.Graph()
    graph.add("ReduceMean", "images", output="mean", axes=[2, 3], keepdims=0)
    with pytest.raises(ModelError) as raised:
        load(graph.model({"images": (1, 3, 64, 64)}, {"mean": (1, 3)}))
    assert "is of no family that is known here, its outputs are mean (1 x 3 float32)" in str(raised.value)
    assert 'by "family:", one of ssd, rfdetr, rtdetr, yolox, yolov5' in str(raised.value)


@pytest.mark.parametrize("task", ["segment", "pose", "obb", "classify"])
def test_a_network_for_something_else_is_refused(task, load):
    with pytest.raises(ModelError, match=f'is a network for "{task}", not for detection'):
        load(graphs.yolov8(metadata={**graphs.ULTRALYTICS, "task": task}))


def test_one_box_has_all_of_its_labels(load, colours):
    """A yellow cell is red and green: one box with two scores, also where the file says it in two rows."""
    for export in ("YOLOv8 without metadata", "YOLOv10", "RT-DETR, D-FINE", "RF-DETR", "SSD"):
        network = load(EXPORTS[export], labels=colours)
        frame = painted((96, 64), red=(32, 0, 64, 32), green=(32, 0, 64, 32))
        for _, xyxy, scores in network.iter_boxes(
            frame, [frame.whole], threshold=0.6, nms=0.45, resize="auto"
        ):
            (index,) = (index for index, box in enumerate(xyxy) if tuple(box) == (32, 0, 64, 32))
            assert list(scores[index].round(2)[:2]) == [1, 1]


def test_a_detector_of_faces_has_a_type_of_its_own(load):
    with pytest.raises(ModelError, match="finds faces, which is what the type facedetector is for"):
        load(graphs.yunet())
