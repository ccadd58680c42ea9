"""Reading pictures of faces into pixels, and encoding pixels as picture files."""

from __future__ import annotations

import os

import cv2

from pipeline.errors import SourceError, UsageError
from pipeline.files.walk import iter_sources
from pipeline.frame import Frame, GrayArray, RgbArray
from pipeline.photos.photo import open_photo
from pipeline.source import Limits, Source, SourceKind
from pipeline.text import printable
from recognizers.faces.faceimage import PixelArray

_WORDS = {SourceKind.PHOTO: "picture", SourceKind.VIDEO: "video"}
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
_LOSSLESS_WEBP = [cv2.IMWRITE_WEBP_QUALITY, 101]
_SETTINGS: dict[str, list[int]] = {
    **{ending: [] for ending in (".png", ".bmp", ".tif", ".tiff")},
    **dict.fromkeys((".jpg", ".jpeg", ".jpe"), _JPEG),
    ".webp": _LOSSLESS_WEBP,
}
"""Name endings of the formats that can be written, with OpenCV's encoder settings."""


def read_gray(path: str) -> GrayArray:
    """Read a picture's upright luma, (height, width) uint8.

    Raises: UsageError: it is missing, damaged, or no picture; one sentence that begins with the path.
    """
    return gray_of(source_of(path))


def read_rgb(path: str) -> RgbArray:
    """Read a picture's upright pixels, (height, width, 3) uint8.

    Raises: UsageError: as `read_gray`.
    """
    try:
        return frame_of(source_of(path)).rgb()
    except SourceError as error:
        raise UsageError(f"{printable(path)}: {error.sentence}") from None


def gray_of(source: Source) -> GrayArray:
    """Read the luma of a picture that a walk has found; see `read_gray`."""
    try:
        return frame_of(source).gray()
    except SourceError as error:
        raise UsageError(f"{printable(source.path)}: {error.sentence}") from None


def frame_of(source: Source) -> Frame:
    """Open a picture as a frame, which decodes its pixels on demand.

    Raises: SourceError: it is unreadable, damaged or too large.
    """
    return open_photo(source, Limits())[1]


def source_of(path: str, kind: SourceKind = SourceKind.PHOTO) -> Source:
    """Identify a picture, or a video, by its path.

    Raises: UsageError: it is missing, unreadable, or of the other kind; the sentence begins with the path.
    """
    shown = printable(path)
    if not os.path.lexists(path):
        raise UsageError(f"{shown}: there is no such file")
    if os.path.isdir(path):
        raise UsageError(f"{shown}: is a folder; give one {_WORDS[kind]}")
    (found,) = iter_sources(path)
    if not isinstance(found, Source):
        raise UsageError(f"{shown}: {found.sentence}")
    if found.kind is not kind:
        raise UsageError(f"{shown}: is a {_WORDS[found.kind]}; give a {_WORDS[kind]}")
    return found


def can_write(name: str, *, gray: bool) -> bool:
    """Return whether `encode_as` can write the format of a file name, for gray pixels or for RGB."""
    ending = os.path.splitext(name)[1].lower()
    return ending in _SETTINGS or ending == (".pgm" if gray else ".ppm")


def encode_as(name: str, pixels: PixelArray) -> bytes:
    """Encode pixels in the format of a file name.

    Args:
        name: a file name for which `can_write` is true.
        pixels: (height, width) gray or (height, width, 3) RGB, uint8.
    Raises: UsageError: the picture is too large for the format, or the format cannot be written.
    """
    if not can_write(name, gray=pixels.ndim == 2):
        known = ", ".join([*_SETTINGS, ".pgm" if pixels.ndim == 2 else ".ppm"])
        raise UsageError(
            f"{printable(name)}: pictures cannot be written with this ending; use one of {known}"
        )
    ending = os.path.splitext(name)[1].lower()
    stored = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    try:
        done, encoded = cv2.imencode(ending, stored, _SETTINGS.get(ending, []))
    except cv2.error:
        done = False
    if not done:
        height, width = pixels.shape[:2]
        raise UsageError(f"{printable(name)}: {width}x{height} pixels do not fit into that format; use .png")
    return bytes(encoded)
