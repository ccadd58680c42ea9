"""One line of the log of corrections."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from recognizers.faces.facekey import FaceKey

MOST_FACES = 100_000
_Side = Annotated[int, Field(ge=-(1 << 30), le=1 << 30)]
_Name = Annotated[str, Field(min_length=1, max_length=200)]


class Action(StrEnum):
    """What a correction does."""

    NAME = "name"
    NOT_NAME = "not-name"
    NOT_A_FACE = "not-a-face"
    MERGE = "merge"
    UNDO = "undo"


class CorrectedFace(BaseModel):
    """A face that a correction is about.

    Args:
        sha256: of the content of its photo or video, hexadecimal.
        bytes: size of that file.
        frame: 0-based index in a video; 0 for a photo.
        box: left, top, right, bottom in pixels of the upright picture.
        photo: path of the file when the correction was made; for people.
        picture: name of the picture of the face in the store's folder of pictures, or None.
    """

    model_config = ConfigDict(frozen=True)

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0, lt=1 << 63)]
    frame: Annotated[int, Field(ge=0, lt=1 << 40)] = 0
    box: tuple[_Side, _Side, _Side, _Side]
    photo: str = ""
    picture: Annotated[str, Field(pattern=r"^[0-9a-z-]+\.png$")] | None = None

    @property
    def key(self) -> FaceKey:
        """Which face it is."""
        return FaceKey(self.sha256, self.frame, self.box)


class Entry(BaseModel):
    """One correction.

    Args:
        id: its number in the log, from 1.
        when: date and time, ISO 8601.
        do: what it does.
        name: for `name` the right name (`unknown` for a stranger), for `not-name` the wrong one.
        faces: for all but `merge` and `undo`.
        groups: numbers of groups of unknown faces that show one person; for `merge`.
        undoes: number of the entry that is undone; for `undo`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[int, Field(ge=1)]
    when: str
    do: Action
    name: _Name | None = None
    faces: Annotated[tuple[CorrectedFace, ...], Field(max_length=MOST_FACES)] = ()
    groups: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(max_length=1000)] = ()
    undoes: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Entry:
        needed: dict[Action, tuple[Literal["name", "faces", "groups", "undoes"], ...]] = {
            Action.NAME: ("name", "faces"),
            Action.NOT_NAME: ("name", "faces"),
            Action.NOT_A_FACE: ("faces",),
            Action.MERGE: ("groups",),
            Action.UNDO: ("undoes",),
        }
        for field in ("name", "faces", "groups", "undoes"):
            if bool(getattr(self, field)) != (field in needed[self.do]):
                raise ValueError(f'"{self.do}" does not go with this "{field}"')
        if self.do is Action.MERGE and len(set(self.groups)) < 2:
            raise ValueError('"merge" needs two groups')
        return self
