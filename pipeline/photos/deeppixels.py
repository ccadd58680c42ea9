"""Pixels of more than 8 bits, which HDR photos need: Pillow's readers cut them to 8."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def decode_deep(content: bytes, format_: str, bits: int | None) -> NDArray[np.uint16] | None:
    """Decode a PNG, HEIF or AVIF photo of more than 8 bits a channel.

    Args:
        content: the whole file; its size has been checked.
        format_: png, heif or avif.
        bits: of an AVIF's samples.
    Returns: (height, width, 3) RGB, 0 to 65535, without transparency; HEIF turned as its container says,
        the others as they lie in the file; None where the photo has 8 bits, or the reader refuses it.
    """
    return _decode_heif(content) if format_ == "heif" else _decode_with_cv2(content, bits)


def _decode_heif(content: bytes) -> NDArray[np.uint16] | None:
    import pillow_heif

    try:
        file = pillow_heif.open_heif(content, convert_hdr_to_8bit=False)
        image = file[file.primary_index]
        pixels = np.asarray(image)
    except (OSError, RuntimeError, ValueError, EOFError):
        return None
    if pixels.dtype != np.uint16 or pixels.ndim != 3 or pixels.shape[2] < 3:
        return None
    return _widened(np.array(pixels[:, :, :3], order="C"), image.info.get("bit_depth"))


def _decode_with_cv2(content: bytes, bits: int | None) -> NDArray[np.uint16] | None:
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        bgr = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error:
        return None
    if bgr is None or bgr.dtype != np.uint16 or bgr.ndim != 3 or bgr.shape[2] < 3:
        return None
    rgb = np.asarray(cv2.cvtColor(bgr[:, :, :3], cv2.COLOR_BGR2RGB), np.uint16)
    if bits in (10, 12):
        rgb <<= 16 - bits
    return _widened(rgb, bits)


def _widened(rgb: NDArray[np.uint16], bits: int | None) -> NDArray[np.uint16]:
    """Fill the low bits of samples that have their `bits` in the high ones, so that white becomes 65535."""
    if bits in (10, 12):
        rgb |= rgb >> bits
    return rgb
