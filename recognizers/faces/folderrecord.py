"""How pictures of faces were prepared: recorded in each PNG, and in `faces.json` in their folder.

`crop` and `resize` write both. A picture's own record counts; the folder's is for other formats, and for
pictures of earlier versions. `train` copies the record into the model, and the recognizer then prepares the
faces of a photo as the training faces were.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import UsageError
from pipeline.files.outputs import write_file
from pipeline.text import printable
from recognizers.faces.facekey import FaceKey
from recognizers.faces.fit import Fit
from recognizers.faces.pngnote import MAX_NOTE_BYTES, read_note, with_note

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


class FaceFacts(FolderRecord):
    """How one picture was prepared, and where it is from; all of it is in the PNG file itself.

    Args:
        detector: found the face: a model's name or file.
        photo: path of the photo or video, as reports write it.
        sha256: of the content of that file, hexadecimal.
        size_bytes: size of that file.
        frame: 0-based index of the frame of a video; None for a photo.
        time: of that frame, seconds from the start of the video; None for a photo.
        box: of the face in the upright photo: left, top, right, bottom, pixels.
        network: by which it came into its group; None: local binary patterns, or no group.
    """

    detector: str | None = None
    photo: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    frame: int | None = None
    time: float | None = None
    box: tuple[int, int, int, int] | None = None
    network: str | None = None

    @property
    def key(self) -> FaceKey | None:
        """Which face it is; None for pictures of earlier versions, which do not say it."""
        if self.sha256 is None or self.box is None:
            return None
        return FaceKey(self.sha256, self.frame or 0, self.box)

    def written_into(self, png: bytes) -> bytes:
        """Return a PNG file with these facts."""
        values = self.model_dump(mode="json", exclude_defaults=True)
        note = json.dumps(values).encode("ascii")
        return with_note(png, note) if len(note) <= MAX_NOTE_BYTES else png


def read_facts(path: str) -> FaceFacts | None:
    """Read the facts in a picture file; None if it has none, or cannot be read."""
    try:
        with open(path, "rb") as stream:
            note = read_note(stream.read(MAX_NOTE_BYTES + 100))
        return None if note is None else FaceFacts.model_validate_json(note)
    except (OSError, ValidationError):
        return None


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
    record_of_folder = functools.cache(_record_above)
    common, where = FolderRecord(), ""
    for path in paths:
        record = read_facts(path) or record_of_folder(os.path.dirname(path)) or FolderRecord()
        if where and _looks(record) != _looks(common):
            raise UsageError(
                f"{printable(path)}: was not prepared like {printable(where)} "
                f"({_differences(record, common)}); crop or resize all pictures with one command"
            )
        if not where or common.equalized is None:
            common, where = record, path
    return FolderRecord.model_validate(common.model_dump(include=set(FolderRecord.model_fields)))


def _differences(record: FolderRecord, other: FolderRecord) -> str:
    """What differs between two records, in words: `it is aligned, the other is not`."""
    if record.aligned != other.aligned:
        return f"it is {'' if record.aligned else 'not '}aligned"
    if bool(record.equalized) != bool(other.equalized):
        return f"it is {'' if record.equalized else 'not '}equalized"
    if record.margin != other.margin:
        return f"its margin is {record.margin:g}, not {other.margin:g}"
    return f"its shape was matched by {record.fit}, not {other.fit}"


def _looks(record: FolderRecord) -> tuple[bool, Fit, float, bool]:
    """The part of a record that shows in the pixels of pictures of equal size."""
    return bool(record.equalized), record.fit, record.margin, record.aligned


def looks_like(record: FolderRecord | None, other: FolderRecord) -> bool:
    """Return whether two pictures were prepared in the same way."""
    return record is not None and _looks(record) == _looks(other)


def is_recorded(path: str) -> bool:
    """Return whether `crop` or `resize` made a picture: it, or a folder above it, has a record.

    Raises: UsageError: the folder's record cannot be read, or was edited.
    """
    return read_facts(path) is not None or _record_above(os.path.dirname(path)) is not None


def _record_above(folder: str) -> FolderRecord | None:
    for _ in range(_LEVELS_UP):
        record = read_record(folder)
        if record is not None:
            return record
        folder = os.path.dirname(folder)
    return None
