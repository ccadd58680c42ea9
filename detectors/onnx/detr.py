"""Decode transformer detectors: RT-DETR and D-FINE as four projects export them, RF-DETR, LW-DETR.

Lv et al., RT-DETR (2023); Peng et al., D-FINE (2024); Robinson et al., RF-DETR (2025). All take RGB
stretched to the input and need no non-maximum suppression. Their files differ:

- RT-DETR's and D-FINE's own: `labels` (queries), `boxes` (queries, 4) in pixels of the size given as a second
  input, `scores` (queries), 0 to 1.
- Ultralytics': `output0` (queries, 4 + classes), or (queries, 6) with score and class id; boxes are centre
  and size from 0 to 1.
- Hugging Face's: `logits` (queries, classes) before the sigmoid, `pred_boxes` (queries, 4), centre and size
  from 0 to 1.
- RF-DETR's own: the same as `labels` and `dets`, on pixels normalized as for ImageNet. The last logit is that
  of the background, except in networks of COCO's category ids (rfdetr 1.11, export/_runtime/decode.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.onnx.evidence import are_fractions, are_probabilities, first_picture
from detectors.onnx.family import (
    Decoded,
    FloatArray,
    OutputFormat,
    Outputs,
    Preparation,
    above,
    corners,
    from_rows,
)
from detectors.onnx.modelinfo import ModelInfo, Port
from detectors.onnx.names import class_count
from detectors.onnx.shapes import SIZE_INPUT, rows_output

_PLAIN = Preparation(placing="stretch")
_IMAGENET = Preparation(placing="stretch", mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225))
COCO_IDS = 91
"""Number of logits of a network whose class ids are COCO's category ids, 1 to 90."""


def read_rtdetr(info: ModelInfo, outputs: Mapping[str, NDArray[Any]], named: bool) -> OutputFormat | None:
    """A `Reader` of RT-DETR and D-FINE: certain by the names of outputs and of the second input, by Hugging
    Face's names and the operators of deformable attention, or by Ultralytics' metadata.
    """
    labels, boxes, scores = (info.output(name) for name in ("labels", "boxes", "scores"))
    if labels and boxes and scores:
        alike = boxes.shape == (*scores.shape, 4) and labels.shape == scores.shape and len(scores.shape) == 2
        has_size = any(port.name == SIZE_INPUT for port in info.inputs)
        if not (alike and (named or has_size)):
            return None
        return OutputFormat("RT-DETR", _PLAIN, _decode_selected, class_count(info), suppression="none")
    table = _table(info, "logits", "pred_boxes")
    if table is None:
        return _read_ultralytics(info, outputs, named)
    own = table[0].shape[-1] != COCO_IDS and not info.patch_px and _is_deformable(info)
    if not (named or (own and _is_raw(outputs, *table))):
        return None
    return _raw("RT-DETR", _PLAIN, *table)


def read_rfdetr(info: ModelInfo, outputs: Mapping[str, NDArray[Any]], named: bool) -> OutputFormat | None:
    """A `Reader` of RF-DETR: certain by the outputs' names; or by Hugging Face's and a network that begins
    with patches, or has a logit for each of COCO's category ids.
    """
    table = _table(info, "labels", "dets")
    if table is not None:
        background = table[0].shape[-1] != class_count(info)
        return _raw("RF-DETR", _IMAGENET, *table, background) if named or _is_raw(outputs, *table) else None
    table = _table(info, "logits", "pred_boxes")
    if table is None:
        return None
    is_transformer = bool(_ATTENTION & info.operators)
    own = info.patch_px or (table[0].shape[-1] == COCO_IDS and not is_transformer)
    if not (named or (own and _is_deformable(info) and _is_raw(outputs, *table))):
        return None
    return _raw("RF-DETR", _IMAGENET, *table)


_ATTENTION = frozenset({"Softmax", "Attention"})
_DEFORMABLE = frozenset({"GridSample", "TopK"})


def _is_deformable(info: ModelInfo) -> bool:
    """Whether the network may have deformable attention and choose its own queries, as RT-DETR does.

    DETR, YOLOS and Conditional DETR have the same outputs, but other attention and other classes.
    """
    return info.operators >= _DEFORMABLE or not info.operators & _ATTENTION


