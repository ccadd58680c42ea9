"""Deep detector: objects of many classes by a YOLO network.

Darknet's .cfg and .weights, and Darkflow's .pb and .meta: compiled once by TensorFlow, in a process of its
own, and then run by LiteRT in the workers, with the same answers at a tenth of the memory. See
ARCHITECTURE.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

from pydantic import Field

from detectors.classnames import find_class_names
from detectors.darkflow.files import DARKFLOW_SUFFIX, resolve_darkflow
from pipeline.component import Detector, ModelName, Params, Problem
from pipeline.detections import Box, Detection, Label
from pipeline.errors import ModelError
from pipeline.frame import Frame
from pipeline.modelfiles import resolve_darknet
from pipeline.outputs import printable

if TYPE_CHECKING:
    from detectors.boxes import FloatArray

Resize = Literal["auto", "letterbox", "stretch", "darknet"]


class DeepDetectorParams(Params):
    """`params:` of a `deepdetector`."""

    model: Annotated[
        ModelName,
        Field(description="a network's name in the catalogue, a .cfg file, or a .pb file of Darkflow's"),
    ]
    weights: Annotated[
        ModelName | None, Field(description="the .weights file; beside the .cfg of the same name if absent")
    ] = None
    labels: Annotated[
        ModelName | None, Field(description="a text file with a class name a line; found by itself if absent")
    ] = None
    threshold: Annotated[
        float, Field(gt=0, lt=1, description="confidence above which a label is reported")
    ] = 0.25
    nms: Annotated[
        float, Field(gt=0, le=1, description="IoU beyond which the weaker of two boxes of a class is dropped")
    ] = 0.45
    precision: Annotated[
        Literal["float32", "int8"],
        Field(description="of the weights; int8 is smaller and faster, less exact"),
    ] = "float32"
    resize: Annotated[
        Resize,
        Field(
            description="how a photo is fitted into the network's input; auto: letterbox, but stretch for "
            "YOLOv1 and Darkflow, which were trained so"
        ),
    ] = "auto"


class Network(Protocol):
    """What a deep detector asks of a network that is loaded."""

    names: tuple[str, ...]
    """Of the classes, in the order of the class ids."""

    def iter_boxes(
        self, frame: Frame, regions: Sequence[Box], *, threshold: float, nms: float, resize: Resize
    ) -> Iterator[tuple[Box, FloatArray, FloatArray]]:
        """Boxes in each region, see `yolonetwork.YoloNetwork.iter_boxes`."""


class DeepDetector(Detector):
    """Detects what the network was trained on, in the whole frame or inside earlier detections."""

    Params = DeepDetectorParams
    params: DeepDetectorParams

    @classmethod
    def check(cls, params: Any) -> Iterator[Problem]:
        """Look whether the network's files are there."""
        try:
            cls.model_files(params)
        except ModelError as error:
            about_weights = params.weights is not None and str(error).startswith(printable(params.weights))
            yield Problem("weights" if about_weights else "model", str(error))
        if params.labels is not None and not Path(params.labels).is_file():
            yield Problem(
                "labels", f"{printable(params.labels)}: no such file; give a text file, a name a line"
            )

    @classmethod
    def model_files(cls, params: Any) -> Sequence[Path]:
        """The network's files and its class names."""
        labels = [Path(params.labels)] if params.labels else []
        if params.model.endswith(DARKFLOW_SUFFIX):
            return [*resolve_darkflow(params.model, params.weights), *labels]
        files = resolve_darknet(params.model, params.weights)
        names = find_class_names(files.cfg, files.names)
        return [files.cfg, files.weights, *(labels or ([names] if names else []))]

    def load(self) -> None:
        """Compile the network if the cache does not hold it, and load it."""
        model, weights = self.params.model, self.params.weights
        labels = Path(self.params.labels) if self.params.labels else None
        self._network: Network
        if model.endswith(DARKFLOW_SUFFIX):
            from detectors.darkflow.opening import open_darkflow

            self._network = open_darkflow(resolve_darkflow(model, weights), labels, self.params.precision)
        else:
            from detectors.darknet.opening import open_darknet

            self._network = open_darknet(resolve_darknet(model, weights), labels, self.params.precision)

    def detect(self, frame: Frame, regions: Sequence[Box]) -> list[Detection]:
        """One detection for each box, with all of its labels above the threshold, best first."""
        boxes = self._network.iter_boxes(
            frame, regions, threshold=self.params.threshold, nms=self.params.nms, resize=self.params.resize
        )
        return [found for region, xyxy, scores in boxes for found in self._iter_found(region, xyxy, scores)]

    def _iter_found(self, region: Box, xyxy: FloatArray, scores: FloatArray) -> Iterator[Detection]:
        """The detections of one region, best first, from its boxes, (N, 4), and scores, (N, classes)."""
        for index in (-scores.max(axis=1, initial=0)).argsort(kind="stable"):
            labels = self._labels(scores[index])
            if labels:
                x1, y1, x2, y2 = (round(float(value)) for value in xyxy[index])
                box = Box(x1, y1, x2, y2).clipped((region.width, region.height))
                yield Detection(box.shifted(region.x1, region.y1), labels)

    def _labels(self, scores: FloatArray) -> tuple[Label, ...]:
        """The labels of one box from its scores, (classes,), best first."""
        (class_ids,) = scores.nonzero()
        best_first = class_ids[(-scores[class_ids]).argsort(kind="stable")]
        return tuple(Label(self._network.names[class_id], float(scores[class_id])) for class_id in best_first)
