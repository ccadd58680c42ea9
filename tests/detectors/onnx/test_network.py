"""An ONNX network at work: sizes, batches, regions, what is broken; the real YOLOX-nano if it is at hand."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from detectors.deepdetector import DeepDetector, DeepDetectorParams
from detectors.onnx import opening
from detectors.onnx.engine import OnnxEngine
from pipeline.detections import Box
from pipeline.engines.openvino import OpenVinoModel
from pipeline.errors import ModelError
from pipeline.frame import Frame
from tests.detectors.onnx import graphs
from tests.detectors.onnx.conftest import found, painted
from tests.detectors.onnx.graphs import Graph, saved

SHARED = Path(__file__).parents[4] / "shared"
YOLOX_NANO = SHARED / "models" / "yolox_nano.onnx"


def complaint(load, model, **more):
    with pytest.raises(ModelError) as raised:
        load(model, **more)
    says = str(raised.value)
    assert "\n" not in says
    return says.partition("network.onnx: ")[2] or says


def looping(condition_holds: bool = True) -> onnx.ModelProto:
    """A graph that counts for ever before it answers."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["goes"]),
            helper.make_node("Add", ["count", "one"], ["counted"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("count", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("goes", TensorProto.BOOL, []),
            helper.make_tensor_value_info("counted", TensorProto.FLOAT, []),
        ],
        [numpy_helper.from_array(np.float32(1), "one")],
    )
    graph = Graph()
    start = graph.add("Mul", graph.add("ReduceMean", "images", keepdims=0), graph.constant(0))
    graph.add(
        "Loop",
        graph.constant(2**62, "int64"),
        graph.constant(condition_holds, "bool"),
        start,
        body=body,
        output="output0",
    )
    return graph.model({"images": (1, 3, 64, 64)}, {"output0": None})


def test_an_input_of_any_size_takes_the_pictures_shape(load):
    """64 x 96 is stated; a picture of 200 x 50 is 96 x 24 then, on an input of 96 x 32."""
    network = load(graphs.yolov8_of_any_size())
    frame = painted((200, 50), red=(0, 0, 200, 50))
    boxes = found(network, frame)["red"]
    assert min(box[0] for box in boxes) <= 0 and max(box[2] for box in boxes) >= 199
    assert all(box[1] >= -16 and box[3] <= 66 for box in boxes)
    assert network.description == "YOLOv8, up to 96 x 64, 3 classes, on CPU"


@pytest.fixture
def fed(monkeypatch) -> list[tuple[int, ...]]:
    """The shapes of all pictures that engines are given from now on."""
    shapes: list[tuple[int, ...]] = []
    run = OnnxEngine.run

    def noted(self, feeds, options=None):
        shapes.extend(values.shape for values in feeds.values())
        return run(self, feeds, options)

    infer = OpenVinoModel.infer

    def noted_in_openvino(self, feeds):
        shapes.extend(values.shape for values in feeds.values())
        return infer(self, feeds)

    monkeypatch.setattr(OnnxEngine, "run", noted)
    monkeypatch.setattr(OpenVinoModel, "infer", noted_in_openvino)
    return shapes


def test_a_size_that_is_only_stated_is_cut_to_the_pictures_shape(load, colours, fed):
    """96 x 64 is stated; a wide picture needs a row of its greatest cells, a tall one a column."""
    network = load(graphs.yolox_of_convolutions(), labels=colours)
    assert network.description == "YOLOX, up to 96 x 64, 3 classes, on CPU"
    fed.clear()
    wide, tall = painted((192, 64), red=(64, 0, 128, 64)), painted((32, 128), blue=(0, 64, 16, 96))
    for _ in range(2):
        assert found(network, wide)["red"] == [(64, 0, 128, 64)]
        assert found(network, tall)["blue"] == [(0, 64, 16, 80), (0, 80, 16, 96)]
    assert fed == [(1, 3, 32, 96), (1, 3, 64, 32)] * 2
    assert set(found(network, wide, resize="stretch")) == {"red"}
    assert fed[-1] == (1, 3, 64, 96)


def behind(graph: Graph) -> onnx.ModelProto:
    """YOLOX behind a graph from "any" to "images", whose constants get names of their own."""
    model = graphs.yolox_of_convolutions()
    for constant in graph.constants:
        for node in graph.nodes:
            node.input[:] = [f"ahead-{name}" if name == constant.name else name for name in node.input]
        constant.name = f"ahead-{constant.name}"
    nodes = [*graph.nodes, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(graph.constants)
    model.graph.input[0].name = "any"
    return model


def resized_inside() -> onnx.ModelProto:
    """Whatever comes in is brought to 96 x 64 first."""
    graph = Graph()
    graph.add("Resize", "any", "", "", graph.constant((1, 3, 64, 96), "int64"), output="images")
    return behind(graph)


def of_the_whole(operator: str) -> onnx.ModelProto:
    """Something of the whole picture flows into each place."""
    graph = Graph()
    nothing = graph.add("Mul", graph.add(operator, "any"), graph.constant(0))
    graph.add("Add", "any", nothing, output="images")
    return behind(graph)


@pytest.mark.parametrize(
    "model",
    [
        graphs.yolox(),
        graphs.yolox(decoded=True),
        resized_inside(),
        of_the_whole("GlobalMaxPool"),
        of_the_whole("ReduceMean"),
    ],
    ids=["grid inside", "decoded", "resized inside", "GlobalMaxPool", "ReduceMean"],
)
def test_a_size_that_the_graph_hangs_on_stays(model, load, colours, fed):
    network = load(model, labels=colours)
    assert network.description == "YOLOX, 96 x 64, 3 classes, on CPU"
    fed.clear()
    assert found(network, painted((192, 64), red=(64, 0, 128, 64)))["red"] == [(64, 0, 128, 64)]
    assert fed == [(1, 3, 64, 96)]


@pytest.mark.parametrize("sides", [(640, "width"), ("height", "width")])
@pytest.mark.parametrize("decoded", [False, True])
def test_a_size_that_is_said_to_be_open_and_is_not_stays(sides, decoded, load, colours, fed):
    model = graphs.yolox((640, 640), decoded=decoded)
    for dim, side in zip(model.graph.input[0].type.tensor_type.shape.dim[2:], sides, strict=True):
        if isinstance(side, str):
            dim.dim_param = side
    network = load(model, labels=colours)
    fed.clear()
    assert (0, 0, 1280, 640) in hull(found(network, painted((1280, 640), red=(0, 0, 1280, 640)))["red"])
    assert fed == [(1, 3, 640, 640)]


def hull(boxes):
    """The least box around all."""
    sides = np.array(boxes)
    return [
        (*(int(side) for side in sides[:, :2].min(axis=0)), *(int(side) for side in sides[:, 2:].max(axis=0)))
    ]


def test_an_export_that_chooses_its_best_rows_gets_its_whole_input(load, fed):
    """Which rows are the best depends on all of the input, which its exporter's runtime pads."""
    network = load(graphs.endtoend())
    fed.clear()
    assert found(network, painted((192, 64), red=(64, 0, 128, 64)))["red"]
    assert fed == [(1, 3, 64, 96)]


@pytest.mark.parametrize("size_wh", [(64, 32), (32, 64), (32, 32)])
def test_a_small_size_is_tried_with_another(size_wh, load, colours):
    baked = load(graphs.yolox(size_wh), labels=colours)
    assert baked.description.startswith(f"YOLOX, {size_wh[0]} x {size_wh[1]}, ")
    assert found(baked, painted((16, 64), red=(0, 0, 16, 64)))["red"]


def test_a_batch_of_pictures_is_not_cut(load, colours, fed):
    """They have one size, and a shape each."""
    model = graphs.yolox_of_convolutions()
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_value = 2
    for constant in model.graph.initializer:
        if constant.data_type == TensorProto.INT64:
            constant.CopyFrom(numpy_helper.from_array(np.array((2, 8, -1)), constant.name))
    del model.graph.value_info[:]
    network = load(model, labels=colours)
    assert network.description == "YOLOX, 96 x 64, 3 classes, on CPU"
    fed.clear()
    assert found(network, painted((192, 64), red=(64, 0, 128, 64)))["red"] == [(64, 0, 128, 64)]
    assert fed == [(2, 3, 64, 96)]


def test_a_batch_is_filled_with_regions(load):
    network = load(graphs.yolov8(batch=4))
    frame = painted((960, 64), red=(0, 0, 96, 64), green=(96, 0, 192, 64), blue=(480, 0, 576, 64))
    regions = [Box(x, 0, x + 96, 64) for x in range(0, 960, 96)]
    colours = [
        {network.names[class_id] for class_id in np.flatnonzero(scores.any(axis=0))}
        for _, _, scores in network.iter_boxes(frame, regions, threshold=0.6, nms=0.45, resize="auto")
    ]
    assert colours == [{"red"}, {"green"}, set(), set(), set(), {"blue"}, set(), set(), set(), set()]


def test_the_resize_can_be_chosen(load, colours):
    """A tall picture stretched fills the input's width; letterboxed it has gray at its sides."""
    frame = painted((32, 64), red=(0, 0, 32, 64))
    stretched = found(load(graphs.yolov8()), frame, resize="stretch")["red"]
    assert len(stretched) == 6 and (0, 0, 11, 32) in stretched
    letterboxed = found(load(graphs.detr(), labels=colours), frame, resize="letterbox")["red"]
    assert letterboxed == [(0, 0, 32, 32), (0, 32, 32, 64)]


def test_half_precision_and_bytes_are_fed_as_they_are_wanted(load, colours):
    graph = Graph()
    graph.add("Cast", "half", to=TensorProto.FLOAT, output="images")
    model = graphs.yolov8()
    model.graph.node.insert(0, graph.nodes[0])
    model.graph.input[0].name = "half"
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    assert found(load(model), painted((96, 64), red=(32, 0, 64, 32)))["red"] == [(32, 0, 64, 32)]


def test_values_that_are_no_numbers_find_nothing(load):
    model = graphs.yolov8(metadata={})
    boxes = numpy_helper.to_array(model.graph.initializer[-1]).copy()
    (constant,) = (tensor for tensor in model.graph.initializer if tensor.dims == [1, 4, 126])
    boxes = numpy_helper.to_array(constant).copy()
    boxes[0, :, ::2], boxes[0, 0, 1::2] = np.nan, np.inf
    constant.CopyFrom(numpy_helper.from_array(boxes, constant.name))
    frame = painted((96, 64), red=(0, 0, 96, 64))
    for _, xyxy, scores in load(model, labels=_names(model)).iter_boxes(
        frame, [frame.whole], threshold=0.6, nms=0.45, resize="auto"
    ):
        assert len(xyxy) == len(scores) == 0


def _names(model: onnx.ModelProto) -> None:
    helper.set_model_props(model, {"names": str(list(graphs.COLOURS))})


def test_a_box_smaller_than_a_pixel_is_not_lost(load):
    network = load(graphs.yolov8())
    rgb = np.zeros((6, 9, 3), dtype=np.uint8)
    rgb[:, :3, 0] = 255
    frame = Frame.from_rgb(rgb)
    for _, xyxy, scores in network.iter_boxes(frame, [frame.whole], threshold=0.6, nms=0.45, resize="auto"):
        kept = xyxy[scores.any(axis=1)]
        assert len(kept)
        assert ((kept[:, 2:] - kept[:, :2]) >= 1).all()


def test_a_giant_input_is_refused_before_anything_is_loaded(load):
    model = graphs.yolov8()
    for dim, side in zip(
        model.graph.input[0].type.tensor_type.shape.dim, (1, 3, 10_000, 10_000), strict=True
    ):
        dim.dim_value = side
    assert complaint(load, model) == (
        "takes images (1 x 3 x 10000 x 10000 float32); at most 64 pictures of 4096 x 4096 pixels are run here"
    )


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((1, 4, 64, 64), "takes images (1 x 4 x 64 x 64 float32), no colour picture"),
        ((1, 64), "takes images (1 x 64 float32), no colour picture"),
        ((65, 3, 64, 64), "at most 64 pictures"),
    ],
)
def test_what_takes_no_photo_is_refused(load, shape, says):
    graph = Graph()
    graph.add("Identity", "images", output="out")
    assert says in complaint(load, graph.model({"images": shape}, {"out": None}))


