"""Deep detector: objects of many classes by a neural network.

Darknet's .cfg and .weights, and Darkflow's .pb and .meta: compiled once by TensorFlow, in a process of its
own, and then run by LiteRT in the workers, with the same answers at a tenth of the memory. An .onnx file of
any family that `detectors.onnx` knows: run by ONNX Runtime. See ARCHITECTURE.md.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

from pydantic import Field, field_validator

from detectors.classnames import find_class_names, names_in, read_class_names
from detectors.darkflow.files import DARKFLOW_SUFFIX, resolve_darkflow
from detectors.examplemodels import copy_onnx_network, write_darknet_network
from detectors.onnx.choices import Device, FamilyName
from pipeline.component import Detector, ModelName, Params, Problem
from pipeline.detections import Box, Detection, Label
from pipeline.errors import ModelError
from pipeline.frame import Frame
from pipeline.models.files import is_onnx, resolve_darknet, resolve_default, resolve_onnx
from pipeline.text import printable

if TYPE_CHECKING:
    from detectors.boxes import FloatArray

Resize = Literal["auto", "letterbox", "stretch", "darknet"]

_log = logging.getLogger(__name__)


class DeepDetectorParams(Params):
    """`params:` of a `deepdetector`."""

    model: Annotated[
        ModelName,
        Field(
            description="a network's name in the catalogue, `default`, an .onnx file, a .cfg file, or a .pb "
            "file of Darkflow's"
        ),
    ]
    weights: Annotated[
        ModelName | None, Field(description="the .weights file; beside the .cfg of the same name if absent")
    ] = None
    labels: Annotated[
        ModelName | None,
        Field(
            description="a text file with a class name a line, or for an .onnx a .yaml with `names:`; found "
            "by itself if absent"
        ),
    ] = None
    threshold: Annotated[
        float, Field(gt=0, lt=1, description="confidence above which a label is reported")
    ] = 0.25
    nms: Annotated[
        float, Field(gt=0, le=1, description="IoU beyond which the weaker of two boxes of a class is dropped")
    ] = 0.45
    precision: Annotated[
        Literal["float32", "int8"],
        Field(description="of the weights; int8 is smaller and faster, less exact; not for an .onnx"),
    ] = "float32"
    resize: Annotated[
        Resize,
        Field(
            description="how a photo is fitted into the network's input; auto: letterbox, but stretch for "
            "YOLOv1 and Darkflow, which were trained so, and as its family was trained for an .onnx"
        ),
    ] = "auto"
    family: Annotated[
        FamilyName,
        Field(description="of an .onnx: how its input and its outputs are meant; auto finds it out"),
    ] = "auto"
    device: Annotated[
        Device,
        Field(description="what runs an .onnx; auto: what ONNX Runtime can use of the others, else the CPU"),
    ] = "auto"

    @field_validator("model")
    @classmethod
    def _decide_default(cls, model: str) -> str:
        """`default` becomes a network's name here, once: nobody after this can decide otherwise."""
        try:
            return resolve_default(model)
        except ModelError as error:
            raise ValueError(str(error)) from None


class Network(Protocol):
    """What a deep detector asks of a network that is loaded."""

    names: tuple[str, ...]
    """Of the classes, in the order of the class ids."""

    def needed_wh(self, full_wh: tuple[int, int], resize: Resize) -> tuple[int, int]:
        """How large a whole frame of this size becomes on the network's input."""

    def iter_boxes(
        self, frame: Frame, regions: Sequence[Box], *, threshold: float, nms: float, resize: Resize
    ) -> Iterator[tuple[Box, FloatArray, FloatArray]]:
        """Boxes in each region, see `yolonetwork.YoloNetwork.iter_boxes`."""


