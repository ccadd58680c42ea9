"""Galleries: the known faces as OpenCV's three face recognizers keep and compare them.

OpenCV is never handed a name of a file, which it could not take if it were not UTF-8, but the open file.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.frame import GrayArray
from pipeline.text import printable
from recognizers.faces.faceimage import looks_equalized
from recognizers.model.facemodel import FaceModel, file_digest, locate
from recognizers.model.strategies import EIGEN, FISCHER, LBP, model_file_name
from recognizers.networks.base import RETRAIN

EIGEN_COMPONENTS = 50
"""Axes that Eigenfaces keeps. Measured on 400 faces of 40 people, mean of 20 splits: 0.976 right with 50,
0.970 with 80, 0.969 with all, as the 2017 program did, which also takes many times the space."""

LBP_CELLS = 8
"""Cells a side that LBPH cuts a face into, OpenCV's default, for faces that are large enough."""

_LEAST_CELL_PX = 5
"""Smaller cells hold too few patterns: at 23x28, 0.945 right with 8x8 cells, 0.986 with 4x5."""

_TOP_LEVEL_KEYS = {EIGEN: "opencv_eigenfaces", FISCHER: "opencv_fisherfaces", LBP: "opencv_lbphfaces"}
_NESTED_SINCE_3_3 = b"opencv_"


