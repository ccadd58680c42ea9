from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pipeline.formats import FORMATS, HEAD_BYTES, identify, is_camera_raw, promises_media
from pipeline.source import SourceKind
from tests.pictures import encoded, gray_patches, patches
from tests.videos import ffmpeg

PHOTOS = {
    "jpeg": encoded(patches(), "JPEG"),
    "png": encoded(patches(), "PNG"),
    "webp": encoded(patches(), "WEBP"),
    "gif": encoded(patches(), "GIF"),
    "bmp": encoded(patches(), "BMP"),
    "tiff": encoded(patches(), "TIFF"),
    "pnm": encoded(patches(), "PPM"),
    "heif": encoded(patches(), "HEIF"),
    "avif": encoded(patches(), "AVIF"),
}


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    box = b"ftyp" + major + b"\0\0\0\0" + b"".join(compatible)
    return (len(box) + 4).to_bytes(4, "big") + box + b"\0\0\0\x08free"


@pytest.mark.parametrize("format_", PHOTOS)
def test_photos_are_known_by_their_first_bytes(format_):
    assert identify(PHOTOS[format_][:HEAD_BYTES]) == format_
    assert FORMATS[format_].kind is SourceKind.PHOTO


@pytest.mark.parametrize(
    ("head", "format_"),
    [
        (encoded(patches(), "PNG", append_images=[Image.new("RGB", (96, 64))]), "png"),
        (encoded(patches(), "JPEG", progressive=True), "jpeg"),
        (encoded(patches(), "MPO", append_images=[Image.new("RGB", (9, 9))]), "jpeg"),
        (encoded(patches(), "TIFF", big_tiff=True), "tiff"),
        (b"MM\0*" + bytes(20), "tiff"),
        (encoded(gray_patches(), "PPM"), "pnm"),
        (encoded(Image.fromarray(gray_patches()).convert("1"), "PPM"), "pnm"),
        (b"P3\n# a comment\n#another\n 2 1\n255\n1 2 3 4 5 6\n", "pnm"),
        (b"P1 1 1 1", "pnm"),
        (b"BM" + bytes(12) + (124).to_bytes(4, "little"), "bmp"),
        (b"BM" + bytes(12) + (12).to_bytes(4, "little"), "bmp"),
        (ftyp(b"mif1", b"mif1", b"heic"), "heif"),
        (ftyp(b"mif1", b"mif1", b"avif"), "avif"),
        (ftyp(b"avis", b"avis", b"msf1"), "avif"),
        (ftyp(b"heix", b"mif1"), "heif"),
        (ftyp(b"mif3", b"avif"), "avif"),
        (b"\xff\x0a\x38\x06\x7e\x0e", "jxl"),
        (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl ", "jxl"),
    ],
)
def test_relatives_of_photos(head, format_):
    assert identify(head[:HEAD_BYTES]) == format_


PADDING = (b"skip", b"free", b"junk", b"udta", b"wide", b"pnot")
PACKET = b"G\x40\x11\x10" + bytes(184)


@pytest.mark.parametrize("step", [188, 192, 204])
@pytest.mark.parametrize("cut", [1, 3, 40, 100, 187])
def test_transport_streams_that_begin_inside_a_packet(step, cut):
    before = bytes(4) if step == 192 else b""
    stream = (before + PACKET + bytes(step - 188 - len(before))) * 30
    assert identify(stream[cut : cut + HEAD_BYTES]) == "mpegts"
    assert identify(stream[cut : cut + 1000]) is None


def test_text_with_many_gs_is_no_transport_stream():
    assert identify(b"let GREETING = 'Good morning';\n" * 132) is None


@pytest.mark.parametrize("target", ["pal-dv", "ntsc-dv"])
def test_raw_dv(target, tmp_path):
    path = tmp_path / "tape.dv"
    ffmpeg("-f", "lavfi", "-i", "testsrc=d=0.2:s=720x576", "-an", "-target", target, str(path))
    content = path.read_bytes()
    assert identify(content[:HEAD_BYTES]) == "dv"
    assert identify(content[:100]) is None


@pytest.mark.parametrize(
    ("head", "format_"),
    [
        (ftyp(b"isom", b"mp41"), "mp4"),
        (ftyp(b"qt  "), "mp4"),
        (b"\0\0\x01\0moov", "mp4"),
        (b"\0\0\0\0mdat", "mp4"),
        (b"\0\0\0\x08wide\0\0\x10\0mdat", "mp4"),
        (b"\x1a\x45\xdf\xa3" + bytes(30), "matroska"),
        *((b"\0\0\0\x10" + kind + bytes(8) + b"\0\0\x01\0moov", "mp4") for kind in PADDING),
        (b"\0\0\x60\0skip" + bytes(4088), "mp4"),
        (b"\0\0\0\x08free\0\0\0\x08wide" + ftyp(b"qt  "), "mp4"),
        (b"RIFF\x10\0\0\0AVI LIST", "avi"),
        ((b"G" + bytes(187)) * 5, "mpegts"),
        ((bytes(4) + b"G" + bytes(187)) * 5, "mpegts"),
        (b"\0\0\x01\xba" + bytes(30), "mpegps"),
        (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "asf"),
        (b"FLV\x01\x05", "flv"),
    ],
)
def test_videos_are_known_by_their_first_bytes(head, format_):
    assert identify(head) == format_
    assert FORMATS[format_].kind is SourceKind.VIDEO


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"\xff\xd8",
        b"not a photo at all\n",
        b"The wide world of sports\n",
        b"P3 is a fine compression level\n",
        b"P1 12 monkeys\n",
        b"P6",
        b"BMW is a maker of cars" + bytes(20),
        b"GIF8" + bytes(10),
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"%PDF-1.7\n",
        b"Take free tea\n",
        b"\0\0\0\x04free",
        b"PK\x03\x04" + bytes(30),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        ftyp(b"crx ", b"crx ", b"isom"),
        ftyp(b"M4A ", b"isom"),
        b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n",
    ],
)
def test_everything_else_is_nothing(head):
    assert identify(head) is None


