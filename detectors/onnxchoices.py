"""The values of params that concern ONNX networks."""

from __future__ import annotations

from typing import Literal

FamilyName = Literal[
    "auto",
    "yolox",
    "yolov4",
    "yolov5",
    "yolov6",
    "yolov7",
    "yolov8",
    "yolov9",
    "yolov10",
    "yolo11",
    "yolo12",
    "yolo26",
    "rtdetr",
    "dfine",
    "rfdetr",
    "ssd",
]
"""Values of `family:`; `auto` recognizes the family."""

Device = Literal["auto", "cpu", "cuda", "openvino", "coreml", "directml"]
"""Values of `device:`; `auto` is the first of the others that is installed and works, the CPU last."""
