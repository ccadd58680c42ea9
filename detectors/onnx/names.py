"""Class names of an ONNX network: from its metadata, a file beside it, or a well-known data set."""

from __future__ import annotations

import os
from pathlib import Path

from detectors.onnx.family import OutputFormat
from detectors.onnx.modelinfo import ModelInfo
from detectors.onnx.statednames import COCO, metadata_names, names_beside, read_names
from pipeline.errors import ModelError
from pipeline.text import printable

_REMEDY = 'give a text file with a name a line, or a .yaml with "names:", as params.labels'


def network_names(info: ModelInfo, output_format: OutputFormat, labels: Path | None) -> tuple[str, ...]:
    """Find the names of a network's classes, in the order of its class ids.

    Args:
        info: the network.
        output_format: as recognized.
        labels: the file that the pipeline file gives, text with a name a line or YAML with `names:`; None:
            the metadata, else `.names`, `.yaml` or `.yml` beside the network, else COCO's names if the number
            of classes is COCO's.
    Raises: ModelError: there are no names, a file cannot be read, or their number does not fit.
    """
    shown = printable(info.file)
    if labels is not None:
        return _counted(read_names(labels), printable(labels), output_format, shown)
    own = metadata_names(info)
    if own is not None:
        return _counted(own, f"{shown}: its metadata", output_format, shown)
    if (beside := names_beside(Path(info.file))) is not None:
        return _counted(read_names(beside), printable(beside), output_format, shown)
    classes = output_format.classes
    if classes is None:
        raise ModelError(
            f"{shown}: does not say how many classes it has, nor their names; {_REMEDY}; if it was trained "
            f"on COCO, the names are in {printable(COCO[output_format.coco])}"
        )
    if classes == max(COCO) or (classes in COCO and not output_format.background):
        return read_names(COCO[classes])
    count = f"{classes - 1} classes and the background" if output_format.background else f"{classes} classes"
    raise ModelError(f"{shown}: has {count}, and their names are not known; {_REMEDY}")


def class_count(info: ModelInfo) -> int | None:
    """Number of class names in the metadata; None if there are none."""
    names = metadata_names(info)
    return None if names is None else len(names)


def has_ultralytics_names(info: ModelInfo, classes: int) -> bool:
    """Whether the metadata are those of Ultralytics' or YOLOv5's exporter and name so many classes."""
    return "stride" in info.metadata and class_count(info) == classes


def _counted(
    names: tuple[str, ...], where: str, output_format: OutputFormat, network: str
) -> tuple[str, ...]:
    """Return the names if they are as many as the network's classes, with or without the background."""
    classes = output_format.classes
    if classes is None or len(names) in (classes, classes - output_format.background):
        return names
    raise ModelError(
        f"{where}: {len(names)} names for the {classes - output_format.background} classes of "
        f"{os.path.basename(network)}; give a file with a name for each as params.labels"
    )
