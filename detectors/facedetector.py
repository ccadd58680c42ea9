"""Face detector: finds faces, with five landmarks each, with the YuNet network.

Wu et al., YuNet: A Tiny Millisecond-level Face Detector (2023), run by ONNX Runtime.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from detectors.examplemodels import copy_onnx_network
from detectors.networkparams import as_float32
from pipeline.component import Detector, Evidence, ModelName, Params, Problem
from pipeline.detections import Box, Detection, Label
from pipeline.errors import ModelError
from pipeline.frame import Frame
from pipeline.kept.findings import ANY_LEVEL
from pipeline.models.files import resolve_yunet
from pipeline.text import printable

_SAME_FACE_IOU = 0.5
"""Overlapping regions may show the same face twice; detections that overlap so much are one face."""
_LEAST_SIDE = 320
"""A region smaller than this is enlarged. In photos of 92 x 112 pixels that a face fills, YuNet finds no
face; enlarged to this size, it finds all of them."""
_LEAST_PIXELS = 8
"""A picture with a smaller side shows no face."""


class FaceDetectorParams(Params):
    """`params:` of a `facedetector`."""

    model: Annotated[ModelName, Field(description="yunet of the catalogue, or a YuNet .onnx file")] = "yunet"
    threshold: Annotated[
        float, Field(gt=0, lt=1, description="confidence above which a face is reported")
    ] = 0.7
    outputlabel: Annotated[
        str, Field(min_length=1, max_length=200, description="the label of every face it finds")
    ] = "face"
    max_side: Annotated[
        int,
        Field(ge=64, le=8192, description="longest side, pixels, at which a photo or region is looked at"),
    ] = 1280

    @functools.cached_property
    def file(self) -> Path:
        """The network's file, found once.

        Raises: ModelError: it is missing, damaged or unknown; says what to do.
        """
        return resolve_yunet(self.model)


class FaceDetector(Detector):
    """Finds faces, in the whole frame or inside earlier detections, with five landmarks each."""

    Params = FaceDetectorParams
    forkable = True
    params: FaceDetectorParams

    @classmethod
    def example_params(cls, folder: Path) -> dict[str, dict[str, str]]:
        """A tiny YuNet."""
        return {"": copy_onnx_network("tiny-yunet.onnx", folder)}

    @classmethod
    def check(cls, params: Any) -> Iterator[Problem]:
        """Check that the network's file exists and is a YuNet."""
        try:
            _check_yunet(params.file)
        except ModelError as error:
            yield Problem("model", str(error))

    @classmethod
    def model_files(cls, params: Any) -> Sequence[Path]:
        """The network's file."""
        return [params.file]

    @classmethod
    def evidence(cls, params: Any, *, of_whole_frames: bool) -> Evidence:
        """All but the label decides.

        In regions the threshold does too: a face of one region hides the same face in the next.
        """
        left_out = ("triggerlabels", "model", "outputlabel")
        if of_whole_frames:
            return Evidence(
                params.values_but(*left_out, "threshold"), cls.model_files(params), params.threshold
            )
        return Evidence(params.values_but(*left_out), cls.model_files(params))

    def reconsider(self, detections: Sequence[Detection], level: float) -> Sequence[Detection]:
        """Leave out faces that are not above the threshold, and give the others the present label."""
        threshold = as_float32(self.params.threshold)
        text, is_selection = self.params.outputlabel, level not in (ANY_LEVEL, self.params.threshold)
        return [
            replace(face, labels=(replace(label, text=text),))
            for face in detections
            for label in face.labels
            if not is_selection or (label.confidence or 0) > threshold
        ]

    @classmethod
    def labels(cls, params: Any) -> frozenset[str]:
        """The label of every face."""
        return frozenset((params.outputlabel,))

    def load(self) -> None:
        """Load the network."""
        from detectors.yunet import YuNet

        path = self.params.file
        _check_yunet(path)
        self._network = YuNet(path, self.params.threshold)

    def detect(self, frame: Frame, regions: Sequence[Box]) -> list[Detection]:
        """One detection for each face, with its landmarks."""
        found: list[Detection] = []
        for region in regions:
            in_earlier_regions = tuple(found)
            for face in self._faces(frame, region):
                if all(face.box.iou(other.box) <= _SAME_FACE_IOU for other in in_earlier_regions):
                    found.append(face)
        return found

    def _faces(self, frame: Frame, region: Box) -> Iterator[Detection]:
        """The faces in one region, in the frame's pixels, best first."""
        import numpy as np

        from detectors.sampling import pixels_at

        width, height = self._scaled_wh(region)
        if min(width, height, region.width, region.height) < _LEAST_PIXELS:
            return
        scale = np.array((region.width / width, region.height / height))
        corner = np.array((region.x1, region.y1))
        for row in self._network.find(pixels_at(frame, region, (width, height))):
            points = np.clip(row[:14].reshape(7, 2) * scale, -1e6, 1e6)  # corner, size, five landmarks
            x1, y1, x2, y2 = (round(float(side)) for side in (*points[0], *(points[0] + points[1])))
            box = Box(x1, y1, x2, y2).clipped((region.width, region.height))
            landmarks = tuple((round(float(x)), round(float(y))) for x, y in points[2:] + corner)
            label = Label(self.params.outputlabel, min(float(row[14]), 1.0))
            yield Detection(box.shifted(region.x1, region.y1), (label,), landmarks)

    def _scaled_wh(self, region: Box) -> tuple[int, int]:
        """Width and height to which a region is scaled."""
        longest = max(region.width, region.height)
        side = min(max(longest, _LEAST_SIDE), self.params.max_side)
        return (max(1, round(region.width * side / longest)), max(1, round(region.height * side / longest)))


def _check_yunet(path: Path) -> None:
    """Check that a file is a YuNet.

    Raises: ModelError: it is not, or is damaged.
    """
    from detectors.onnx.modelfile import read_model_info
    from detectors.onnx.shapes import is_yunet

    if not is_yunet(read_model_info(path)):
        raise ModelError(
            f"{printable(path)}: is no YuNet of 2023 or later, whose outputs are cls_8 to kps_32; "
            'write "model: yunet" for the one in the catalogue'
        )
