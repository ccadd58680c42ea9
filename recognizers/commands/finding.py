"""Finds the faces in photos for the other commands: with a cascade, or as a pipeline file says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from pipeline.catalog import CATALOG
from pipeline.component import Detector
from pipeline.config import FILES, ComponentConfig, PipelineConfig, load_class, read_config
from pipeline.detections import Box
from pipeline.errors import UsageError
from pipeline.frame import Frame
from pipeline.outputs import printable
from pipeline.pipeline import Pipeline
from pipeline.source import Limits

FACE = "face"
"""The label of what a cascade finds here."""

NAMES = "names"
"""The component that recognizes, where there is one."""

Find = Callable[[Frame], list[Box]]
"""Boxes of the faces in a frame, in its pixels."""


def cascade_component(cascade: str, *, min_neighbors: int, min_size: int | None) -> ComponentConfig:
    """A simple detector for a pipeline of the commands' own.

    Args:
        cascade: file name or path, as in a pipeline file.
        min_neighbors: how many overlapping hits make a face.
        min_size: least side of a face, pixels; None: as the simple detector's default.
    Raises: UsageError: there is no such cascade.
    """
    values = {"model": cascade, "outputlabel": FACE, "min_neighbors": min_neighbors, "min_size": min_size}
    return component(FACE, "simpledetector", (FILES,), values)


def component(name: str, type_: str, inputs: tuple[str, ...], values: dict[str, object]) -> ComponentConfig:
    """A component with params as a pipeline file would give them; relative paths are as the shell's.

    Raises: UsageError: a model file that is not there, or a param out of its range.
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
    """A loaded pipeline of detectors only, which writes nothing.

    Raises: ModelError: a model cannot be used.
    """
    pipeline = Pipeline(PipelineConfig(tuple(components), fingerprint=""), Path(os.devnull), Limits())
    pipeline.load()
    return pipeline


def cascade_finder(cascade: str, *, min_neighbors: int, min_size: int | None) -> Find:
    """Finds what a cascade finds in the whole frame.

    Raises: UsageError: there is no such cascade; ModelError: it cannot be read.
    """
    pipeline = built([cascade_component(cascade, min_neighbors=min_neighbors, min_size=min_size)])

    def find(frame: Frame) -> list[Box]:
        return [found.box for found in pipeline.detect(frame).found[FACE]]

    return find


def pipeline_finder(
    path: str, *, component_name: str | None, labels: frozenset[str], min_size: int | None
) -> Find:
    """Finds what one detector of a pipeline file finds; the file's writers are left out.

    Args:
        path: of the pipeline file.
        component_name: of the detector; None: the last one that is no recognizer.
        labels: only detections that carry one of them; none: all.
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
    name = named[-1]
    upto = [one.name for one in detectors].index(name) + 1
    pipeline = built(replace(config, components=tuple(detectors[:upto])).components)

    def find(frame: Frame) -> list[Box]:
        found = pipeline.detect(frame).found[name]
        boxes = (one.box for one in found if not labels or one.carries(labels))
        return [box for box in boxes if min(box.width, box.height) >= (min_size or 1)]

    return find
