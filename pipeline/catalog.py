"""The table of component types: the word after `type:` in a pipeline file -> "module:Class"."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from pipeline.component import Component, Detector, Writer
from pipeline.host.libraries import configure

CATALOG: dict[str, str] = {
    "deepdetector": "detectors.deepdetector:DeepDetector",
    "facedetector": "detectors.facedetector:FaceDetector",
    "framewriter": "annotators.framewriter:FrameWriter",
    "jsonreportwriter": "reporters.jsonreportwriter:JsonReportWriter",
    "photowriter": "annotators.photowriter:PhotoWriter",
    "recognizer": "recognizers.recognizer:Recognizer",
    "simpledetector": "detectors.simpledetector:SimpleDetector",
    "videowriter": "annotators.videowriter:VideoWriter",
    "xmpwriter": "reporters.xmpwriter:XmpWriter",
}


def writer_types(targets: Iterable[str]) -> list[type[Writer]]:
    """The writers among these targets, each once, in their order.

    Raises: as `load_class`.
    """
    classes = (load_class(target) for target in dict.fromkeys(targets))
    return [cls for cls in classes if issubclass(cls, Writer)]


def load_class(target: str) -> type[Component]:
    """The class that a target of the catalogue names.

    Raises: ImportError, AttributeError: there is none; TypeError: it is no component, or does nothing.
    """
    configure()  # a plug-in's module may import any library
    module, _, name = target.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not (isinstance(found, type) and issubclass(found, Detector | Writer)):
        raise TypeError(f"{target} is neither a Detector nor a Writer")
    work, missing = ("detect", Detector.detect) if issubclass(found, Detector) else ("open", Writer.open)
    if getattr(found, work) is missing:
        raise TypeError(f"{target} has no {work}() of its own")
    return found
