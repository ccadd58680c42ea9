from __future__ import annotations

import io
import struct

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.PngImagePlugin import PngInfo

from pipeline.capture import Capture
from pipeline.photos.exif import Exif, read_exif
from tests.pictures import encoded, exif_of, patches, png_chunk


def facts(content: bytes) -> Exif:
    return read_exif(Image.open(io.BytesIO(content)), content)


def of_exif(exif: Image.Exif | bytes) -> Exif:
    return facts(encoded(patches(), "JPEG", exif=exif))


def test_photo_without_exif():
    assert facts(encoded(patches(), "JPEG")) == Exif()


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_every_format_that_has_exif(format_):
    exif = exif_of(**{str(Base.Make.value): "NIKON", str(Base.Model.value): "NIKON D90"})
    exif[Base.DateTime] = "2024:02:29 23:59:58"
    found = facts(encoded(patches(), format_, exif=exif))
    assert (found.capture.camera, found.capture.taken) == ("NIKON D90", "2024-02-29T23:59:58")


def test_png_block_after_the_pixels_is_found_without_decoding_them():
    content = encoded(patches(), "PNG")
    end = content.index(b"IEND") - 4
    block = exif_of(6).tobytes().removeprefix(b"Exif\0\0")
    content = content[:end] + png_chunk(b"eXIf", block) + content[end:]
    broken = content.replace(b"IDAT", b"IDAT\xff\xff", 1)
    assert facts(content).orientation == 6
    image = Image.open(io.BytesIO(broken))
    read_exif(image, broken)
    assert image._im is None


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("SONY", "ILCE-7M3", "SONY ILCE-7M3"),
        ("Apple", "", "Apple"),
        ("", "iPhone 15", "iPhone 15"),
        ("  ", "\0\0", None),
        ("Evil\x1b[31m\nCorp", "<b>x</b>", "Evil[31mCorp <b>x</b>"),
        ("x" * 5000, "", "x" * 100),
    ],
)
def test_camera(make, model, camera):
    tags = {str(Base.Make.value): make, str(Base.Model.value): model}
    assert of_exif(exif_of(**tags)).capture.camera == camera


def test_text_is_utf8_or_latin_1_and_ends_with_a_nul():
    for make, model, camera in (
        ("Zeiß".encode(), "Камера 5".encode(), "Zeiß Камера 5"),
        ("Zeiß Ikon".encode("latin-1"), b"Model\0left over", "Zeiß Ikon Model"),
    ):
        at = 8 + len(ifd(*[(0, 0, 0, b"")] * 2))
        entries = (
            (Base.Make, 2, len(make), pointer(at)),
            (Base.Model, 2, len(model), pointer(at + len(make))),
        )
        assert of_exif(block(*entries) + make + model).capture.camera == camera


def test_when_and_where():
    exif = exif_of()
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = "2023:07:01 12:30:00"
    position = {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (41.0, 53.0, 24.8), GPS.GPSAltitude: 21.5}
    exif.get_ifd(IFD.GPSInfo).update(
        position | {GPS.GPSLongitudeRef: "E", GPS.GPSLongitude: (12.0, 29.0, 32.3)}
    )
    assert of_exif(exif).capture == Capture("2023-07-01T12:30:00", None, 41.8902222, 12.4923056, 21.5)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_absurd_orientation_is_upright(orientation):
    assert of_exif(exif_of(orientation)).orientation == 1


def ifd(*entries: tuple[int, int, int, bytes], following: int = 0) -> bytes:
    body = b"".join(struct.pack("<HHI4s", *entry) for entry in entries)
    return struct.pack("<H", len(entries)) + body + struct.pack("<I", following)


def block(*entries: tuple[int, int, int, bytes], following: int = 0) -> bytes:
    return b"Exif\0\0II*\0\x08\0\0\0" + ifd(*entries, following=following)


def pointer(at: int) -> bytes:
    return struct.pack("<I", at)


FAR = pointer(0x7FFFFFF0)
START = pointer(8)


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0" + b"\xff" * 300,
        b"Exif\0\0II*\0" + FAR,
        b"Exif\0\0",
        b"II*\0",
        block((Base.Orientation, 3, 1, b"\x06\0\0\0"), following=8),
        block((Base.ExifOffset, 4, 1, START), (Base.GPSInfo, 4, 1, START)),
        block((Base.ExifOffset, 4, 1, FAR), (Base.GPSInfo, 4, 1, FAR)),
        block((Base.ExifOffset, 2, 4, b"abc\0"), (Base.GPSInfo, 7, 4, b"\xff\xff\xff\xff")),
        block((Base.Make, 2, 0xFFFFFFFF, FAR), (Base.DateTime, 2, 20, FAR)),
        block((Base.Orientation, 5, 1, FAR)),
        block((Base.Orientation, 2, 4, b"six\0"), (Base.Make, 3, 1, b"\x01\0\0\0")),
        block((Base.Orientation, 99, 77, b"\0\0\0\0")),
        block(*[(Base.Orientation, 3, 2, b"\x06\0\x08\0")] * 50),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_broken_blocks_are_left_out(exif):
    found = of_exif(exif)
    assert found.orientation in range(1, 9)
    assert found._replace(orientation=1) == Exif()


@pytest.mark.filterwarnings("ignore")
def test_what_is_readable_beside_a_broken_tag_is_kept():
    found = of_exif(block((Base.Orientation, 3, 1, b"\x06\0\0\0"), (Base.GPSInfo, 4, 1, FAR)))
    assert found.orientation == 6


XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/"
xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
exif:GPSLatitude="46,56.88N" exif:GPSLongitude="7,26.844E" exif:GPSAltitude="542/1" tiff:Make="Canon"
tiff:Model="EOS"
exif:DateTimeOriginal="2011-07-09T10:11:12" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>"""


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_what_exif_does_not_have_comes_from_xmp(format_):
    content = encoded(patches(), format_, **xmp_in(format_))
    assert facts(content).capture == Capture("2011-07-09T10:11:12", "Canon EOS", 46.948, 7.4474, 542.0)


def xmp_in(format_: str) -> dict:
    if format_ == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        return {"pnginfo": info}
    return {"tiffinfo": {700: XMP}} if format_ == "TIFF" else {"xmp": XMP}


def test_exif_is_believed_before_xmp():
    exif = exif_of(**{str(Base.Make.value): "NIKON", str(Base.Model.value): "NIKON D90"})
    exif.get_ifd(IFD.GPSInfo).update({GPS.GPSLatitude: (1.0, 0.0, 0.0), GPS.GPSLongitude: (2.0, 0.0, 0.0)})
    found = facts(encoded(patches(), "JPEG", exif=exif, xmp=XMP)).capture
    assert found == Capture("2011-07-09T10:11:12", "NIKON D90", 1.0, 2.0)
