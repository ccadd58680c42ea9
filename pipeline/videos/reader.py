"""Videos: the frames of a segment, upright RGB, each with its index and its time in the whole video.

ffmpeg decodes, turns the picture upright (its autorotation, by the display matrix), drops the frames that
nothing needs, and scales; it writes raw pixels to one pipe and, before each frame, the frame's key to another
(`-stats_enc_pre`). The key matches a frame with the video's times, so its index and its time are true
wherever decoding begins. Where ffmpeg begins is only a good guess: unless the first wanted frame comes first,
and comes after a frame that the decoder itself calls a keyframe, decoding begins earlier. A segment that
misses frames although ffmpeg reports no damage is decoded from the start of the file.
"""

from __future__ import annotations

import logging
import math
from bisect import bisect_left
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pipeline.errors import FailureCode, SourceError
from pipeline.frame import Decode, Frame, RgbArray
from pipeline.source import Source
from pipeline.text import printable
from pipeline.videos.attempts import Attempt, Trial, attempts_behind_a_gap, first_attempts
from pipeline.videos.facts import PictureCoding, Video, VideoFacts
from pipeline.videos.ffmpeg import Ffmpeg, input_arguments
from pipeline.videos.filters import filter_chain, input_skips, pixel_format
from pipeline.videos.pipereader import PipeReader
from pipeline.videos.probe import file_version
from pipeline.videos.sampling import Sampling, choose_frames
from pipeline.videos.segments import Segment, plan_segments, trial_segment
from pipeline.videos.select import find_runs, select_expression

_log = logging.getLogger(__name__)

_WHITES = {False: 65283, True: 65472}
"""White in the 16 bits to which ffmpeg (swscale 9) converts YCbCr, by whether that has the full range (of 10
bits). Taken for 65535, PQ's middle tones would come out two levels too dark."""
_WORTH_SCALING = 0.75
"""Scaled by less, a frame is read at its full size: a second resampling costs more than it saves."""
_MAX_BEYOND = 16


@dataclass(slots=True)
class ReadStats:
    """How the reading of a segment went; add those of all segments for the whole video.

    Args:
        wanted: frames that there should be.
        read: frames that there were.
        decoder_errors: how often ffmpeg found a packet or a frame damaged.
    """

    wanted: int = 0
    read: int = 0
    decoder_errors: int = 0

    @property
    def is_partial(self) -> bool:
        """Whether some of the video is lost or damaged."""
        return self.read < self.wanted or self.decoder_errors > 0

    def add(self, other: ReadStats) -> None:
        """Add another segment's."""
        self.wanted += other.wanted
        self.read += other.read
        self.decoder_errors += other.decoder_errors


def split_video(source: Source, video: Video, sampling: Sampling) -> list[Segment]:
    """Split a video into segments; in one piece if decoding cannot begin where its container says.

    Raises: SourceError: as `iter_frames`.
    """
    chosen = choose_frames(video.times, sampling)
    segments = plan_segments(video, chosen)
    seeking = [segment for segment in segments if segment.seeks_s[0] is not None]
    seeking.sort(key=lambda segment: video.times.since_keyframe(segment.indices[0]))
    if len(segments) == 1 or not seeking:
        return segments
    # The second one counts where the first one is damaged.
    if any(_can_seek(source, video, segment) for segment in seeking[:2]):
        return segments
    return plan_segments(video, chosen, split=False)


def iter_frames(
    source: Source,
    facts: VideoFacts,
    segment: Segment,
    stats: ReadStats,
    *,
    at_least_wh: tuple[int, int] | None = None,
) -> Generator[Frame, None, None]:
    """The wanted frames of a segment, each as soon as it is decoded. Close it to stop ffmpeg early.

    Args:
        source: the file.
        facts: of the probed video.
        segment: of `split_video`.
        stats: counts the frames.
        at_least_wh: a size that suffices for everything that uses the frames; ffmpeg scales them down to
            the least size of the same shape that covers it. None: full size.

    Raises:
        SourceError: the file has changed, or ffmpeg hangs or was killed. A file that is cut off or damaged
            raises nothing: frames that can be decoded are given, and `stats` says how many are missing.
    """
    if file_version(source) != segment.version:
        raise SourceError(
            FailureCode.CHANGED_WHILE_READING, "another program is writing to it; mine it again later"
        )
    read = _Read(source, facts, segment, reading_size(facts.size_wh, at_least_wh))
    stats.wanted += len(segment)
    place = 0
    attempts = list(first_attempts(segment, can_skip=bool(input_skips(facts.coding))))
    trial = Trial()
    while attempts:
        attempt = attempts.pop(0)
        if attempt.is_last_resort:
            sentence = "%s: frames are missing in segment %d, which is decoded from the file's start"
            _log.info(sentence, printable(source.path), segment.number)
        trial = Trial()
        with closing(_decoded(read, attempt, place, trial)) as decoded:
            for found, rgb in decoded:
                if found > place and not attempt.allows_gaps:
                    break
                trial.came, place = True, found + 1
                stats.read += 1
                index, timestamp = segment.indices[found], segment.seconds(found)
                yield Frame(facts.size_wh, _decode_of(rgb), index=index, timestamp=timestamp)
            else:
                trial.ended = True
        is_cut_off = trial.ended and trial.came and trial.has_damage and not attempt.skips
        if place == len(segment) or is_cut_off:
            break
        if trial.came and attempts and not (attempt.skips or attempt.is_verified):
            attempts = attempts_behind_a_gap(attempt, trial)
    stats.decoder_errors += trial.decoder_errors
    if not place and segment.indices[0] == 0:  # the probe did decode it
        raise SourceError(FailureCode.DECODER_FAILED, f"ffmpeg gave none of the {len(segment)} frames wanted")


