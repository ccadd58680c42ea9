"""Photos that Pillow refuses and a second reader opens; damaged ones that none may take for whole."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import FailureCode, SourceError
from pipeline.photos.photo import open_photo
from pipeline.photos.tiffheader import read_tiff_header
from pipeline.source import Limits
from tests.hdrpictures import CHART, PQ, as_hdr, chart
from tests.isomedia import box
from tests.pictures import GRAYS, PATCHES, encoded, exif_of, gray_patches, patch_means, patches, source_of
from tests.rarejpegs import jpeg_of_12_bits, lossless_jpeg
from tests.videos import ffmpeg

pytestmark = pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")  # Pillow's, of BigTIFF

GRAY_MEANS = np.array(GRAYS)[:, :, None].repeat(3, 2)
RARE_JPEGS = {
    "JPEG of 12 bits": jpeg_of_12_bits(gray_patches().astype(int) * 4095 // 255),
    "lossless JPEG of 16 bits": lossless_jpeg(gray_patches().astype(int) * 257, 16),
    "lossless JPEG of 12 bits": lossless_jpeg(gray_patches().astype(int) * 4095 // 255, 12),
}


@pytest.fixture
def photo(tmp_path):
    """Opens bytes as a photo: its facts and its frame."""

    def open_(content: bytes, limits: Limits = Limits()):  # noqa: B008 - a frozen value
        path = tmp_path / "photo"
        path.write_bytes(content)
        return open_photo(source_of(path), limits)

    return open_


def failure_of(photo, content: bytes, limits: Limits = Limits()) -> SourceError:  # noqa: B008 - a frozen value
    with pytest.raises(SourceError) as caught:
        photo(content, limits)[1].rgb()
    return caught.value


def with_exif(jpeg: bytes, exif: bytes) -> bytes:
    return jpeg[:2] + struct.pack(">BBH", 0xFF, 0xE1, len(exif) + 2) + exif + jpeg[2:]


@pytest.mark.parametrize("name", RARE_JPEGS)
def test_jpegs_that_libjpeg_does_not_decode(name, photo):
    facts, frame = photo(RARE_JPEGS[name])
    assert (facts.format, facts.size_wh, facts.images) == ("jpeg", (96, 64), 1)
    assert np.abs(patch_means(frame.rgb()) - GRAY_MEANS).max() <= 2


@pytest.mark.parametrize(("sample_bits", "header_bits"), [(16, 16), (12, 12), (10, 10), (16, 12)])
def test_lossless_jpegs_in_colours(sample_bits, header_bits, photo):
    """Some encoders write a header of 12 bits before samples of 16."""
    samples = patches().astype(int) * ((1 << sample_bits) - 1) // 255
    _, frame = photo(lossless_jpeg(samples, header_bits))
    assert np.abs(patch_means(frame.rgb()) - PATCHES).max() <= 1


def test_their_exif_counts(photo):
    exif = exif_of(6, **{"271": "ACME"}).tobytes()
    facts, frame = photo(with_exif(RARE_JPEGS["JPEG of 12 bits"], exif))
    assert (facts.size_wh, facts.capture.camera) == ((64, 96), "ACME")
    turned = np.rot90(np.array(GRAYS), -1)[:, :, None].repeat(3, 2)
    assert np.abs(patch_means(frame.rgb(), 3, 2) - turned).max() <= 2


@pytest.mark.parametrize("name", RARE_JPEGS)
def test_what_is_wrong_with_a_damaged_one_is_said(name, photo):
    for part in (0.98, 0.7):
        error = failure_of(photo, RARE_JPEGS[name][: int(len(RARE_JPEGS[name]) * part)])
        assert error.code is FailureCode.TRUNCATED
        assert error.sentence == f"is a {name} that ends too early or is damaged"


@pytest.mark.parametrize(
    ("marker", "kind"),
    [(0xC5, "hierarchical JPEG of 12 bits"), (0xCB, "lossless arithmetic JPEG of 12 bits")],
)
def test_jpegs_that_no_reader_takes_are_named(marker, kind, photo):
    content = RARE_JPEGS["JPEG of 12 bits"].replace(b"\xff\xc1", bytes((0xFF, marker)))
    error = failure_of(photo, content)
    assert error.code is FailureCode.UNSUPPORTED_FORMAT
    assert error.sentence == f"is a {kind}, which no reader here takes"


def test_without_ffmpeg_the_kind_is_said(photo, monkeypatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    error = failure_of(photo, RARE_JPEGS["JPEG of 12 bits"])
    assert error.code is FailureCode.DECODER_FAILED
    assert error.sentence.startswith(
        'is a JPEG of 12 bits, which only ffmpeg reads; "/nowhere/ffmpeg" cannot'
    )


@pytest.fixture(scope="module")
def jxl(tmp_path_factory):
    """Makes JPEG XL files with ffmpeg's encoder."""
    folder = tmp_path_factory.mktemp("jxl")

    def make(pixels: np.ndarray, tags: str = "", *options: str) -> bytes:
        source, target = folder / "in.png", folder / "out.jxl"
        if pixels.dtype == np.uint8:
            source.write_bytes(encoded(pixels, "PNG"))
        else:
            import cv2

            cv2.imwrite(str(source), pixels[:, :, ::-1])
        filters = ("-vf", f"setparams={tags}") if tags else ()
        ffmpeg("-i", source, *filters, "-c:v", "libjxl", *options, target)
        return Path(target).read_bytes()

    return make


