"""HDR photos and colour profiles that the tests make themselves, by the standards' own formulas."""

from __future__ import annotations

import io
import struct
import subprocess
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image

from pipeline.host.ffmpeg import ffmpeg_path
from tests.pictures import encoded_by_cv2, png_chunk

CHART = np.array(
    (
        ((255, 255, 255), (180, 180, 180), (90, 90, 90), (30, 30, 30)),
        ((200, 40, 40), (40, 160, 60), (40, 70, 190), (225, 200, 40)),
        ((205, 150, 125), (90, 60, 45), (110, 170, 220), (160, 60, 150)),
    ),
    np.uint8,
)
"""sRGB of twelve patches: (3, 4, 3)."""
PQ, HLG = 16, 18

# ITU-R BT.2087: linear light of BT.709's primaries to BT.2020's.
_TO_BT2020 = np.array(((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956)))
_LUMINANCE = np.array((0.2627, 0.6780, 0.0593))


def chart(patch: int = 40) -> np.ndarray:
    """The patches as a picture: (3 * patch, 4 * patch, 3) uint8."""
    return CHART.repeat(patch, axis=0).repeat(patch, axis=1)


def as_hdr(rgb: np.ndarray, transfer: int, white_nits: float = 203.0) -> np.ndarray:
    """An sRGB picture as full-range code values of PQ or HLG with BT.2020's primaries, uint16.

    Source: ITU-R BT.2100-2, tables 4 and 5 (HLG for a screen of 1000 cd/m2).
    """
    codes = rgb / 255
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4) @ _TO_BT2020.T
    if transfer == PQ:
        power = (light * white_nits / 10_000) ** (2610 / 16384)
        signal = ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)
    else:
        shown = light * white_nits / 1000
        luminance = np.maximum(shown @ _LUMINANCE, 1e-9)[..., None]
        scene = shown * luminance ** (1 / 1.2 - 1)
        bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
        signal = np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)
    return (np.clip(signal, 0, 1) * 65535).round().astype(np.uint16)


def hdr_png(codes: np.ndarray, transfer: int) -> bytes:
    """A 16-bit PNG with a cICP chunk."""
    content = encoded_by_cv2(codes[:, :, ::-1], ".png")
    end_of_header = 8 + 25
    tag = png_chunk(b"cICP", bytes((9, transfer, 0, 1)))
    return content[:end_of_header] + tag + content[end_of_header:]


def hdr_heic(codes: np.ndarray, transfer: int) -> bytes:
    """A HEIC of 10 bits with colour tags of the container's."""
    height, width = codes.shape[:2]
    image = pillow_heif.from_bytes("RGB;16", (width, height), codes.tobytes())
    stream = io.BytesIO()
    tags = {"color_primaries": 9, "transfer_characteristics": transfer, "matrix_coefficients": 9}
    image.save(stream, quality=95, chroma=444, full_range_flag=1, **tags)
    return stream.getvalue()


def hdr_avif(codes: np.ndarray, transfer: int, folder: Path) -> bytes:
    """An AVIF of 10 bits with colour tags of the container's."""
    height, width = codes.shape[:2]
    trc = {PQ: "smpte2084", HLG: "arib-std-b67"}[transfer]
    tags = f"setparams=color_primaries=bt2020:color_trc={trc}"
    to_yuv = f"scale=out_color_matrix=bt2020nc:out_range=pc,format=yuv444p10le,{tags}:colorspace=bt2020nc"
    target = folder / "hdr.avif"
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", f"{width}x{height}", "-i", "-"]
    coding = ["-vf", f"{tags},{to_yuv}", "-c:v", "libaom-av1", "-crf", "10", "-cpu-used", "8"]
    command = [ffmpeg_path(), "-v", "error", "-y", *raw, *coding, "-frames:v", "1", str(target)]
    subprocess.run(command, input=codes.tobytes(), check=True)
    return target.read_bytes()


def profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile of version 2 with these tags. Source: ICC.1:2001-04, section 6."""
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name, offset + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    size = offset + len(body)
    header = struct.pack(">I4sI4s4s4s12s4s", size, b"lcms", 0x02400000, b"mntr", space, b"XYZ ", b"", b"acsp")
    illuminant = struct.pack(">iii", 63190, 65536, 54061)
    return header + bytes(28) + illuminant + bytes(48) + table + body


def xyz(x: float, y: float, z: float) -> bytes:
    """A tag of three numbers."""
    return b"XYZ \0\0\0\0" + struct.pack(">iii", *(round(value * 65536) for value in (x, y, z)))


def gamma_curve(gamma: float) -> bytes:
    """A tone curve of a gamma."""
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def parametric_curve(kind: int, *values: float) -> bytes:
    """A parametric tone curve; a type of ICC.1:2010's."""
    return b"para\0\0\0\0" + struct.pack(f">HH{len(values)}i", kind, 0, *(round(v * 65536) for v in values))


def rgb_profile(columns: tuple[tuple[float, float, float], ...], curve: bytes) -> bytes:
    """A profile of three primaries, each as CIE XYZ adapted to D50, and one curve."""
    tags = {b"wtpt": xyz(0.9642, 1, 0.8249)}
    tags |= {name: xyz(*column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
    return profile(b"RGB ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


# Columns as the profiles of the names have them.
SRGB_CURVE = parametric_curve(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
SRGB = rgb_profile(
    ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)), SRGB_CURVE
)
DISPLAY_P3 = rgb_profile(
    ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)), SRGB_CURVE
)
ADOBE_RGB = rgb_profile(
    ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
    gamma_curve(2.19921875),
)
PROPHOTO = rgb_profile(
    ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491)), gamma_curve(1.8)
)
GRAY_GAMMA_18 = profile(b"GRAY", {b"wtpt": xyz(0.9642, 1, 0.8249), b"kTRC": gamma_curve(1.8)})


def from_srgb(rgb: np.ndarray, to: bytes) -> np.ndarray:
    """An sRGB picture as code values of a profile's space, by littlecms: (height, width, 3) uint8."""
    from PIL import ImageCms

    converted = ImageCms.profileToProfile(
        Image.fromarray(rgb),
        ImageCms.createProfile("sRGB"),
        io.BytesIO(to),
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    return np.asarray(converted)