def test_any_bytes_have_an_answer():
    random = np.random.default_rng(3)
    for content in PHOTOS.values():
        for length in range(64):
            assert identify(content[:length]) in (None, *FORMATS)
    for _ in range(500):
        assert identify(random.bytes(random.integers(0, 600))) in (None, *FORMATS)


def test_names_promise():
    for name in ("a.jpg", "A.JPEG", "b.HeIc", "c.tif", "x.mp4", "x.MOV", ".jpg.png", "dir.d/a.avif"):
        assert promises_media(name), name
    for name in ("a.txt", "jpg", ".jpg", "a.jpg.json", "a.jpg~", "notes", "app.ts", "a.nef", "Thumbs.db"):
        assert not promises_media(name), name
    assert is_camera_raw("IMG_1.NEF")
    assert not is_camera_raw("IMG_1.TIF")


@pytest.mark.parametrize(
    ("name", "format_", "sound"),
    [("a.mxf", "mxf", "pcm_s16le"), ("a.ogv", "ogg", "libvorbis"), ("a.ogg", None, "libvorbis")],
)
def test_camcorders_and_theora(name, format_, sound, tmp_path):
    path = tmp_path / name
    picture = ("-f", "lavfi", "-i", "testsrc=d=0.2:s=160x96:r=25") if format_ else ()
    coding = {"mxf": ("-c:v", "mpeg2video"), "ogg": ("-c:v", "libtheora"), None: ()}[format_]
    noise = ("-f", "lavfi", "-i", "sine=d=0.2:sample_rate=48000")
    ffmpeg(*picture, *noise, *coding, "-c:a", sound, str(path))
    content = path.read_bytes()
    assert identify(content[:HEAD_BYTES]) == format_
    assert identify(content[:10]) is None
