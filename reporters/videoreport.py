"""A video's report: a part with the frames of each segment, and the report joined from those parts."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from pipeline.component import SegmentSession
from pipeline.detections import FrameResult
from pipeline.files.outputerrors import output_errors
from pipeline.files.outputs import replace_file
from pipeline.frame import Frame
from pipeline.source import Source
from pipeline.videos.messages import SegmentPart, VideoResult
from reporters.description import NO_DESCRIPTION, Description
from reporters.layout import FRAMES_END, FRAMES_SEPARATOR, frame_text, head_text
from reporters.report import to_report_frame, to_video_head
from reporters.videosummary import VideoSummary


class FramesSession(SegmentSession):
    """Writes the frames of one segment as they will stand in the report; `note` is their summary."""

    def __init__(self, stream: BinaryIO, part: Path) -> None:
        self._stream = stream
        self._part = part
        self._summary = VideoSummary()
        self._separator = ""
        self.note = self._summary.sightings

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add one frame's detections."""
        text = f"{self._separator}{frame_text(to_report_frame(result))}"
        with output_errors(self._part):
            self._stream.write(text.encode("utf-8", "replace"))
        self._separator = FRAMES_SEPARATOR
        self._summary.add(result)


@contextlib.contextmanager
def open_frames_part(part: Path) -> Iterator[FramesSession]:
    """Open the part of one segment.

    Raises: OutputError: it cannot be written.
    """
    with output_errors(part):
        stream = open(part, "wb")  # noqa: SIM115 - a `with` would let an error of `close` replace the first one
    try:
        yield FramesSession(stream, part)
    except BaseException:
        with contextlib.suppress(OSError):  # a full disk fails again here
            stream.close()
        raise
    with output_errors(part):
        stream.close()


def join_frames_parts(
    path: Path,
    source: Source,
    video: VideoResult,
    parts: Sequence[SegmentPart],
    fingerprint: str,
    description: Description = NO_DESCRIPTION,
) -> None:
    """Write the report of a video; its frames are copied from the parts in pieces.

    Args:
        path: of the report.
        source: the video.
        video: its facts, and what was read of it.
        parts: one for each segment, in order.
        fingerprint: the hash of the effective pipeline.
        description: what people have said of it.
    Raises: OutputError: it cannot be written.
    """
    summary = VideoSummary()
    for part in parts:
        summary.merge(part.note)
    head = head_text(to_video_head(source, video, summary, fingerprint, description))
    with replace_file(path) as stream, output_errors(path):
        stream.write(head.encode("utf-8", "replace"))
        separator = b""
        for part in parts:
            with open(part.path, "rb") as frames:
                beginning = frames.read(1 << 16)
                if beginning:
                    stream.write(separator + beginning)
                    separator = FRAMES_SEPARATOR.encode()
                    shutil.copyfileobj(frames, stream, 1 << 20)
        stream.write(FRAMES_END.encode())
