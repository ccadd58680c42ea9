"""Colour spaces as tables: code values to linear light, linear light to sRGB.

Three steps convert a picture: a table from code values to linear light in 16 bits, a 3x3 matrix between
the primaries, a table from 16 bits to sRGB. OpenCV runs all three, 2 ms a megapixel on one core (HLG: 3.7
ms); a 3-D table with interpolation takes 16 to 24 ms, and littlecms 12 ms.

Sources: ITU-R BT.2100-2 (PQ and HLG), BT.2408-7 (diffuse white at 203 cd/m2), IEC 61966-2-1 (sRGB), ITU-T
H.273 (code points of primaries and transfers).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import RgbArray

Floats = NDArray[np.float64]
Primaries = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]

_FULL = 65535
_ROWS = 32
"""Rows converted at once: their 16-bit values stay in the processor's cache."""
_DIFFUSE_WHITE_NITS = 203.0
_HLG_PEAK_NITS = 1000.0
_PQ_PEAK_NITS = 8 * _DIFFUSE_WHITE_NITS
"""Brighter PQ values are clipped. All of PQ's 10,000 would leave too few of the 16 bits for the shadows."""
_KNEE = 0.9
"""Linear light above this is compressed in HDR pictures, not cut off at white. A lower knee shows more of the
highlights, but takes white further down: at 0.8 to 246, and of 64 photos written as PQ one object less is
found."""

_BT2020 = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
BT709 = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
_D65 = (0.3127, 0.3290)
_PRIMARIES = {1: BT709, 9: _BT2020, 11: _P3, 12: _P3}
"""By H.273 code point. BT.601's (5, 6) lie so close to BT.709's that they are taken for it. 11, P3 with the
theatre's white, is taken with the white of D65, to which every screen adapts it."""
_PQ, _HLG = 16, 18


@dataclass(frozen=True, slots=True)
class Conversion:
    """How to convert code values of one colour space to sRGB.

    Args:
        curves: (1, 256, 3) uint16, 8-bit code value to linear light.
        matrix: (3, 3) float32, linear light of the space's primaries to that of sRGB's.
        encode: (65536,) uint8, linear light to sRGB.
        system_gain: HLG's optical transfer: (65536,) uint16, luminance to a factor of 65535; None for others.
        luminance: (3, 3) float32 whose rows all give the luminance; used with `system_gain`.
        deep_curve: (65536,) uint16, 16-bit code value to linear light, of HDR spaces; None for others.
    """

    curves: NDArray[np.uint16]
    matrix: NDArray[np.float32]
    encode: NDArray[np.uint8]
    system_gain: NDArray[np.uint16] | None = None
    luminance: NDArray[np.float32] | None = None
    deep_curve: NDArray[np.uint16] | None = None

    def apply(self, rgb: RgbArray) -> RgbArray:
        """Convert a picture of 8 bits; (height, width, 3) uint8, the same array where it is writable."""
        return self._converted(rgb, self.curves, rgb if rgb.flags.writeable else np.empty_like(rgb))

    def apply_deep(self, codes: NDArray[np.uint16]) -> RgbArray:
        """Convert an HDR picture of 16 bits, (height, width, 3) uint16, to (height, width, 3) uint8."""
        assert self.deep_curve is not None
        return self._converted(codes, self.deep_curve, np.empty(codes.shape, np.uint8))

    def with_white(self, white: int) -> Conversion:
        """Return the same conversion for 16-bit pixels whose white is another code value than 65535."""
        assert self.deep_curve is not None
        meant = np.minimum(np.arange(_FULL + 1) * (_FULL / white), _FULL).round().astype(np.intp)
        return dataclasses.replace(self, deep_curve=self.deep_curve[meant])

    def _converted(self, codes: NDArray[Any], curves: NDArray[np.uint16], converted: RgbArray) -> RgbArray:
        for row in range(0, len(codes), _ROWS):
            light = cv2.LUT(codes[row : row + _ROWS], curves)
            if self.system_gain is not None and self.luminance is not None:
                gain = cv2.LUT(cv2.transform(light, self.luminance), self.system_gain)
                light = cv2.multiply(light, gain, scale=1 / _FULL)
            converted[row : row + _ROWS] = cv2.LUT(cv2.transform(light, self.matrix), self.encode)
        return converted

    def changes_colors(self) -> bool:
        """Whether any colour comes out more than two levels away from where it was."""
        levels = np.linspace(0, 255, 6).astype(np.uint8)
        grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 36, 3)
        return bool(np.abs(self.apply(grid.copy()).astype(int) - grid).max() > 2)


def keeps_white(convert: Callable[[RgbArray], RgbArray]) -> bool:
    """Whether white stays about white; a description that does otherwise is broken, or none of a photo."""
    return int(convert(np.full((1, 1, 3), 255, np.uint8)).min()) >= 200


def conversion_of(curves: Floats, to_srgb: Floats) -> Conversion:
    """The conversion of a standard dynamic range space.

    Args:
        curves: (256, 3), code value to linear light, 0 to 1.
        to_srgb: (3, 3), linear light to sRGB's linear light.
    """
    return Conversion(
        _in_16_bits(curves)[None], to_srgb.astype(np.float32), _srgb_table(1.0, compressed=False)
    )


