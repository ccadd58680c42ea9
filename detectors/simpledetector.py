"""Simple detector: finds one kind of object, such as a face, with an OpenCV cascade of weak classifiers.

Viola & Jones (2001) and Lienhart & Maydt (2002); OpenCV's CascadeClassifier reads Haar and LBP cascades.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from pipeline.component import Detector, Evidence, ModelName, Params, Problem
from pipeline.detections import Box, Detection, Label
from pipeline.errors import ModelError
from pipeline.frame import Frame
from pipeline.models.cascades import resolve_cascade
from pipeline.models.files import read_beginning
from pipeline.text import printable

_MAX_CASCADE_BYTES = 1 << 26
_LOOK_BYTES = 1 << 16
"""The licence comments of OpenCV's own cascades end within so many bytes."""

_SAME_THING_IOU = 0.5
"""Overlapping regions may show the same object twice; hits that overlap so much are one."""


class SimpleDetectorParams(Params):
    """`params:` of a `simpledetector`."""

    model: Annotated[ModelName, Field(description="a cascade's file name as OpenCV ships it, or a path")]
    outputlabel: Annotated[
        str, Field(min_length=1, max_length=200, description="the label of everything it finds")
    ] = "object"
    scaledown_factor: Annotated[
        float, Field(ge=1.01, le=10, description="how much the window grows from one pass to the next")
    ] = 1.1
    min_neighbors: Annotated[
        int,
        Field(ge=0, le=100, description="how many overlapping hits make a detection; 0 reports every hit"),
    ] = 3
    min_size: Annotated[
        int | None,
        Field(
            ge=1,
            le=100_000,
            description="least side of a hit, pixels; absent: 50, or a tenth of a small photo",
        ),
    ] = None

    @functools.cached_property
    def file(self) -> Path:
        """The cascade's file, found once.

        Raises: ModelError: it is missing, damaged or unknown; says what to do.
        """
        return resolve_cascade(self.model)


class SimpleDetector(Detector):
    """Finds one kind of object in gray pixels, in the whole frame or inside earlier detections."""

    Params = SimpleDetectorParams
    forkable = True
    params: SimpleDetectorParams

    @classmethod
    def example_params(cls, folder: Path) -> dict[str, dict[str, str]]:
        """A cascade that comes with OpenCV."""
        return {"": {"model": "haarcascade_frontalface_default.xml"}}

    @classmethod
    def check(cls, params: Any) -> Iterator[Problem]:
        """Check that the cascade's file exists and begins like one."""
        try:
            path = params.file
            if not _begins_as_cascade(read_beginning(path, _LOOK_BYTES)):
                raise _no_cascade(path)
        except ModelError as error:
            yield Problem("model", str(error))

    @classmethod
    def model_files(cls, params: Any) -> Sequence[Path]:
        """The cascade's file."""
        return [params.file]

    @classmethod
    def evidence(cls, params: Any, *, of_whole_frames: bool) -> Evidence:
        """All but the label decides."""
        return Evidence(params.values_but("triggerlabels", "model", "outputlabel"), cls.model_files(params))

    def reconsider(self, detections: Sequence[Detection], level: float) -> Sequence[Detection]:
        """Give every hit the present label."""
        return [replace(hit, labels=(Label(self.params.outputlabel),)) for hit in detections]

    @classmethod
    def labels(cls, params: Any) -> frozenset[str]:
        """The label of every hit."""
        return frozenset((params.outputlabel,))

    def load(self) -> None:
        """Load the cascade."""
        import cv2

        path = self.params.file
        content = read_beginning(path, _MAX_CASCADE_BYTES + 1)
        text = content.decode("utf-8", "replace")  # only names and comments can differ
        self._cascade = cv2.CascadeClassifier()
        try:
            storage = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
            loaded = self._cascade.read(storage.getFirstTopLevelNode()) and not self._cascade.empty()
        except (cv2.error, SystemError):  # its constructor leaves the second of these
            loaded = False
        if not loaded or len(content) > _MAX_CASCADE_BYTES:
            raise _no_cascade(path)

    def detect(self, frame: Frame, regions: Sequence[Box]) -> list[Detection]:
        """One detection for each hit; a cascade gives no confidence."""
        labels = (Label(self.params.outputlabel),)
        found: list[Box] = []
        for region in regions:
            in_earlier_regions = tuple(found)
            for hit in self._hits(frame, region):
                if all(hit.iou(other) <= _SAME_THING_IOU for other in in_earlier_regions):
                    found.append(hit)
        return [Detection(box, labels) for box in found]

    def _hits(self, frame: Frame, region: Box) -> list[Box]:
        """The hits in one region, in the frame's pixels."""
        found = self._cascade.detectMultiScale(
            frame.gray(region),
            scaleFactor=self.params.scaledown_factor,
            minNeighbors=self.params.min_neighbors,
            minSize=self._min_size(frame),
        )
        boxes = (Box(int(x), int(y), int(x + width), int(y + height)) for x, y, width, height in found)
        return sorted(
            (box.shifted(region.x1, region.y1) for box in boxes), key=lambda box: (box.y1, box.x1, box.x2)
        )

    def _min_size(self, frame: Frame) -> tuple[int, int]:
        """Smallest width and height of a hit; by default that of the 2017 program, for the whole photo."""
        if self.params.min_size is not None:
            return (self.params.min_size, self.params.min_size)
        width, height = frame.size_wh
        return (min(50, width // 10), min(50, height // 10))


def _begins_as_cascade(content: bytes) -> bool:
    """Whether a file that begins so may be a cascade: OpenCV's XML, or YAML or JSON, which show less."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    return content.startswith((b"%YAML", b"{")) or (
        content.startswith(b"<?xml") and b"<opencv_storage" in content
    )


def _no_cascade(path: Path) -> ModelError:
    return ModelError(
        f"{printable(path)}: is no cascade of the kind that OpenCV 4 reads; "
        "give the .xml file of a Haar or LBP cascade"
    )