def test_a_second_input_is_refused(load):
    graph = Graph()
    graph.add("Identity", "images", output="out")
    model = graph.model({"images": (1, 3, 64, 64), "mask": (1, 64)}, {"out": None})
    assert "wants a second input, mask (1 x 64 float32)" in complaint(load, model)


def test_a_graph_that_runs_in_a_circle_is_refused(load):
    graph = Graph()
    graph.add("Add", "images", "back", output="there")
    graph.add("Relu", "there", output="back")
    graph.add("Identity", "back", output="out")
    assert complaint(load, graph.model({"images": (1, 3, 64, 64)}, {"out": None})) == (
        "ONNX Runtime cannot use it (This is an invalid model. Error: the graph is not acyclic)"
    )


def test_a_graph_that_does_not_end_is_ended(load, monkeypatch):
    monkeypatch.setattr("detectors.onnx.engine.TRIAL_S", 1.0)
    assert complaint(load, looping()) == "did not end within 1 s on one picture"


def test_a_graph_that_wants_more_memory_than_there_is_fails_with_a_line(load, monkeypatch):
    graph = Graph()
    graph.add("ReduceMean", "images", keepdims=0, output="mean")
    shape = graph.add("Cast", graph.add("Add", "mean", graph.constant(4e9)), to=TensorProto.INT64)
    many = graph.add("ConstantOfShape", graph.reshape(shape, 1))
    graph.add("ReduceMax", many, keepdims=0, output="out")
    assert complaint(load, graph.model({"images": (1, 3, 64, 64)}, {"out": None})).startswith(
        "fails when it is run ("
    )


