"""Pictures of faces as pixels, by their path, and back into files."""

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
"""Endings of files that are written here, with OpenCV's encoder settings."""


def read_gray(path: str) -> GrayArray:
    """A picture's upright luma, (height, width) uint8.

    Raises: UsageError: missing, damaged, or no picture; one sentence that begins with the path.
    """
    return gray_of(source_of(path))


def read_rgb(path: str) -> RgbArray:
    """A picture's upright pixels, (height, width, 3) uint8.

    Raises: UsageError: as `read_gray`.
    """
    try:
        return frame_of(source_of(path)).rgb()
    except SourceError as error:
        raise UsageError(f"{printable(path)}: {error.sentence}") from None


def gray_of(source: Source) -> GrayArray:
    """The same, of a picture that a walk has found."""
    try:
        return frame_of(source).gray()
    except SourceError as error:
        raise UsageError(f"{printable(source.path)}: {error.sentence}") from None


def frame_of(source: Source) -> Frame:
    """A picture as a frame; its pixels are decoded when they are asked for.

    Raises: SourceError: unreadable, damaged or too large.
    """
    return open_photo(source, Limits())[1]


def source_of(path: str, kind: SourceKind = SourceKind.PHOTO) -> Source:
    """A picture, or a video, by its path.

    Raises: UsageError: missing, unreadable, or of the other kind; begins with the path.
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
    """Whether `encode_as` knows the ending of a file's name, for gray pixels or for RGB."""
    ending = os.path.splitext(name)[1].lower()
    return ending in _SETTINGS or ending == (".pgm" if gray else ".ppm")


def encode_as(name: str, pixels: PixelArray) -> bytes:
    """The bytes of a picture file of the format that a file's name ends in.

    Args:
        name: for which `can_write` holds.
        pixels: (height, width) gray or (height, width, 3) RGB, uint8.
    Raises: UsageError: the format cannot hold so large a picture, or the ending is no picture's.
    """
    if not can_write(name, gray=pixels.ndim == 2):
        known = ", ".join([*_SETTINGS, ".pgm" if pixels.ndim == 2 else ".ppm"])
        raise UsageError(f"{printable(name)}: its ending is of no picture written here; use one of {known}")
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
