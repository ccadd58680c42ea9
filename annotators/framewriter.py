"""Frame writer: what it can be told, and that it makes nothing of a photo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from annotators.pictureparams import PictureFormat, PictureSize
from pipeline.component import Params, Writer
from pipeline.source import MediaFacts, Source


class FrameWriterParams(Params):
    """What a frame writer can be told."""

    format: Annotated[PictureFormat, Field(description="of the pictures")] = "jpg"
    size: Annotated[
        PictureSize | None,
        Field(description="scale them down to fit into this width and height; without it they keep theirs"),
    ] = None


class FrameWriter(Writer):
    """Makes nothing of a photo: a photo's annotated copy is the photo writer's."""

    Params = FrameWriterParams

    def open(self, source: Source, facts: MediaFacts, output_root: Path) -> None:
        """None: there is nothing to write."""
