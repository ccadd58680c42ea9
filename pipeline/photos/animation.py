"""Animated pictures (GIF, WebP, APNG, AVIF): their frames and when each is shown, by imageio with Pillow.

Pillow knows a frame's duration only once it has decoded the frame, so that a probe decodes all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from pipeline.capture import Capture
from pipeline.errors import FailureCode, SourceError
from pipeline.frame import RgbArray
from pipeline.photos.opening import count_images, damaged
from pipeline.photos.photo import read_header
from pipeline.photos.pixels import Opened
from pipeline.photos.rgb import upright
from pipeline.source import Limits, Source

MICROSECOND = Fraction(1, 1_000_000)
_NO_DURATION = Fraction(1, 10)
"""Of a frame whose file gives it no duration, or 0: browsers show it for a tenth of a second."""
_MOST_FRAMES = 1_000_000


@dataclass(frozen=True, slots=True)
class Animation:
    """A probed animation.

    Args:
        photo: its header.
        capture: when, where and with which camera it was taken.
        begins_us: when each frame is shown, microseconds from the first one, ascending.
        duration_us: of the whole animation.
        skipped: how many pictures before the first frame belong to no animation: APNG's default image.
        is_cut_off: the file ends too early or is damaged behind these frames.
    """

    photo: Opened
    capture: Capture
    begins_us: tuple[int, ...]
    duration_us: int
    skipped: int
    is_cut_off: bool


def probe_animation(
    source: Source, limits: Limits, max_frame_pixels: int, on_frame: Callable[[], None]
) -> Animation | None:
    """Read the header and the times of all frames of an animated picture.

    Args:
        source: of one of `pipeline.formats.ANIMATED_FORMATS`.
        limits: what it may cost.
        max_frame_pixels: frames with more pixels are refused.
        on_frame: called after each frame.
    Returns: None for a picture that does not move.
    Raises: SourceError: unreadable, too large, or damaged before its second frame.
    """
    content, photo, capture, _, _ = read_header(source, limits)
    if photo.format != source.format or (source.format != "gif" and count_images(content, photo.image) < 2):
        return None  # of a GIF the pictures are counted by reading them
    width, height = photo.size_wh
    if width * height > max_frame_pixels:
        raise SourceError(
            FailureCode.TOO_LARGE,
            f"{width}x{height} is {width * height / 1e6:.1f} megapixels; "
            f"an animation's frames may have {max_frame_pixels / 1e6:.1f}",
        )
    begins: list[int] = []
    time, skipped, is_cut_off = Fraction(0), 0, False
    try:
        for number, (_, details) in enumerate(_read(photo)):
            if number == 0 and details.get("default_image"):
                skipped = 1
                continue
            if len(begins) == _MOST_FRAMES:
                is_cut_off = True
                break
            begins.append(round(time / MICROSECOND))
            time += _duration(details)
            on_frame()
    except MemoryError:
        raise
    except Exception as error:  # each format's decoder has exceptions of its own
        if not begins:
            raise damaged(source.format, str(error)) from None
        is_cut_off = True
    if len(begins) < 2 and not is_cut_off:
        return None
    return Animation(photo, capture, tuple(begins), round(time / MICROSECOND), skipped, is_cut_off)


def iter_animation(animation: Animation) -> Iterator[RgbArray]:
    """The frames of a probed animation, upright and in sRGB: (height, width, 3) uint8."""
    photo, last = animation.photo, animation.skipped + len(animation.begins_us)
    for number, (rgba, _) in enumerate(_read(photo)):
        if number < animation.skipped:
            continue
        rgb = _on_white(rgba)
        rgb = photo.colors.convert(rgb) if photo.colors.convert is not None else rgb
        if photo.item.clean_aperture is not None:
            x1, y1, x2, y2 = photo.item.clean_aperture
            rgb = rgb[y1:y2, x1:x2]
        yield upright(rgb, photo.orientation)
        if number + 1 == last:
            return


def _read(photo: Opened) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Each picture of the file as (height, width, 4) uint8 and what the file says of it."""
    import imageio.v3  # here: most runs do without

    with imageio.v3.imopen(photo.content, "r", plugin="pillow") as file:
        for number, rgba in enumerate(file.iter(mode="RGBA")):
            yield rgba, file.metadata(index=number, exclude_applied=False)


def _duration(details: dict[str, Any]) -> Fraction:
    """How long a frame is shown, in seconds; Pillow gives milliseconds."""
    try:
        duration = Fraction(details.get("duration") or 0) / 1000
    except (TypeError, ValueError, OverflowError):
        return _NO_DURATION
    return duration if MICROSECOND <= duration < 86_400 else _NO_DURATION


def _on_white(rgba: Any) -> RgbArray:
    """Blend transparent pixels with white."""
    alpha = rgba[:, :, 3:]
    if alpha.min() == 255:
        return np.ascontiguousarray(rgba[:, :, :3])
    blended = rgba[:, :, :3].astype(np.uint16) * alpha + 255 * (255 - alpha.astype(np.uint16))
    return np.asarray((blended + 127) // 255, dtype=np.uint8)
