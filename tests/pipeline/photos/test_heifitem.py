from __future__ import annotations

import random
import struct

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import FailureCode, SourceError
from pipeline.photos.heifitem import ItemProperties, primary_item_properties
from pipeline.photos.photo import open_photo
from pipeline.source import Limits
from tests.hdrpictures import DISPLAY_P3, HLG, as_hdr, chart, hdr_avif, hdr_heic
from tests.pictures import PATCHES, encoded, exif_of, patch_means, patches, source_of


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def with_property(avif: bytes, added: bytes) -> bytes:
    """A one-picture AVIF whose picture has one more property, an essential one."""

    def rewritten(body: bytes) -> bytes:
        changed, at = b"", 0
        while at < len(body):
            length, kind = struct.unpack_from(">I4s", body, at)
            inner = body[at + 8 : at + length]
            if kind in (b"iprp", b"meta"):
                head = 4 if kind == b"meta" else 0
                inner = inner[:head] + rewritten(inner[head:])
            elif kind == b"ipco":
                counted.append(len(list(_kinds(inner))))
                inner += added
            elif kind == b"ipma":
                inner = inner[:10] + bytes((inner[10] + 1,)) + inner[11:] + bytes((0x80 | counted[0] + 1,))
            elif kind == b"iloc":
                (offset,) = struct.unpack_from(">I", inner, len(inner) - 8)
                inner = inner[:-8] + struct.pack(">I", offset + len(added) + 1) + inner[-4:]
            changed += box(kind, inner)
            at += length
        return changed

    counted: list[int] = []
    return rewritten(avif)


def _kinds(body: bytes):
    at = 0
    while at < len(body):
        length, kind = struct.unpack_from(">I4s", body, at)
        yield kind
        at += length


def clap(width: int, height: int, off_x: int = 0, off_y: int = 0, denominator: int = 1) -> bytes:
    return box(b"clap", struct.pack(">IIIIiIiI", width, 1, height, denominator, off_x, 1, off_y, 1))


AVIF = encoded(Image.fromarray(patches()), "AVIF", quality=95)


def test_colour_tags_and_bits(tmp_path):
    codes = as_hdr(chart(), HLG)
    avif = primary_item_properties(hdr_avif(codes, HLG, tmp_path))
    assert (avif.cicp, avif.bits, avif.size_wh, avif.coding) == ((9, HLG), 10, (160, 120), b"av01")
    assert primary_item_properties(hdr_heic(codes, HLG)).cicp == (9, HLG)
    for format_ in ("HEIF", "AVIF"):
        with_profile = encoded(chart(), format_, icc_profile=DISPLAY_P3)
        assert primary_item_properties(with_profile).icc_profile == DISPLAY_P3
    assert primary_item_properties(AVIF).bits == 8


def opened(content: bytes, path):
    path.write_bytes(content)
    return open_photo(source_of(path), Limits())


def test_a_clean_aperture_is_cropped(tmp_path):
    facts, frame = opened(with_property(AVIF, clap(64, 32)), tmp_path / "photo")
    assert facts.size_wh == (64, 32)
    assert frame.rgb().shape == (32, 64, 3)
    whole = opened(AVIF, tmp_path / "photo")[1].rgb()
    assert np.array_equal(frame.rgb(), whole[16:48, 16:80])


def test_a_clean_aperture_comes_before_the_turn(tmp_path):
    turned = encoded(Image.fromarray(patches()), "AVIF", quality=95, exif=exif_of(6))
    content = with_property(turned, clap(32, 64, 32, 0))  # the right third, as it lies in the file
    facts, frame = opened(content, tmp_path / "photo")
    assert facts.size_wh == (64, 32)
    means = patch_means(frame.rgb(), 1, 2)
    assert np.abs(means - np.array([[PATCHES[1][2], PATCHES[0][2]]])).max() < 8


@pytest.mark.parametrize(
    "wrong", [clap(200, 10), clap(10, 10, 90, 0), clap(0, 10), clap(10, 10, denominator=0), clap(96, 64)]
)
def test_an_impossible_aperture_is_ignored(wrong, tmp_path):
    assert opened(with_property(AVIF, wrong), tmp_path / "photo")[0].size_wh == (96, 64)


def test_the_size_limit_counts_what_is_decoded(tmp_path):
    path = tmp_path / "photo"
    path.write_bytes(with_property(AVIF, clap(2, 2)))
    with pytest.raises(SourceError, match=r"^96x64 is "):
        open_photo(source_of(path), Limits(max_pixels=1000))


def test_any_bytes_have_an_answer():
    content = with_property(AVIF, clap(64, 32))
    chance = random.Random(5)
    for _ in range(2000):
        broken = bytearray(content[: chance.randrange(len(content))])
        for _ in range(4):
            if broken:
                broken[chance.randrange(min(len(broken), 500))] = chance.randrange(256)
        assert isinstance(primary_item_properties(bytes(broken)), ItemProperties)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\0\0\0\x14ftypmif3\0\0\0\0avif" + bytes(200), "short form"),
        (b"\0\0\0\x14ftypmif1\0\0\0\0heic" + b"unci....uncC" + bytes(200), "without compression"),
        (AVIF.replace(b"colrnclx\0\1\0\x0d\0\6", b"colrnclx\0\x09\0\x10\0\x0a")[:-60], "constant luminance"),
    ],
)
def test_kinds_that_no_reader_takes_are_named(content, words, tmp_path):
    with pytest.raises(SourceError, match=words) as caught:
        opened(content, tmp_path / "photo")[1].rgb()
    assert caught.value.code is FailureCode.UNSUPPORTED_FORMAT
