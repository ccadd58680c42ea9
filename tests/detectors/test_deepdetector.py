from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detectors.boxes import iou_with
from detectors.deepdetector import DeepDetector, DeepDetectorParams
from pipeline.config.config import read_config
from pipeline.detections import Box, Detection
from pipeline.engines.litert import LiteRtEngine
from pipeline.errors import ExitCode, ModelError, PipelineFileError
from pipeline.files.walk import iter_sources
from pipeline.frame import Frame
from pipeline.models.catalog import STANDS_FOR, ModelFile, find_model
from pipeline.photos.photo import open_photo
from pipeline.source import Limits, Source
from tests.detectors.conftest import photo
from tests.detectors.darknet.networks import conv, net, region, write_network, yolo
from tests.detectors.onnx.graphs import yolox
from tests.running import component, flip_a_bit, pipeline_file, run

pytestmark = pytest.mark.usefixtures("yolov3_tiny")

BUS = [
    ("bus", Box(0, 229, 808, 740)),
    ("person", Box(48, 400, 230, 905)),
    ("person", Box(670, 385, 810, 880)),
    ("person", Box(218, 405, 345, 860)),
]
"""What a person sees in bus.jpg, 810 x 1080."""


def detector(**params: Any) -> DeepDetector:
    loaded = DeepDetector("objects", DeepDetectorParams(**({"model": "yolov3-tiny"} | params)))
    loaded.load()
    return loaded


def is_there(found: list[Detection], text: str, box: Box, iou: float = 0.5) -> bool:
    return any(each.labels[0].text == text and each.box.iou(box) > iou for each in found)


@pytest.mark.parametrize("precision", ["float32", "int8"])
@pytest.mark.parametrize("resize", ["letterbox", "stretch", "darknet"])
def test_finds_the_bus_and_the_people(precision: str, resize: str, sample_photos: Path) -> None:
    frame = photo(sample_photos / "bus.jpg")
    found = detector(precision=precision, resize=resize).detect(frame, [frame.whole])
    assert all(is_there(found, text, box) for text, box in BUS), found
    assert len(found) <= 6
    confidences = [each.labels[0].confidence for each in found]
    assert confidences == sorted(confidences, reverse=True)