def _table(info: ModelInfo, logits_name: str, boxes_name: str) -> tuple[Port, Port] | None:
    """The outputs of a DETR's last layer, logits (batch, queries, classes) and boxes (batch, queries, 4)."""
    logits, boxes = info.output(logits_name), info.output(boxes_name)
    if logits is None or boxes is None or len(logits.shape) != 3 or len(boxes.shape) != 3:
        return None
    is_float = logits.element in ("float32", "float16")
    return (logits, boxes) if is_float and boxes.shape == (*logits.shape[:2], 4) else None


def _is_raw(outputs: Mapping[str, NDArray[Any]], logits: Port, boxes: Port) -> bool:
    """Whether boxes are fractions and scores are before the sigmoid, not probabilities yet."""
    scores = first_picture(outputs, logits.key)
    return are_fractions(first_picture(outputs, boxes.key)) and not are_probabilities(scores)


def _read_ultralytics(
    info: ModelInfo, outputs: Mapping[str, NDArray[Any]], named: bool
) -> OutputFormat | None:
    port = rows_output(info)
    if port is None:
        return None
    classes, values = class_count(info), port.shape[2] or 0
    said = (
        named
        or info.metadata.get("head") == "RTDETRDecoder"
        or "rtdetr" in info.metadata.get("description", "")
    )
    key = port.key

    def decode_rows(outputs: Outputs, input_wh: tuple[int, int], threshold: float) -> Decoded:
        """A `Decode` of rows with a label each."""
        rows = outputs[key]
        return from_rows(_to_pixels(rows[:, :4], input_wh), rows[:, 5], rows[:, 4], threshold)

    def decode_table(outputs: Outputs, input_wh: tuple[int, int], threshold: float) -> Decoded:
        """A `Decode` of rows with the scores of all classes."""
        rows = outputs[key]
        return _scored(rows[:, :4], rows[:, 4:], input_wh, threshold)

    if said and values == 6 and classes != 2:
        return OutputFormat("RT-DETR", _PLAIN, decode_rows, classes, suppression="none")
    if values >= 5 and (said or (classes == values - 4 and _are_scored_fractions(outputs, key))):
        return OutputFormat("RT-DETR", _PLAIN, decode_table, values - 4, suppression="none")
    return None


def _are_scored_fractions(outputs: Mapping[str, NDArray[Any]], key: str) -> bool:
    rows = first_picture(outputs, key)
    return are_fractions(rows[:, :4]) and are_probabilities(rows[:, 4:])


def _raw(
    family: str, preparation: Preparation, logits: Port, boxes: Port, background: bool = False
) -> OutputFormat:
    """The two outputs of a DETR's last layer."""

    def decode(outputs: Outputs, input_wh: tuple[int, int], threshold: float) -> Decoded:
        """A `Decode` of logits and boxes."""
        scores = 1 / (1 + np.exp(-np.clip(outputs[logits.key], -80, 80)))
        return _scored(outputs[boxes.key], scores.astype(np.float32), input_wh, threshold)

    return OutputFormat(
        family, preparation, decode, logits.shape[-1], suppression="none", background=background
    )


def _scored(boxes: FloatArray, scores: FloatArray, input_wh: tuple[int, int], threshold: float) -> Decoded:
    """Boxes of centre and size from 0 to 1, (N, 4), with the scores of all classes, (N, C)."""
    kept = np.flatnonzero(scores.max(axis=1, initial=0) > threshold)
    return Decoded(_to_pixels(boxes[kept], input_wh), above(scores[kept], threshold))


def _to_pixels(boxes: FloatArray, input_wh: tuple[int, int]) -> FloatArray:
    return corners(boxes) * np.array(input_wh * 2, dtype=np.float32)


def _decode_selected(outputs: Outputs, _: tuple[int, int], threshold: float) -> Decoded:
    """A `Decode` of RT-DETR's own outputs, in pixels of the size that was its second input."""
    return from_rows(outputs["boxes"], outputs["labels"], outputs["scores"], threshold)
