"""`FaceKey`: identifies a face by content, frame and box, independent of its file's name."""

from __future__ import annotations

import re
from typing import NamedTuple

_TEXT = re.compile(r"([0-9a-f]{64})/(\d{1,12})/(-?\d{1,10}),(-?\d{1,10}),(-?\d{1,10}),(-?\d{1,10})", re.ASCII)


class FaceKey(NamedTuple):
    """A face in a photo or in a frame of a video, identified by the content of the file.

    Args:
        sha256: of the file's content, hexadecimal.
        frame: 0-based index in a video; 0 for a photo.
        box: of the face: left, top, right, bottom in pixels of the upright picture.
    """

    sha256: str
    frame: int
    box: tuple[int, int, int, int]

    def __str__(self) -> str:
        return f"{self.sha256}/{self.frame}/{','.join(map(str, self.box))}"

    @classmethod
    def parse(cls, text: str) -> FaceKey:
        """Parse what `str` returned.

        Raises: ValueError: the text is no key.
        """
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(f"{text[:120]!r} is no key of a face")
        x1, y1, x2, y2 = (int(number) for number in match.groups()[2:])
        return cls(match[1], int(match[2]), (x1, y1, x2, y2))
