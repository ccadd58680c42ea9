"""Photo writer: a copy of each photo with boxes and labels drawn on it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from pathlib import Path
from typing import Annotated, get_args

from pydantic import Field, ValidationInfo, field_validator

from annotators.mark import check_own, is_marked_copy
from annotators.pictureparams import Labels, PictureFormat, PictureSize, fit_within
from pipeline.component import Params, Writer
from pipeline.detections import FrameResult
from pipeline.files.outputs import write_file
from pipeline.frame import Frame
from pipeline.source import MediaFacts, Source, SourceKind
from pipeline.text import printable

_log = logging.getLogger(__name__)


class PhotoWriterParams(Params):
    """Parameters of a photo writer."""

    format: Annotated[PictureFormat, Field(description="of the annotated copies")] = "jpg"
    size: Annotated[
        PictureSize | None,
        Field(description="scale copies down to fit into this width and height; without it they keep theirs"),
    ] = None
    quality: Annotated[
        int, Field(ge=1, le=100, description="of jpg and webp: more is better and larger; not for png")
    ] = 90

    labels: Labels = "plain"

    @field_validator("quality")
    @classmethod
    def _not_for_png(cls, quality: int, info: ValidationInfo) -> int:
        """Refuse a quality for PNG; pydantic calls this only if the pipeline file gives one."""
        if info.data.get("format") == "png":
            raise ValueError("png is lossless and has no quality; leave it out, or choose jpg or webp")
        return quality


class PhotoWriter(Writer):
    """Writes `<input name>-annotated.<format>` for each photo; makes nothing of a video.

    The copies are sRGB and have no EXIF, so they do not reveal where a photo was taken.
    """

    Params = PhotoWriterParams
    shows_distances = False
    RESULTS_VERSION = 2  # since 1.0.0: `labels`, and no label on eyes or another face
    forkable = True

    @classmethod
    def owns(cls, path: Path, suffix: str) -> bool:
        """Whether a file is an annotated picture of this program."""
        return is_marked_copy(path, suffix, get_args(PictureFormat))

    def load(self) -> None:
        """Import what draws and encodes."""
        from annotators import drawing, encoding

        self._drawing, self._encoding = drawing, encoding

    def needed_wh(self, full_wh: tuple[int, int]) -> tuple[int, int]:
        """One pixel: it needs no pixels of a video."""
        return 1, 1

    def open(
        self, source: Source, facts: MediaFacts, output_root: Path
    ) -> AbstractContextManager[PhotoSession] | None:
        """Start the copy of a photo. Returns None for a video."""
        if source.kind is not SourceKind.PHOTO:
            return None
        path = self.path_for(source, output_root, f"-annotated.{self.params.format}")
        check_own(path, source)
        return self._session(path)

    @contextmanager
    def _session(self, path: Path) -> Iterator[PhotoSession]:
        session = PhotoSession(self, path)
        yield session
        session.commit()

    def annotate(self, frame: Frame, result: FrameResult, name: str) -> bytes:
        """Draw the detections on a photo and encode it.

        Args:
            frame: the photo; it is decoded no larger than the copy needs.
            result: all its detections are drawn.
            name: of the copy, for the log.
        Returns: the bytes of the copy's file.
        Raises: SourceError: the encoder fails.
        """
        size_wh = self._size_for(frame.size_wh, name)
        rgb = self._encoding.scale_down(frame.rgb_covering(size_wh), size_wh)
        detections = chain.from_iterable(result.found.values())
        annotated = self._drawing.draw_detections(rgb, detections, frame.size_wh, self.params.labels)
        return self._encoding.encode_picture(annotated, self.params.format, self.params.quality)

    def _size_for(self, full_wh: tuple[int, int], name: str) -> tuple[int, int]:
        """The size of the copy of a photo of this size."""
        size = self.params.size
        wanted = full_wh if size is None else fit_within(full_wh, size.wh)
        possible = self._encoding.largest_encodable(wanted, self.params.format)
        if possible != wanted:
            _log.warning(
                "%s: %dx%d pixels are more than a %s file holds; scaled down to %dx%d",
                *(name, *wanted, self.params.format, *possible),
            )
        return possible


class PhotoSession:
    """A session that writes the annotated copy of one photo."""

    def __init__(self, writer: PhotoWriter, path: Path) -> None:
        self._writer = writer
        self._path = path
        self._content: bytes | None = None

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Draw what was found in the photo and encode it.

        Raises: SourceError: the encoder fails.
        """
        self._content = self._writer.annotate(frame, result, printable(self._path))

    def commit(self) -> None:
        """Write the copy to its final name.

        Raises: OutputError: the output folder cannot be written.
        """
        if self._content is not None:
            write_file(self._path, self._content)