def _new_recognizer(strategy: str, size_wh: tuple[int, int] = (0, 0)) -> Any:
    """OpenCV's recognizer, empty; the size matters only where it is going to be trained."""
    if strategy == EIGEN:
        return cv2.face.EigenFaceRecognizer.create(EIGEN_COMPONENTS)
    if strategy == FISCHER:
        return cv2.face.FisherFaceRecognizer.create()
    across, down = (min(LBP_CELLS, max(1, side // _LEAST_CELL_PX)) for side in size_wh)
    return cv2.face.LBPHFaceRecognizer.create(grid_x=across, grid_y=down)


class Nearest(NamedTuple):
    """The known face that is nearest to a probe.

    Args:
        number: whose it is, a key of the model's labels.
        distance: smaller is nearer, in the strategy's own unit.
    """

    number: int
    distance: float


class Gallery:
    """The known faces of one strategy.

    Args:
        strategy: one of `CLASSIC`.
        recognizer: OpenCV's, trained.
    """

    def __init__(self, strategy: str, recognizer: Any) -> None:
        self.strategy = strategy
        self._recognizer = recognizer

    @classmethod
    def read(cls, directory: str, model: FaceModel, strategy: str) -> Gallery:
        """A strategy's gallery from a model directory.

        Raises: ModelError: missing, damaged, or not the one that the model's record speaks of.
        """
        path = locate(directory, model_file_name(strategy))
        shown = printable(path)
        recognizer = _new_recognizer(strategy)
        try:
            with open(path, "rb") as stream:
                method = (model.methods or {}).get(strategy)
                if method and method.sha256 and method.sha256 != file_digest(stream):
                    raise ModelError(f"{shown}: not the file that model.json was written with; {RETRAIN}")
                _read_into(recognizer, stream, strategy)
        except OSError as error:
            raise ModelError(f"{shown}: cannot be read ({error.strerror}); {RETRAIN}") from None
        except cv2.error:
            raise ModelError(f"{shown}: damaged, OpenCV cannot read it; {RETRAIN}") from None
        gallery = cls(strategy, recognizer)
        gallery._check(model, shown)
        return gallery

    @classmethod
    def trained(cls, strategy: str, faces: Sequence[GrayArray], numbers: Sequence[int]) -> Gallery:
        """A gallery of these faces.

        Args:
            strategy: one of `CLASSIC`; `fischer` needs two different numbers.
            faces: equal shapes, (height, width) uint8.
            numbers: whose each face is, 0 or more.
        """
        recognizer = _new_recognizer(strategy, faces[0].shape[::-1])
        recognizer.train(list(faces), np.asarray(numbers, dtype=np.int32))
        return cls(strategy, recognizer)

    def nearest(self, face: GrayArray) -> Nearest:
        """The known face nearest to a probe of the model's size."""
        number, distance = self._recognizer.predict(face)
        return Nearest(int(number), float(distance))

    def distances(self, face: GrayArray) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """How far a probe of the model's size lies from every known face.

        Returns: (N,) whose each face is, (N,) the distances.
        """
        collector = cv2.face.StandardCollector.create()
        self._recognizer.predict_collect(face, collector)
        numbers, distances = zip(*collector.getResults(), strict=True)
        return np.asarray(numbers, dtype=np.int32), np.asarray(distances, dtype=np.float64)

    def to_bytes(self) -> bytes:
        """The content of the gallery's file."""
        descriptor = os.memfd_create("gallery")
        with open(descriptor, "rb") as stream:
            self._recognizer.write(f"/proc/self/fd/{descriptor}")
            return stream.read()

    def taught_brightness(self) -> NDArray[np.float64]:
        """What is known of the mean pixels of the taught faces, 0 to 255.

        Returns: (N,) a value a face for Eigenfaces, (1,) their mean for Fisherfaces, (0,) for LBPH.
        """
        if self.strategy == LBP:
            return np.zeros(0)
        mean = self._recognizer.getMean().mean(keepdims=True).reshape(1)
        if self.strategy == FISCHER:  # its axes do not span the faces
            return np.asarray(mean, dtype=np.float64)
        spread = self._recognizer.getEigenValues().ravel()
        spanned = spread > 1e-6 * spread.max()  # N faces span N - 1 axes; OpenCV fills up with noise
        projections = np.vstack(self._recognizer.getProjections())[:, spanned]
        return np.asarray(mean + projections @ self._recognizer.getEigenVectors()[:, spanned].mean(axis=0))

    def _check(self, model: FaceModel, shown: str) -> None:
        """Hold the gallery against the model's record; OpenCV itself checks nothing until it is asked.

        Raises: ModelError: they do not belong together.
        """
        numbers = self._recognizer.getLabels()
        if self._recognizer.empty() or numbers is None or numbers.size == 0:
            raise ModelError(f"{shown}: holds no faces; {RETRAIN}")
        strangers = sorted(set(numbers.ravel().tolist()) - set(model.labels))
        if strangers:
            raise ModelError(f"{shown}: label number {strangers[0]} has no name in model.json; {RETRAIN}")
        if self.strategy == LBP:
            faces, values = self._recognizer.getHistograms(), np.zeros(0)
        else:
            faces, values = self._recognizer.getProjections(), self._recognizer.getEigenVectors()
            pixels = self._recognizer.getMean().size
            if pixels != model.width * model.height or len(values) != pixels:
                raise ModelError(
                    f"{shown}: its faces have {pixels} pixels, "
                    f"model.json says {model.width}x{model.height}; {RETRAIN}"
                )
        if len(faces) != numbers.size or not all(np.isfinite(part).all() for part in (values, *faces)):
            raise ModelError(f"{shown}: damaged; {RETRAIN}")


def _read_into(recognizer: Any, stream: Any, strategy: str) -> None:
    """Let OpenCV read an open gallery file.

    Files of OpenCV 3.2 and before have their keys at the top; later ones have them one level down, and
    later readers look only there.
    """
    stream.seek(0)
    head = stream.read(512)
    if _NESTED_SINCE_3_3 in head or not head.startswith(b"%YAML"):
        recognizer.read(f"/proc/self/fd/{stream.fileno()}")
        return
    stream.seek(0)
    lines = [line for line in stream.read().splitlines() if not line.startswith((b"%YAML", b"---", b"..."))]
    nested = b"".join(b"   " + line + b"\n" for line in lines)
    descriptor = os.memfd_create("gallery")
    with open(descriptor, "wb") as copy:
        copy.write(b"%YAML:1.0\n---\n" + _TOP_LEVEL_KEYS[strategy].encode() + b":\n" + nested)
        copy.flush()
        recognizer.read(f"/proc/self/fd/{descriptor}")


def taught_equalized(model: FaceModel, galleries: Sequence[Gallery]) -> bool:
    """Whether the taught faces were equalized, judged by their looks where nobody wrote it down.

    Then the model is the 2017 program's, which equalized whatever it was told; so where only LBPH is
    asked, which keeps no pixels, the answer is yes.
    """
    if model.equalized is not None:
        return model.equalized
    brightness = [gallery.taught_brightness() for gallery in galleries]
    return all(looks_equalized(values) for values in brightness if values.size)
