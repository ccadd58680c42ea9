"""YOLOv10 and YOLO26, and other exports with non-maximum suppression built in: one output, (boxes, 6).

Wang et al., YOLOv10 (2024); Ultralytics' exports with `nms=False` (heads that need none) and `nms=True`. A
row is x1, y1, x2, y2 in pixels, confidence, class id; rows of zeros fill the table up. RGB from 0 to 1, the
picture in the middle on gray 114.
"""

from __future__ import annotations

from detectors.onnx.family import Decoded, Outputs, Preparation, Reading, from_rows
from detectors.onnx.names import class_count
from detectors.onnx.nature import Nature
from detectors.onnx.shapes import rows_output, stride


def read_endtoend(nature: Nature, named: bool) -> Reading | None:
    """A `Reader`: certain where a row has six values (asked after the families whose rows are the cells)."""
    port = rows_output(nature)
    if port is None or port.shape[2] != 6:
        return None
    key = port.key

    def decode(outputs: Outputs, _: tuple[int, int], threshold: float) -> Decoded:
        """A `Decode` of rows with a label each."""
        rows = outputs[key]
        return from_rows(rows[:, :4], rows[:, 5], rows[:, 4], threshold)

    return Reading(
        "YOLO, end to end",
        Preparation(stride=stride(nature)),
        decode,
        class_count(nature),
        suppressed=True,
    )
