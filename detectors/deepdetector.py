"""Deep detector: finds objects of many classes with a neural network.

Darknet's networks (.cfg and .weights) and Darkflow's (.pb and .meta) are compiled once, in a process of its
own: by TensorFlow for LiteRT, which runs them in the workers with the same results and a tenth of the memory,
or, Darknet's, without TensorFlow for ONNX Runtime. Networks of the families that `detectors.onnx` knows
(.onnx) are run by ONNX Runtime.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, field_validator

from detectors.classnames import names_in
from detectors.examplemodels import copy_onnx_network, write_darknet_network
from detectors.networkfiles import NetworkFiles, kind_of
from detectors.networkparams import Resize, as_float32
from detectors.onnxchoices import Device, FamilyName
from pipeline.component import Detector, Evidence, ModelName, Params, Problem
from pipeline.detections import Box, Detection, Label
from pipeline.engines.names import EngineName, Precision
from pipeline.errors import ModelError
from pipeline.frame import Frame
from pipeline.models.files import resolve_default
from pipeline.text import printable

if TYPE_CHECKING:
    from detectors.boxes import FloatArray

_CASCADE_SUFFIX = ".xml"


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
        Precision,
        Field(
            description="of the arithmetic; auto: the fastest of those with which the network was measured "
            "to find the same, else float32; bf16 needs OpenVINO; int8: of the weights, not for an .onnx"
        ),
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
    engine: Annotated[
        EngineName,
        Field(
            exclude=True,  # no part of the fingerprint: results differ by rounding only
            description="what runs a network on the CPU; auto: the fastest of those that are installed, "
            "measured once",
        ),
    ] = "auto"

    @functools.cached_property
    def files(self) -> NetworkFiles:
        """The network's files, found once.

        Raises: ModelError: one of them is missing, damaged or unknown; says what to do.
        """
        return kind_of(self.model).find(self.model, self.weights)

    @field_validator("model")
    @classmethod
    def _decide_default(cls, model: str) -> str:
        """Replace `default` by the name of a network, once, so that all later steps use the same one."""
        try:
            return resolve_default(model)
        except ModelError as error:
            raise ValueError(str(error)) from None


class DeepDetector(Detector):
    """Finds what the network was trained on, in the whole frame or inside earlier detections."""

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
        """Check the network's files, and that the other params are for such a network."""
        if params.model.endswith(_CASCADE_SUFFIX):
            sentence = f"{printable(params.model)}: a cascade is no network; write type: simpledetector"
            yield Problem("model", sentence)
            return
        yield from kind_of(params.model).iter_unfit(params)
        try:
            files = params.files
        except ModelError as error:
            about_weights = params.weights is not None and str(error).startswith(printable(params.weights))
            yield Problem("weights" if about_weights else "model", str(error))
        else:
            yield from files.iter_problems(params)
        if params.labels is not None and not Path(params.labels).is_file():
            yield Problem(
                "labels", f"{printable(params.labels)}: no such file; give a text file, a name a line"
            )

    @classmethod
    def check_by_opening(cls, params: Any) -> Iterator[Problem]:
        """Check the family of an ONNX network, and that its class names are as many as its classes."""
        files: NetworkFiles = params.files
        try:
            files.try_opening(params)
        except ModelError as error:
            about_labels = params.labels is not None and str(error).startswith(printable(params.labels))
            yield Problem("labels" if about_labels else "model", str(error))

    @classmethod
    def model_files(cls, params: Any) -> Sequence[Path]:
        """The network's files and its class names."""
        files: NetworkFiles = params.files
        return files.paths(Path(params.labels) if params.labels else None)

    @classmethod
    def results_version(cls, params: Any) -> int:
        """Greater than 1 for the ONNX networks whose results have changed since version 1.0.0."""
        files: NetworkFiles = params.files
        return max(cls.RESULTS_VERSION, files.results_version())

    @classmethod
    def evidence(cls, params: Any, *, of_whole_frames: bool) -> Evidence:
        """Everything but the threshold decides: suppression keeps the better of two boxes at any threshold.

        What runs the network does not count: engines agree to the last digits that reports show, or nearly.
        """
        left_out = ("triggerlabels", "model", "weights", "labels", "threshold", "device", "engine")
        return Evidence(params.values_but(*left_out), cls.model_files(params), params.threshold)

    def reconsider(self, detections: Sequence[Detection], level: float) -> Sequence[Detection]:
        """Leave out labels that are not above the threshold, and boxes without labels."""
        if level == self.params.threshold:
            return detections
        threshold = as_float32(self.params.threshold)
        selected = [
            replace(one, labels=tuple(label for label in one.labels if (label.confidence or 0) > threshold))
            for one in detections
        ]
        return [one for one in selected if one.labels]

    @classmethod
    def labels(cls, params: Any) -> frozenset[str] | None:
        """The class names as far as they are known without running the network."""
        files: NetworkFiles = params.files
        file = Path(params.labels) if params.labels else files.names_file()
        if file is None:
            stated = files.stated_names()
            return None if stated is None else frozenset(stated)
        return frozenset(names_in(file)) if file.suffix not in (".yaml", ".yml") else None

    def load(self) -> None:
        """Load the network; compile it first if it is compiled and the cache does not hold it."""
        self._network = self.params.files.open(self.params)
        self.forkable = self._network.forkable

    def needed_wh(self, full_wh: tuple[int, int]) -> tuple[int, int]:
        """The size of the picture on the network's input."""
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