def test_jpeg_xl(photo, jxl):
    content = jxl(patches(), "", "-distance", "0.5")
    facts, frame = photo(content)
    assert (facts.format, facts.size_wh) == ("jxl", (96, 64))
    assert np.abs(patch_means(frame.rgb()) - PATCHES).max() <= 6


def test_xmp_in_the_container_of_jpeg_xl(photo, jxl):
    codestream = jxl(patches(), "", "-distance", "0.5")
    packet = (
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        b"<rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/' "
        b"xmp:CreateDate='2011-07-09T10:11:12'/>"
        b"</rdf:RDF></x:xmpmeta>"
    )
    begin = b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    content = begin + box(b"xml ", packet) + box(b"jxlc", codestream)
    facts, frame = photo(content)
    assert (facts.format, facts.capture.taken) == ("jxl", "2011-07-09T10:11:12")
    assert frame.rgb().shape == (64, 96, 3)


def test_jpeg_xl_in_display_p3_and_in_hdr(photo, jxl):
    # Red, green and blue of BT.709 in Display P3's linear light, to test by its primaries alone.
    gray = np.full((40, 40, 3), 128, np.uint8)
    red = np.full((40, 40, 3), (200, 40, 40), np.uint8)
    plain = photo(jxl(np.hstack([gray, red])))[1].rgb()
    wide = photo(jxl(np.hstack([gray, red]), "color_primaries=smpte432:color_trc=iec61966-2-1"))[1].rgb()
    assert np.abs(plain[20, 10].astype(int) - wide[20, 10]).max() <= 4
    assert wide[20, 60, 0] > plain[20, 60, 0] + 10
    hdr = jxl(as_hdr(chart(), PQ), "color_primaries=bt2020:color_trc=smpte2084", "-distance", "0.2")
    assert np.abs(patch_means(photo(hdr)[1].rgb(), 3, 4) - CHART).max() <= 15


