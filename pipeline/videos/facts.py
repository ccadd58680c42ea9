"""What is known about a video before its frames are mined: plain values, no file is read here."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from pipeline.capture import Capture

PQ, HLG = 16, 18
"""Code points of transfers in ITU-T H.273."""


@dataclass(frozen=True, slots=True)
class Streams:
    """Which of a file's streams are used, as ffmpeg's stream specifiers.

    Args:
        video: the stream that is mined.
        sound: the stream that annotated copies get.
        videos: how many video streams there are, cover pictures left out; only one is mined.
    """

    video: str = "V:0"
    sound: str = "a:0"
    videos: int = 1


@dataclass(frozen=True, slots=True)
class PictureCoding:
    """How the decoded pictures are stored, as far as their conversion to frames depends on it.

    Args:
        matrix: ffmpeg's name of the YCbCr matrix to assume because the file does not name one; None where it
            does, or where ffmpeg's own assumption (BT.601) is right.
        space: code points of primaries and transfer (ITU-T H.273) of a video that looks wrong if it is taken
            for sRGB: PQ, HLG, BT.2020, P3; None for others.
        is_full_range: whether its code values begin at 0; most videos' begin at 16 of 255.
        is_interlaced: whether the first frame, or the stream's header, says that frames hold two fields.
    """

    matrix: str | None = None
    space: tuple[int, int] | None = None
    is_interlaced: bool = False
    is_full_range: bool = False

    @property
    def is_hdr(self) -> bool:
        """Whether it is a PQ or HLG video."""
        return self.space is not None and self.space[1] in (PQ, HLG)


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What a video's container and its first frames say; the report shows most of it.

    Args:
        size_wh: upright width and height with square pixels, as a player shows it: the display matrix is
            applied, and where the file's pixels are not square (DV, HDV), the shorter one of their sides is
            stretched, so that nothing is lost. Boxes are in these pixels.
        container: a word of `pipeline.formats.FORMATS`.
        codec: as ffmpeg calls it, e.g. `h264`.
        rotation: degrees clockwise by which the stored picture is turned to stand upright: 0, 90, 180, 270.
            A mirrored one is mirrored first: left to right, or top to bottom if it then need not be turned.
        sample_aspect: width over height of a stored pixel, turned with the picture; 1 for square ones.
        frame_rate: as the container declares it; frames of a variable rate keep their own times.
        duration_s: until the end of the last frame, or what the container declares if the file is cut off.
        declared_frames: how many frames there should be.
        has_sound: whether there is an audio stream.
        is_cut_off: the file ends before its declared end, or packets of it are damaged.
        lead_s: how long before the zero of its frames' times ffmpeg takes the file to begin, with pictures
            that do not decode, or subtitles; negative: how long behind it.
        capture: when, where and with which camera it was taken, as its tags say.
        is_mirrored: whether the stored picture is mirrored.
        goes_on: it goes on with another video stream, of another programme, which is not mined.
        streams: which of the file's streams are used.
        coding: how the pictures are stored.
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
    is_mirrored: bool = False
    goes_on: bool = False
    streams: Streams = field(default_factory=Streams)
    coding: PictureCoding = field(default_factory=PictureCoding)


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
        """How many frames before this one must be decoded to get it: back to a keyframe, or to the start."""
        at = self.keyframe_before(index)
        return index - (self.keyframes[at] if at >= 0 else 0)


class FileVersion(NamedTuple):
    """Size and modification time, which identify one version of a file's content."""

    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Video:
    """A probed video.

    Args:
        facts: for reports and writers.
        times: for choosing frames and splitting into segments; 8 bytes a frame.
        version: of the file when it was probed; a later one is not read with these facts.
    """

    facts: VideoFacts
    times: FrameTimes
    version: FileVersion
