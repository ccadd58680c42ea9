"""The file that remembers the groups of unknown faces, so that their numbers stay the same.

It is the user's: runs, training and pruning never touch it. It is replaced as a whole.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipeline.errors import LockedError, ModelError
from pipeline.files.outputerrors import output_errors
from pipeline.files.outputs import write_file
from pipeline.text import printable
from recognizers.faces.facekey import FaceKey
from recognizers.networks.base import DescriptorArray, FaceNetworkRecord

_MAX_BYTES = 1 << 30
_MAX_NUMBERS = 4096
_Number = Annotated[int, Field(ge=1, lt=1 << 31)]


class GroupedFace(BaseModel):
    """One face that was grouped.

    Args:
        key: see `recognizers.faces.facekey.FaceKey`.
        group: number of its group; None if it is like no other.
        descriptor: by the file's network, as float16 numbers in base64; None if it is not known.
        is_cut: whether its picture was written into a folder once, so that it is not written again.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    group: _Number | None = None
    descriptor: Annotated[str, Field(max_length=4 * _MAX_NUMBERS)] | None = None
    is_cut: bool = False

    @field_validator("key")
    @classmethod
    def _is_key(cls, text: str) -> str:
        FaceKey.parse(text)
        return text

    @property
    def numbers(self) -> DescriptorArray | None:
        """The descriptor, (D,) float32; None if it is not known or damaged."""
        if self.descriptor is None:
            return None
        try:
            row = np.frombuffer(base64.b64decode(self.descriptor, validate=True), dtype="<f2")
        except ValueError:
            return None
        return row.astype(np.float32) if row.size and bool(np.isfinite(row).all()) else None


class GroupState(BaseModel):
    """The content of the file.

    Args:
        format: version of this record.
        network: described the faces; None before the first grouping.
        next_number: the number of the next new group; smaller ones are never given again.
        faces: every face that was ever grouped and is not named.
    """

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    network: FaceNetworkRecord | None = None
    next_number: _Number = 1
    faces: tuple[GroupedFace, ...] = ()

    def with_cut(self, keys: Container[FaceKey]) -> GroupState:
        """Return the state after the pictures of these faces were written."""
        faces = tuple(
            face.model_copy(update={"is_cut": True}) if FaceKey.parse(face.key) in keys else face
            for face in self.faces
        )
        return self.model_copy(update={"faces": faces})


@contextlib.contextmanager
def lock_groups(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder with groups while they are changed; it is made if it is missing.

    Raises:
        LockedError: another program changes them.
        OutputError: the folder cannot be made.
    """
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(
                f"{printable(folder)}: another program is grouping faces there; try again when it has ended"
            ) from None
        except OSError:
            pass  # a file system without locks; the file is still replaced as a whole
        yield
    finally:
        os.close(descriptor)


def encoded(descriptor: DescriptorArray) -> str:
    """Return a descriptor as the file holds it; float16 moves a distance near 1 by less than 0.001."""
    return base64.b64encode(descriptor.astype("<f2").tobytes()).decode("ascii")


def read_groups(path: Path) -> GroupState:
    """Read the file; an empty state if it does not exist.

    Raises: ModelError: it cannot be read, was edited, or is of a newer version.
    """
    shown = printable(path)
    try:
        with open(path, "rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return GroupState()
    except OSError as error:
        raise ModelError(f"{shown}: cannot be read ({error.strerror})") from None
    if len(content) > _MAX_BYTES:
        raise ModelError(f"{shown}: over {_MAX_BYTES >> 20} MB, no file of groups")
    try:
        state = GroupState.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise ModelError(
            f"{shown}: {where}: {printable(first['msg'])}; mend it, or remove it and lose the groups' numbers"
        ) from None
    highest = max((face.group or 0 for face in state.faces), default=0)
    return state.model_copy(update={"next_number": max(state.next_number, highest + 1)})


def write_groups(path: Path, state: GroupState) -> None:
    """Replace the file, completely or not at all.

    Raises: OutputError: it cannot be written.
    """
    values = {"format": state.format} | state.model_dump(mode="json", exclude_defaults=True)
    write_file(path, json.dumps(values).encode() + b"\n")
