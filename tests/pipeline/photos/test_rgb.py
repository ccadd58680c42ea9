from __future__ import annotations

import io
import itertools
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from pipeline.photos.rgb import to_rgb, upright
from tests.pictures import PATCHES, encoded, exif_of, gray_patches, patch_means, patches, white_is_zero

RGB = Image.fromarray(patches())
GRAY = Image.fromarray(gray_patches())

RED_IN_LAB = bytes([135, 208, 195])
"""L* a* b* (53, 80, 67) as an ICC lut8 holds it; about (255, 0, 0) in sRGB."""
WHITE_IN_LAB = bytes([255, 128, 128])


def cmyk_profile() -> bytes:
    """An ICC profile of a press whose cyan ink is red and whose other inks leave the paper white."""
    nodes = b"".join(RED_IN_LAB if cyan else WHITE_IN_LAB for cyan, *_ in itertools.product((0, 1), repeat=4))
    matrix = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    ramp = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + ramp * 4 + nodes + ramp * 3
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    tags, table, at = b"", struct.pack(">I", 2), 128 + 4 + 2 * 12
    for name, content in ((b"A2B0", lut + bytes(-len(lut) % 4)), (b"wtpt", white)):
        table += struct.pack(">4sII", name, at + len(tags), len(content))
        tags += content
    size = at + len(tags)
    head = struct.pack(">I4xI4s4s4s12x4s", size, 0x02400000, b"prtr", b"CMYK", b"Lab ", b"acsp")
    return head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061) + bytes(48) + table + tags


@pytest.mark.parametrize("format_", ["JPEG", "TIFF"])
def test_cmyk_follows_its_profile(format_):
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    opened = Image.open(io.BytesIO(encoded(cyan, format_, icc_profile=cmyk_profile())))
    assert opened.mode == "CMYK"
    red, green, blue = to_rgb(opened)[8, 8].tolist()
    assert red > 90
    assert max(green, blue) < 40
    black = Image.new("CMYK", (16, 16), (0, 0, 0, 255))
    opened = Image.open(io.BytesIO(encoded(black, format_, icc_profile=cmyk_profile())))
    assert to_rgb(opened)[8, 8].min() > 245


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("profile", [None, b"", b"garbage", SRGB, cmyk_profile()[:200]])
@pytest.mark.parametrize("format_", ["JPEG", "TIFF"])
def test_cmyk_without_a_profile_that_serves_is_converted_plainly(format_, profile):
    options = {"quality": 95} if format_ == "JPEG" else {}
    content = encoded(RGB.convert("CMYK"), format_, icc_profile=profile, **options)
    rgb = to_rgb(Image.open(io.BytesIO(content)))
    assert np.abs(patch_means(rgb) - PATCHES).max() <= 10


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "RGBX", "RGBa", "YCbCr", "HSV", "P", "CMYK"])
def test_color_modes(mode):
    rgb = to_rgb(RGB.convert("RGBA").convert(mode) if mode == "RGBa" else RGB.convert(mode))
    assert rgb.shape == (64, 96, 3)
    assert np.abs(patch_means(rgb) - PATCHES).max() <= (40 if mode == "P" else 6)


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_gray_modes(mode):
    rgb = to_rgb(GRAY.convert(mode))
    assert rgb.shape == (64, 96, 3)
    assert (rgb[:, :, 0] == rgb[:, :, 1]).all()
    assert (rgb[:, :, 0] == rgb[:, :, 2]).all()


@pytest.mark.parametrize("endian", ["I;16", "I;16B", "I;16L"])
def test_16_bit_gray_keeps_its_upper_bits(endian):
    levels = np.array([[0, 255, 256, 32768, 65535]], ">u2" if endian == "I;16B" else "<u2")
    image = Image.frombytes(endian, (5, 1), levels.tobytes())
    assert to_rgb(image)[0, :, 1].tolist() == [0, 0, 1, 128, 255]


@pytest.mark.parametrize("values", [np.uint8, np.uint16, np.float32])
def test_a_tiff_whose_white_is_zero_is_no_negative(values):
    most = 1 if values is np.float32 else np.iinfo(values).max
    content = white_is_zero(encoded(Image.fromarray(np.array([[0, most]], values)), "TIFF"))
    assert to_rgb(Image.open(io.BytesIO(content)))[0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_agrees_with_pillow(orientation):
    content = encoded(RGB, "PNG", exif=exif_of(orientation))
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    turned = upright(patches(), orientation)
    assert np.array_equal(turned, np.asarray(expected))
    assert turned.flags.c_contiguous