def test_leaves_out_what_a_letterbox_would_add_and_finds_the_same(
    sample_photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wide photo and a tall one, to and fro, against the whole input."""
    shapes: list[tuple[int, ...]] = []
    run = LiteRtEngine.run

    def noted(self: LiteRtEngine, image: np.ndarray) -> list[np.ndarray]:
        shapes.append(image.shape)
        return run(self, image)

    monkeypatch.setattr(LiteRtEngine, "run", noted)
    cut, whole = detector(), detector()
    whole._network._stride = None
    for name in ("zidane.jpg", "bus.jpg", "zidane.jpg"):
        frame = photo(sample_photos / name)
        found, expected = (looking.detect(frame, [frame.whole]) for looking in (cut, whole))
        assert len(found) == len(expected)
        assert all(is_there(found, each.labels[0].text, each.box, iou=0.9) for each in expected)
    wide, tall, square = (1, 288, 416, 3), (1, 416, 352, 3), (1, 416, 416, 3)
    assert shapes == [wide, square, tall, square, wide, square]


def test_looks_into_regions_and_answers_in_the_photos_pixels(sample_photos: Path) -> None:
    frame = photo(sample_photos / "bus.jpg")
    found = detector().detect(frame, [Box(0, 350, 300, 950), Box(600, 400, 810, 900)])
    assert is_there(found, "person", BUS[1][1])
    assert is_there(found, "person", BUS[2][1])
    for each in found:
        assert any(each.box.iou(region) > 0 for region in [Box(0, 350, 300, 950), Box(600, 400, 810, 900)])
        assert each.box.clipped(frame.size_wh) == each.box


def test_a_box_has_all_of_its_labels_best_first(sample_photos: Path) -> None:
    frame = photo(sample_photos / "astronaut.png")
    found = detector(threshold=0.02).detect(frame, [frame.whole])
    assert any(len(each.labels) > 1 for each in found)
    for each in found:
        confidences = [label.confidence for label in each.labels]
        assert confidences == sorted(confidences, reverse=True)
        assert len({label.text for label in each.labels}) == len(each.labels)
        assert min(confidences) > 0.02
        assert max(confidences) <= 1
        assert all(type(confidence) is float for confidence in confidences)


def test_params_do_what_they_say(sample_photos: Path) -> None:
    frame = photo(sample_photos / "bus.jpg")
    few = detector(threshold=0.6).detect(frame, [frame.whole])
    some = detector().detect(frame, [frame.whole])
    overlapping = detector(nms=0.95).detect(frame, [frame.whole])
    assert len(few) < len(some) < len(overlapping)
    assert few == some[: len(few)]


@pytest.mark.parametrize("size_wh", [(1, 1), (1, 700), (700, 1), (5, 3)])
def test_takes_pictures_and_regions_of_any_size(size_wh: tuple[int, int], sample_photos: Path) -> None:
    looking = detector(threshold=0.001)
    pixels = np.random.default_rng(1).integers(0, 256, (*size_wh[::-1], 3)).astype(np.uint8)
    frame = Frame.from_rgb(pixels)
    for each in looking.detect(frame, [frame.whole]):
        assert each.box.clipped(size_wh) == each.box
    bus = photo(sample_photos / "bus.jpg")
    region = Box(100, 500, 100 + size_wh[0], 500 + min(size_wh[1], 500))
    assert looking.detect(bus, [region]) == looking.detect(bus, [region])


def test_default_is_decided_once_and_logged(
    yolov3_tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    # A small network stands in for the one of the catalogue.
    content = yolox().SerializeToString()
    held = ModelFile(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
    monkeypatch.setitem(STANDS_FOR, "default", ("yolox-tiny", "yolov3-tiny"))
    monkeypatch.setitem(find_model("yolox-tiny").files, "yolox_tiny.onnx", held)
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path / "cache"))
    shutil.copytree(yolov3_tiny, tmp_path / "cache/models/yolov3-tiny")
    file = pipeline_file(
        tmp_path / "p.yml",
        component("objects", "deepdetector", model="default"),
        component("report", "jsonreportwriter", "objects"),
    )

    def decided() -> tuple[str, str, str]:
        caplog.clear()
        config = read_config(str(file))
        (logged,) = caplog.messages
        return config.components[0].params.model, config.fingerprint, logged

    first = decided()
    assert first[::2] == ("yolov3-tiny", 'model "default" is yolov3-tiny')
    assert decided() == first
    params = DeepDetectorParams(model="default")
    onnx = tmp_path / "cache/models/yolox-tiny/yolox_tiny.onnx"
    onnx.parent.mkdir()
    onnx.write_bytes(content)
    assert params.model == "yolov3-tiny"  # what has been decided stands, for workers that start later too
    assert [path.suffix for path in DeepDetector.model_files(params)] == [".cfg", ".weights", ".names"]
    model, fingerprint, logged = decided()
    assert (model, logged) == ("yolox-tiny", 'model "default" is yolox-tiny')
    assert fingerprint != first[1]  # inputs mined with the other network are mined again
    onnx.write_bytes(b"")
    with pytest.raises(PipelineFileError, match=r'p.yml:\d+: component "objects": params.model: .*damaged'):
        read_config(str(file))


@pytest.mark.parametrize("model", ["yolov3-tiny", "default"])
def test_one_wrong_bit_in_the_weights_stops_the_check_and_the_run(
    model: str, yolov3_tiny: Path, sample_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPVISUALMINER_CACHE", str(tmp_path / "cache"))
    shutil.copytree(yolov3_tiny, tmp_path / "cache/models/yolov3-tiny")
    file = pipeline_file(
        tmp_path / "p.yml",
        component("objects", "deepdetector", model=model),
        component("report", "jsonreportwriter", "objects"),
    )
    assert run("--check", file).returncode == ExitCode.OK
    weights = tmp_path / "cache/models/yolov3-tiny/yolov3-tiny.weights"
    flip_a_bit(weights)
    says = f"{weights} is damaged; type: .venv/bin/python -m pipeline.models fetch yolov3-tiny\n"
    for arguments in (["--check", file], [sample_photos / "bus.jpg", tmp_path / "out", file]):
        done = run(*arguments)
        assert done.returncode == ExitCode.USAGE
        assert done.stderr.count("\n") == 1 and done.stderr.endswith(says), done.stderr
    assert not (tmp_path / "out").exists()


def test_takes_two_paths_and_the_names_beside_the_cfg(
    yolov3_tiny: Path, tmp_path: Path, sample_photos: Path
) -> None:
    for ending in (".cfg", ".weights", ".names"):
        shutil.copy(yolov3_tiny / f"yolov3-tiny{ending}", tmp_path / f"mine{ending}")
    names = (tmp_path / "mine.names").read_text()
    (tmp_path / "mine.names").write_text(names.replace("bus", "autob\u00fas"))
    frame = photo(sample_photos / "bus.jpg")
    found = detector(model=str(tmp_path / "mine.cfg")).detect(frame, [frame.whole])
    assert is_there(found, "autob\u00fas", BUS[0][1])
    (tmp_path / "other.txt").write_text("\n".join(f"thing {n}" for n in range(80)))
    params = {"model": str(tmp_path / "mine.cfg"), "labels": str(tmp_path / "other.txt")}
    found = detector(**params).detect(frame, [frame.whole])
    assert is_there(found, "thing 5", BUS[0][1])
    named = DeepDetector.model_files(DeepDetectorParams(**params))
    assert [path.name for path in named] == ["mine.cfg", "mine.weights", "other.txt"]


def test_refuses_weights_of_another_network(yolov3_tiny: Path, tmp_path: Path) -> None:
    text = net(32, 32) + conv(21, 1) + yolo(classes=2)
    cfg, _ = write_network(tmp_path, text, stem="tiny")
    (tmp_path / "tiny.names").write_text("this\nthat\n")
    with pytest.raises(
        ModelError, match=r"35,434,956 bytes where .*tiny.cfg needs [\d,]+; the file is too long"
    ):
        detector(model=str(cfg), weights=str(yolov3_tiny / "yolov3-tiny.weights"))


def test_check_tells_each_missing_file_at_its_key(tmp_path: Path) -> None:
    cfg, weights = write_network(tmp_path, net(32, 32) + conv(21, 1) + yolo(classes=2))
    (tmp_path / "net.names").write_text("this\nthat\n")

    def keys(**params: Any) -> list[str]:
        return [problem.key for problem in DeepDetector.check(DeepDetectorParams(**params))]

    assert keys(model=str(cfg), weights=str(weights)) == []
    assert keys(model=str(tmp_path / "no.cfg"), weights=str(weights)) == ["model"]
    assert keys(model=str(cfg), weights=str(tmp_path / "no.weights")) == ["weights"]
    assert keys(model=str(cfg), labels=str(tmp_path / "no.names")) == ["labels"]
    assert keys(model="yolov3-tinny") == ["model"]


def test_check_tells_all_that_is_wrong_in_the_files_with_their_lines(tmp_path: Path) -> None:
    """A network of which nothing fits, one that has nothing to fit, and one beside which nothing is named."""
    cfg, weights = write_network(tmp_path, net(32, 32) + conv(21, 1) + yolo(classes=2))
    weights.write_bytes(weights.read_bytes()[:-4])
    (tmp_path / "three.names").write_text("this\nthat\nmore\n")
    (tmp_path / "empty.weights").write_bytes(b"")
    (tmp_path / "wide.cfg").write_text(net(4160000, 32) + conv(21, 1) + yolo(classes=2))
    (tmp_path / "lstm.cfg").write_text(net(32, 32) + "[lstm]\n" + conv(21, 1) + yolo(classes=2))
    (tmp_path / "tree.cfg").write_text(net(32, 32) + conv(24, 1) + region(tree="my.tree"))
    labels, empty = "three.names", "empty.weights"
    file = pipeline_file(
        tmp_path / "p.yml",
        component("a", "deepdetector", model="net.cfg", weights="net.weights", labels=labels),
        component("b", "deepdetector", model="wide.cfg", weights=empty, labels=labels),
        component("c", "deepdetector", model="lstm.cfg", weights="net.weights"),
        component("d", "deepdetector", model="net.cfg"),
        component("e", "deepdetector", model="tree.cfg", weights="net.weights", labels=labels),
        component("f", "deepdetector", model="net.cfg", weights="net.weights", labels="no.names"),
    )
    with pytest.raises(PipelineFileError) as caught:
        read_config(str(file))
    cut = (weights.stat().st_size, weights.stat().st_size + 4)
    short = f"{weights}: {cut[0]} bytes where {cfg} needs {cut[1]}; the file is cut short"
    unnamed = f"{cfg}: has 2 classes, and their names are not known; give a file"
    expected = [
        (7, f'a": params.weights: {short}'),
        (8, f'a": params.labels: {tmp_path}/three.names: 3 names for the 2 classes of {cfg}; give'),
        (13, f'b": params.model: {tmp_path}/wide.cfg:2: [net]: width is 4160000; expected 8 to 4096'),
        (14, f'b": params.weights: {tmp_path}/empty.weights: 0 bytes are too few'),
        (20, f'c": params.model: {tmp_path}/lstm.cfg:5: [lstm]: layer 0 is of a kind that is not'),
        (25, f'd": params.labels: {unnamed}'),
        (26, f'd": params.model: {short}'),
        (31, f'e": params.model: {tmp_path}/tree.cfg:12: [region]: its tree my.tree is not there'),
        (32, f'e": params.weights: {weights}: {cut[0]} bytes where {tmp_path}/tree.cfg needs'),
        (39, f'f": params.weights: {short}'),
        (40, 'f": params.labels: no.names: no such file'),
    ]
    mistakes = str(caught.value).splitlines()
    for mistake, (line, sentence) in zip(mistakes, expected, strict=True):
        assert mistake.startswith(f'{file}:{line}: component "{sentence}')


def test_check_tells_of_a_tree_that_does_not_fit(tmp_path: Path) -> None:
    cfg, _ = write_network(tmp_path, net(32, 32) + conv(24, 1) + region(tree="my.tree"))
    (tmp_path / "net.names").write_text("animal\nvehicle\ndog\n")
    (tmp_path / "my.tree").write_text("animal -1\nvehicle -1\n")
    (problem,) = DeepDetector.check(DeepDetectorParams(model=str(cfg)))
    assert problem == ("model", f"{tmp_path}/my.tree: a tree of 2 classes for the 3 of {cfg}")
    tree = tmp_path / "my.tree"
    tree.write_text("animal -1\nvehicle -1\ndog 0\n")
    params = DeepDetectorParams(model=str(cfg))
    assert list(DeepDetector.check(params)) == []
    assert tree in DeepDetector.model_files(params)  # with another tree everything is mined again
    assert DeepDetector.labels(params) == {"animal", "vehicle", "dog"}


def test_a_tree_of_classes_gives_one_label(tmp_path: Path) -> None:
    text = net(32, 32) + conv(24, 1, bn=0, act="linear") + region(tree="data/my.tree")
    cfg, _ = write_network(tmp_path, text)
    (tmp_path / "net.names").write_text("animal\nvehicle\ndog\n")
    with pytest.raises(
        ModelError, match=r"net\.cfg:11: \[region\]: its tree data/my\.tree is not there; put the file"
    ):
        detector(model=str(cfg))
    (tmp_path / "my.tree").write_text("animal -1\nvehicle -1\ndog 0\n")
    frame = Frame.from_rgb(np.random.default_rng(2).integers(0, 256, (40, 40, 3)).astype(np.uint8))
    found = detector(model=str(cfg), threshold=0.3, nms=0.9).detect(frame, [frame.whole])
    assert len(found) > 10
    assert all(len(each.labels) == 1 for each in found)


# ---- against Darknet itself, where its answers lie beside the checkout ----


def photos_of(coco64: Path) -> list[tuple[str, Frame]]:
    sources = [source for source in iter_sources(str(coco64 / "photos")) if isinstance(source, Source)]
    return [(source.relative, open_photo(source, Limits())[1]) for source in sources]


def test_finds_what_darknet_finds(coco64: Path) -> None:
    """Darknet's own answers: box IoU 0.9, same label, confidence within 0.03, for 99 of 100.

    Darknet takes pixels as they are, whatever colour profile the photo has.
    """
    reference = json.loads((coco64.parents[1] / "reference" / "darknet-yolov3-tiny-coco64.json").read_bytes())
    looking = detector(resize="darknet", threshold=0.25)
    wanted = matched = found = 0
    for path in sorted((coco64 / "photos").iterdir()):
        name, frame = path.name, photo(path)
        ours = looking.detect(frame, [frame.whole])
        found += len(ours)
        wanted += len(reference[name]["detections"])
        for theirs in reference[name]["detections"]:
            at = next(
                (index for index, each in enumerate(ours) if is_same(each, theirs, frame.size_wh)), None
            )
            if at is not None:
                matched += 1
                del ours[at]
    assert wanted > 150
    assert matched >= 0.99 * wanted
    assert found - matched <= 0.03 * wanted


def is_same(ours: Detection, theirs: dict[str, Any], size_wh: tuple[int, int]) -> bool:
    label, box = ours.labels[0], ours.box
    rect = np.clip(np.array(theirs["rect"], np.float32), 0, size_wh * 2)
    overlap = iou_with(rect, np.array([(box.x1, box.y1, box.x2, box.y2)], np.float32))[0]
    close = abs(label.confidence - theirs["confidence"]) <= 0.03
    return label.text == theirs["label"] and close and overlap >= 0.9


def ap50(coco64: Path, **params: Any) -> float:
    """Average precision at IoU 0.5, of 100, as COCO counts."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    looking = detector(threshold=0.001, **params)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(coco64 / "instances.json"))
    ids = {image["file_name"]: image["id"] for image in truth.loadImgs(truth.getImgIds())}
    categories = dict(zip(looking._network.names, sorted(truth.getCatIds()), strict=True))
    rows = [
        {
            "image_id": ids[name],
            "category_id": categories[label.text],
            "score": label.confidence,
            "bbox": [each.box.x1, each.box.y1, each.box.width, each.box.height],
        }
        for name, frame in photos_of(coco64)
        for each in looking.detect(frame, [frame.whole])
        for label in each.labels
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        scored = COCOeval(truth, truth.loadRes(rows), "bbox")
        scored.params.imgIds = sorted(ids.values())
        scored.evaluate()
        scored.accumulate()
        scored.summarize()
    return 100 * float(scored.stats[1])


def test_int8_finds_nearly_as_much(coco64: Path) -> None:
    exact, small = ap50(coco64), ap50(coco64, precision="int8")
    assert exact > 51.4 - 0.5  # cv2.dnn with the same weights and a letterbox of 416x416: 51.4
    assert small > exact - 2
