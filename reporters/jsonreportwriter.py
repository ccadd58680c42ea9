"""JSON report writer: one report file an input, written whole or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.component import Params, Writer
from pipeline.detections import FrameResult
from pipeline.errors import FailureCode, SourceError
from pipeline.files.outputs import output_errors, replace_file
from pipeline.frame import Frame
from pipeline.provenance import Provenance
from pipeline.source import MediaFacts, Source
from pipeline.text import printable
from pipeline.videos.facts import VideoFacts
from pipeline.videos.messages import SegmentPart, VideoResult
from reporters.layout import FRAMES_END, FRAMES_SEPARATOR, frame_text, head_text
from reporters.report import to_report_frame, to_report_head
from reporters.reportfile import is_own_report, iter_under_other_name, read_report_head
from reporters.videoreport import FramesSession, join_frames_parts, open_frames_part

_ENDING = ".json"


class JsonReportWriterParams(Params):
    """`params:` of a `jsonreportwriter`."""


class JsonReportWriter(Writer):
    """Writes `<input name>.json`."""

    Params = JsonReportWriterParams
    forkable = True
    finished_last = True

    @classmethod
    def owns(cls, path: Path, suffix: str) -> bool:
        """Whether a file is a report of this program."""
        return suffix.endswith(_ENDING) and is_own_report(path)

    @classmethod
    def rename(cls, output: Path, target: Path, source_path: str) -> None:
        """Copy a report with the input's new path in its head."""
        chunks = iter_under_other_name(output, source_path)
        with replace_file(target) as stream:
            for chunk in chunks:
                with output_errors(target):
                    stream.write(chunk)

    @classmethod
    def read_back(cls, path: Path) -> Provenance | None:
        """Read a report's head."""
        return read_report_head(path) if path.suffix == _ENDING else None

    @contextlib.contextmanager
    def open(self, source: Source, facts: MediaFacts, output_root: Path) -> Iterator[_Session]:
        """Begin a report; it stands under its name once the session ends well."""
        path = self.path_for(source, output_root, _ENDING)
        _check_own(path)
        head = to_report_head(source, facts, self.fingerprint_of(source))
        with replace_file(path) as stream:
            session = _Session(stream, path, head)
            yield session
            session.finish()

    def needed_wh(self, full_wh: tuple[int, int]) -> tuple[int, int]:
        """None of the pixels."""
        return 1, 1

    def open_segment(
        self, source: Source, facts: VideoFacts, output_root: Path, part: Path
    ) -> AbstractContextManager[FramesSession]:
        """Begin the frames of one segment of a video."""
        _check_own(self.path_for(source, output_root, _ENDING))
        return open_frames_part(part)

    def join(
        self, source: Source, video: VideoResult, parts: Sequence[SegmentPart], output_root: Path
    ) -> None:
        """Write a video's report."""
        path = self.path_for(source, output_root, _ENDING)
        _check_own(path)
        join_frames_parts(path, source, video, parts, self.fingerprint_of(source))


class _Session:
    """One report in the making: frames go to the disk as they come."""

    def __init__(self, stream: BinaryIO, path: Path, head: dict[str, Any]) -> None:
        self._stream = stream
        self._path = path
        self._separator = ""
        self._put(head_text(head))

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add one frame's detections."""
        self._put(f"{self._separator}{frame_text(to_report_frame(result))}")
        self._separator = FRAMES_SEPARATOR

    def finish(self) -> None:
        """Close the list of frames and the report."""
        self._put(FRAMES_END)

    def _put(self, text: str) -> None:
        with output_errors(self._path):
            self._stream.write(text.encode("utf-8", "replace"))


def _check_own(path: Path) -> None:
    """Refuse to replace a file that is no report of ours, such as a photo service's own `a.jpg.json`."""
    try:
        own = is_own_report(path)
    except OSError:
        return  # nothing is there, or `replace_file` meets the same trouble and says it
    if not own:
        raise SourceError(
            FailureCode.OUTPUT_NAME_TAKEN,
            f"{printable(path)} stands where its report belongs and is no report of ours; "
            "choose another OUTPUT folder",
        )
