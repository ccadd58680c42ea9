"""Converts pixels of any mode and orientation to upright RGB."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms

from pipeline.frame import RgbArray

_BAND_ROWS = 64


def upright(rgb: RgbArray, orientation: int) -> RgbArray:
    """Turn and mirror pixels as an EXIF orientation (1 to 8) says.

    Source: TIFF 6.0, tag 274; e.g. 6 means that the camera's right side is the top.
    """
    if orientation in (5, 6, 7, 8):
        rgb = rgb.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        rgb = rgb[:, ::-1]
    if orientation in (3, 4, 7, 8):
        rgb = rgb[::-1]
    return np.ascontiguousarray(rgb)


def is_white_zero(image: Image.Image) -> bool:
    """Whether the file's PhotometricInterpretation is WhiteIsZero: a TIFF whose least value is white."""
    return bool(getattr(image, "tag_v2", {}).get(ExifTags.Base.PhotometricInterpretation) == 0)


def to_rgb(image: Image.Image, *, white_is_zero: bool | None = None) -> RgbArray:
    """Convert a Pillow image of any mode to (height, width, 3) uint8 RGB.

    16-bit gray keeps its upper 8 bits (Pillow's own conversion clips at 255). Floating-point values are
    scaled so that the least becomes 0 and the greatest 255. Transparent pixels are blended with white. CMYK
    is converted by the file's own profile.
    """
    if white_is_zero is None:
        white_is_zero = is_white_zero(image)
    if image.mode.startswith("I;16"):
        return _stacked((np.asarray(image, dtype=np.uint16) >> 8).astype(np.uint8), white_is_zero)
    if image.mode in ("I", "F"):
        return _stacked(_stretched(np.asarray(image)), white_is_zero)
    if image.mode in ("CMYK", "LAB"):
        image = _printed_to_rgb(image)
    elif image.mode in ("RGBA", "LA", "PA", "RGBa") or "transparency" in image.info:
        image = _on_white(image if image.mode == "RGBA" else image.convert("RGBA"))
    return _in_an_array(image if image.mode == "RGB" else image.convert("RGB"))


def _in_an_array(image: Image.Image) -> RgbArray:
    """The pixels of an RGB image, (height, width, 3) uint8, new and writable.

    By bands of rows: `numpy.asarray` of a whole image copies it twice, which takes three times as long and,
    for a photo of 200 megapixels, 600 MB more.
    """
    rgb = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, image.height)
        rgb[top:bottom] = np.asarray(image.crop((0, top, image.width, bottom)))
    return rgb


def _stacked(gray: NDArray[np.uint8], white_is_zero: bool) -> RgbArray:
    return np.repeat((~gray if white_is_zero else gray)[:, :, None], 3, axis=2)


def _stretched(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Reduce 32-bit numbers to 8 bits: integers of at most 16 bits by their upper bits, others by scaling."""
    if values.dtype.kind == "i" and values.min() >= 0 and values.max() <= 0xFFFF:
        return (values >> 8).astype(np.uint8)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    scale = 255.0 / (high - low or 1.0)
    stretched = np.empty(values.shape, np.uint8)
    for row, numbers in enumerate(values):  # row by row: a copy of all of them as float64 would be large
        scaled = (np.clip(numbers.astype(np.float64), low, high) - low) * scale
        stretched[row] = np.nan_to_num(scaled).round()
    return stretched


def _on_white(rgba: Image.Image) -> Image.Image:
    white = Image.new("RGB", rgba.size, "white")
    white.paste(rgba, mask=rgba.getchannel("A"))
    return white


def _printed_to_rgb(image: Image.Image) -> Image.Image:
    """Convert CMYK by the file's profile, or by Pillow's formula if it has none; Lab by definition."""
    if image.mode == "LAB":
        theirs: Any = ImageCms.createProfile("LAB")
    elif profile := image.info.get("icc_profile"):
        theirs = io.BytesIO(profile)
    else:
        return image.convert("RGB")
    try:
        converted = ImageCms.profileToProfile(image, theirs, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        converted = None  # the profile is not for CMYK
    return image.convert("RGB") if converted is None else converted