def reading_size(full_wh: tuple[int, int], at_least_wh: tuple[int, int] | None) -> tuple[int, int]:
    """The size at which frames are read: the least of the full size's shape that covers another.

    Args:
        full_wh: upright full size, pixels.
        at_least_wh: what to cover; None: the full size.
    """
    if at_least_wh is None:
        return full_wh
    scale = max(at_least_wh[0] / full_wh[0], at_least_wh[1] / full_wh[1])
    if scale > _WORTH_SCALING:
        return full_wh
    return max(1, math.ceil(full_wh[0] * scale)), max(1, math.ceil(full_wh[1] * scale))


def rgb_conversion(coding: PictureCoding) -> tuple[Callable[[NDArray[Any]], RgbArray], DTypeLike]:
    """How pixels from ffmpeg become a frame's, and the type of their channels.

    Args:
        coding: how the pictures are stored; `pixel_format` names the layout that ffmpeg is asked for.
    """
    if coding.space is None:
        return lambda rgb: rgb, np.uint8
    from pipeline.colorspaces import conversion_of_cicp  # here: it needs cv2

    conversion = conversion_of_cicp(*coding.space)
    assert conversion is not None  # which it is for sRGB alone
    if not coding.is_hdr:
        return conversion.apply, np.uint8
    return conversion.with_white(_WHITES[coding.is_full_range]).apply_deep, np.uint16


class _Read(NamedTuple):
    """A segment, and how its frames are wanted."""

    source: Source
    facts: VideoFacts
    segment: Segment
    size_wh: tuple[int, int]


def _decoded(
    read: _Read, attempt: Attempt, place: int, trial: Trial
) -> Generator[tuple[int, RgbArray], None, None]:
    """Decode wanted frames.

    Args:
        place: of the first wanted frame to give.
        trial: gets what ffmpeg reports, once this is closed.
    Returns: places of wanted frames in the segment, ascending, and their pixels.
    """
    keys, pixels = pipes = PipeReader(), PipeReader(wide=True)
    wanted, (width, height) = read.segment.keys, read.size_wh
    to_rgb, channel = rgb_conversion(read.facts.coding)
    arguments = _arguments(read, attempt, place, (keys.url, pixels.url))
    with Ffmpeg(arguments, pipes, "warning") as ffmpeg:
        try:
            beyond = 0  # frames in a row behind the segment; a single one may only have a wrong time
            while place < len(wanted) and beyond < _MAX_BEYOND and (line := keys.read_line()) is not None:
                picture = np.empty((height, width, 3), channel)
                if not pixels.read_into(picture.data.cast("B")):
                    break
                key = int(line)
                beyond = beyond + 1 if key > wanted[-1] else 0
                found = bisect_left(wanted, key, place)
                if found < len(wanted) and wanted[found] == key:
                    place = found + 1
                    yield found, to_rgb(picture)
            if place < len(wanted) and beyond < _MAX_BEYOND:
                ffmpeg.end()
        finally:
            ffmpeg.kill()
            trial.decoder_errors = ffmpeg.stderr.decoder_errors
            trial.has_damage = trial.decoder_errors + ffmpeg.stderr.container_errors > 0


def _arguments(read: _Read, attempt: Attempt, place: int, urls: tuple[str, str]) -> list[str]:
    segment, coding = read.segment, read.facts.coding
    key = "pts" if segment.by_pts else "n"
    runs = find_runs(segment.keys[place:], segment.indices[place:])
    select = select_expression(runs, key, seeking=attempt.seek_s is not None and not attempt.is_verified)
    end_pts = None if attempt.allows_gaps else segment.end_pts
    seeking = () if attempt.seek_s is None else ("-noaccurate_seek", "-ss", f"{attempt.seek_s:.6f}")
    skipping = input_skips(coding) if attempt.skips else ()
    # fmt: off
    return [
        *skipping, *seeking, *input_arguments(read.source),
        "-map", f"0:{read.facts.streams.video}",
        "-vf", filter_chain(select, read.size_wh, coding, end_pts),
        "-fps_mode", "passthrough", "-enc_time_base", "demux",
        "-stats_enc_pre", urls[0], "-stats_enc_pre_fmt", "{pts}" if segment.by_pts else "{ni}",
        "-c:v", "rawvideo", "-pix_fmt", pixel_format(coding), "-thread_queue_size", "1",
        "-f", "rawvideo", urls[1],
    ]
    # fmt: on


def _decode_of(rgb: RgbArray) -> Decode:
    """A frame's `Decode` whose pixels are decoded already."""

    def decode(at_least_wh: tuple[int, int]) -> RgbArray:
        """The pixels, if they cover this size."""
        height, width = rgb.shape[:2]
        if width < at_least_wh[0] or height < at_least_wh[1]:
            raise ValueError(f"the video is read at {width}x{height}, which does not cover {at_least_wh}")
        return rgb

    return decode


def _can_seek(source: Source, video: Video, segment: Segment) -> bool:
    """Whether the first attempt at a segment gives each of its first frames, wanted or not."""
    first_frames = trial_segment(video, segment)
    read = _Read(source, video.facts, first_frames, reading_size(video.facts.size_wh, (1, 1)))
    with closing(_decoded(read, Attempt(first_frames.seeks_s[0]), 0, Trial())) as decoded:
        places = [place for place, _ in decoded]
    return places == list(range(len(first_frames)))