def test_outputs_that_only_resemble_a_family_are_refused_at_the_start(load, colours):
    graph = Graph()
    graph.add("Identity", graph.constant(np.zeros((1, 5)), "int64"), output="labels")
    graph.add("Identity", graph.constant(np.zeros((1, 7, 4))), output="boxes")
    mean = graph.add("ReduceMean", "images", axes=[2, 3], keepdims=0)
    graph.add("Identity", mean, output="scores")
    model = graph.model(
        {"images": (1, 3, 64, 64)},
        {"labels": None, "boxes": None, "scores": None},
        elements={"labels": TensorProto.INT64},
    )
    assert complaint(load, model, labels=colours, family="rtdetr") == (
        'is not of the family "rtdetr": its outputs are labels (1 x 5 int64), boxes (1 x 7 x 4 float32), '
        "scores (1 x 3 float32)"
    )


@pytest.mark.parametrize(
    ("params", "key", "says"),
    [
        ({"weights": "n.weights"}, "weights", "an ONNX network has its weights in it"),
        ({"precision": "int8"}, "precision", "is for Darknet's networks"),
        ({"precision": "bf16", "engine": "onnxruntime"}, "engine", "onnxruntime has no bf16"),
        ({"engine": "litert"}, "engine", "litert does not run an .onnx"),
        ({"engine": "openvino", "device": "cuda"}, "engine", "openvino does not run on cuda"),
        ({"resize": "darknet"}, "resize", "is for Darknet's networks"),
        ({"labels": "nowhere.names"}, "labels", "no such file"),
    ],
)
def test_params_that_are_not_for_an_onnx_are_problems(tmp_path, params, key, says):
    path = saved(graphs.yolov8(), tmp_path)
    (problem,) = DeepDetector.check(DeepDetectorParams(model=str(path), **params))
    assert problem.key == key and says in problem.sentence


