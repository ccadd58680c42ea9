"""Damaged, absurd and hostile photos: a frame or a SourceError, in little memory, never anything else."""

from __future__ import annotations

import os
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import FailureCode, SourceError
from pipeline.formats import FORMATS, HEAD_BYTES, identify
from pipeline.photos.photo import open_photo
from pipeline.source import Limits, Source, SourceKind, Stamp
from tests.pictures import encoded, lying_jpeg, png_bomb, png_chunk, source_of, texture

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")  # Pillow's, of broken EXIF

PICTURE = Image.fromarray(texture())
OTHER = PICTURE.rotate(180)
FILES = {
    "jpeg": encoded(PICTURE, "JPEG"),
    "progressive": encoded(PICTURE, "JPEG", progressive=True),
    "cmyk": encoded(PICTURE.convert("CMYK"), "JPEG"),
    "png": encoded(PICTURE, "PNG"),
    "palette": encoded(PICTURE.quantize(64), "PNG"),
    "webp": encoded(PICTURE, "WEBP"),
    "animated webp": encoded(PICTURE, "WEBP", append_images=[OTHER]),
    "gif": encoded(PICTURE, "GIF", append_images=[OTHER]),
    "still gif": encoded(PICTURE, "GIF"),
    "bmp": encoded(PICTURE, "BMP"),
    "tiff": encoded(PICTURE, "TIFF", append_images=[OTHER]),
    "lzw tiff": encoded(PICTURE, "TIFF", compression="tiff_lzw"),
    "jpeg tiff": encoded(PICTURE, "TIFF", compression="jpeg"),
    "ppm": encoded(PICTURE, "PPM"),
    "heic": encoded(PICTURE, "HEIF"),
    "avif": encoded(PICTURE, "AVIF"),
}
ONE_PICTURE = [name for name in FILES if name not in ("gif", "tiff")]


def outcome_of(content: bytes, path) -> FailureCode | None:
    """What mining these bytes comes to: a failure code, or None for a frame that is as large as it says."""
    path.write_bytes(content)
    format_ = identify(content[:HEAD_BYTES])
    if format_ is None or FORMATS[format_].kind is not SourceKind.PHOTO:
        return FailureCode.UNSUPPORTED_FORMAT
    try:
        facts, frame = open_photo(source_of(path), Limits(max_pixels=2_000_000))
        covering, full = frame.rgb_covering((40, 30)), frame.rgb()
    except SourceError as error:
        assert error.sentence
        assert "\n" not in error.sentence
        return error.code
    width, height = facts.size_wh
    assert full.shape == (height, width, 3)
    assert covering.shape[0] >= min(30, height)
    assert covering.shape[1] >= min(40, width)
    return None


@pytest.mark.parametrize("name", FILES)
def test_the_whole_file_is_good(name, tmp_path):
    assert outcome_of(FILES[name], tmp_path / "photo") is None


@pytest.mark.parametrize("name", ONE_PICTURE)
@pytest.mark.parametrize("part", [0.02, 0.1, 0.3, 0.5, 0.75, 0.9])
def test_cut_short(name, part, tmp_path):
    cut = FILES[name][: int(len(FILES[name]) * part)]
    assert outcome_of(cut, tmp_path / "photo") is FailureCode.TRUNCATED


@pytest.mark.parametrize("name", ["jpeg", "progressive", "cmyk"])
def test_a_jpeg_that_lacks_only_its_last_bytes(name, tmp_path):
    for missing in (3, 10, 100):
        assert outcome_of(FILES[name][:-missing], tmp_path / "photo") is FailureCode.TRUNCATED


@pytest.mark.parametrize("name", FILES)
def test_flipped_bits(name, tmp_path):
    chance = random.Random(name)
    for _ in range(12):
        content = bytearray(FILES[name])
        for _ in range(chance.choice((1, 3, 30))):
            at = chance.randrange(min(len(content), chance.choice((64, 500, 10**9))))
            content[at] ^= 1 << chance.randrange(8)
        if chance.random() < 0.2:
            del content[chance.randrange(len(content)) :]
        outcome_of(bytes(content), tmp_path / "photo")


