"""Second readers for photos that Pillow refuses: OpenCV for TIFF, `bmpfields` for BMP, ffmpeg for others.

All give a PNG, so that all that follows (colour tags, EXIF, 16 bits, sizes) is read from it as from any PNG.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import FailureCode, SourceError
from pipeline.photos.bmpfields import decode_fields, read_fields
from pipeline.photos.ffmpegreader import DEMUXERS, FfmpegLimitError, decode_as_png
from pipeline.photos.heifitem import primary_item_properties
from pipeline.photos.jpegkinds import ffmpeg_decodes, rare_kind, scaling_filter, wider_jpeg
from pipeline.photos.tiffheader import read_tiff_header


class Reread(NamedTuple):
    """A photo as a second reader gives it.

    Args:
        png: a PNG file with the colour tags and the EXIF that the reader hands on.
        orientation: as EXIF numbers it; None: what the PNG's EXIF says.
    """

    png: bytes
    orientation: int | None


def read_as_png(content: bytes, format_: str, max_pixels: int) -> Reread | None:
    """A photo as a PNG file, by a second reader; its first picture alone.

    Args:
        content: the whole file.
        format_: a word of `pipeline.formats.FORMATS`.
        max_pixels: width times height; larger ones are refused before they are decoded.
    Returns: None if no reader here takes the photo.
    Raises: SourceError: too large, or only ffmpeg reads it and there is no ffmpeg.
    """
    if format_ == "tiff" and (reread := _by_cv2(content, max_pixels)):
        return reread
    if format_ == "bmp" and (reread := _bmp_by_fields(content, max_pixels)):
        return reread
    if format_ == "jpeg":
        return _jpeg_by_ffmpeg(content, max_pixels)
    if format_ in ("heif", "avif"):
        return _item_by_ffmpeg(content, format_, max_pixels)
    return _by_ffmpeg(content, format_, max_pixels) if format_ in DEMUXERS else None


def ffmpegs_kind(content: bytes, format_: str) -> str | None:
    """The kind of a photo that only ffmpeg reads; None for the others."""
    if format_ == "jxl":
        return "JPEG XL"
    return rare_kind(content) if format_ == "jpeg" and ffmpeg_decodes(content) else None


def unread_jpeg(content: bytes, format_: str) -> str | None:
    """The kind of a JPEG that no reader here takes; None for the others."""
    return rare_kind(content) if format_ == "jpeg" and not ffmpeg_decodes(content) else None


def too_large(size_wh: tuple[int, int], max_pixels: int) -> SourceError:
    """The failure of a photo with more pixels than the limit."""
    width, height = size_wh
    return SourceError(
        FailureCode.TOO_LARGE,
        f"{width}x{height} is {width * height / 1e6:.0f} megapixels; "
        f"--max-megapixels is {max_pixels / 1e6:.0f}",
    )


def _by_cv2(content: bytes, max_pixels: int) -> Reread | None:
    header = read_tiff_header(content)
    if header is None:
        return None
    width, height = header.size_wh
    if width * height > max_pixels:
        raise too_large(header.size_wh, max_pixels)
    try:
        # It turns the picture as the file says, whatever the flags.
        bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR)
        upright_shape = (width, height) if header.orientation >= 5 else (height, width)
        if bgr is None or bgr.shape[:2] != upright_shape:
            return None
        if bgr.dtype in (np.float32, np.float64):
            bgr = _in_16_bits(bgr)
        if bgr.dtype not in (np.uint8, np.uint16):
            return None
        good, png = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    except cv2.error:
        return None
    return Reread(png.tobytes(), 1) if good else None


def _bmp_by_fields(content: bytes, max_pixels: int) -> Reread | None:
    fields = read_fields(content)
    if fields is None:
        return None
    if math.prod(fields.size_wh) > max_pixels:
        raise too_large(fields.size_wh, max_pixels)
    bgr = decode_fields(content, fields)[:, :, ::-1]
    good, png = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return Reread(png.tobytes(), 1) if good else None


def _in_16_bits(samples: NDArray[Any]) -> NDArray[np.uint16]:
    """Floating-point samples: black is 0 or the least one below it, white is 1 or the greatest above it."""
    low, high = 0.0, 1.0
    for numbers in samples:
        finite = numbers[np.isfinite(numbers)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    scaled = np.empty(samples.shape, np.uint16)
    for row, numbers in enumerate(samples):  # row by row: copies of all of them would be large
        known = np.nan_to_num(numbers.astype(np.float64), nan=low, posinf=high, neginf=low)
        scaled[row] = ((known - low) * (65535 / (high - low))).round()
    return scaled


def _jpeg_by_ffmpeg(content: bytes, max_pixels: int) -> Reread | None:
    if wider := wider_jpeg(content):
        reread = _by_ffmpeg(wider.content, "jpeg", max_pixels, wider.filter)
        if reread is not None and _greatest_sample(reread.png) >> wider.header_bits:
            return reread
    return _by_ffmpeg(content, "jpeg", max_pixels, scaling_filter(content))


def _greatest_sample(png: bytes) -> int:
    samples = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    return 0 if samples is None else int(samples.max())


def _item_by_ffmpeg(content: bytes, format_: str, max_pixels: int) -> Reread | None:
    """The primary picture of a HEIF or AVIF file, or the first one of a sequence."""
    item = primary_item_properties(content)
    if item.size_wh is not None and math.prod(item.size_wh) > max_pixels:
        raise too_large(item.size_wh, max_pixels)  # ffmpeg applies its limit to each tile
    reread = _by_ffmpeg(content, format_, max_pixels)
    return None if reread is None else reread._replace(orientation=item.orientation)


def _by_ffmpeg(content: bytes, format_: str, max_pixels: int, filter_: str | None = None) -> Reread | None:
    try:
        png = decode_as_png(content, format_, max_pixels, filter_)
    except FfmpegLimitError as error:
        raise too_large(error.size_wh, max_pixels) from None
    except SourceError as error:  # there is no ffmpeg
        if kind := ffmpegs_kind(content, format_):
            raise SourceError(error.code, f"is a {kind}, which only ffmpeg reads; {error.sentence}") from None
        return None
    # libjxl turns the picture itself. For other formats the EXIF that ffmpeg hands on has the orientation.
    return None if png is None else Reread(png, 1 if format_ == "jxl" else None)
