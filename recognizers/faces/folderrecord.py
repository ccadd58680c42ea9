"""`faces.json`: what was done to the pictures in a folder of faces.

`crop` and `resize` write it. `train` copies it into the model, and the recognizer then prepares the faces of
a photo as the training faces were.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import UsageError
from pipeline.files.outputs import write_file
from pipeline.text import printable
from recognizers.faces.fit import Fit

RECORD_FILE = "faces.json"

_MAX_BYTES = 1 << 16
_LEVELS_UP = 4
"""How far up the record is searched: a picture lies in `TOP/<label>/`, or a few folders deeper."""


class FolderRecord(BaseModel):
    """What was done to all pictures of a folder; None where a step was not done.

    Args:
        width, height: size to which they were brought, pixels.
        grayscale: whether they were made gray.
        equalized: whether their histograms were equalized; None if that is unknown.
        fit: how their shape was matched.
        margin: how far they extend beyond the detector's box, or beyond ArcFace's square if they are aligned,
            as a share of its sides.
        aligned: whether they were rotated, scaled and moved so that their landmarks coincide.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    width: int | None = None
    height: int | None = None
    grayscale: bool | None = None
    equalized: bool | None = None
    fit: Fit = Fit.STRETCH
    margin: Annotated[float, Field(ge=0, le=1)] = 0.0
    aligned: bool = False


def write_record(folder: str, record: FolderRecord) -> None:
    """Write a folder's record.

    Raises: OutputError: it cannot be written.
    """
    write_file(Path(folder, RECORD_FILE), record.model_dump_json(indent=2).encode() + b"\n")


def read_record(folder: str) -> FolderRecord | None:
    """Read a folder's record; None if it has none.

    Raises: UsageError: the file cannot be read, or was edited.
    """
    path = os.path.join(folder, RECORD_FILE)
    try:
        with open(path, "rb") as stream:
            return FolderRecord.model_validate_json(stream.read(_MAX_BYTES))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{printable(path)}: cannot be read ({error.strerror})") from None
    except ValidationError:
        raise UsageError(f"{printable(path)}: was changed by hand; remove it or write it again") from None


def common_record(paths: Iterable[str]) -> FolderRecord:
    """Return the record that holds for all of these pictures; an empty one if they have none.

    Raises: UsageError: some pictures were prepared differently from the others.
    """
    folders: dict[str, FolderRecord] = {}
    for path in paths:
        folder = os.path.dirname(path)
        if folder not in folders:
            folders[folder] = _record_above(folder)
    common, where = FolderRecord(), ""
    for folder, record in folders.items():
        if where and _looks(record) != _looks(common):
            raise UsageError(
                f"{printable(folder)}: its pictures were not prepared like those in {printable(where)} "
                f"({RECORD_FILE} above them differs); resize all of them with one resize command"
            )
        if not where or common.equalized is None:
            common, where = record, folder
    return common


def _looks(record: FolderRecord) -> tuple[bool, Fit, float, bool]:
    """The part of a record that shows in the pixels of pictures of equal size."""
    return bool(record.equalized), record.fit, record.margin, record.aligned


def _record_above(folder: str) -> FolderRecord:
    for _ in range(_LEVELS_UP):
        record = read_record(folder)
        if record is not None:
            return record
        folder = os.path.dirname(folder)
    return FolderRecord()
