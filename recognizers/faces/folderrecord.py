"""What was done to a folder of faces, kept in the folder, so that training needs not be told.

`crop` and `resize` write it; `train` copies it into the model, and the recognizer then treats a face in a
photo as the taught ones were treated.
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
"""A picture lies in `TOP/<label>/`, or a few folders deeper."""


class FolderRecord(BaseModel):
    """What was done to all pictures of a folder; None: nothing of the kind.

    Args:
        width, height: to which they were brought, pixels.
        grayscale: whether they were made gray.
        equalized: whether their histograms were equalized; None where nobody knows.
        fit: how their shape was matched.
        margin: how far they reach beyond the detector's box, or beyond ArcFace's square where they are
            aligned, as a share of its sides.
        aligned: whether they were turned, scaled and moved so that the landmarks come to the same place.
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
    """Put the record into its folder.

    Raises: OutputError: it cannot be written.
    """
    write_file(Path(folder, RECORD_FILE), record.model_dump_json(indent=2).encode() + b"\n")


def read_record(folder: str) -> FolderRecord | None:
    """A folder's record; None where it has none.

    Raises: UsageError: the file is there, but not as it was written.
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
        raise UsageError(f"{printable(path)}: was changed by hand; remove it or write it anew") from None


def common_record(paths: Iterable[str]) -> FolderRecord:
    """The one record that holds for all pictures; an empty one where there is none.

    Raises: UsageError: some were treated in another way than the rest.
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
                f"{printable(folder)}: its pictures were not treated like those in {printable(where)} "
                f"({RECORD_FILE} above them differs); resize all of them with one resize command"
            )
        if not where or common.equalized is None:
            common, where = record, folder
    return common


def _looks(record: FolderRecord) -> tuple[bool, Fit, float, bool]:
    """What of a treatment shows in the pixels of pictures of one size."""
    return bool(record.equalized), record.fit, record.margin, record.aligned


def _record_above(folder: str) -> FolderRecord:
    for _ in range(_LEVELS_UP):
        record = read_record(folder)
        if record is not None:
            return record
        folder = os.path.dirname(folder)
    return FolderRecord()
