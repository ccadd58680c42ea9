"""ffmpeg's options for each format of annotated videos; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VideoFormat = Literal["mp4", "webm", "mkv", "avi", "gif"]
"""Also the ending of the file's name."""

_H264 = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-pix_fmt", "yuv420p")
_VP9 = (
    *("-c:v", "libvpx-vp9", "-b:v", "0", "-deadline", "realtime", "-cpu-used", "6", "-pix_fmt", "yuv420p"),
    *("-lag-in-frames", "0", "-auto-alt-ref", "0"),
)
_MPEG4 = ("-c:v", "mpeg4", "-vtag", "xvid", "-bf", "0", "-pix_fmt", "yuv420p", "-enc_time_base", "1/60000")
_LOSSLESS = ("-c:v", "ffv1", "-level", "3", "-pix_fmt", "bgr0")

_HD_WIDTH, _HD_HEIGHT = 1280, 720
_BT709_TAGS = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
"""The encoder gets its tags from its frames: ffmpeg 9 ignores its `-color_primaries` and `-color_trc`."""
COPIED_TAGS = (
    *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"),
    *("-color_range", "tv"),
)
"""For the joining of encoded segments: VP9's own stream names the matrix alone."""


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """How a format is written.

    Args:
        encoder: of the segments' pictures. None makes B-frames, so that segments can be put one behind the
            other and each frame keeps its time.
        best, worst: the encoder's own number for quality 100 and 1.
        quality_option: the name of that number; None for an encoder that loses nothing.
        muxer: ffmpeg's name of the container, and its options.
        sound: what sound is encoded as that the container cannot hold as it is; None: it holds no sound.
        colors: `tagged`: with tags that say BT.709; `untagged`: there are none, so that the matrix is the one
            that players assume for the picture's size; `rgb`: not YCbCr.
    """

    encoder: tuple[str, ...]
    quality_option: str | None
    best: int
    worst: int
    muxer: tuple[str, ...]
    sound: tuple[str, ...] | None
    colors: Literal["tagged", "untagged", "rgb"] = "tagged"

    def encoding(self, quality: int, size_wh: tuple[int, int]) -> tuple[str, ...]:
        """Options for the segments.

        Args:
            quality: 1 to 100.
            size_wh: width and height of the frames.
        """
        options = (*self._filters(size_wh), *self.encoder)
        if self.quality_option is None:
            return options
        number = round(self.worst + (self.best - self.worst) * (quality - 1) / 99)
        return (*options, self.quality_option, str(number))

    def _filters(self, size_wh: tuple[int, int]) -> tuple[str, ...]:
        if self.colors == "rgb":
            return ()
        is_hd = size_wh[0] >= _HD_WIDTH or size_wh[1] >= _HD_HEIGHT
        if self.colors == "untagged" and not is_hd:
            return ("-vf", "scale=out_color_matrix=bt601:out_range=tv")
        return ("-vf", f"scale=out_color_matrix=bt709:out_range=tv,{_BT709_TAGS}")


FORMAT_OPTIONS: dict[VideoFormat, FormatOptions] = {
    "mp4": FormatOptions(
        _H264,
        *("-crf", 12, 45),
        ("-video_track_timescale", "90000", "-movflags", "+faststart", "-f", "mp4"),
        ("-c:a", "aac", "-b:a", "160k"),
    ),
    "mkv": FormatOptions(_H264, *("-crf", 12, 45), ("-f", "matroska"), ("-c:a", "flac")),
    "webm": FormatOptions(_VP9, *("-crf", 15, 60), ("-f", "webm"), ("-c:a", "libopus", "-b:a", "128k")),
    "avi": FormatOptions(
        _MPEG4, *("-q:v", 2, 20), ("-f", "avi"), ("-c:a", "libmp3lame", "-b:a", "192k"), "untagged"
    ),
    "gif": FormatOptions(_LOSSLESS, None, 0, 0, ("-f", "gif"), None, "rgb"),
}
"""GIF's frames build on each other: segments are kept without loss and encoded when they are joined."""

GIF_FILTER = "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1"
"""A palette for each frame: one for all would need all frames in memory."""
