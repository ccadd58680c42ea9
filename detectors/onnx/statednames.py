"""Class names that an ONNX file states, or a file beside it; nothing is run, nothing heavy is imported."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from detectors.onnx.modelfile import NAMES_ENDINGS, read_model_info
from detectors.onnx.modelinfo import ModelInfo
from detectors.onnx.shapes import MOST_METADATA_CHARS, literal
from pipeline.errors import ModelError, PipelineFileError
from pipeline.files.yamlfile import parse_yaml
from pipeline.models.files import is_of_catalog, read_beginning
from pipeline.text import printable

MOST_CLASSES = 20_000
"""Class ids must be smaller, so that a damaged output cannot make an array huge."""
MOST_NAMES_BYTES = 1 << 20
MOST_NAME_CHARS = 200

_LABELS = Path(__file__).parents[1] / "labels"
COCO = {80: _LABELS / "coco.names", 90: _LABELS / "coco90.names", 91: _LABELS / "coco91.names"}
"""Number of classes -> COCO's names: 80 are the categories in a row; 91 are indexed by category id, of which
0 and ten others are unused; 90 are the same without id 0."""


def stated_names(model: Path) -> tuple[str, ...] | None:
    """The class names of a network as far as they are known without running it; None if they are not.

    Raises: ModelError: the network, or the names beside it, cannot be read.
    """
    if (own := metadata_names(read_model_info(model))) is not None:
        return own
    if (beside := names_beside(model)) is not None:
        return read_names(beside)
    return read_names(COCO[80]) if is_of_catalog(model) else None


def names_beside(model: Path) -> Path | None:
    """The file of class names beside a network."""
    candidates = (model.with_suffix(ending) for ending in NAMES_ENDINGS)
    return next((file for file in candidates if file.is_file()), None)


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
