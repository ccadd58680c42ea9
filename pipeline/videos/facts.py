"""What is known of a video before a frame of it is mined: plain values, nothing is read here."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from pipeline.capture import Capture


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What a video's container and its first frames say; all of it goes into the report.

    Args:
        size_wh: upright width and height with square pixels, as a player shows it: the display matrix is
            applied, and where the file's pixels are not square (DV, HDV), the shorter one of their sides is
            stretched, so that nothing is lost. Boxes are in these pixels.
        container: a word of `pipeline.source.FORMATS`.
        codec: as ffmpeg calls it, e.g. `h264`.
        rotation: degrees clockwise that the stored picture is turned to stand upright: 0, 90, 180, 270.
        sample_aspect: width over height of a stored pixel, turned with the picture; 1 for square ones.
        frame_rate: as the container declares it; frames of a variable rate keep times of their own.
        duration_s: until the end of the last frame, or what the container declares if the file is cut off.
        declared_frames: how many frames there should be.
        has_sound: whether there is an audio stream.
        is_cut_off: the file ends before its declared end, or packets of it are damaged.
        lead_s: how long before the zero of its frames' times ffmpeg takes the file to begin, with pictures
            that do not decode, or subtitles; negative: how long behind it.
        capture: when, where and with which camera it was taken.
    """

    size_wh: tuple[int, int]
    container: str
    codec: str
    rotation: int
    sample_aspect: Fraction
    frame_rate: Fraction
    duration_s: float
    declared_frames: int
    has_sound: bool
    is_cut_off: bool = False
    lead_s: float = 0.0
    capture: Capture = field(default_factory=Capture)


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """When each frame of a video is shown; a frame's index is its place in here.

    Args:
        time_base: seconds of one unit of `pts`.
        pts: ascending, no value twice.
        keyframes: ascending indices of frames at which decoding can begin.
        zero: the pts of the start of the file, at which sound may begin before the pictures.
        by_pts: whether the decoder gives each frame the very time that stands here, so that a frame is known
            by it wherever decoding begins. If not, frames are counted from the start of the file.
    """

    time_base: Fraction
    pts: array[int]
    keyframes: array[int]
    zero: int = 0
    by_pts: bool = True

    def __len__(self) -> int:
        return len(self.pts)

    def seconds(self, index: int) -> float:
        """When a frame is shown, in seconds from the start of the file."""
        return float((self.pts[index] - self.zero) * self.time_base)

    def first_at(self, seconds: float) -> int:
        """Index of the first frame that is shown at this time or later; `len` if there is none."""
        exact = Fraction(str(seconds))  # what was written, not the binary fraction next to it
        return bisect_left(self.pts, self.zero + exact / self.time_base)

    def keyframe_before(self, index: int) -> int:
        """Place in `keyframes` of the last one that is not after this frame; -1 if there is none."""
        return bisect_left(self.keyframes, index + 1) - 1

    def since_keyframe(self, index: int) -> int:
        """How many frames must be decoded in vain to get this one: back to a keyframe, or to the start."""
        at = self.keyframe_before(index)
        return index - (self.keyframes[at] if at >= 0 else 0)


class FileVersion(NamedTuple):
    """How a file was when it was looked at; a different state is a different file."""

    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Video:
    """A video that has been looked at.

    Args:
        facts: for reports and writers.
        times: for choosing frames and cutting into segments; 8 bytes a frame.
        version: of the file, so that what was found is not held against another file.
    """

    facts: VideoFacts
    times: FrameTimes
    version: FileVersion
