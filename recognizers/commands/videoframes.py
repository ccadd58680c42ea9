"""The frames of a video, for `detectvideo`."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.errors import SourceError, UsageError
from pipeline.frame import Frame
from pipeline.source import Limits, SourceKind
from pipeline.text import printable
from pipeline.videos.probe import probe_file
from pipeline.videos.reader import ReadStats, iter_frames
from pipeline.videos.sampling import Sampling, choose_frames
from pipeline.videos.segments import plan_segments
from recognizers.faces.pictures import source_of


def iter_video(path: str) -> Iterator[Frame]:
    """Yield all frames of a video, upright.

    Raises: UsageError: the file is not a video, or ffmpeg cannot decode it.
    """
    source = source_of(path, SourceKind.VIDEO)
    try:
        video = probe_file(source, Limits())
        for segment in plan_segments(video, choose_frames(video.times, Sampling()), split=False):
            yield from iter_frames(source, video.facts, segment, ReadStats())
    except SourceError as error:
        raise UsageError(
            f"{printable(path)}: ffmpeg cannot decode it ({error.sentence}); is it damaged?"
        ) from None
