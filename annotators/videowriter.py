"""Video writer: writes a copy of each video with boxes and labels drawn on its frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from annotators.mark import check_own, is_marked_copy
from annotators.pictureparams import Labels, PictureSize, fit_into
from annotators.videoformats import FORMAT_OPTIONS, VideoFormat
from pipeline.component import Params, SegmentSession, Writer
from pipeline.detections import FrameResult
from pipeline.frame import Frame
from pipeline.source import MediaFacts, Source
from pipeline.videos.facts import VideoFacts
from pipeline.videos.messages import SegmentPart, VideoResult


class VideoWriterParams(Params):
    """Parameters of a video writer."""

    format: Annotated[VideoFormat, Field(description="of the annotated videos")] = "mp4"
    size: Annotated[
        PictureSize | None,
        Field(description="width and height of the annotated videos; without it they keep theirs"),
    ] = None
    stretch: Annotated[
        bool, Field(description="fill that size with the picture, whatever its shape, instead of padding")
    ] = False
    quality: Annotated[int, Field(ge=1, le=100, description="more is better and larger; gif ignores it")] = 75
    hold: Annotated[
        bool,
        Field(description="where not every frame is mined: show the others too, with the boxes found last"),
    ] = True
    labels: Labels = "plain"


class VideoWriter(Writer):
    """Writes `<input name>-annotated.<format>` for each video, with its sound, and nothing for a photo.

    Each frame keeps its time. The worker that mines a segment encodes it; the join copies encoded segments.
    """

    Params = VideoWriterParams
    shows_distances = False
    RESULTS_VERSION = 2  # since 1.0.0: `labels`, and no label on eyes or another face
    forkable = True

    @classmethod
    def owns(cls, path: Path, suffix: str) -> bool:
        """Whether a file is an annotated video of this program."""
        return is_marked_copy(path, suffix, tuple(FORMAT_OPTIONS))

    def load(self) -> None:
        """Import what draws and encodes."""
        from annotators import drawing, encoding, videoencoder, videojoin

        self._drawing, self._encoding = drawing, encoding
        self._encoder, self._join = videoencoder, videojoin

    def open(self, source: Source, facts: MediaFacts, output_root: Path) -> None:
        """Returns None: it writes nothing for a photo."""

    @property
    def wants_every_frame(self) -> bool:
        """Whether frames that are not mined are shown too (`hold`)."""
        return bool(self.params.hold)

    def needed_wh(self, full_wh: tuple[int, int]) -> tuple[int, int]:
        """The size of the picture in the copy, at most its own size."""
        picture_wh = self._picture_wh(full_wh)
        return min(picture_wh[0], full_wh[0]), min(picture_wh[1], full_wh[1])

    def open_segment(
        self, source: Source, facts: VideoFacts, output_root: Path, part: Path
    ) -> AbstractContextManager[EncodingSession]:
        """Start one segment."""
        check_own(self._path_of(source, output_root), source)
        return self._session(facts, part)

    @contextmanager
    def _session(self, facts: VideoFacts, part: Path) -> Iterator[EncodingSession]:
        picture_wh = self._picture_wh(facts.size_wh)
        canvas_wh = _even(picture_wh if self.params.size is None else self.params.size.wh)
        options = FORMAT_OPTIONS[self.params.format].encoding(self.params.quality, canvas_wh)
        with self._encoder.VideoEncoder(part, canvas_wh, options) as encoder:
            session = EncodingSession(self, facts, encoder, picture_wh, canvas_wh)
            yield session
            encoder.finish()

    def _picture_wh(self, full_wh: tuple[int, int]) -> tuple[int, int]:
        """The size of the picture in the copy, without padding."""
        size = self.params.size
        if size is None:
            return full_wh
        return size.wh if self.params.stretch else fit_into(full_wh, size.wh)

    def annotate(self, frame: Frame, result: FrameResult | None, picture_wh: tuple[int, int]) -> Any:
        """Draw the detections on one frame: (height, width, 3) uint8."""
        rgb = self._encoding.scale_to(frame.rgb_covering(self.needed_wh(frame.size_wh)), picture_wh)
        detections = chain.from_iterable(result.found.values()) if result is not None else ()
        return self._drawing.draw_detections(rgb, detections, frame.size_wh, self.params.labels)

    def _path_of(self, source: Source, output_root: Path) -> Path:
        return self.path_for(source, output_root, f"-annotated.{self.params.format}")

    def join(
        self, source: Source, video: VideoResult, parts: Sequence[SegmentPart], output_root: Path
    ) -> None:
        """Write the video; writes nothing if no frame was mined."""
        segments = [self._join.EncodedSegment(part.path, *part.note) for part in parts if part.note[0]]
        if not segments:
            return
        path = self._path_of(source, output_root)
        check_own(path, source)
        sampling = video.sampling
        is_cut = (sampling.start, sampling.end, sampling.max_frames) != (None, None, None)
        copy = self._join.Copy(source, video.facts, self.params.format, segments, is_cut)
        self._join.join_segments(path, copy)


class EncodingSession(SegmentSession):
    """A session that encodes one segment; the note is its `EncodedSegment` without the path."""

    def __init__(
        self,
        writer: VideoWriter,
        facts: VideoFacts,
        encoder: Any,
        picture_wh: tuple[int, int],
        canvas_wh: tuple[int, int],
    ) -> None:
        self._writer = writer
        self._frame_rate = facts.frame_rate
        self._encoder = encoder
        self._picture_wh, self._canvas_wh = picture_wh, canvas_wh
        self._last_result: FrameResult | None = None
        self.note = (0, 0, 0, True)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Draw one frame's detections."""
        self._last_result = result
        self.pass_by(frame)

    def remember(self, result: FrameResult) -> None:
        """Note the detections to show on frames before the first mined one."""
        self._last_result = result

    def pass_by(self, frame: Frame) -> None:
        """Write a frame with the detections of the last mined frame.

        Raises:
            SourceError: the encoder fails.
            OutputError: the disk is full.
        """
        picture = self._writer.annotate(frame, self._last_result, self._picture_wh)
        time_s = frame.timestamp or 0.0
        count, first_us, _, is_regular = self.note
        time_us = round(time_s * 1e6)
        first_us = time_us if not count else first_us
        self._encoder.write(_padded(picture, self._canvas_wh), time_us - first_us)
        place = time_s * float(self._frame_rate)
        is_regular = is_regular and abs(place - round(place)) < 0.05
        self.note = (count + 1, first_us, time_us, is_regular)


def _even(size_wh: tuple[int, int]) -> tuple[int, int]:
    """Rounded up to even numbers, because colour has half the resolution."""
    return size_wh[0] + size_wh[0] % 2, size_wh[1] + size_wh[1] % 2


def _padded(rgb: Any, canvas_wh: tuple[int, int]) -> Any:
    """The picture, centred on a black canvas."""
    height, width = rgb.shape[:2]
    if (width, height) == canvas_wh:
        return rgb
    import numpy as np

    canvas = np.zeros((canvas_wh[1], canvas_wh[0], 3), np.uint8)
    left, top = (canvas_wh[0] - width) // 2, (canvas_wh[1] - height) // 2
    canvas[top : top + height, left : left + width] = rgb
    return canvas