class DeepDetector(Detector):
    """Detects what the network was trained on, in the whole frame or inside earlier detections."""

    Params = DeepDetectorParams
    forkable = True
    params: DeepDetectorParams

    @classmethod
    def example_params(cls, folder: Path) -> dict[str, dict[str, str]]:
        """A tiny Darknet network and a tiny ONNX one."""
        return {
            "": write_darknet_network(folder),
            "with an .onnx": copy_onnx_network("tiny-yolov8.onnx", folder),
        }

    @classmethod
    def check(cls, params: Any) -> Iterator[Problem]:
        """Look into the network's files, and whether the other params are for such a network."""
        yield from _check_onnx(params) if is_onnx(params.model) else cls._check_other(params)
        if params.labels is not None and not Path(params.labels).is_file():
            yield Problem(
                "labels", f"{printable(params.labels)}: no such file; give a text file, a name a line"
            )

    @classmethod
    def _check_other(cls, params: DeepDetectorParams) -> Iterator[Problem]:
        """The files of a network that is no ONNX, and params that are for those."""
        try:
            cls.model_files(params)
        except ModelError as error:
            about_weights = params.weights is not None and str(error).startswith(printable(params.weights))
            yield Problem("weights" if about_weights else "model", str(error))
        else:
            darkflows = params.model.endswith(DARKFLOW_SUFFIX)
            yield from _check_darkflow(params) if darkflows else _check_darknet(params)
        if params.family != "auto":
            yield Problem("family", f"{params.family} is for an .onnx file; leave it out")
        if params.device not in ("auto", "cpu"):
            yield Problem(
                "device", f"{params.device} is for an .onnx file; leave it out: this runs on the CPU"
            )

    @classmethod
    def model_files(cls, params: Any) -> Sequence[Path]:
        """The network's files and its class names."""
        labels = [Path(params.labels)] if params.labels else []
        model = params.model
        if is_onnx(model):
            from detectors.onnx.modelfile import files_of

            return [*files_of(resolve_onnx(model)), *labels]
        if model.endswith(DARKFLOW_SUFFIX):
            return [*resolve_darkflow(model, params.weights), *labels]
        files = resolve_darknet(model, params.weights)
        names = find_class_names(files.cfg, files.names)
        return [files.cfg, files.weights, *_tree_files(files.cfg), *(labels or ([names] if names else []))]

    @classmethod
    def results_version(cls, params: Any) -> int:
        """Greater than 1 for the ONNX networks whose results have changed since version 1.0.0."""
        if not is_onnx(params.model):
            return cls.RESULTS_VERSION
        from detectors.onnx.modelfile import read_model_info
        from detectors.onnx.shapes import results_version

        return results_version(read_model_info(resolve_onnx(params.model)))

    @classmethod
    def labels(cls, params: Any) -> frozenset[str] | None:
        """The class names, where they stand in a text file; what is in a network itself is not looked at."""
        file = Path(params.labels) if params.labels else None
        if file is None and not (is_onnx(params.model) or params.model.endswith(DARKFLOW_SUFFIX)):
            files = resolve_darknet(params.model, params.weights)
            file = find_class_names(files.cfg, files.names)
        known = file is not None and file.suffix not in (".yaml", ".yml")
        return frozenset(names_in(file)) if file is not None and known else None

    def load(self) -> None:
        """Load the network; compile it first if it is one that must be and the cache does not hold it."""
        model, weights = self.params.model, self.params.weights
        labels = Path(self.params.labels) if self.params.labels else None
        self._network: Network
        if is_onnx(model):
            from detectors.onnx.network import OnnxNetwork

            self._network = network = OnnxNetwork(
                resolve_onnx(model), family=self.params.family, device=self.params.device, labels=labels
            )
            self.forkable = network.device == "CPU"
            _log.debug("%s: %s", model, network.description)
        elif model.endswith(DARKFLOW_SUFFIX):
            from detectors.darkflow.opening import open_darkflow

            self._network = open_darkflow(resolve_darkflow(model, weights), labels, self.params.precision)
        else:
            from detectors.darknet.opening import open_darknet

            self._network = open_darknet(resolve_darknet(model, weights), labels, self.params.precision)

    def needed_wh(self, full_wh: tuple[int, int]) -> tuple[int, int]:
        """No more pixels than the network's input takes."""
        return self._network.needed_wh(full_wh, self.params.resize)

    def detect(self, frame: Frame, regions: Sequence[Box]) -> list[Detection]:
        """One detection for each box, with all of its labels above the threshold, best first."""
        boxes = self._network.iter_boxes(
            frame, regions, threshold=self.params.threshold, nms=self.params.nms, resize=self.params.resize
        )
        return [found for region, xyxy, scores in boxes for found in self._iter_found(region, xyxy, scores)]

    def _iter_found(self, region: Box, xyxy: FloatArray, scores: FloatArray) -> Iterator[Detection]:
        """The detections of one region, best first, from its boxes, (N, 4), and scores, (N, classes)."""
        best = scores.max(axis=1, initial=0)
        for index in (-best).argsort(kind="stable")[: int((best > 0).sum())]:
            x1, y1, x2, y2 = (round(float(value)) for value in xyxy[index])
            box = Box(x1, y1, x2, y2).clipped((region.width, region.height))
            yield Detection(box.shifted(region.x1, region.y1), self._labels(scores[index]))

    def _labels(self, scores: FloatArray) -> tuple[Label, ...]:
        """The labels of one box from its scores, (classes,), best first."""
        (class_ids,) = scores.nonzero()
        best_first = class_ids[(-scores[class_ids]).argsort(kind="stable")]
        return tuple(Label(self._network.names[class_id], float(scores[class_id])) for class_id in best_first)


