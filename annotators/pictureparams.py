"""Parameters that the annotators share: size and format of a picture."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MOST_PIXELS_A_SIDE = 65500
"""The longest side of a JPEG that libjpeg writes."""

PictureFormat = Literal["jpg", "jpeg", "png", "webp"]
"""Also the extension of the file name."""

LONGEST_SIDE_PX: dict[PictureFormat, int] = {
    "jpg": MOST_PIXELS_A_SIDE,
    "jpeg": MOST_PIXELS_A_SIDE,
    "webp": 16383,
}
"""The longest side that each format can hold. PNG's limit is far beyond any photo."""

LabelsWord = Literal["full", "plain", "names"]
"""What is written beside boxes, see `annotators.subjects.choose_subjects`."""

Labels = Annotated[
    LabelsWord,
    Field(
        description="plain: names of people and things, strangers thin and without a label; names: faces "
        "only; full: every label with its confidence and strategies"
    ),
]
"""The `labels:` of a writer."""


class PictureSize(BaseModel):
    """The size that a picture is scaled down to fit. It keeps its aspect ratio and is never enlarged."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    width: Annotated[
        int, Field(ge=1, le=MOST_PIXELS_A_SIDE, description="greatest width, pixels", examples=[640])
    ]
    height: Annotated[
        int, Field(ge=1, le=MOST_PIXELS_A_SIDE, description="greatest height, pixels", examples=[480])
    ]

    @property
    def wh(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height


def fit_within(size_wh: tuple[int, int], room_wh: tuple[int, int]) -> tuple[int, int]:
    """The largest size of the same aspect ratio that fits into `room_wh` and does not exceed `size_wh`.

    Args:
        size_wh: width and height, pixels, 1 or more.
        room_wh: width and height, pixels, 1 or more.
    Returns: width and height, pixels, 1 or more; the aspect ratio is kept to within half a pixel.
    """
    if size_wh[0] <= room_wh[0] and size_wh[1] <= room_wh[1]:
        return size_wh
    return fit_into(size_wh, room_wh)


def fit_into(size_wh: tuple[int, int], room_wh: tuple[int, int]) -> tuple[int, int]:
    """The largest size of the same aspect ratio that fits into `room_wh`, even if it exceeds `size_wh`."""
    (width, height), (room_width, room_height) = size_wh, room_wh
    scale = min(room_width / width, room_height / height)
    return max(1, round(width * scale)), max(1, round(height * scale))
