"""Video writer: what it can be told, and that it makes nothing of a photo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from annotators.pictureparams import PictureSize
from pipeline.component import Params, Writer
from pipeline.source import MediaFacts, Source

VideoFormat = Literal["mp4", "webm", "mkv", "avi", "gif"]
"""Also the ending of the file's name."""


class VideoWriterParams(Params):
    """What a video writer can be told."""

    format: Annotated[VideoFormat, Field(description="of the annotated videos")] = "mp4"
    size: Annotated[
        PictureSize | None,
        Field(description="width and height of the annotated videos; without it they keep theirs"),
    ] = None


class VideoWriter(Writer):
    """Makes nothing of a photo: a photo's annotated copy is the photo writer's."""

    Params = VideoWriterParams

    def open(self, source: Source, facts: MediaFacts, output_root: Path) -> None:
        """None: there is nothing to write."""
