"""JPEG 2000: boxed files and codestreams, their colours and metadata."""

from __future__ import annotations

import shutil
import struct
import subprocess

import numpy as np
import pytest
from PIL import Image

from pipeline.capture import Capture
from pipeline.errors import FailureCode, SourceError
from pipeline.formats import HEAD_BYTES, identify
from pipeline.photos import jp2
from pipeline.photos.photo import open_photo
from pipeline.source import Limits, Turn
from tests.hdrpictures import CHART, DISPLAY_P3, chart, from_srgb
from tests.isomedia import box
from tests.pictures import PATCHES, encoded, exif_of, patch_means, patches, source_of

PLAIN = encoded(Image.fromarray(patches()), "JPEG2000")
XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
PACKET = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreateDate="2011-07-09T10:11:12"/>
</rdf:RDF></x:xmpmeta>"""


@pytest.fixture
def photo(tmp_path):
    """Opens bytes as a photo."""

    def open_(content: bytes):
        path = tmp_path / "photo"
        path.write_bytes(content)
        return open_photo(source_of(path), Limits())

    return open_


def with_profile(content: bytes, profile: bytes) -> bytes:
    """The file with this profile in place of the number of its colour space."""
    at = content.index(b"jp2h") - 4
    (length,) = struct.unpack_from(">I", content, at)
    header = content[at + 8 : at + length]
    before, behind = header[: header.index(b"colr") - 4], header[header.index(b"colr") + 11 :]
    colours = box(b"colr", b"\2\0\0" + profile)
    return content[:at] + box(b"jp2h", before + colours + behind) + content[at + length :]


def with_box(content: bytes, uuid: bytes, data: bytes) -> bytes:
    at = content.index(b"jp2c") - 4
    return content[:at] + box(b"uuid", uuid + data) + content[at:]


@pytest.mark.parametrize("options", [{}, {"no_jp2": True}, {"irreversible": True, "quality_layers": [10]}])
def test_files_and_codestreams(photo, options):
    content = encoded(Image.fromarray(patches()), "JPEG2000", **options)
    assert identify(content[:HEAD_BYTES]) == "jp2"
    facts, frame = photo(content)
    assert (facts.format, facts.size_wh, facts.turn) == ("jp2", (96, 64), Turn())
    assert np.abs(patch_means(frame.rgb()) - np.array(PATCHES)).max() <= 3


@pytest.mark.parametrize("mode", ["L", "RGBA", "LA"])
def test_other_pixels(photo, mode):
    picture = Image.fromarray(patches()).convert(mode)
    _, frame = photo(encoded(picture, "JPEG2000"))
    assert (frame.rgb() == np.asarray(picture.convert("RGB"))).all()


def test_gray_of_16_bits(photo):
    gray = np.asarray(Image.fromarray(patches()).convert("L"))
    _, frame = photo(encoded(Image.fromarray(gray.astype(np.uint16) * 257), "JPEG2000"))
    assert (frame.rgb()[:, :, 0] == gray).all()


def test_its_profile_is_followed(photo):
    stored = encoded(Image.fromarray(from_srgb(chart(), DISPLAY_P3)), "JPEG2000")
    content = with_profile(stored, DISPLAY_P3)
    assert jp2.icc_profile(content) == DISPLAY_P3
    assert np.abs(patch_means(photo(content)[1].rgb(), 3, 4) - CHART).max() <= 3
    assert np.abs(patch_means(photo(stored)[1].rgb(), 3, 4) - CHART).max() > 10


def test_exif_and_xmp(photo):
    exif = exif_of(6, **{"271": "NIKON", "272": "NIKON D90"}).tobytes().removeprefix(b"Exif\0\0")
    content = with_box(with_box(PLAIN, b"JpgTiffExif->JP2", exif), XMP, PACKET)
    facts, frame = photo(content)
    assert facts.capture == Capture("2011-07-09T10:11:12", "NIKON D90")
    assert (facts.size_wh, facts.turn) == ((64, 96), Turn(6, 6))
    assert frame.rgb().shape == (96, 64, 3)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_what_exiftool_writes_is_read(photo, tmp_path):
    path = tmp_path / "a.jp2"
    path.write_bytes(PLAIN)
    tags = [
        "-EXIF:DateTimeOriginal=2011:07:09 10:11:12",
        "-EXIF:Make=Canon",
        "-XMP-exif:GPSLatitude=46.948 N",
    ]
    command = ["exiftool", "-q", "-overwrite_original", *tags, "-XMP-exif:GPSLongitude=7.4474 E", path]
    subprocess.run(command, check=True)
    assert photo(path.read_bytes())[0].capture == Capture("2011-07-09T10:11:12", "Canon", 46.948, 7.4474)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_cut_file_is_said_to_be_cut(photo, kept):
    noise = np.random.default_rng(5).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), "JPEG2000")
    with pytest.raises(SourceError) as caught:
        photo(content[: round(len(content) * kept)])[1].rgb()
    assert caught.value.code == FailureCode.TRUNCATED


def test_broken_boxes_say_nothing(photo):
    at = PLAIN.index(b"jp2h") - 4
    endless = PLAIN[:at] + b"\0\0\0\x08free" * 20_000 + PLAIN[at:]
    for broken in (PLAIN[:30], endless, PLAIN[:at] + struct.pack(">I4s", 1 << 31, b"jp2h"), b""):
        assert jp2.icc_profile(broken) is None
        assert jp2.xmp_packet(broken) is None
        assert jp2.exif_block(broken) is None
    film = PLAIN.replace(b"ftypjp2 ", b"ftypmjp2", 1)
    assert identify(film[:HEAD_BYTES]) != "jp2"
