"""Transformer detectors: RT-DETR and D-FINE as four projects export them, RF-DETR, LW-DETR.

Lv et al., RT-DETR (2023); Peng et al., D-FINE (2024); Robinson et al., RF-DETR (2025). All take RGB stretched
to the input and need no non-maximum suppression. Their files differ:

- RT-DETR's and D-FINE's own: `labels` (queries), `boxes` (queries, 4) in pixels of the size given as a second
  input, `scores` (queries), 0 to 1.
- Ultralytics': `output0` (queries, 4 + classes), or (queries, 6) with score and class id; boxes are centre
  and size from 0 to 1.
- Hugging Face's: `logits` (queries, classes) before the sigmoid, `pred_boxes` (queries, 4), centre and size
  from 0 to 1.
- RF-DETR's own: the same as `labels` and `dets`, on pixels normalized as for ImageNet.
"""

from __future__ import annotations

import numpy as np

from detectors.onnx.family import (
    Decoded,
    FloatArray,
    Outputs,
    Preparation,
    Reading,
    above,
    corners,
    from_rows,
)
from detectors.onnx.names import class_count
from detectors.onnx.nature import Nature, Port
from detectors.onnx.shapes import rows_output

_PLAIN = Preparation(placing="stretch")
_IMAGENET = Preparation(placing="stretch", mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225))
_COCO_IDS = 91
"""Logits of a network whose class ids are COCO's category ids, 1 to 90."""


def read_rtdetr(nature: Nature, named: bool) -> Reading | None:
    """A `Reader` of RT-DETR and D-FINE: certain by the outputs' names, or by Ultralytics' metadata."""
    if all(nature.output(name) for name in ("labels", "boxes", "scores")):
        return Reading("RT-DETR", _PLAIN, _decode_selected, class_count(nature), suppressed=True)
    logits, boxes = nature.output("logits"), nature.output("pred_boxes")
    if logits and boxes and (named or logits.shape[-1] != _COCO_IDS):
        return _raw("RT-DETR", _PLAIN, logits, boxes)
    return _read_ultralytics(nature, named)


def read_rfdetr(nature: Nature, named: bool) -> Reading | None:
    """A `Reader` of RF-DETR: certain by the outputs' names, or by a logit for each of COCO's category ids."""
    logits, boxes = nature.output("labels"), nature.output("dets")
    if not (logits and boxes):
        logits, boxes = nature.output("logits"), nature.output("pred_boxes")
        if not (logits and boxes and (named or logits.shape[-1] == _COCO_IDS)):
            return None
    return _raw("RF-DETR", _IMAGENET, logits, boxes)


def _read_ultralytics(nature: Nature, named: bool) -> Reading | None:
    port = rows_output(nature)
    if port is None:
        return None
    classes, values = class_count(nature), port.shape[2] or 0
    said = (
        named
        or nature.metadata.get("head") == "RTDETRDecoder"
        or "rtdetr" in nature.metadata.get("description", "")
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
        return Reading("RT-DETR", _PLAIN, decode_rows, classes, suppressed=True)
    if values >= 5 and (said or classes == values - 4):
        return Reading("RT-DETR", _PLAIN, decode_table, values - 4, suppressed=True)
    return None


def _raw(family: str, preparation: Preparation, logits: Port, boxes: Port) -> Reading:
    """The two outputs of a DETR's last layer."""

    def decode(outputs: Outputs, input_wh: tuple[int, int], threshold: float) -> Decoded:
        """A `Decode` of logits and boxes."""
        scores = 1 / (1 + np.exp(-np.clip(outputs[logits.key], -80, 80)))
        return _scored(outputs[boxes.key], scores.astype(np.float32), input_wh, threshold)

    return Reading(family, preparation, decode, logits.shape[-1], suppressed=True)


def _scored(boxes: FloatArray, scores: FloatArray, input_wh: tuple[int, int], threshold: float) -> Decoded:
    """Boxes of centre and size from 0 to 1, (N, 4), with the scores of all classes, (N, C)."""
    kept = np.flatnonzero(scores.max(axis=1, initial=0) > threshold)
    return Decoded(_to_pixels(boxes[kept], input_wh), above(scores[kept], threshold))


def _to_pixels(boxes: FloatArray, input_wh: tuple[int, int]) -> FloatArray:
    return corners(boxes) * np.array(input_wh * 2, dtype=np.float32)


def _decode_selected(outputs: Outputs, _: tuple[int, int], threshold: float) -> Decoded:
    """RT-DETR's own post-processing is in the graph; the second input was the input's own size."""
    return from_rows(outputs["boxes"], outputs["labels"], outputs["scores"], threshold)
