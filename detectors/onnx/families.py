"""Recognize the family of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from numpy.typing import NDArray

from detectors.onnx.detr import read_rfdetr, read_rtdetr
from detectors.onnx.endtoend import read_batched, read_endtoend
from detectors.onnx.family import OutputFormat, Reader
from detectors.onnx.modelinfo import ModelInfo
from detectors.onnx.shapes import is_yunet
from detectors.onnx.ssd import read_ssd
from detectors.onnx.yolov4 import read_yolov4
from detectors.onnx.yolov5 import read_yolov5
from detectors.onnx.yolov6 import read_yolov6
from detectors.onnx.yolov8 import read_yolov8
from detectors.onnx.yolox import read_yolox
from detectors.onnxchoices import FamilyName
from pipeline.errors import ModelError
from pipeline.text import printable

_READERS: Mapping[str, Sequence[Reader]] = {
    "ssd": (read_ssd,),
    "rfdetr": (read_rfdetr,),
    "rtdetr": (read_rtdetr,),
    "yolox": (read_yolox,),
    "yolov5": (read_yolov5,),
    "yolov6": (read_yolov6, read_batched),
    "yolov8": (read_yolov8, read_endtoend),
    "yolov10": (read_endtoend, read_yolov8),
    "yolov4": (read_yolov4,),
    "yolov7": (read_yolov5, read_batched),
    "yolov9": (read_yolov8, read_endtoend),
    "yolo11": (read_yolov8, read_endtoend),
    "yolo12": (read_yolov8, read_endtoend),
    "yolo26": (read_endtoend, read_yolov8),
    "dfine": (read_rtdetr,),
}
"""The readers are tried in this order if no family is named; a family with several exports has several."""


def recognize(info: ModelInfo, outputs: Mapping[str, NDArray[Any]], family: FamilyName) -> OutputFormat:
    """Recognize the meaning of a network's outputs.

    Args:
        info: of a network that has been run once: the sizes of its inputs and outputs are known.
        outputs: of that run, on a synthetic picture: output's key -> values of the whole batch.
        family: as in the pipeline file.
    Raises: ModelError: it is of no known family, not of the named one, may be of several, or finds no boxes.
    """
    shown = printable(info.file)
    task = info.metadata.get("task", "detect")
    if task != "detect":
        raise ModelError(
            f'{shown}: is a network for "{printable(task)}", not for detection; export one for that'
        )
    named = family != "auto"
    readers = [reader for word in ((family,) if named else _READERS) for reader in _READERS[word]]
    for by_name in (False, True) if named else (False,):  # certain matches come first
        for reader in readers:
            output_format = reader(info, outputs, by_name)
            if output_format is not None:
                return output_format
    in_words = printable(info.outputs_in_words)
    if is_yunet(info):
        raise ModelError(f"{shown}: finds faces, which is what the type facedetector is for; write that")
    if named:
        raise ModelError(f'{shown}: is not of the family "{family}": its outputs are {in_words}')
    raise ModelError(f"{shown}: {_why_not_recognized(info, outputs, in_words)}")


def _why_not_recognized(info: ModelInfo, outputs: Mapping[str, NDArray[Any]], in_words: str) -> str:
    formats = [(word, reader(info, outputs, True)) for word in _READERS for reader in _READERS[word]]
    # Several families may share a format; the first of them is listed.
    possible = {each.family: word for word, each in reversed(formats) if each is not None}
    if possible:
        return (
            f"its outputs are {in_words}, whose shape several families have, and neither its metadata, its "
            "operators nor its answer to a test picture tell which it is; say it by "
            f'"family:", one of {", ".join(sorted(possible.values(), key=list(_READERS).index))}'
        )
    return (
        f"is of no family that is known here, its outputs are {in_words}; if it is of one, say which "
        f'by "family:", one of {", ".join(_READERS)}'
    )


assert set(get_args(FamilyName)) == {"auto", *_READERS}
