"""Simple detector: one kind of thing, such as a face, by an OpenCV cascade of weak classifiers.

Viola & Jones (2001) and Lienhart & Maydt (2002); OpenCV's CascadeClassifier reads Haar and LBP cascades.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from pipeline.component import Detector, ModelName, Params, Problem
from pipeline.detections import Box, Detection, Label
from pipeline.errors import ModelError
from pipeline.frame import Frame
from pipeline.models.files import read_beginning, resolve_cascade
from pipeline.text import printable

_MAX_CASCADE_BYTES = 1 << 26
_LOOK_BYTES = 1 << 16
"""In which OpenCV's own cascades have come to an end with their licences."""

_SAME_THING_IOU = 0.5
"""Two regions that overlap show the same face twice; hits that overlap this much are one."""


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


class SimpleDetector(Detector):
    """Looks for one kind of thing in gray pixels, in the whole frame or inside earlier detections."""

    Params = SimpleDetectorParams
    forkable = True
    params: SimpleDetectorParams

    @classmethod
    def example_params(cls, folder: Path) -> dict[str, dict[str, str]]:
        """A cascade that comes with OpenCV."""
        return {"": {"model": "haarcascade_frontalface_default.xml"}}

    @classmethod
    def check(cls, params: Any) -> Iterator[Problem]:
        """Look whether the cascade's file is there, and begins as one does."""
        try:
            path = resolve_cascade(params.model)
            if not _begins_as_cascade(read_beginning(path, _LOOK_BYTES)):
                raise _no_cascade(path)
        except ModelError as error:
            yield Problem("model", str(error))

    @classmethod
    def model_files(cls, params: Any) -> Sequence[Path]:
        """The cascade's file."""
        return [resolve_cascade(params.model)]

    @classmethod
    def labels(cls, params: Any) -> frozenset[str]:
        """The one label that everything it finds has."""
        return frozenset((params.outputlabel,))

    def load(self) -> None:
        """Read the cascade."""
        import cv2

        path = resolve_cascade(self.params.model)
        content = read_beginning(path, _MAX_CASCADE_BYTES + 1)
        text = content.decode("utf-8", "replace")  # of names and comments, which are all that could differ
        self._cascade = cv2.CascadeClassifier()
        try:
            storage = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
            loaded = self._cascade.read(storage.getFirstTopLevelNode()) and not self._cascade.empty()
        except (cv2.error, SystemError):  # the second is what its constructor leaves of the first
            loaded = False
        if not loaded or len(content) > _MAX_CASCADE_BYTES:
            raise _no_cascade(path)

    def detect(self, frame: Frame, regions: Sequence[Box]) -> list[Detection]:
        """One detection for each hit, without a confidence: a cascade has none."""
        labels = (Label(self.params.outputlabel),)
        found: list[Box] = []
        for region in regions:
            in_earlier_regions = tuple(found)
            for hit in self._hits(frame, region):
                if all(hit.iou(other) <= _SAME_THING_IOU for other in in_earlier_regions):
                    found.append(hit)
        return [Detection(box, labels) for box in found]

    def _hits(self, frame: Frame, region: Box) -> list[Box]:
        """Where the cascade fires in one region, in the frame's pixels."""
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
        """Least width and height of a hit; the default is the 2017 program's, of the whole photo."""
        if self.params.min_size is not None:
            return (self.params.min_size, self.params.min_size)
        width, height = frame.size_wh
        return (min(50, width // 10), min(50, height // 10))


def _begins_as_cascade(content: bytes) -> bool:
    """Whether OpenCV can read what begins so: its XML, or its YAML or JSON, which are known by less."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    return content.startswith((b"%YAML", b"{")) or (
        content.startswith(b"<?xml") and b"<opencv_storage" in content
    )


def _no_cascade(path: Path) -> ModelError:
    return ModelError(
        f"{printable(path)}: is no cascade of the kind that OpenCV 4 reads; "
        "give the .xml file of a Haar or LBP cascade"
    )
