"""Deep detector: objects of many classes by a YOLO network (Darknet's .cfg and .weights).

The network is compiled once by TensorFlow, in a process of its own, and then run by LiteRT in the
workers: the same answers at a tenth of the memory. See ARCHITECTURE.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from pipeline.component import Detector, ModelName, Params, Problem
from pipeline.detections import Box, Detection, Label
from pipeline.errors import ModelError
from pipeline.frame import Frame
from pipeline.modelfiles import resolve_darknet


class DeepDetectorParams(Params):
    """`params:` of a `deepdetector`."""

    model: Annotated[ModelName, Field(description="a network's name in the catalogue, or a .cfg file")]
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
        Literal["letterbox", "stretch", "darknet"],
        Field(description="how a photo is fitted into the network's input"),
    ] = "letterbox"


class DeepDetector(Detector):
    """Detects what the network was trained on, in the whole frame or inside earlier detections."""

    Params = DeepDetectorParams
    params: DeepDetectorParams

    @classmethod
    def check(cls, params: Any) -> Iterator[Problem]:
        """Look whether the network's files are there."""
        try:
            resolve_darknet(params.model, params.weights)
        except ModelError as error:
            about_weights = params.weights is not None and str(error).startswith(params.weights)
            yield Problem("weights" if about_weights else "model", str(error))
        if params.labels is not None and not Path(params.labels).is_file():
            yield Problem("labels", f"{params.labels}: no such file; give a text file with a name a line")

    @classmethod
    def model_files(cls, params: Any) -> Sequence[Path]:
        """The network's files and its class names."""
        files = resolve_darknet(params.model, params.weights)
        names = Path(params.labels) if params.labels else files.names
        return [files.cfg, files.weights] + ([names] if names else [])

    def load(self) -> None:
        """Compile the network if the cache does not hold it, and load it."""
        from detectors.classnames import read_class_names
        from detectors.darknet.cfg import read_cfg
        from detectors.darknet.compiled import compiled_network
        from detectors.engines import LiteRtEngine

        files = resolve_darknet(self.params.model, self.params.weights)
        self._network = read_cfg(files.cfg)
        names = Path(self.params.labels) if self.params.labels else files.names
        self._names = read_class_names(names, self._network.classes, str(files.cfg))
        self._engine = LiteRtEngine(compiled_network(files.cfg, files.weights, self.params.precision))

    def detect(self, frame: Frame, regions: Sequence[Box]) -> list[Detection]:
        """One detection for each box, with all of its labels above the threshold, best first."""
        return [detection for region in regions for detection in self._detect_in(frame, region)]

    def _detect_in(self, frame: Frame, region: Box) -> Iterator[Detection]:
        from detectors.boxes import suppress_scores
        from detectors.darknet.decode import decode_heads
        from detectors.sampling import sample

        shape = self._network.shape
        pixels, place = sample(frame, region, (shape.width, shape.height), self.params.resize)
        xyxy, scores = decode_heads(self._network, self._engine.run(pixels), self.params.threshold)
        xyxy = place.to_picture(xyxy, (region.width, region.height))
        scores = suppress_scores(xyxy, scores, self.params.nms)
        for index in (-scores.max(axis=1, initial=0)).argsort(kind="stable"):
            labels = self._labels(scores[index])
            if labels:
                x1, y1, x2, y2 = (round(float(value)) for value in xyxy[index])
                box = Box(x1, y1, x2, y2).clipped((region.width, region.height))
                yield Detection(box.shifted(region.x1, region.y1), labels)

    def _labels(self, scores: Any) -> tuple[Label, ...]:
        """The labels of one box from its scores, (classes,), best first."""
        class_ids = [class_id for class_id in (-scores).argsort(kind="stable") if scores[class_id] > 0]
        return tuple(Label(self._names[class_id], float(scores[class_id])) for class_id in class_ids)
