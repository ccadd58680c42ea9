"""The chain of ffmpeg filters that turns decoded pictures into the frames of a segment; pure.

ffmpeg puts its autorotation, by the display matrix, before the chain.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.videos.facts import PictureCoding

_DEINTERLACE = ("bwdif=mode=send_frame:deint=interlaced", "settb=intb*2")
"""One frame for each frame, made of both fields where it is marked as interlaced. bwdif halves the unit of
time and doubles the times; `settb` restores both."""


def filter_chain(
    select: str, size_wh: tuple[int, int], coding: PictureCoding, end_pts: int | None = None
) -> str:
    """The value of ffmpeg's `-vf`.

    Args:
        select: the expression that passes the wanted frames.
        size_wh: width and height of the frames.
        coding: how the pictures are stored.
        end_pts: decoding may stop at this time; None: it goes on to the end of the file.
    """
    filters: list[str] = [*(_DEINTERLACE if coding.is_interlaced else ())]
    if end_pts is not None:
        filters.append(f"trim=end_pts={end_pts}")
    filters.append(f"select='{select}'")
    scale = f"scale={size_wh[0]}:{size_wh[1]}:flags=area"
    filters.append(scale if coding.matrix is None else f"{scale}:in_color_matrix={coding.matrix}")
    return ",".join(filters)


def pixel_format(coding: PictureCoding) -> str:
    """Ffmpeg's pixel format of the frames.

    HDR frames keep 16 bits a channel and their own colour space: 8 bits are too few for its dark tones.
    """
    return "rgb48le" if coding.is_hdr else "rgb24"


def input_skips(coding: PictureCoding) -> Sequence[str]:
    """Input options that make the decoder pass over all but keyframes.

    Returns: nothing for interlaced video, whose fields are completed from the frames around a keyframe.
    """
    return () if coding.is_interlaced else ("-skip_frame", "nokey")
