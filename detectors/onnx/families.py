"""The families of networks, and which of them a network belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from detectors.onnx.choices import FamilyName
from detectors.onnx.detr import read_rfdetr, read_rtdetr
from detectors.onnx.endtoend import read_endtoend
from detectors.onnx.family import Reader, Reading
from detectors.onnx.nature import Nature
from detectors.onnx.shapes import is_yunet
from detectors.onnx.ssd import read_ssd
from detectors.onnx.yolov5 import read_yolov5
from detectors.onnx.yolov8 import read_yolov8
from detectors.onnx.yolox import read_yolox
from pipeline.errors import ModelError
from pipeline.text import printable

_READERS: Mapping[str, Sequence[Reader]] = {
    "ssd": (read_ssd,),
    "rfdetr": (read_rfdetr,),
    "rtdetr": (read_rtdetr,),
    "yolox": (read_yolox,),
    "yolov5": (read_yolov5,),
    "yolov8": (read_yolov8, read_endtoend),
    "yolov10": (read_endtoend, read_yolov8),
    "yolov7": (read_yolov5,),
    "yolov9": (read_yolov8, read_endtoend),
    "yolo11": (read_yolov8, read_endtoend),
    "yolo12": (read_yolov8, read_endtoend),
    "yolo26": (read_endtoend, read_yolov8),
    "dfine": (read_rtdetr,),
}
"""In the order in which an unnamed network is asked; several readers where a family has several exports."""


def recognize(nature: Nature, family: FamilyName) -> Reading:
    """How a network is to be read.

    Args:
        nature: of a network that has been run once: the sizes of its inputs and outputs are known.
        family: as the person says; `auto` finds it out.
    Raises: ModelError: it is of no known family, not of the named one, or finds no boxes.
    """
    shown = printable(nature.file)
    task = nature.metadata.get("task", "detect")
    if task != "detect":
        raise ModelError(
            f'{shown}: is a network for "{printable(task)}", not for detection; export one for that'
        )
    named = family != "auto"
    readers = [reader for word in ((family,) if named else _READERS) for reader in _READERS[word]]
    for by_word in (False, True) if named else (False,):  # what is certain goes before what is said
        for reader in readers:
            reading = reader(nature, by_word)
            if reading is not None:
                return reading
    outputs = printable(nature.outputs_in_words)
    if is_yunet(nature):
        raise ModelError(f"{shown}: finds faces, which is what the type facedetector is for; write that")
    if named:
        raise ModelError(f'{shown}: is not of the family "{family}": its outputs are {outputs}')
    raise ModelError(
        f"{shown}: is of no family that is known here, its outputs are {outputs}; if it is of one, say which "
        f'by "family:", one of {", ".join(_READERS)}'
    )


assert set(get_args(FamilyName)) == {"auto", *_READERS}
