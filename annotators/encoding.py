"""Pixels to the bytes of a picture file, without EXIF or any other metadata."""

from __future__ import annotations

import cv2
import numpy as np

from annotators.pictureparams import LONGEST_SIDE_PX, PictureFormat, fit_within
from pipeline.errors import FailureCode, SourceError
from pipeline.frame import RgbArray

_FULL_COLOR_MOST_PX = 2_000_000
"""Smaller JPEGs keep the full resolution of colour: at half of it, which larger ones have, frames two pixels
wide smear. Costs a quarter more bytes."""


def largest_encodable(size_wh: tuple[int, int], format_: PictureFormat) -> tuple[int, int]:
    """`size_wh`, or as much less of the same shape as the format's files can hold."""
    longest = LONGEST_SIDE_PX.get(format_)
    return size_wh if longest is None else fit_within(size_wh, (longest, longest))


def scale_down(rgb: RgbArray, size_wh: tuple[int, int]) -> RgbArray:
    """The picture at `size_wh`, not larger than it is, each new pixel the mean of those that it covers.

    Args:
        rgb: (height, width, 3) uint8.
        size_wh: width and height, pixels.
    """
    if rgb.shape[1::-1] == size_wh:
        return rgb
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def scale_to(rgb: RgbArray, size_wh: tuple[int, int]) -> RgbArray:
    """The picture at `size_wh`, smaller or larger than it is; (height, width, 3) uint8."""
    if rgb.shape[1] >= size_wh[0] and rgb.shape[0] >= size_wh[1]:
        return scale_down(rgb, size_wh)
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def encode_picture(rgb: RgbArray, format_: PictureFormat, quality: int) -> bytes:
    """The bytes of a picture file.

    Args:
        rgb: (height, width, 3) uint8, within `largest_encodable`.
        format_: what to make of it.
        quality: 1 to 100; PNG has none.
    Raises: SourceError: the encoder refuses.
    """
    height, width = rgb.shape[:2]
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    try:
        done, encoded = cv2.imencode(f".{format_}", bgr, _settings(format_, quality, width * height))
    except cv2.error as error:
        done, reason = False, str(error).strip()
    else:
        reason = "the encoder gave no reason"
    if not done:
        raise SourceError(
            FailureCode.COMPONENT_FAILED,
            f"the annotated copy ({width}x{height} pixels) could not be made a {format_} file ({reason}); "
            "choose another format or a smaller size in the pipeline file",
        )
    return bytes(encoded)


def _settings(format_: PictureFormat, quality: int, pixels: int) -> list[int]:
    """OpenCV's encoder settings; PNG's default is its fastest, and slower ones save little on photos."""
    if format_ == "png":
        return []
    if format_ == "webp":
        return [cv2.IMWRITE_WEBP_QUALITY, quality]
    small = pixels < _FULL_COLOR_MOST_PX
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if small else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    return [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
