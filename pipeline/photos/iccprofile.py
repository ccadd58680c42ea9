"""ICC profiles: which conversion takes a photo's code values to sRGB.

Profiles of three primaries and three curves (Display P3, Adobe RGB, ProPhoto, most cameras' and screens')
and gray profiles become tables. littlecms converts by the others, whose colours are a table of their own.

Source: ICC.1:2022 (profile version 4.4), sections 7 (header, tag table), 9 (tags), 10 (`curv`, `para`, `XYZ`,
`cicp`).
"""

from __future__ import annotations

import functools
import io
import struct
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms

from pipeline.colorspaces import Conversion, Floats, conversion_of, conversion_of_cicp, keeps_white
from pipeline.frame import RgbArray

_MOST_BYTES = 4 << 20
"""Printers' profiles have 3 MB at most."""
_MOST_TAGS = 128
_SRGB_TO_D50 = np.array(
    ((0.43607, 0.38515, 0.14307), (0.22249, 0.71687, 0.06061), (0.01392, 0.09708, 0.71410))
)
"""sRGB's linear light to CIE XYZ of D50, the profile connection space: the columns of sRGB's own profile."""
_PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}
"""How many numbers a `para` curve of each type has."""

Convert = Callable[[RgbArray], RgbArray]
"""Takes (height, width, 3) uint8 to sRGB, in place where the array is writable."""


@functools.lru_cache(maxsize=32)
def conversion_of_profile(profile: bytes) -> Conversion | Convert | None:
    """The conversion from a profile's space to sRGB.

    Returns: None where there is nothing to convert: the profile's space is sRGB, or none of an RGB or a gray
        picture, or the profile is broken or larger than 4 MB.
    """
    if len(profile) > _MOST_BYTES:
        return None
    try:
        tags = _tags(profile)
        if b"cicp" in tags:
            primaries, transfer = tags[b"cicp"][8:10]
            return conversion_of_cicp(primaries, transfer)
        space = profile[16:20]
        if space == b"GRAY" and b"kTRC" in tags:
            found = conversion_of(_curve(tags[b"kTRC"])[:, None].repeat(3, 1), np.eye(3))
        elif space == b"RGB " and b"A2B0" in tags:
            return _by_littlecms(profile)
        elif space == b"RGB " and {b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"} <= tags.keys():
            found = _by_primaries(tags)
        else:
            return None
    except (struct.error, ValueError, IndexError, OSError, ImageCms.PyCMSError, np.linalg.LinAlgError):
        return None
    return found if found.changes_colors() and keeps_white(found.apply) else None


def _tags(profile: bytes) -> dict[bytes, bytes]:
    """The tags by their signatures.

    Raises: struct.error, ValueError: broken.
    """
    if profile[36:40] != b"acsp":
        raise ValueError("no ICC profile")
    (count,) = struct.unpack_from(">I", profile, 128)
    tags = {}
    for number in range(min(count, _MOST_TAGS)):
        signature, offset, length = struct.unpack_from(">4sII", profile, 132 + 12 * number)
        tags[signature] = profile[offset : offset + length]
    return tags


def _by_primaries(tags: dict[bytes, bytes]) -> Conversion:
    curves = np.stack([_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")], axis=1)
    columns = [struct.unpack_from(">iii", tags[name], 8) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    to_d50 = np.array(columns, np.float64).T / 65536
    return conversion_of(curves, np.linalg.inv(_SRGB_TO_D50) @ to_d50)


def _curve(tag: bytes) -> Floats:
    """A tone curve: (256,), 8-bit code value to linear light.

    Raises: struct.error, ValueError: broken or of an unknown type.
    """
    codes = np.linspace(0, 1, 256)
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return codes
        if count == 1:
            return np.asarray(codes ** (struct.unpack_from(">H", tag, 12)[0] / 256), dtype=np.float64)
        points = np.frombuffer(tag, ">u2", count, 12) / 65535
        return np.asarray(np.interp(codes, np.linspace(0, 1, count), points), dtype=np.float64)
    if tag[:4] == b"para":
        (kind,) = struct.unpack_from(">H", tag, 8)
        if kind not in _PARAMETERS:
            raise ValueError("an unknown type of curve")
        values = struct.unpack_from(f">{_PARAMETERS[kind]}i", tag, 12)
        return _parametric(codes, kind, [value / 65536 for value in values])
    raise ValueError("no curve")


def _parametric(codes: Floats, kind: int, values: list[float]) -> Floats:
    """A `para` curve; its numbers are g, a, b, c, d, e, f, in this order."""
    g, a, b, c, d, e, f = (*values, *(0.0,) * (7 - len(values)))
    if kind == 0:
        a, c = 1.0, 1.0
    if kind in (1, 2):  # the last number is an offset, and the curve begins where its base is 0
        offset = c if kind == 2 else 0.0
        c, d, e, f = 0.0, (-b / a if a else 0.0), offset, offset
    with np.errstate(all="ignore"):  # broken profiles have absurd exponents
        powered = np.maximum(a * codes + b, 0) ** g + e
    return np.nan_to_num(np.where(codes >= d, powered, c * codes + f), posinf=1.0, neginf=0.0)


def _by_littlecms(profile: bytes) -> Convert | None:
    """A conversion through littlecms; None where that changes next to nothing or loses the white."""
    transform = ImageCms.buildTransform(
        io.BytesIO(profile), ImageCms.createProfile("sRGB"), "RGB", "RGB", ImageCms.Intent.PERCEPTUAL
    )

    def convert(rgb: RgbArray) -> RgbArray:
        converted = ImageCms.applyTransform(Image.fromarray(rgb), transform)
        assert converted is not None
        return np.asarray(converted, dtype=np.uint8)

    return convert if keeps_white(convert) else None
