"""A colour chart, as it looks, and as videos of several codings store it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.frame import RgbArray
from tests.hdrpictures import CHART, HLG, PQ, as_hdr
from tests.videos import ffmpeg

PATCHES = CHART.astype(np.int64)
"""sRGB: grays, strong colours, and two skins, a sky and a violet; (3, 4, 3)."""

_FROM_BT709 = {
    9: ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956)),
    12: ((0.8225, 0.1775, 0.0), (0.0332, 0.9668, 0.0), (0.0171, 0.0724, 0.9105)),
}
_TRANSFERS = {"pq": (PQ, "smpte2084"), "hlg": (HLG, "arib-std-b67")}


def chart(size_wh: tuple[int, int]) -> RgbArray:
    """The chart; (height, width, 3) uint8."""
    rows = np.arange(size_wh[1]) * 3 // size_wh[1]
    columns = np.arange(size_wh[0]) * 4 // size_wh[0]
    return PATCHES[rows][:, columns].astype(np.uint8)


def in_primaries(rgb: RgbArray, primaries: int) -> RgbArray:
    """An sRGB picture as the code values of wider primaries, with sRGB's curve.

    Args:
        primaries: 9 for BT.2020 (matrix of ITU-R BT.2087), 12 for Display P3 (of SMPTE EG 432-1).
    """
    matrix = np.array(_FROM_BT709[primaries])
    codes = rgb / 255.0
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4) @ matrix.T
    codes = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray((codes * 255).round(), np.uint8)


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
    code_point, name = _TRANSFERS[transfer]
    tags = f"color_primaries=bt2020:color_trc={name}:colorspace=bt2020nc:range=tv"
    to_yuv = f"scale=out_color_matrix=bt2020:out_range=tv,format=yuv420p10le,setparams={tags}"
    return make_clip(path, as_hdr(chart(size_wh), code_point), to_yuv, *encoding)


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


def make_exact_hdr_chart(path: Path, transfer: str, range_: str = "tv") -> Path:
    """An HDR video of the chart in 10 bits whose code values are BT.2100's own, which ffmpeg's scaler misses.

    Args:
        path: of a Matroska file.
        transfer: `pq` or `hlg`.
        range_: `tv` or `pc`, as ffmpeg calls limited and full range.
    Source: ITU-R BT.2100-2, tables 6 (YCbCr), 9 (quantization).
    """
    code_point, name = _TRANSFERS[transfer]
    rgb = as_hdr(chart((320, 192)), code_point) / 65535
    luma = rgb @ (0.2627, 0.6780, 0.0593)
    blue, red = (rgb[..., 2] - luma) / 1.8814, (rgb[..., 0] - luma) / 1.4746
    (base, luma_scale, chroma_scale) = (64, 876, 896) if range_ == "tv" else (0, 1023, 1023)
    planes = [base + luma * luma_scale, 512 + blue * chroma_scale, 512 + red * chroma_scale]
    raw = path.with_suffix(".raw")
    raw.write_bytes(b"".join(plane.round().clip(0, 1023).astype("<u2").tobytes() for plane in planes) * 5)
    source = ("-f", "rawvideo", "-pixel_format", "yuv444p10le", "-video_size", "320x192", "-framerate", "25")
    tags = f"color_primaries=bt2020:color_trc={name}:colorspace=bt2020nc:range={range_}"
    ffmpeg(*source, "-i", raw, "-vf", f"setparams={tags}", "-c:v", "ffv1", path)
    raw.unlink()
    return path