@pytest.mark.parametrize("name", FILES)
def test_garbage_after_a_good_beginning(name, tmp_path):
    garbage = random.Random(name).randbytes(5000)
    for kept in (16, 200):
        outcome_of(FILES[name][:kept] + garbage, tmp_path / "photo")


def patched(content: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    """The same bytes with `value` written `offset` bytes behind each `mark`."""
    changed, at = bytearray(content), content.find(mark)
    assert at >= 0
    while at >= 0:
        changed[at + offset : at + offset + len(value)] = value
        at = content.find(mark, at + 1)
    return bytes(changed)


def too_large() -> dict[str, bytes]:
    sides_le, sides_be = struct.pack("<II", 40_000, 40_000), struct.pack(">II", 30_000, 30_000)
    lossless = encoded(PICTURE, "WEBP", lossless=True)
    wide = patched(FILES["tiff"], struct.pack("<HHI", 256, 4, 1), 8, struct.pack("<I", 3_000_000))
    return {
        "png": png_bomb(),
        "jpeg": lying_jpeg(),
        "webp": patched(lossless, b"VP8L", 9, struct.pack("<I", 16_382 | 16_382 << 14)),
        "animated webp": patched(FILES["animated webp"], b"VP8X", 12, b"\xfe\x3f\0" * 2),
        "gif": b"GIF89a" + struct.pack("<HH", 60_000, 60_000) + FILES["gif"][10:],
        "bmp": FILES["bmp"][:18] + sides_le + FILES["bmp"][26:],
        "tiff": wide,
        "ppm": b"P6 60000 60000 255\n",
        "heic": patched(encoded(texture((64, 64)), "HEIF"), b"ispe", 8, sides_be),
    }


GROWTH = """
import resource
from pipeline.errors import SourceError
from pipeline.host.libraries import configure_imaging
from pipeline.photos.photo import open_photo
from pipeline.source import Limits
from tests.pictures import encoded, patches, source_of
configure_imaging()
with open(sys.argv[1] + "/warm", "wb") as stream:
    stream.write(encoded(patches(), "JPEG"))
open_photo(source_of(sys.argv[1] + "/warm"), Limits())[1].rgb()
answer = {}
for name in sys.argv[2:]:
    source = source_of(sys.argv[1] + "/" + name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        open_photo(source, Limits())[1].rgb()
        code = "none"
    except SourceError as error:
        code = error.code
    answer[name] = (code, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def test_bombs_are_refused_before_they_are_decoded(tmp_path, run_python):
    bombs = too_large()
    for name, content in bombs.items():
        assert len(content) < 1_000_000
        (tmp_path / name).write_bytes(content)
    for name, (code, growth_mb) in run_python(GROWTH, tmp_path, *bombs).items():
        assert (name, code) == (name, "too_large")
        assert growth_mb < 50, name


def test_the_sentence_of_a_bomb_says_both_numbers(tmp_path):
    path = tmp_path / "photo"
    path.write_bytes(lying_jpeg(3000, 2000))
    with pytest.raises(SourceError, match=r"^3000x2000 is 6 megapixels; --max-megapixels is 5$") as caught:
        open_photo(source_of(path), Limits(max_pixels=5_000_000))
    assert caught.value.code is FailureCode.TOO_LARGE


def test_a_lie_within_the_limit_is_damage(tmp_path):
    for content in (
        patched(FILES["heic"], b"ispe", 8, struct.pack(">II", 700, 600)),
        b"P6 700 600 255\n" + bytes(100),
    ):
        assert outcome_of(content, tmp_path / "photo") is FailureCode.TRUNCATED


@pytest.mark.parametrize("size_wh", [(1, 1), (2, 1), (1, 7), (1, 60_000), (60_000, 1)])
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "PPM", "WEBP", "HEIF", "AVIF"])
def test_extreme_shapes(format_, size_wh, tmp_path):
    if format_ in ("WEBP", "HEIF", "AVIF"):  # their encoders take no such lengths
        size_wh = tuple(min(side, 4000) for side in size_wh)
    content = encoded(Image.new("RGB", size_wh, (200, 100, 50)), format_)
    assert outcome_of(content, tmp_path / "photo") is None


@pytest.mark.parametrize(
    "size", [b"0 5", b"5 0", b"0 0", b"99999999999999999999 1", b"4294967296 4294967296"]
)
def test_sizes_that_are_none(size, tmp_path):
    outcome = outcome_of(b"P6 " + size + b" 255\n" + bytes(64), tmp_path / "photo")
    assert outcome in (FailureCode.TRUNCATED, FailureCode.TOO_LARGE)


def test_a_text_chunk_that_swells(tmp_path):
    content = FILES["png"]
    end_of_header = 8 + 25
    swollen = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80_000_000)))
    profile = png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(80_000_000)))
    for heavy in (
        content[:end_of_header] + swollen + content[end_of_header:],
        content[:end_of_header] + profile + swollen + content[end_of_header:],
        content[:-12] + swollen + content[-12:],  # behind the pixels
    ):
        assert outcome_of(heavy, tmp_path / "photo") is None


def test_a_photo_that_is_gone_or_empty_or_not_to_be_read(tmp_path):
    path = tmp_path / "photo"
    path.write_bytes(FILES["jpeg"])
    source = source_of(path)
    path.write_bytes(b"")
    for expected in (FailureCode.EMPTY_FILE, FailureCode.VANISHED):
        with pytest.raises(SourceError) as caught:
            open_photo(source, Limits())
        assert caught.value.code is expected
        path.unlink(missing_ok=True)
    path.mkdir()
    with pytest.raises(SourceError) as caught:
        open_photo(source, Limits())
    assert caught.value.code is FailureCode.UNREADABLE


def test_a_photo_that_another_program_is_writing(tmp_path, monkeypatch):
    path = tmp_path / "photo"
    path.write_bytes(FILES["jpeg"])
    source, real = source_of(path), os.fstat

    def growing(descriptor):
        with open(path, "ab") as stream:
            stream.write(b"more")
        return real(descriptor)

    monkeypatch.setattr("pipeline.photos.photo.os.fstat", growing)
    with pytest.raises(SourceError, match="another program is writing to it") as caught:
        open_photo(source, Limits())
    assert caught.value.code is FailureCode.CHANGED_WHILE_READING


def test_a_file_too_large_to_be_read(tmp_path):
    path = tmp_path / "photo"
    path.write_bytes(FILES["bmp"])
    small = Source(str(path), "photo", SourceKind.PHOTO, "bmp", Stamp(10, 0))  # as it was when it was listed
    with pytest.raises(SourceError, match="a photo may have") as caught:
        open_photo(small, Limits(max_photo_bytes=10_000))
    assert caught.value.code is FailureCode.TOO_LARGE


def test_pixels_of_one_photo_never_show_in_the_next(tmp_path):
    """OpenCV before 4.12 filled the missing rows of a JPEG with the photo before it."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(FILES["jpeg"])
    second.write_bytes(encoded(np.zeros((97, 131, 3), np.uint8), "JPEG")[:-20] + b"\xff\xd9")
    open_photo(source_of(first), Limits())[1].rgb()
    try:
        rgb = open_photo(source_of(second), Limits())[1].rgb()
    except SourceError:
        return
    assert len(np.unique(rgb)) <= 2


def test_the_header_is_checked_at_once_and_the_pixels_when_they_are_asked_for(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(FILES["png"][:60])
    _, frame = open_photo(source_of(path), Limits())
    with pytest.raises(SourceError, match="the PNG file ends too early") as caught:
        frame.rgb()
    assert caught.value.code is FailureCode.TRUNCATED
    with pytest.raises(SourceError) as caught:
        open_photo(source_of(path), Limits(max_pixels=10))
    assert caught.value.code is FailureCode.TOO_LARGE


def test_the_largest_photos_of_phones_are_within_the_limit(tmp_path):
    path = tmp_path / "photo"
    for width, height in ((12240, 16320), (16384, 12288)):
        header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        path.write_bytes(FILES["png"][:8] + header + FILES["png"][33:])
        facts, _ = open_photo(source_of(path), Limits())
        assert facts.size_wh == (width, height)