def conversion_of_primaries(primaries: Primaries, curve: Floats) -> Conversion:
    """The conversion of a standard dynamic range space whose white is that of D65.

    Args:
        primaries: red's, green's and blue's CIE x and y.
        curve: (256,), code value to linear light, 0 to 1.
    """
    return conversion_of(curve[:, None].repeat(3, 1), _from_xyz() @ _rgb_to_xyz(primaries))


@functools.lru_cache(maxsize=16)
def conversion_of_cicp(primaries: int, transfer: int) -> Conversion | None:
    """The conversion of a space given by H.273's code points; None where that is sRGB or unknown.

    PQ and HLG are shown as on a screen whose white is a diffuse white of 203 cd/m2.
    """
    is_hdr = transfer in (_PQ, _HLG)
    source = _PRIMARIES.get(primaries, _BT2020 if is_hdr and primaries == 2 else BT709)
    if source is BT709 and not is_hdr and transfer not in _GAMMAS:
        return None
    to_xyz = _rgb_to_xyz(source)
    matrix = _from_xyz() @ to_xyz
    to_light, peak = _HDR.get(transfer, (_GAMMAS.get(transfer, srgb_to_linear), 1.0))
    curve = to_light(np.linspace(0, 1, 256))
    return Conversion(
        curves=_in_16_bits(curve[:, None].repeat(3, 1))[None],
        matrix=matrix.astype(np.float32),
        encode=_srgb_table(peak, compressed=is_hdr),
        system_gain=_hlg_gain() if transfer == _HLG else None,
        luminance=np.tile(to_xyz[1], (3, 1)).astype(np.float32) if transfer == _HLG else None,
        deep_curve=_in_16_bits(to_light(np.linspace(0, 1, _FULL + 1))) if is_hdr else None,
    )


def srgb_to_linear(codes: Floats) -> Floats:
    """Code values of sRGB, 0 to 1, as linear light."""
    return np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)


_GAMMAS: dict[int, Callable[[Floats], Floats]] = {
    4: lambda codes: codes**2.2,
    5: lambda codes: codes**2.8,
    8: lambda codes: codes,
}
"""Transfers whose pictures differ visibly from sRGB's; all others, such as BT.709's, are taken for sRGB's, as
browsers and viewers do."""


def _in_16_bits(light: Floats) -> NDArray[np.uint16]:
    return (np.clip(light, 0, 1) * _FULL).round().astype(np.uint16)


@functools.lru_cache(maxsize=4)
def _srgb_table(peak: float, *, compressed: bool) -> NDArray[np.uint8]:
    """(65536,) uint8: linear light, of which the last entry is `peak` times white, to sRGB."""
    light = np.linspace(0, peak, _FULL + 1)
    if compressed:
        room = 1 - _KNEE
        above = _KNEE + room * (1 - np.exp(-(np.maximum(light, _KNEE) - _KNEE) / room))
        light = np.where(light > _KNEE, above, light)
    light = np.minimum(light, 1)
    codes = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return (codes * 255).round().astype(np.uint8)


def _pq_light(codes: Floats) -> Floats:
    """PQ's code values, 0 to 1, as light, 1 for `_PQ_PEAK_NITS`."""
    m1, m2, c1, c2, c3 = 1305 / 8192, 2523 / 32, 107 / 128, 2413 / 128, 2392 / 128
    root = codes ** (1 / m2)
    nits = 10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    return np.minimum(nits / _PQ_PEAK_NITS, 1)


def _hlg_scene_light(codes: Floats) -> Floats:
    """HLG's code values, 0 to 1, as scene light, 0 to 1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - c) / a) + b) / 12)


def _hlg_gain() -> NDArray[np.uint16]:
    """HLG's system gamma of 1.2 for a screen of 1000 cd/m2: scene luminance to the factor on each channel."""
    return (np.linspace(0, 1, _FULL + 1) ** 0.2 * _FULL).round().astype(np.uint16)


_HDR: dict[int, tuple[Callable[[Floats], Floats], float]] = {
    _PQ: (_pq_light, _PQ_PEAK_NITS / _DIFFUSE_WHITE_NITS),
    _HLG: (_hlg_scene_light, _HLG_PEAK_NITS / _DIFFUSE_WHITE_NITS),
}
"""By transfer: code value to light, and how many times as bright as diffuse white a light of 1 is."""


def _rgb_to_xyz(primaries: Primaries) -> Floats:
    """(3, 3), linear light to CIE XYZ; the white is that of D65."""
    columns = np.array([(x / y, 1, (1 - x - y) / y) for x, y in primaries]).T
    x, y = _D65
    white: Any = np.linalg.solve(columns, np.array((x / y, 1, (1 - x - y) / y)))
    return np.asarray(columns * white, dtype=np.float64)


def _from_xyz() -> Floats:
    """(3, 3), CIE XYZ to sRGB's linear light."""
    return np.asarray(np.linalg.inv(_rgb_to_xyz(BT709)), dtype=np.float64)