def test_a_broken_file_is_a_problem_before_anything_is_mined(tmp_path):
    path = saved(graphs.yolov8(), tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    (problem,) = DeepDetector.check(DeepDetectorParams(model=str(path)))
    assert problem.key == "model" and "is no whole ONNX file" in problem.sentence


def test_the_detector_gives_each_box_with_its_labels_best_first(tmp_path):
    detector = DeepDetector(
        "objects", DeepDetectorParams(model=str(saved(graphs.yolov8(), tmp_path)), threshold=0.6)
    )
    detector.load()
    frame = painted((192, 64), red=(128, 0, 160, 32))
    rgb = frame.rgb().copy()
    rgb[0:32, 128:160, 1] = 200
    found = detector.detect(Frame.from_rgb(rgb), [Box(96, 0, 192, 64)])
    (box,) = (detection for detection in found if detection.box == Box(128, 0, 160, 32))
    assert [(label.text, round(label.confidence, 2)) for label in box.labels] == [("red", 1), ("green", 0.78)]


@pytest.mark.skipif(not YOLOX_NANO.exists(), reason="the YOLOX-nano network is not at hand")
def test_yolox_nano_finds_the_same_on_a_cut_input(sample_photos, monkeypatch):
    from tests.detectors.conftest import photo

    def detections(detector):
        photos = [photo(sample_photos / name) for name in ("bus.jpg", "zidane.jpg", "bus.jpg")]
        return [detector.detect(frame, [frame.whole]) for frame in photos]

    def loaded():
        detector = DeepDetector("objects", DeepDetectorParams(model=str(YOLOX_NANO), threshold=0.4))
        detector.load()
        return detector

    cut = loaded()
    assert cut._network.description == "YOLOX, up to 416 x 416, 80 classes, on CPU"
    monkeypatch.setattr(opening, "opened_copy", lambda info: contextlib.nullcontext())
    whole = loaded()
    assert whole._network.description == "YOLOX, 416 x 416, 80 classes, on CPU"
    for ours, theirs in zip(detections(cut), detections(whole), strict=True):
        assert len(ours) == len(theirs) >= 2
        for each in theirs:
            assert any(
                same.labels[0].text == each.labels[0].text for same in ours if same.box.iou(each.box) > 0.9
            )


@pytest.mark.skipif(not YOLOX_NANO.exists(), reason="the YOLOX-nano network is not at hand")
def test_yolox_nano_sees_a_bus_and_people(sample_photos):
    from tests.detectors.conftest import photo

    detector = DeepDetector("objects", DeepDetectorParams(model=str(YOLOX_NANO)))
    detector.load()
    frame = photo(sample_photos / "bus.jpg")
    seen = [(detection.labels[0].text, detection.box) for detection in detector.detect(frame, [frame.whole])]
    assert next(box for text, box in seen if text == "bus").iou(Box(0, 229, 808, 740)) > 0.8
    assert sum(text == "person" for text, _ in seen) >= 3
