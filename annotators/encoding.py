"""Encodes pixels as picture files. They have no EXIF; their only metadata is a comment, see `mark`."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from annotators.mark import MARK
from annotators.pictureparams import LONGEST_SIDE_PX, PictureFormat, fit_within
from pipeline.errors import FailureCode, SourceError
from pipeline.frame import RgbArray

_NAMES: Mapping[PictureFormat, str] = {"png": "PNG", "webp": "WEBP"}
"""Pillow's names of the formats that it encodes."""
_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="{}"/></rdf:RDF></x:xmpmeta>'
)
"""The comment as XMP, which is the only place for one in WebP."""
_JPEG_HEAD_BYTES = 20
"""The length of what a JPEG begins with: its start marker and a JFIF segment. The comment follows."""
_SAMPLING_420, _SAMPLING_444 = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
_FULL_COLOR_MOST_PX = 2_000_000
"""Smaller JPEGs keep the full resolution of colour: at half of it, which larger ones have, frames two pixels
wide smear. Costs a quarter more bytes."""


def largest_encodable(size_wh: tuple[int, int], format_: PictureFormat) -> tuple[int, int]:
    """`size_wh`, or the largest size of the same aspect ratio that the format can hold."""
    longest = LONGEST_SIDE_PX.get(format_)
    return size_wh if longest is None else fit_within(size_wh, (longest, longest))


def scale_down(rgb: RgbArray, size_wh: tuple[int, int]) -> RgbArray:
    """Scale a picture down; each new pixel is the mean of those that it covers.

    Args:
        rgb: (height, width, 3) uint8.
        size_wh: width and height, pixels, at most those of the picture.
    """
    if rgb.shape[1::-1] == size_wh:
        return rgb
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def scale_to(rgb: RgbArray, size_wh: tuple[int, int]) -> RgbArray:
    """Scale a picture down or up; (height, width, 3) uint8."""
    if rgb.shape[1] >= size_wh[0] and rgb.shape[0] >= size_wh[1]:
        return scale_down(rgb, size_wh)
    return np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def encode_picture(rgb: RgbArray, format_: PictureFormat, quality: int) -> bytes:
    """Encode a picture file, with a comment that this program made it.

    Args:
        rgb: (height, width, 3) uint8, within `largest_encodable`; may be overwritten if it is writable.
        format_: of the file.
        quality: 1 to 100; ignored for PNG.
    Returns: the bytes of the file.
    Raises: SourceError: the encoder fails.
    """
    try:
        if format_ in ("jpg", "jpeg"):
            return _encode_jpeg(rgb, quality)
        encoded = io.BytesIO()
        Image.fromarray(rgb).save(encoded, _NAMES[format_], **_settings(format_, quality))
    except (OSError, ValueError, cv2.error) as error:
        height, width = rgb.shape[:2]
        raise SourceError(
            FailureCode.COMPONENT_FAILED,
            f"the annotated copy ({width}x{height} pixels) could not be made a {format_} file "
            f"({str(error).strip()}); choose another format or a smaller size in the pipeline file",
        ) from None
    return encoded.getvalue()


def _encode_jpeg(rgb: RgbArray, quality: int) -> bytes:
    """Encode a JPEG with OpenCV, which gives the same bytes as Pillow.

    Pillow first copies the pixels to four bytes each, which takes 5 to 25 ms for 12 megapixels, and 800 MB
    for 200.

    Args:
        rgb: (height, width, 3) uint8; overwritten if it is writable.
        quality: 1 to 100.
    Raises: ValueError: the encoder refuses the picture.
    """
    height, width = rgb.shape[:2]
    sampling = _SAMPLING_444 if width * height < _FULL_COLOR_MOST_PX else _SAMPLING_420
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    is_encoded, encoded = cv2.imencode(".jpg", _as_bgr(rgb), options)
    if not is_encoded:
        raise ValueError("the JPEG encoder refuses it")
    comment = MARK.encode()
    segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
    head, rest = encoded[:_JPEG_HEAD_BYTES], encoded[_JPEG_HEAD_BYTES:]
    return b"".join((head.data, segment, rest.data))


def _as_bgr(rgb: RgbArray) -> RgbArray:
    """The pixels in the order that OpenCV's encoder takes, in place if they are writable."""
    if not rgb.flags.writeable:
        return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), np.uint8)
    for band in np.array_split(rgb, len(rgb) // 64 + 1):  # a copy of a band is small
        band[...] = cv2.cvtColor(band, cv2.COLOR_RGB2BGR)
    return rgb


def _settings(format_: PictureFormat, quality: int) -> dict[str, Any]:
    """Pillow's encoder settings. PNG uses the fastest compression; slower levels save little on photos."""
    if format_ == "png":
        comment = PngInfo()
        comment.add_text("Comment", MARK)
        return {"compress_level": 1, "pnginfo": comment}
    return {"quality": quality, "xmp": _XMP.format(MARK).encode()}
