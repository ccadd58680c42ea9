"""Class names of an ONNX network: from its metadata, a file beside it, or a well-known data set."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from detectors.onnx.family import MOST_CLASSES, OutputFormat
from detectors.onnx.modelfile import NAMES_ENDINGS
from detectors.onnx.modelinfo import ModelInfo
from detectors.onnx.shapes import MOST_METADATA_CHARS, literal
from pipeline.errors import ModelError, PipelineFileError
from pipeline.files.yamlfile import parse_yaml
from pipeline.models.files import read_beginning
from pipeline.text import printable

MOST_NAMES_BYTES = 1 << 20
MOST_NAME_CHARS = 200

_LABELS = Path(__file__).parents[1] / "labels"
_COCO = {80: _LABELS / "coco.names", 90: _LABELS / "coco90.names", 91: _LABELS / "coco91.names"}
"""Number of classes -> COCO's names: 80 are the categories in a row; 91 are indexed by category id, of which
0 and ten others are unused; 90 are the same without id 0."""
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
    for ending in NAMES_ENDINGS:
        beside = Path(info.file).with_suffix(ending)
        if beside.is_file():
            return _counted(read_names(beside), printable(beside), output_format, shown)
    classes = output_format.classes
    if classes is None:
        raise ModelError(
            f"{shown}: does not say how many classes it has, nor their names; {_REMEDY}; if it was trained "
            f"on COCO, the names are in {printable(_COCO[output_format.coco])}"
        )
    if classes == max(_COCO) or (classes in _COCO and not output_format.background):
        return read_names(_COCO[classes])
    count = f"{classes - 1} classes and the background" if output_format.background else f"{classes} classes"
    raise ModelError(f"{shown}: has {count}, and their names are not known; {_REMEDY}")


def class_count(info: ModelInfo) -> int | None:
    """Number of class names in the metadata; None if there are none."""
    names = metadata_names(info)
    return None if names is None else len(names)


def has_ultralytics_names(info: ModelInfo, classes: int) -> bool:
    """Whether the metadata are those of Ultralytics' or YOLOv5's exporter and name so many classes."""
    return "stride" in info.metadata and class_count(info) == classes


def metadata_names(info: ModelInfo) -> tuple[str, ...] | None:
    """The names in the metadata, as Ultralytics (`names`) or RF-DETR writes them, or None."""
    value = literal(info, "names")
    if value is None:
        text = info.metadata.get("rfdetr_inference", "")
        try:
            value = json.loads(text)["class_id_to_name"] if 0 < len(text) <= MOST_METADATA_CHARS else None
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
    return _in_order(value)


def read_names(file: Path) -> tuple[str, ...]:
    """Read class names: `names:` of a `.yaml` or `.yml`; of any other file, one a line.

    Raises: ModelError: it cannot be read, or there are no names in it.
    """
    shown = printable(file)
    content = read_beginning(file, MOST_NAMES_BYTES + 1)
    if len(content) > MOST_NAMES_BYTES:
        raise ModelError(f"{shown}: is larger than a megabyte; this is no list of names")
    if file.suffix not in (".yaml", ".yml"):
        names = _in_order(content.decode("utf-8-sig", "replace").rstrip().splitlines())
    else:
        try:
            value = parse_yaml(content, shown).value
        except PipelineFileError as error:
            raise ModelError(str(error)) from None
        names = _in_order(value.get("names") if isinstance(value, dict) else None)
    if not names:
        raise ModelError(
            f'{shown}: holds no names; give a text file with a name a line, or YAML with "names:"'
        )
    return names


def _in_order(value: Any) -> tuple[str, ...] | None:
    """Convert a list of names, or class id -> name, to names by class id; None for anything else."""
    if isinstance(value, Mapping):
        by_id = dict(_iter_numbered(value))
        if len(by_id) != len(value) or not by_id:
            return None
        value = [by_id.get(class_id, "") for class_id in range(max(by_id) + 1)]
    if not isinstance(value, Sequence) or isinstance(value, str | bytes) or len(value) > MOST_CLASSES:
        return None
    texts = [str(name).strip()[:MOST_NAME_CHARS] for name in value]
    return tuple(text or f"class {index}" for index, text in enumerate(texts))


def _iter_numbered(names: Mapping[Any, Any]) -> Iterator[tuple[int, Any]]:
    for key, name in names.items():
        if str(key).isascii() and str(key).isdigit() and int(key) < MOST_CLASSES:
            yield int(key), name


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