def test_a_damaged_jpeg_xl(photo, jxl):
    content = jxl(patches(2))
    for cut in (2, 20, len(content) // 2):
        error = failure_of(photo, content[:cut])
        assert error.code is FailureCode.TRUNCATED
        assert "JPEG XL" in error.sentence


def test_second_readers_keep_the_size_limit(photo, jxl):
    limits = Limits(max_pixels=1000)
    for content in (*RARE_JPEGS.values(), jxl(patches()), big_endian_bigtiff(patches())):
        error = failure_of(photo, content, limits)
        assert error.code is FailureCode.TOO_LARGE
        assert error.sentence.startswith("96x64 is ")


def big_endian_bigtiff(rgb: np.ndarray, orientation: int = 1) -> bytes:
    """Uncompressed, one strip. Source: the BigTIFF specification."""
    height, width = rgb.shape[:2]
    entries = [
        (256, 3, width),
        (257, 3, height),
        (258, 3, None),
        (259, 3, 1),
        (262, 3, 2),
        (273, 16, 0),
        (274, 3, orientation),
        (277, 3, 3),
        (278, 3, height),
        (279, 4, rgb.nbytes),
    ]
    behind = 16 + 8 + 20 * len(entries) + 8
    body = b""
    for tag, type_, value in entries:
        if value is None:
            body += struct.pack(">HHQ3H2x", tag, type_, 3, 8, 8, 8)
        else:
            field = {3: ">H6x", 4: ">I4x", 16: ">Q"}[type_]
            body += struct.pack(">HHQ", tag, type_, 1) + struct.pack(field, behind if tag == 273 else value)
    head = b"MM\0\x2b\0\x08\0\0" + struct.pack(">QQ", 16, len(entries))
    return head + body + bytes(8) + rgb.tobytes()


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_bigtiff_of_a_big_endian_machine(orientation, photo):
    facts, frame = photo(big_endian_bigtiff(patches(), orientation))
    assert facts.size_wh == ((64, 96) if orientation == 6 else (96, 64))
    upright = np.rot90(frame.rgb(), {1: 0, 3: 2, 6: 1}[orientation])
    assert np.array_equal(upright, patches())


@pytest.mark.parametrize("options", [{}, {"big_tiff": True}])
def test_the_header_of_a_tiff(options):
    assert read_tiff_header(encoded(patches(), "TIFF", **options)) == ((96, 64), 1)
    for length in range(0, 120, 7):
        read_tiff_header(big_endian_bigtiff(patches())[:length])
    assert read_tiff_header(b"II*\0" + bytes(100)) is None
    assert read_tiff_header(b"nothing") is None


DAMAGED = {
    "PNG": lambda content: content.replace(b"IDAT", b"IDAX", 1),
    "BMP": lambda content: content[:28] + b"\x07" + content[29:],
    "TIFF": lambda content: content[:4] + b"\xff\xff\xff\x7f" + content[8:],
    "WEBP": lambda content: content[: len(content) // 2],
    "GIF": lambda content: content[: len(content) // 3],
    "JPEG": lambda content: content.replace(b"\xff\xc0", b"\xff\xc9", 1)[:-300],
}


@pytest.mark.parametrize("format_", DAMAGED)
def test_no_reader_takes_a_damaged_photo_for_a_whole_one(format_, photo):
    content = DAMAGED[format_](encoded(Image.fromarray(patches()), format_))
    assert failure_of(photo, content).code is FailureCode.TRUNCATED


@pytest.mark.parametrize(
    ("at", "value", "said"),
    [
        (28, 2, "BMP with an unusual pixel depth (2)"),
        (30, 4, "BMP with an unusual compression (4)"),
        (30, 6, "BMP with an unusual compression (6)"),
        (30, 3, "BMP with an unusual bitfields layout"),
    ],
)
def test_a_bmp_of_a_kind_that_is_not_read_is_not_called_damaged(at, value, said, photo):
    content = bytearray(encoded(Image.fromarray(patches()).convert("RGBA"), "BMP"))
    content[at] = value  # 28: bits of a pixel, 30: compression; 3 has masks of bits, which are pixels here
    failure = failure_of(photo, bytes(content))
    assert failure.code is FailureCode.UNSUPPORTED_FORMAT
    assert failure.sentence == f"is a {said}, which no reader here takes"


NOISE = Image.fromarray(np.random.default_rng(3).integers(0, 255, (64, 96, 3), np.uint8))


@pytest.mark.parametrize(
    ("format_", "options"),
    [
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("PNG", {}),
        ("GIF", {}),
    ],
)
def test_no_reader_fills_in_damaged_pixels(format_, options, photo):
    content = bytearray(encoded(NOISE.quantize(64) if format_ == "GIF" else NOISE, format_, **options))
    middle = len(content) // 2
    content[middle : middle + 60] = b"\xa5" * 60
    assert failure_of(photo, bytes(content)).code is FailureCode.TRUNCATED


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_bigtiff_that_is_cut_fails(part, photo):
    content = big_endian_bigtiff(patches())
    assert failure_of(photo, content[: int(len(content) * part)]).code is FailureCode.TRUNCATED


def test_a_tiffs_reduced_page_gives_way_to_the_full_one(photo):
    small = Image.fromarray(patches()).resize((24, 16))
    both = encoded(small, "TIFF", append_images=[Image.fromarray(patches())], tiffinfo={254: 1})
    tag = struct.pack("<HHI", 254, 4, 1)
    second = both.find(tag, both.index(tag) + 1)
    if second >= 0:  # Pillow has marked both pages
        both = both[: second + 8] + bytes(4) + both[second + 12 :]
    facts, frame = photo(both)
    assert (facts.size_wh, facts.images) == ((96, 64), 2)
    assert np.array_equal(frame.rgb(), patches())
    assert photo(encoded(small, "TIFF", tiffinfo={254: 1}))[0].size_wh == (24, 16)


def test_a_camera_raw_file_under_another_name_is_no_photo(photo):
    small = Image.fromarray(patches()).resize((24, 16))
    content = encoded(small, "TIFF", tiffinfo={254: 1, 50706: b"\x01\x04\0\0"})
    error = failure_of(photo, content)
    assert error.code is FailureCode.UNSUPPORTED_FORMAT
    assert "camera raw" in error.sentence


@pytest.mark.parametrize(("factor", "offset"), [(1 / 255, 0.0), (3.0, -1.5)])
def test_tiff_of_floating_point_colours(factor, offset, photo):
    """Numbers of 0 to 1 are taken as they are; where some are greater, the greatest is white."""
    good, content = cv2.imencode(".tiff", patches()[:, :, ::-1].astype(np.float32) * factor + offset)
    assert good
    facts, frame = photo(content.tobytes())
    assert (facts.format, facts.size_wh) == ("tiff", (96, 64))
    numbers = np.array(PATCHES) * factor + offset
    expected = numbers * 255 / max(1.0, numbers.max())
    assert np.abs(patch_means(frame.rgb()) - expected).max() <= 2


def test_tiff_of_numbers_that_are_none(photo):
    numbers = patches()[:, :, ::-1].astype(np.float32) / 255
    numbers[:8, :8] = np.nan
    numbers[-8:, -8:] = np.inf
    _, content = cv2.imencode(".tiff", numbers)
    assert photo(content.tobytes())[1].rgb().shape == (64, 96, 3)
