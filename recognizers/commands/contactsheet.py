"""The contact sheet of groups of faces: a picture with a row for each group, for servers without a screen."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from annotators.fonts import text_mask
from pipeline.errors import UsageError
from pipeline.files.outputs import write_file
from pipeline.frame import RgbArray
from pipeline.text import printable
from recognizers.faces.dataset import SHEET_FILE
from recognizers.faces.faceimage import fitted
from recognizers.faces.fit import Fit
from recognizers.faces.pictures import encode_as, read_rgb

_FACE_PX = 96
_GAP_PX = 6
_TITLE_PX = 170
_TEXT_PX = 17
_MOST_FACES = 12
_MOST_ROWS = 600
"""A JPEG is at most 65,535 pixels high."""
_INK = (51, 51, 51)


def write_contact_sheet(groups: Mapping[str, Sequence[Path]], top: Path) -> Path | None:
    """Write `groups.jpg`: a row for each group, with its name, its size and its first faces.

    Args:
        groups: name -> pictures; the first 600 groups are shown, of each twelve faces.
        top: the folder for it.
    Returns: its path; None if there are no groups.
    Raises: OutputError: it cannot be written.
    """
    if not groups:
        return None
    rows = list(groups.items())[:_MOST_ROWS]
    most = min(_MOST_FACES, max(len(pictures) for _, pictures in rows))
    width = _TITLE_PX + most * (_FACE_PX + _GAP_PX)
    sheet = Image.new("RGB", (width, len(rows) * (_FACE_PX + _GAP_PX) + _GAP_PX), "white")
    for index, (name, pictures) in enumerate(rows):
        top_px = _GAP_PX + index * (_FACE_PX + _GAP_PX)
        _write(sheet, name, top_px + _FACE_PX // 2 - _TEXT_PX)
        _write(sheet, f"{len(pictures)} faces", top_px + _FACE_PX // 2 + _TEXT_PX)
        for place, path in enumerate(_spread(pictures)):
            face = _small(path)
            if face is not None:
                sheet.paste(Image.fromarray(face), (_TITLE_PX + place * (_FACE_PX + _GAP_PX), top_px))
    path = top / SHEET_FILE
    write_file(path, encode_as(path.name, np.asarray(sheet, dtype=np.uint8)))
    return path


def _spread(pictures: Sequence[Path]) -> list[Path]:
    """Return at most `_MOST_FACES` pictures from the whole list: mistakes may be anywhere in it."""
    if len(pictures) <= _MOST_FACES:
        return list(pictures)
    return [pictures[index * len(pictures) // _MOST_FACES] for index in range(_MOST_FACES)]


def _write(sheet: Image.Image, text: str, middle: int) -> None:
    mask = Image.fromarray(text_mask(printable(text), _TEXT_PX))
    mask = mask.crop((0, 0, min(mask.width, _TITLE_PX - 2 * _GAP_PX), mask.height))
    sheet.paste(_INK, (_GAP_PX, round(middle - mask.height / 2)), mask)


def _small(path: Path) -> RgbArray | None:
    """Return a face as a square; None if the picture cannot be read, as people may have edited it."""
    try:
        return fitted(read_rgb(os.fspath(path)), (_FACE_PX, _FACE_PX), Fit.CROP)
    except UsageError:
        return None
