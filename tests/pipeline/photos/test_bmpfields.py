"""BMP files whose colours lie in unusual bits of a pixel."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from pipeline.errors import FailureCode, SourceError
from pipeline.files.walk import iter_sources
from pipeline.photos.bmpfields import read_fields
from pipeline.photos.photo import open_photo
from pipeline.source import Limits
from tests.pictures import patches

RGB = patches()[:, :95]
"""An odd width, so that rows of 16-bit pixels end with padding."""


def bmp(
    masks: tuple[int, int, int], bits: int = 32, *, is_upward: bool = True, header_size: int = 40
) -> bytes:
    """A BMP with the picture in these bits."""
    height, width = RGB.shape[:2]
    pixels = np.zeros((height, width), np.uint64)
    for channel, mask in enumerate(masks):
        shift = (mask & -mask).bit_length() - 1
        greatest = mask >> shift
        pixels |= ((RGB[:, :, channel].astype(np.uint64) * greatest + 127) // 255) << np.uint64(shift)
    if is_upward:
        pixels = pixels[::-1]
    padded = np.pad(pixels, ((0, 0), (0, width * bits // 8 % 4 // 2)))
    data = padded.astype("<u4" if bits == 32 else "<u2").tobytes()
    sides = (width, height if is_upward else -height)
    header = struct.pack("<IiiHHIIiiII", header_size, *sides, 1, bits, 3, len(data), 2835, 2835, 0, 0)
    header += struct.pack("<III", *masks) + bytes(max(header_size - 52, 0))
    offset = 14 + len(header)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + header + data


@pytest.fixture
def opened(tmp_path):
    def open_(content: bytes, limits: Limits = Limits()):  # noqa: B008 - a frozen value
        (tmp_path / "a.bmp").write_bytes(content)
        (source,) = iter_sources(str(tmp_path))
        return open_photo(source, limits)

    return open_


@pytest.mark.parametrize("is_upward", [True, False])
@pytest.mark.parametrize("header_size", [40, 108, 124])
@pytest.mark.parametrize(
    ("masks", "bits", "off"),
    [
        ((0xFF, 0xFF00, 0xFF0000), 32, 0),
        ((0xFF000000, 0xFF0, 0xFF0000), 32, 0),
        ((0xFFE00000, 0x1FFC00, 0x3FF), 32, 1),
        ((0xF00, 0xF0, 0xF), 16, 9),
        ((0x1F, 0x7E0, 0xF800), 16, 5),
    ],
)
def test_each_colour_is_taken_from_its_bits(masks, bits, off, header_size, is_upward, opened):
    facts, frame = opened(bmp(masks, bits, is_upward=is_upward, header_size=header_size))
    assert (facts.size_wh, facts.format) == ((95, 64), "bmp")
    assert np.abs(frame.rgb().astype(int) - RGB).max() <= off


def test_damaged_and_large_ones_are_refused(opened):
    content = bmp((0xFF, 0xFF00, 0xFF0000))
    with pytest.raises(SourceError) as caught:
        opened(content, Limits(max_pixels=95 * 64 - 1))
    assert caught.value.code is FailureCode.TOO_LARGE
    assert read_fields(content[:-1]) is None
    for length in range(0, 100, 3):
        assert read_fields(content[:length]) is None
    for at, value in ((18, -1), (22, 0), (54, 0), (54, 0b101), (58, 0x7FFFF), (28, 24), (30, 0)):
        broken = bytearray(content)
        struct.pack_into("<i" if at not in (28,) else "<h", broken, at, value)
        assert read_fields(bytes(broken)) is None, at


def test_a_palette_of_an_absurd_size_is_read_by_ffmpeg(opened):
    """Pillow refuses such a header; ffmpeg takes as many colours as 8 bits can name."""
    indices = np.tile(np.arange(96, dtype=np.uint8), (64, 1))
    palette = b"".join(bytes((255 - number, 0, number, 0)) for number in range(256))  # blue first
    offset = 54 + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, 96, 64, 1, 8, 0, indices.size, 0, 0, 70_000, 0)
    content = b"BM" + struct.pack("<IHHI", offset + indices.size, 0, 0, offset) + header + palette
    rgb = opened(content + indices.tobytes())[1].rgb()
    assert (rgb[0, 0].tolist(), rgb[63, 90].tolist()) == ([0, 0, 255], [90, 0, 165])
