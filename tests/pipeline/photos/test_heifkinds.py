"""HEIF and AVIF pictures that libheif or libavif do not decode: ffmpeg does, or their kind is named."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import FailureCode, SourceError
from pipeline.formats import identify
from pipeline.frame import Frame
from pipeline.photos.photo import open_photo
from pipeline.source import Limits, MediaFacts, Turn
from tests.hdrpictures import CHART, PQ, as_hdr, chart, hdr_avif
from tests.heiffiles import av1_of, colored, cropped, heif_of, item_of_avif, turned
from tests.pictures import PATCHES, encoded, patch_means, patches, source_of
from tests.videos import ffmpeg

PICTURE = Image.fromarray(patches())
AV1, CONFIG = av1_of(PICTURE)
MEANS = np.array(PATCHES)


@pytest.fixture
def photo(tmp_path):
    """Opens bytes as a photo."""

    def open_(content: bytes, limits: Limits = Limits()) -> tuple[MediaFacts, Frame]:  # noqa: B008
        path = tmp_path / "photo"
        path.write_bytes(content)
        return open_photo(source_of(path), limits)

    return open_


def test_av1_in_a_heic_file(photo):
    facts, frame = photo(heif_of(b"av01", [AV1], PICTURE.size, config=CONFIG, brand=b"heic"))
    assert (facts.format, facts.size_wh, facts.turn) == ("heif", (96, 64), Turn(1, None, by_container=True))
    assert np.abs(patch_means(frame.rgb()) - MEANS).max() <= 4


@pytest.mark.parametrize("brand", [b"jpeg", b"mif1"])
def test_jpeg_in_a_heif_file(photo, brand):
    content = heif_of(b"jpeg", [encoded(PICTURE, "JPEG", quality=95)], PICTURE.size, brand=brand)
    facts, frame = photo(content)
    assert (facts.format, facts.size_wh) == ("heif", (96, 64))
    assert np.abs(patch_means(frame.rgb()) - MEANS).max() <= 4


@pytest.mark.parametrize(("quarters", "orientation"), [(1, 8), (2, 3), (3, 6)])
def test_it_is_turned_as_the_container_says(photo, quarters, orientation):
    stored = PICTURE.rotate(-90 * quarters, expand=True)
    data, config = av1_of(stored)
    facts, frame = photo(heif_of(b"av01", [data], stored.size, turned(quarters), config=config))
    assert (facts.size_wh, facts.turn) == ((96, 64), Turn(orientation, None, by_container=True))
    assert np.abs(patch_means(frame.rgb()) - MEANS).max() <= 4


def test_it_is_cropped_as_the_container_says(photo):
    facts, frame = photo(heif_of(b"av01", [AV1], PICTURE.size, cropped(64, 32), config=CONFIG))
    assert facts.size_wh == (64, 32)
    whole = patches()[16:48, 16:80].astype(int)
    assert np.abs(frame.rgb().astype(int) - whole).mean() < 3


def test_tiles_are_put_together(photo):
    halves = [PICTURE.crop((x, y, x + 48, y + 32)) for y in (0, 32) for x in (0, 48)]
    coded = [av1_of(half) for half in halves]
    content = heif_of(b"av01", [data for data, _ in coded], (96, 64), config=coded[0][1], columns=2)
    facts, frame = photo(content)
    assert facts.size_wh == (96, 64)
    assert np.abs(patch_means(frame.rgb()) - MEANS).max() <= 4
    with pytest.raises(SourceError) as caught:
        photo(content, Limits(max_pixels=96 * 64 - 1))
    assert caught.value.code == FailureCode.TOO_LARGE


def test_pq_is_mapped(photo, tmp_path):
    data, config = item_of_avif(hdr_avif(as_hdr(chart(), PQ), PQ, tmp_path))
    size_wh = chart().shape[1::-1]
    _, frame = photo(heif_of(b"av01", [data], size_wh, colored(9, PQ, 9), config=config))
    rgb = frame.rgb().reshape(3, 40, 4, 40, 3)[:, 10:30, :, 10:30]
    assert np.abs(rgb.mean(axis=(1, 3)) - CHART).max() <= 15


def test_a_sequence_without_a_picture_of_its_own(photo, tmp_path):
    encoded_png = tmp_path / "p.png"
    PICTURE.save(encoded_png)
    video = tmp_path / "a.mp4"
    ffmpeg("-i", encoded_png, "-c:v", "libx265", "-x265-params", "log-level=none", "-tag:v", "hvc1", video)
    content = video.read_bytes()
    (length,) = struct.unpack_from(">I", content)
    brands = b"hevc" + bytes(4) + b"msf1" + b"hevc" * ((length - 20) // 4)
    content = struct.pack(">I", length) + b"ftyp" + brands + content[length:]
    assert identify(content) == "heif"
    facts, frame = photo(content)
    assert facts.size_wh == (96, 64)
    assert np.abs(patch_means(frame.rgb()) - MEANS).max() <= 8


def test_an_avif_file_without_a_size(photo):
    content = heif_of(b"av01", [AV1], PICTURE.size, config=CONFIG, brand=b"avif").replace(b"ispe", b"free")
    facts, frame = photo(content)
    assert (facts.format, facts.size_wh) == ("avif", (96, 64))
    assert np.abs(patch_means(frame.rgb()) - MEANS).max() <= 4


@pytest.mark.parametrize(
    ("kind", "brand", "name"),
    [(b"avc1", b"avci", "H.264"), (b"vvc1", b"vvic", "H.266"), (b"j2k1", b"j2ki", "JPEG 2000")],
)
def test_what_nothing_here_decodes_is_named(photo, kind, brand, name):
    content = heif_of(
        kind, [b"\1" * 100], (96, 64), config=struct.pack(">I4s", 12, b"avcC") + b"\1ABC", brand=brand
    )
    with pytest.raises(SourceError) as caught:
        photo(content)
    assert caught.value.code == FailureCode.UNSUPPORTED_FORMAT
    assert f"is a HEIF file with a picture in {name}" in caught.value.sentence


def test_damage_is_called_damage(photo):
    content = heif_of(b"av01", [AV1[:-20]], PICTURE.size, config=CONFIG)
    with pytest.raises(SourceError) as caught:
        photo(content)[1].rgb()
    assert caught.value.code == FailureCode.TRUNCATED
    facts, _ = photo(heif_of(b"av01", [AV1], PICTURE.size, config=CONFIG))
    assert facts.size_wh == (96, 64)