def _check_darknet(params: DeepDetectorParams) -> Iterator[Problem]:
    """What is in a Darknet network's files; they are there."""
    from detectors.darknet.checking import iter_mistakes

    labels = Path(params.labels) if params.labels else None
    for part, sentence in iter_mistakes(resolve_darknet(params.model, params.weights), labels):
        if part == "labels" and labels is not None and not labels.is_file():
            continue  # that is told already
        beside = part == "weights" and params.weights is None
        yield Problem("model" if beside else part, sentence)


def _tree_files(cfg: Path) -> list[Path]:
    """The file of a network's tree of classes, if it has one; whether the .cfg is right is not asked here."""
    from detectors.darknet.cfg import read_cfg
    from detectors.darknet.treefile import tree_file

    try:
        tree = tree_file(read_cfg(cfg), cfg)
    except ModelError:
        return []
    return [] if tree is None else [tree]


def _check_darkflow(params: DeepDetectorParams) -> Iterator[Problem]:
    """What the description beside a Darkflow graph says; both files are there. Its graph takes TensorFlow."""
    from detectors.darkflow.meta import read_meta

    try:
        network, _ = read_meta(resolve_darkflow(params.model, params.weights).meta)
    except ModelError as error:
        yield Problem("model", str(error))
        return
    if params.labels is not None and Path(params.labels).is_file():
        try:
            read_class_names(Path(params.labels), network.classes, network.where)
        except ModelError as error:
            yield Problem("labels", str(error))


def _check_onnx(params: DeepDetectorParams) -> Iterator[Problem]:
    """Params that an ONNX network has no use for, and what its file says of itself."""
    from detectors.onnx.modelfile import read_model_info
    from detectors.onnx.shapes import check_inputs

    if params.weights is not None:
        shown = printable(params.model)
        yield Problem("weights", f"{shown}: an ONNX network has its weights in it; leave them out")
    if params.precision != "float32":
        yield Problem(
            "precision", f"{params.precision} is for Darknet's networks; give an .onnx of 8-bit weights"
        )
    if params.resize == "darknet":
        yield Problem(
            "resize", "darknet is for Darknet's networks; leave it out, or write letterbox or stretch"
        )
    try:
        check_inputs(read_model_info(resolve_onnx(params.model)))
    except ModelError as error:
        yield Problem("model", str(error))
