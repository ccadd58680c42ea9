"""A colour chart, as it looks, and as videos of several codings store it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.frame import RgbArray
from tests.videos import ffmpeg

Floats = NDArray[np.float64]

PATCHES = np.array(
    [
        [(255, 255, 255), (180, 180, 180), (90, 90, 90), (30, 30, 30)],
        [(200, 40, 40), (40, 160, 60), (40, 70, 190), (225, 200, 40)],
        [(205, 150, 125), (90, 60, 45), (110, 170, 220), (160, 60, 150)],
    ]
)
"""sRGB: grays, strong colours, and two skins, a sky and a violet."""

_WHITE_NITS = 203
_HLG_PEAK_NITS = 1000
_TO_BT2020 = np.array(
    [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]], dtype=np.float64
)
"""Linear light of BT.709's primaries to that of BT.2020's. Source: ITU-R BT.2087, 4."""
_TRANSFERS = {"pq": "smpte2084", "hlg": "arib-std-b67"}


def chart(size_wh: tuple[int, int]) -> RgbArray:
    """The chart; (height, width, 3) uint8."""
    rows = np.arange(size_wh[1]) * 3 // size_wh[1]
    columns = np.arange(size_wh[0]) * 4 // size_wh[0]
    return PATCHES[rows][:, columns].astype(np.uint8)


def patches_in(rgb: RgbArray) -> NDArray[np.int64]:
    """The middle of each patch; (3, 4, 3)."""
    height, width = rgb.shape[:2]
    rows, columns = (np.arange(3) * 2 + 1) * height // 6, (np.arange(4) * 2 + 1) * width // 8
    return rgb[rows][:, columns].astype(np.int64)


def make_hdr_chart(path: Path, transfer: str, *encoding: str, size_wh: tuple[int, int] = (320, 192)) -> Path:
    """A video of 5 frames in BT.2020, 10 bits, whose white is a diffuse white of 203 cd/m2.

    Args:
        transfer: `pq` or `hlg`.
        encoding: ffmpeg's output options.
    """
    codes = chart(size_wh) / 255.0
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4) @ _TO_BT2020.T
    signal = {"pq": _pq, "hlg": _hlg}[transfer](light * _WHITE_NITS)
    tags = f"color_primaries=bt2020:color_trc={_TRANSFERS[transfer]}:colorspace=bt2020nc:range=tv"
    to_yuv = f"scale=out_color_matrix=bt2020:out_range=tv,format=yuv420p10le,setparams={tags}"
    return make_clip(path, (signal * 65535).round().astype("<u2"), to_yuv, *encoding)


def make_chart(path: Path, to_yuv: str, *encoding: str, size_wh: tuple[int, int] = (320, 192)) -> Path:
    """A video of 5 frames.

    Args:
        to_yuv: ffmpeg's filters from RGB to what is encoded.
        encoding: ffmpeg's output options.
    """
    return make_clip(path, chart(size_wh), to_yuv, *encoding)


def make_clip(path: Path, pixels: NDArray[np.generic], filters: str, *encoding: str) -> Path:
    """A video of 5 equal frames.

    Args:
        pixels: (height, width, 3) RGB, uint8 or uint16.
        filters: ffmpeg's, from RGB to what is encoded.
        encoding: ffmpeg's output options.
    """
    pixel_format = "rgb24" if pixels.dtype == np.uint8 else "rgb48le"
    raw = path.with_suffix(".raw")
    raw.write_bytes(pixels.tobytes() * 5)
    size = f"{pixels.shape[1]}x{pixels.shape[0]}"
    source = ("-f", "rawvideo", "-pixel_format", pixel_format, "-video_size", size, "-framerate", "25")
    ffmpeg(*source, "-i", raw, "-vf", filters, *encoding, path)
    raw.unlink()
    return path


def _pq(nits: Floats) -> Floats:
    """Source: ITU-R BT.2100-2, table 4, inverse EOTF."""
    root = (nits / 10_000) ** 0.1593017578125
    return np.asarray(((0.8359375 + 18.8515625 * root) / (1 + 18.6875 * root)) ** 78.84375)


def _hlg(nits: Floats) -> Floats:
    """Source: ITU-R BT.2100-2, table 5, inverse OOTF for 1000 cd/m2 and OETF."""
    display = nits / _HLG_PEAK_NITS
    luminance = display @ np.array((0.2627, 0.6780, 0.0593))
    scene = display * np.maximum(luminance, 1e-9)[..., None] ** (1 / 1.2 - 1)
    low, high = (
        np.sqrt(3 * scene),
        0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073,
    )
    return np.where(scene <= 1 / 12, low, high)
