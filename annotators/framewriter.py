"""Frame writer: writes each mined frame of a video as a picture with boxes and labels drawn on it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator

from annotators.mark import check_own, is_marked_copy, is_own
from annotators.pictureparams import Labels, PictureFormat, PictureSize, fit_within
from pipeline.component import Params, SegmentSession, Writer
from pipeline.detections import FrameResult
from pipeline.files.outputerrors import output_errors
from pipeline.files.outputs import write_file
from pipeline.frame import Frame
from pipeline.source import MediaFacts, Source
from pipeline.text import printable
from pipeline.videos.facts import VideoFacts
from pipeline.videos.messages import SegmentPart, VideoResult

_log = logging.getLogger(__name__)

_NAME_ENDING = re.compile(r"-frame-(\d{6,})-annotated\.(jpg|jpeg|png|webp)")
"""The end of the name of every picture that a frame writer makes."""


class FrameWriterParams(Params):
    """Parameters of a frame writer."""

    format: Annotated[PictureFormat, Field(description="of the pictures")] = "jpg"
    size: Annotated[
        PictureSize | None,
        Field(description="scale them down to fit into this width and height; without it they keep theirs"),
    ] = None
    quality: Annotated[
        int, Field(ge=1, le=100, description="of jpg and webp: more is better and larger; not for png")
    ] = 90
    only: Annotated[
        Literal["all", "detections"],
        Field(description="detections: leave out the frames in which nothing was found"),
    ] = "all"

    labels: Labels = "plain"

    @field_validator("quality")
    @classmethod
    def _not_for_png(cls, quality: int, info: ValidationInfo) -> int:
        """Refuse a quality for PNG; pydantic calls this only if the pipeline file gives one."""
        if info.data.get("format") == "png":
            raise ValueError("png is lossless and has no quality; leave it out, or choose jpg or webp")
        return quality


class FrameWriter(Writer):
    """Writes `<input name>-frame-000012-annotated.<format>` for the mined frames of each video.

    Each picture is written atomically as soon as its frame is mined, so the pictures of a video that fails
    later remain. Pictures of an earlier run that this run does not make are removed when the video is
    finished. It writes nothing for a photo; the photo writer makes the copies of photos.
    """

    Params = FrameWriterParams
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

    def open(self, source: Source, facts: MediaFacts, output_root: Path) -> None:
        """Returns None: it writes nothing for a photo."""

    def needed_wh(self, full_wh: tuple[int, int]) -> tuple[int, int]:
        """The size of the pictures."""
        size = self.params.size
        return full_wh if size is None else fit_within(full_wh, size.wh)

    def open_segment(
        self, source: Source, facts: VideoFacts, output_root: Path, part: Path
    ) -> AbstractContextManager[FramesSession]:
        """Start the pictures of one segment. The part stays empty; the note lists the pictures."""
        return self._session(source, output_root)

    @contextmanager
    def _session(self, source: Source, output_root: Path) -> Iterator[FramesSession]:
        yield FramesSession(self, source, output_root)

    def path_of(self, source: Source, output_root: Path, index: int, format_: str) -> Path:
        """The path of a frame's picture."""
        return self.path_for(source, output_root, f"-frame-{index:06d}-annotated.{format_}")

    def annotate(self, frame: Frame, result: FrameResult) -> bytes:
        """Draw the detections on one frame and encode it.

        Returns: the bytes of the picture's file.
        Raises: SourceError: the encoder fails.
        """
        size_wh = self._encoding.largest_encodable(self.needed_wh(frame.size_wh), self.params.format)
        rgb = self._encoding.scale_down(frame.rgb_covering(size_wh), size_wh)
        detections = chain.from_iterable(result.found.values())
        annotated = self._drawing.draw_detections(rgb, detections, frame.size_wh, self.params.labels)
        content: bytes = self._encoding.encode_picture(annotated, self.params.format, self.params.quality)
        return content

    def join(
        self, source: Source, video: VideoResult, parts: Sequence[SegmentPart], output_root: Path
    ) -> None:
        """Remove the pictures that an earlier run made of this video and this run did not."""
        made = set(chain.from_iterable(part.note for part in parts))
        folder = self.path_of(source, output_root, 0, self.params.format).parent
        if not folder.is_dir():
            return
        removed = 0
        for path in folder.iterdir():
            ending = _NAME_ENDING.search(path.name)
            if ending is None or (int(ending[1]) in made and ending[2] == self.params.format):
                continue
            ours = path == self.path_of(source, output_root, int(ending[1]), ending[2])
            if ours and is_own(path, source):
                with output_errors(path):
                    path.unlink()
                removed += 1
        if removed:
            _log.info("%s: pictures of an earlier run that were removed: %d", printable(source.path), removed)


class FramesSession(SegmentSession):
    """A session that writes the pictures of one segment; the note is the list of their frame numbers."""

    def __init__(self, writer: FrameWriter, source: Source, output_root: Path) -> None:
        self._writer = writer
        self._source = source
        self._output_root = output_root
        self.note: list[int] = []

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Write one frame's picture.

        Raises:
            SourceError: the encoder fails, or a file of the user's has the picture's name.
            OutputError: the output folder cannot be written.
        """
        params = self._writer.params
        if params.only == "detections" and not any(result.found.values()):
            return
        path = self._writer.path_of(self._source, self._output_root, frame.index, params.format)
        check_own(path, self._source)
        write_file(path, self._writer.annotate(frame, result))
        self.note.append(frame.index)
