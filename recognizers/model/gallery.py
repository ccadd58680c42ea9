"""Galleries of the classic strategies: known faces as OpenCV's face recognizers store and compare them.

OpenCV gets open files instead of file names, since it cannot open names that are not UTF-8.
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
"""Number of components that Eigenfaces keeps. Measured on 400 faces of 40 people, mean of 20 splits: 0.976
right with 50, 0.970 with 80, 0.969 with all. The 2017 program kept all, which also takes many times the
space."""

LBP_CELLS = 8
"""Number of LBPH's cells along each side, OpenCV's default, if the face is large enough."""

_LEAST_CELL_PX = 5
"""Smaller cells hold too few patterns: at 23x28 pixels, 0.945 right with 8x8 cells, 0.986 with 4x5."""

_TOP_LEVEL_KEYS = {EIGEN: "opencv_eigenfaces", FISCHER: "opencv_fisherfaces", LBP: "opencv_lbphfaces"}
_NESTED_SINCE_3_3 = b"opencv_"


def _new_recognizer(strategy: str, size_wh: tuple[int, int] = (0, 0)) -> Any:
    """Create an untrained recognizer of OpenCV; the size matters only for training."""
    if strategy == EIGEN:
        return cv2.face.EigenFaceRecognizer.create(EIGEN_COMPONENTS)
    if strategy == FISCHER:
        return cv2.face.FisherFaceRecognizer.create()
    across, down = (min(LBP_CELLS, max(1, side // _LEAST_CELL_PX)) for side in size_wh)
    return cv2.face.LBPHFaceRecognizer.create(grid_x=across, grid_y=down)


class Nearest(NamedTuple):
    """The known face nearest to a probe.

    Args:
        number: of its person, a key of the model's labels.
        distance: in the strategy's own unit; smaller is more similar.
    """

    number: int
    distance: float


class Gallery:
    """The known faces of one classic strategy.

    Args:
        strategy: one of `CLASSIC`.
        recognizer: a trained recognizer of OpenCV.
    """

    def __init__(self, strategy: str, recognizer: Any) -> None:
        self.strategy = strategy
        self._recognizer = recognizer

    @classmethod
    def read(cls, directory: str, model: FaceModel, strategy: str) -> Gallery:
        """Read a strategy's gallery from a model directory.

        Raises: ModelError: it is missing, damaged, or does not belong to the model's record.
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
        """Train a gallery.

        Args:
            strategy: one of `CLASSIC`; `fischer` needs two different numbers.
            faces: (height, width) uint8, all of one shape.
            numbers: label number of each face, 0 or more.
        """
        recognizer = _new_recognizer(strategy, faces[0].shape[::-1])
        recognizer.train(list(faces), np.asarray(numbers, dtype=np.int32))
        return cls(strategy, recognizer)

    def nearest(self, face: GrayArray) -> Nearest:
        """Return the known face nearest to a probe of the model's size."""
        number, distance = self._recognizer.predict(face)
        return Nearest(int(number), float(distance))

    def distances(self, face: GrayArray) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Return the distances of a probe of the model's size to all known faces.

        Returns: (N,) label numbers, (N,) distances.
        """
        collector = cv2.face.StandardCollector.create()
        self._recognizer.predict_collect(face, collector)
        numbers, distances = zip(*collector.getResults(), strict=True)
        return np.asarray(numbers, dtype=np.int32), np.asarray(distances, dtype=np.float64)

    def to_bytes(self) -> bytes:
        """Return the content of the gallery's file."""
        descriptor = os.memfd_create("gallery")
        with open(descriptor, "rb") as stream:
            self._recognizer.write(f"/proc/self/fd/{descriptor}")
            return stream.read()

    def taught_brightness(self) -> NDArray[np.float64]:
        """Return what the gallery preserves of the training faces' mean pixels, 0 to 255.

        Returns: (N,) one value per face for Eigenfaces, (1,) their mean for Fisherfaces, (0,) for LBPH.
        """
        if self.strategy == LBP:
            return np.zeros(0)
        mean = self._recognizer.getMean().mean(keepdims=True).reshape(1)
        if self.strategy == FISCHER:  # its components do not span the faces
            return np.asarray(mean, dtype=np.float64)
        spread = self._recognizer.getEigenValues().ravel()
        spanned = spread > 1e-6 * spread.max()  # N faces span N - 1 components; the others are noise
        projections = np.vstack(self._recognizer.getProjections())[:, spanned]
        return np.asarray(mean + projections @ self._recognizer.getEigenVectors()[:, spanned].mean(axis=0))

    def _check(self, model: FaceModel, shown: str) -> None:
        """Check the gallery against the model's record, which OpenCV does not do.

        Raises: ModelError: they do not fit together.
        """
        numbers = self._recognizer.getLabels()
        if self._recognizer.empty() or numbers is None or numbers.size == 0:
            raise ModelError(f"{shown}: holds no faces; {RETRAIN}")
        nameless = sorted(set(numbers.ravel().tolist()) - set(model.labels))
        if nameless:
            raise ModelError(f"{shown}: label number {nameless[0]} has no name in model.json; {RETRAIN}")
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

    OpenCV up to 3.2 wrote the keys at the top level. Later versions write them one level down, and read them
    only there, so that keys of old files are moved down first.
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
    """Return whether the training faces were equalized; estimated from the galleries if not recorded.

    Only models of the 2017 program lack that record. It equalized all faces, so the answer is yes if there is
    only LBPH, whose gallery preserves no pixels.
    """
    if model.equalized is not None:
        return model.equalized
    brightness = [gallery.taught_brightness() for gallery in galleries]
    return all(looks_equalized(values) for values in brightness if values.size)
