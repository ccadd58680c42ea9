"""What a photo's file says of its colour space, and the conversion to sRGB that follows."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from PIL import Image
from PIL.ExifTags import IFD, Base, Interop

from pipeline.colorspaces import (
    BT709,
    Conversion,
    conversion_of_cicp,
    conversion_of_primaries,
    keeps_white,
    srgb_to_linear,
)
from pipeline.photos import pngchunks
from pipeline.photos.heifitem import ItemProperties
from pipeline.photos.iccprofile import Convert, conversion_of_profile

_UNCALIBRATED, _ADOBE_RGB_OF_SOME = 0xFFFF, 2
"""EXIF's ColorSpace: neither sRGB nor unknown; Adobe RGB, as some cameras write outside of the standard."""
_ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
_ADOBE_GAMMA = 2.19921875
_GAMMAS = (0.2, 1.5)
"""Other values of PNG's gAMA are broken; 1 is linear light."""
_SRGB_GAMMA, _GAMMA_TOLERANCE = 1 / 2.2, 0.02


class ColorPlan(NamedTuple):
    """How a photo's colours come to be sRGB.

    Args:
        convert: converts 8-bit pixels; None where they are sRGB already, or taken for it.
        hdr: the conversion of a PQ or HLG photo, which works best on more than 8 bits; None for others.
    """

    convert: Convert | None = None
    hdr: Conversion | None = None


def color_plan(image: Image.Image, content: bytes, item: ItemProperties) -> ColorPlan:
    """The conversion of an opened photo to sRGB.

    The first of these that the file has decides: PQ or HLG by code points (PNG's `cICP` chunk, HEIF's and
    AVIF's `nclx`), an ICC profile, other code points, PNG's `gAMA` and `cHRM` chunks, EXIF's word for Adobe
    RGB (DCF's optional colour space). `pipeline.photos.rgb.to_rgb` converts CMYK and Lab.

    Args:
        image: opened, its pixels not yet decoded.
        content: the whole file.
        item: what HEIF or AVIF says of its primary picture.
    """
    if image.mode in ("CMYK", "LAB"):
        return ColorPlan()
    cicp = (pngchunks.cicp(content) if image.format == "PNG" else None) or item.cicp
    by_cicp = conversion_of_cicp(*cicp) if cicp else None
    if by_cicp is not None and (by_cicp.deep_curve is not None or image.format == "PNG"):
        return _plan(by_cicp)
    profile = item.icc_profile or image.info.get("icc_profile")
    if profile:
        return _plan(conversion_of_profile(bytes(profile)))
    by_chunks = _by_chunks(pngchunks.colors(content)) if image.format == "PNG" else None
    return _plan(by_cicp or by_chunks or (_adobe_rgb() if _is_adobe_rgb(image) else None))


@functools.lru_cache(maxsize=8)
def _by_chunks(colors: pngchunks.Colors) -> Conversion | None:
    """The conversion that PNG's gamma and primaries ask for; None if they are sRGB's, missing or absurd."""
    codes = np.linspace(0, 1, 256)
    gamma, primaries = colors
    if gamma is not None and not _GAMMAS[0] <= gamma <= _GAMMAS[1]:
        return None
    # The curve of sRGB is close to the gamma that stands for it.
    is_srgb_curve = gamma is None or abs(gamma - _SRGB_GAMMA) < _GAMMA_TOLERANCE
    curve = srgb_to_linear(codes) if is_srgb_curve or gamma is None else codes ** (1 / gamma)
    try:
        found = conversion_of_primaries(primaries or BT709, curve)
    except (ZeroDivisionError, np.linalg.LinAlgError):
        return None
    return found if found.changes_colors() and keeps_white(found.apply) else None


def _plan(found: Conversion | Convert | None) -> ColorPlan:
    if isinstance(found, Conversion):
        return ColorPlan(found.apply, found if found.deep_curve is not None else None)
    return ColorPlan(found)


def _is_adobe_rgb(image: Image.Image) -> bool:
    """Whether EXIF says Adobe RGB: some cameras write no profile.

    Source: DCF 2.0, and EXIF 3.0, 4.6.5 (ColorSpace) and 4.6.8 (InteroperabilityIndex R03).
    """
    try:
        tags = Image.Image.getexif(image)
        color_space = tags.get_ifd(IFD.Exif).get(Base.ColorSpace)
        if color_space != _UNCALIBRATED:
            return bool(color_space == _ADOBE_RGB_OF_SOME)
        return str(tags.get_ifd(IFD.Interop).get(Interop.InteropIndex)).strip("\0 ") == "R03"
    except MemoryError:
        raise
    except Exception:  # Pillow's reader raises whatever a broken block makes it stumble over
        return False


@functools.cache
def _adobe_rgb() -> Conversion:
    return conversion_of_primaries(_ADOBE_RGB, np.linspace(0, 1, 256) ** _ADOBE_GAMMA)
