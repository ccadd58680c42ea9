"""JSON report writer: one report file per input, written completely or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.component import Params, Writer
from pipeline.detections import FrameResult
from pipeline.errors import FailureCode, SourceError
from pipeline.files.outputerrors import output_errors
from pipeline.files.outputs import replace_file
from pipeline.frame import Frame
from pipeline.provenance import Provenance, StatedFindings
from pipeline.source import MediaFacts, Source
from pipeline.text import printable
from pipeline.videos.facts import VideoFacts
from pipeline.videos.messages import SegmentPart, VideoResult
from pipeline.xmp.names import sidecar_paths
from reporters.layout import FRAMES_END, FRAMES_SEPARATOR, frame_text, head_text
from reporters.report import to_report_frame, to_report_head
from reporters.reportfile import (
    is_own_report,
    iter_under_other_name,
    read_photo_findings,
    read_report_head,
)
from reporters.videoreport import FramesSession, join_frames_parts, open_frames_part

_ENDING = ".json"


class JsonReportWriterParams(Params):
    """The `params:` of a `jsonreportwriter`."""


class JsonReportWriter(Writer):
    """Writes `<input name>.json`."""

    Params = JsonReportWriterParams
    forkable = True
    finished_last = True

    @classmethod
    def owns(cls, path: Path, suffix: str) -> bool:
        """Return whether a file is a report of this program."""
        return suffix.endswith(_ENDING) and is_own_report(path)

    @classmethod
    def rename(cls, output: Path, target: Path, source_path: str) -> None:
        """Copy a report, with the input's new path in its head."""
        chunks = iter_under_other_name(output, source_path)
        with replace_file(target) as stream:
            for chunk in chunks:
                with output_errors(target):
                    stream.write(chunk)

    @classmethod
    def read_back(cls, path: Path) -> Provenance | None:
        """Read from a report what it was made of."""
        return read_report_head(path) if path.suffix == _ENDING else None

    @classmethod
    def read_findings(cls, path: Path) -> StatedFindings | None:
        """Read what a photo's report says was found."""
        return read_photo_findings(path) if path.suffix == _ENDING else None

    def files_beside(self, source: Source) -> Sequence[str]:
        """Return where sidecars may lie, whose keywords, title, rating and faces the report repeats."""
        return sidecar_paths(source.path)

    def load(self) -> None:
        """Import what reads XMP."""
        from reporters.xmp import describing  # noqa: F401 - `open` finds it imported

    @contextlib.contextmanager
    def open(self, source: Source, facts: MediaFacts, output_root: Path) -> Iterator[_Session]:
        """Begin a photo's report; the file gets its name when the session ends without an error."""
        from reporters.xmp.describing import describe

        path = self.path_for(source, output_root, _ENDING)
        _check_own(path)
        description = describe(source, facts.size_wh, facts.turn, facts.metadata)
        head = to_report_head(source, facts, self.fingerprint_of(source), description)
        with replace_file(path) as stream:
            session = _Session(stream, path, head)
            yield session
            session.finish()

    def needed_wh(self, full_wh: tuple[int, int]) -> tuple[int, int]:
        """Return the smallest size: a report needs no pixels."""
        return 1, 1

    def open_segment(
        self, source: Source, facts: VideoFacts, output_root: Path, part: Path
    ) -> AbstractContextManager[FramesSession]:
        """Begin the part of a video's report that holds the frames of one segment."""
        _check_own(self.path_for(source, output_root, _ENDING))
        return open_frames_part(part)

    def join(
        self, source: Source, video: VideoResult, parts: Sequence[SegmentPart], output_root: Path
    ) -> None:
        """Write a video's report from the parts of its segments."""
        from reporters.xmp.describing import describe

        path = self.path_for(source, output_root, _ENDING)
        _check_own(path)
        description = describe(source, video.facts.size_wh)
        join_frames_parts(path, source, video, parts, self.fingerprint_of(source), description)


class _Session:
    """A report being written: each frame is written as it comes."""

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
        """Write the end of the list of frames and of the report."""
        self._put(FRAMES_END)

    def _put(self, text: str) -> None:
        with output_errors(self._path):
            self._stream.write(text.encode("utf-8", "replace"))


def _check_own(path: Path) -> None:
    """Make sure that the report replaces no foreign file, such as a photo service's own `a.jpg.json`.

    Raises: SourceError: it would.
    """
    try:
        own = is_own_report(path)
    except OSError:
        return  # there is no such file, or `replace_file` will meet the same error and report it
    if not own:
        raise SourceError(
            FailureCode.OUTPUT_NAME_TAKEN,
            f"{printable(path)} has the name of its report but was not written by this program; "
            "choose another OUTPUT folder",
        )
