"""Finding faces for the other commands: with a cascade, YuNet, or a detector of a pipeline file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from pipeline.catalog import CATALOG, load_class
from pipeline.component import Detector
from pipeline.config.config import read_config
from pipeline.config.values import FILES, ComponentConfig, PipelineConfig
from pipeline.detections import Region
from pipeline.errors import UsageError
from pipeline.frame import Frame
from pipeline.models.catalog import STANDS_FOR, YUNET
from pipeline.pipeline import Pipeline
from pipeline.source import Limits
from pipeline.text import name_key, printable

FACE = "face"
"""Name and label of the detector."""

NAMES = "names"
"""Name of the recognizer, if there is one."""


def is_yunet(word: str) -> bool:
    """Return whether the value for a cascade means YuNet instead: that of the catalogue, or a file."""
    return word in STANDS_FOR[YUNET] or word.endswith(".onnx")


def face_component(word: str, *, min_neighbors: int, min_size: int | None) -> ComponentConfig:
    """Make the configuration of a face detector.

    Args:
        word: a cascade's file name or path, as in a pipeline file; or a YuNet, see `is_yunet`.
        min_neighbors: number of overlapping hits of a cascade that make a face.
        min_size: smallest side of a face for a cascade, pixels; None for the simple detector's default.
    Raises: UsageError: there is no such cascade, or YuNet is not installed.
    """
    if is_yunet(word):
        return component(FACE, "facedetector", (FILES,), {"model": word, "outputlabel": FACE})
    values = {"model": word, "outputlabel": FACE, "min_neighbors": min_neighbors, "min_size": min_size}
    return component(FACE, "simpledetector", (FILES,), values)


def component(name: str, type_: str, inputs: tuple[str, ...], values: dict[str, object]) -> ComponentConfig:
    """Make a component's configuration as a pipeline file does; paths are relative to the working directory.

    Raises: UsageError: a model file is missing, or a param is out of range.
    """
    cls = load_class(CATALOG[type_])
    try:
        params = cls.Params.model_validate(values, context={"folder": os.getcwd()})
    except ValidationError as error:
        raise UsageError(f"{type_}: {error.errors()[0]['msg']}") from None
    for problem in cls.check(params):
        raise UsageError(problem.sentence)
    return ComponentConfig(name, type_, CATALOG[type_], inputs, params)


def built(components: Iterable[ComponentConfig]) -> Pipeline:
    """Build and load a pipeline of detectors only, without writers.

    Raises: ModelError: a model cannot be used.
    """
    pipeline = Pipeline(PipelineConfig(tuple(components), fingerprint=""), Path(os.devnull), Limits())
    pipeline.load()
    return pipeline


class Finder:
    """Finds faces in a frame: the detections of one detector of a pipeline.

    Args:
        components: detectors; the detections of the last one count.
        labels: only detections with one of these labels; all if empty.
        min_size: smallest side of a box, pixels.
    Raises: ModelError: a model cannot be used.
    """

    def __init__(
        self,
        components: Sequence[ComponentConfig],
        *,
        labels: frozenset[str] = frozenset(),
        min_size: int | None = None,
    ) -> None:
        self._pipeline = built(components)
        self._name = components[-1].name
        self._labels = frozenset(map(name_key, labels))
        self._min_size = min_size or 1
        self.gives_landmarks = components[-1].type == "facedetector"

    def __call__(self, frame: Frame) -> list[Region]:
        """Return the faces, in the frame's pixels, with landmarks if the detector finds them."""
        found = self._pipeline.detect(frame).found[self._name]
        return [
            one.region
            for one in found
            if min(one.box.width, one.box.height) >= self._min_size
            and (not self._labels or one.carries(self._labels))
        ]


def face_finder(word: str, *, min_neighbors: int, min_size: int | None) -> Finder:
    """Make a finder of faces; for the arguments see `face_component`.

    Raises: UsageError: there is no such cascade, or no YuNet here; ModelError: it cannot be read.
    """
    detector = face_component(word, min_neighbors=min_neighbors, min_size=min_size)
    return Finder([detector], min_size=min_size if is_yunet(word) else None)


def pipeline_finder(
    path: str, *, component_name: str | None, labels: frozenset[str], min_size: int | None
) -> Finder:
    """Make a finder from a detector of a pipeline file; the file's writers are left out.

    Args:
        path: of the pipeline file.
        component_name: of the detector; None: the last one that is no recognizer.
        labels: only detections with one of these labels; all if empty.
        min_size: least side of a box, pixels; None: any.
    Raises: PipelineFileError: the file is wrong; UsageError: it has no such detector; ModelError.
    """
    config = read_config(path)
    detectors = [one for one in config.components if issubclass(load_class(one.target), Detector)]
    named = [
        one.name
        for one in detectors
        if (one.type != "recognizer" if component_name is None else one.name == component_name)
    ]
    if not named:
        wanted = "no detector" if component_name is None else f'no detector "{printable(component_name)}"'
        known = ", ".join(printable(one.name) for one in detectors)
        raise UsageError(f"{printable(path)}: has {wanted}; {f'it has {known}' if known else 'add one'}")
    upto = [one.name for one in detectors].index(named[-1]) + 1
    return Finder(detectors[:upto], labels=labels, min_size=min_size)
